"""Second records: the rows that a web form or a colleague adds for a customer already there."""

from datetime import datetime, timedelta
from typing import Final

import numpy as np
import polars as pl

from features.crm.synthetic.mess.aliases import LOTS, alias
from features.crm.synthetic.mess.params import DuplicateParams
from features.schema import ACCOUNT_ID, OWNER_REP_ID, RECORDED_AT, TIME

SUFFIX: Final = "-2"
"""What the id of a second record adds to that of the first: unique in any block of accounts."""
OPENS, CLOSES = 8, 18
"""Hours (UTC) between which records are made and merged."""
ONE_DAY: Final = timedelta(days=1)

_DRAWS = (
    *("_is_second", "_is_merged", "_is_web", "_owner"),
    *("_born", "_born_hour", "_merged", "_merged_hour"),
    *LOTS,
)


def second_records(
    rng: np.random.Generator, accounts: pl.DataFrame, params: DuplicateParams, *, end: datetime
) -> pl.DataFrame:
    """Draw the second records; accounts too young, of unknown age or merged get none.

    Args:
        rng: as many numbers per account as there are draws, in the order of the table.
        accounts: the first records.
        params: how many, from where, and how many are merged.
        end: aware moment; second records and merges come before it.

    Returns:
        The columns of `accounts`, first_id, is_web and merged_at (null where the record still
        stands), in the order of the first records.
    """
    draws = pl.DataFrame(rng.random((accounts.height, len(_DRAWS))), schema=list(_DRAWS))
    settled = timedelta(days=params.settled_days)
    until = pl.lit(end).cast(TIME)
    is_old = pl.col("created_at") + 2 * settled < until
    chosen = accounts.hstack(draws).filter(
        (pl.col("_is_second") < params.share) & is_old & pl.col("merged_into").is_null()
    )
    born = _between(pl.col("created_at") + settled, until - settled, "_born")
    merged = _between(pl.col("created_at") + ONE_DAY, until - ONE_DAY, "_merged")
    is_merged = pl.col("_is_merged") < params.merged
    return (
        _with_colleagues(chosen, accounts[OWNER_REP_ID])
        .with_columns(
            alias(),
            pl.col(ACCOUNT_ID).alias("first_id"),
            (pl.col(ACCOUNT_ID) + SUFFIX).alias(ACCOUNT_ID),
            born.alias("created_at"),
            (pl.col("_is_web") < params.web).alias("is_web"),
            pl.lit("prospect").alias("account_type"),
            pl.lit(None, pl.String).alias("parent_account_id"),
            pl.lit(None, pl.Float64).alias("fiscal_year_start_month"),
        )
        .with_columns(
            # A web form asks for no figures.
            pl.when(~pl.col("is_web")).then(pl.col("employees", "annual_revenue")),
            pl.col("created_at").alias(RECORDED_AT),
            pl.when(is_merged).then(merged).alias("merged_at"),
            pl.when(is_merged).then(pl.col("first_id")).alias("merged_into"),
        )
        .select(*accounts.columns, "first_id", "is_web", "merged_at")
    )


def _with_colleagues(chosen: pl.DataFrame, owners: pl.Series) -> pl.DataFrame:
    """The accounts under another owner than their own, if there is any other."""
    team = owners.drop_nulls().unique().sort()
    if len(team) < 2:
        return chosen
    ranks = pl.DataFrame({OWNER_REP_ID: team}).with_row_index("_own")
    ranked = chosen.join(ranks, on=OWNER_REP_ID, how="left", maintain_order="left")
    # One owner fewer is drawn from; from the account's own on, everybody moves up by one.
    drawn = (pl.col("_owner") * (len(team) - 1)).floor().cast(pl.Int64)
    place = drawn + (drawn >= pl.col("_own")).fill_null(value=False).cast(pl.Int64)
    return ranked.with_columns(pl.lit(team).gather(place).alias(OWNER_REP_ID)).drop("_own")


def _between(first: pl.Expr, last: pl.Expr, draw: str) -> pl.Expr:
    """A moment in office hours, on a day from that of `first` up to that of `last`.

    The day is before that of `last` unless both are one day. `draw` names the uniform draw of the
    day; that of the hour is `<draw>_hour`.
    """
    midnight = first.dt.truncate("1d")
    days = (last.dt.truncate("1d") - midnight).dt.total_days()
    day = (pl.col(draw) * days).floor().cast(pl.Int64)
    minute = (60 * (OPENS + (CLOSES - OPENS) * pl.col(f"{draw}_hour"))).floor().cast(pl.Int64)
    return midnight + pl.duration(days=day, minutes=minute)
