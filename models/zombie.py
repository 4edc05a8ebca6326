"""Zombies: open deals far older than deals that are won; what they leave open counts as lost.

A deal that nobody closes drags its promised date along from quarter to quarter, and a curve that
has seen few of that age keeps a hope for it. The peers say how old is too old: they are the deals
of its type that had been won, as the context of the moment knows them. So a deal that is posted
alone is judged as the whole book was, and by the same figure as its reason `age_to_slow_cycle`.
"""

import polars as pl

from features.calendar import Calendar
from features.context import Context
from features.schema import AS_OF

ZOMBIE = "zombie"
"""The flag of such a deal."""
TIMES_AS_OLD = 2.0
"""How many times the ninth decile of its peers' ages at winning a zombie has passed."""
LEAST_WON = 30
"""Won deals from which on a decile is believed; a type with fewer is measured by all types."""

_DAY = 86_400e6


def zombie_days(state: pl.DataFrame, context: Context) -> pl.Series:
    """The age in days above which a deal is a zombie; rows as in `state` (as_of, type).

    Args:
        state: what stood in the deals' own records.
        context: as of at least the moments of `state`; a moment that it lacks has no zombies.

    Returns:
        Twice the ninth decile of the ages at which deals of the type were won, of all deals where
        fewer than 30 of the type were, and null where fewer than 30 were at all.
    """
    is_told = (pl.col("won") >= LEAST_WON) & (pl.col("won_cycle_days_p90") > 0.0)
    limit = pl.when(is_told).then(TIMES_AS_OLD * pl.col("won_cycle_days_p90"))
    kind = pl.col("type").cast(pl.String)
    found = (
        state.select(AS_OF, kind)
        .join(
            context.types.select(AS_OF, kind, limit.alias("of_type")),
            on=[AS_OF, "type"],
            how="left",
            maintain_order="left",
        )
        .join(
            context.base.select(AS_OF, limit.alias("of_all")),
            on=AS_OF,
            how="left",
            maintain_order="left",
        )
    )
    return found.select(pl.coalesce("of_type", "of_all").alias("zombie_days")).to_series()


def with_zombies(
    read: pl.DataFrame, state: pl.DataFrame, *, days: pl.Series, calendar: Calendar
) -> pl.DataFrame:
    """Flag the deals that will be zombies at their period's end, and count their rest as lost.

    A period that is over already is judged by the age at as_of. The curve itself stays what it
    is: what is known of a chance to win is not taken away, only what is neither won nor lost.

    Args:
        read: as `read_off` gives it.
        state: same rows: as_of, age_days.
        days: same rows: as `zombie_days` gives them.

    Returns:
        `read`, with p_slip added to p_lost and 0 for a zombie, so that with p_won_by_period_end
        they share out one as before; beyond the curve they stay null.
    """
    ends_at = calendar.end_of(pl.col("period_end"))
    left = (ends_at - state[AS_OF]).dt.total_microseconds() / _DAY
    age = state["age_days"] + left.clip(lower_bound=0.0)
    is_zombie = (age > days).fill_null(value=False)
    flag = pl.when(is_zombie).then(pl.lit(ZOMBIE))
    return read.with_columns(
        p_lost=pl.col("p_lost") + pl.when(is_zombie).then("p_slip").otherwise(0.0),
        p_slip=pl.when(is_zombie & pl.col("p_slip").is_not_null()).then(0.0).otherwise("p_slip"),
        flags=pl.concat_list("flags", flag).list.drop_nulls(),
    )
