"""BPI Challenge 2012: loan applications of a bank as deals.

A case is an account with one deal, created when the application is submitted. Its stages are the
completed `A_` and `O_` events, its activities the completed `W_` events, its owner whoever last
worked on it. An offer sent is a quote, an offer sent back the customer's answer; the amount asked
for is known from the start. Won is `A_APPROVED` (registration, activation and, in all but three
cases, the acceptance of the offer fall on the same moment), lost is `A_DECLINED` or
`A_CANCELLED`, the rest is open. There is no close date: an experiment commits a deal some days
after its first `O_SENT`.

Source: B. van Dongen, BPI Challenge 2012, 4TU.ResearchData, doi:10.4121/uuid:3926db30.
"""

from pathlib import Path

import polars as pl

from benchmarks.datasets.conversion import Conversion, read_raw, write_tables

TIME_ZONE = "Europe/Amsterdam"

WON = ("A_APPROVED",)
LOST = ("A_DECLINED", "A_CANCELLED")
STAGES = (
    "A_SUBMITTED",
    "A_PARTLYSUBMITTED",
    "A_PREACCEPTED",
    "A_ACCEPTED",
    "A_FINALIZED",
    "O_SELECTED",
    "O_CREATED",
    "O_SENT",
    "O_SENT_BACK",
    "O_CANCELLED",
    "O_ACCEPTED",
    "O_DECLINED",
    "A_APPROVED",
    "A_REGISTERED",
    "A_ACTIVATED",
    "A_DECLINED",
    "A_CANCELLED",
)
"""Every stage in the order of the process; a cancelled offer is often followed by another."""

CALLS = ("W_Nabellen offertes", "W_Nabellen incomplete dossiers", "W_Completeren aanvraag")
"""Work on the telephone with the applicant: chasing offers, papers, and missing answers."""

_WINS = (*WON, "A_REGISTERED", "A_ACTIVATED", "O_ACCEPTED")
_LOSSES = (*LOST, "O_DECLINED")
_COLUMNS = {
    "case:concept:name": "case",
    "case:AMOUNT_REQ": "amount",
    "org:resource": "rep_id",
    "lifecycle:transition": "step",
    "concept:name": "name",
    "time:timestamp": "at",
}


def convert(source: Path, target: Path) -> Conversion:
    """Turn `events.parquet` in the folder `source` into contract tables in `target`.

    Raises:
        RawDataError: when the file or a column is missing.
    """
    raw = read_raw(source / "events.parquet", tuple(_COLUMNS)).rename(_COLUMNS)
    events = raw.with_columns(
        pl.col("at").str.to_datetime("%Y-%m-%dT%H:%M:%S%.3f%z", time_unit="us"),
        pl.col("amount").cast(pl.Float64),
    ).with_row_index("line")
    # the log's own order decides between events of the same millisecond
    events = events.sort("case", "at", "line")
    moves = events.filter(pl.col("name").is_in(STAGES))
    work = events.filter(~pl.col("name").is_in(STAGES))
    activities = pl.concat([_activities(work), _answers(moves)], how="diagonal_relaxed")
    tables = {
        "accounts": _accounts(moves),
        "reps": events.select(pl.col("rep_id").drop_nulls().unique().sort()),
        "stages": _stages(),
        "opportunities": _opportunities(events, moves),
        "opportunity_changes": pl.concat(
            [_stage_changes(moves), _owner_changes(events), _amounts(moves)]
        ),
        "activities": activities,
        "quotes": _quotes(moves),
    }
    dropped = {
        "work scheduled, not done": work.filter(pl.col("step") == "SCHEDULE").height,
        "start of work, folded into its end": work.filter(pl.col("step") == "START").height,
    }
    return write_tables(target, tables, dataset="bpi2012", rows_in=raw.height, dropped=dropped)


def _accounts(moves: pl.DataFrame) -> pl.DataFrame:
    return moves.group_by(pl.col("case").alias("account_id"), maintain_order=True).agg(
        pl.col("at").min().alias("created_at")
    )


def _stages() -> pl.DataFrame:
    names = pl.Series("stage", STAGES)
    return pl.DataFrame(
        {
            "stage": names,
            "sort_order": range(1, len(STAGES) + 1),
            "is_closed": names.is_in((*_WINS, *_LOSSES)),
            "is_won": names.is_in(_WINS),
        }
    )


def _opportunities(events: pl.DataFrame, moves: pl.DataFrame) -> pl.DataFrame:
    is_won, is_lost = pl.col("name").is_in(WON), pl.col("name").is_in(LOST)
    owners = events.group_by("case").agg(pl.col("rep_id").drop_nulls().last().alias("owner_rep_id"))
    ends = (
        moves.filter(is_won | is_lost)
        .group_by("case", maintain_order=True)
        .agg(
            pl.col("at").first().alias("closed_at"),
            pl.when(is_won).then(pl.lit("won")).otherwise(pl.lit("lost")).first().alias("outcome"),
        )
    )
    deals = moves.group_by("case", maintain_order=True).agg(
        pl.col("name").last().alias("stage"),
        pl.col("amount").first(),
        pl.col("at").min().alias("created_at"),
    )
    return (
        deals.join(ends, on="case", how="left")
        .join(owners, on="case", how="left")
        .sort("case")
        .select(
            pl.col("case").alias("opportunity_id"),
            pl.col("case").alias("account_id"),
            "owner_rep_id",
            pl.lit("new").alias("type"),
            "stage",
            "amount",
            "created_at",
            "closed_at",
            pl.col("outcome").fill_null("open"),
        )
    )


def _stage_changes(moves: pl.DataFrame) -> pl.DataFrame:
    old = pl.col("name").shift(1).over("case")
    return moves.select(
        pl.col("case").alias("opportunity_id"),
        pl.col("at").alias("changed_at"),
        pl.lit("stage").alias("field"),
        old.alias("old"),
        pl.col("name").alias("new"),
        pl.col("rep_id").alias("changed_by"),
    )


def _owner_changes(events: pl.DataFrame) -> pl.DataFrame:
    named = events.filter(pl.col("rep_id").is_not_null())
    old = pl.col("rep_id").shift(1).over("case")
    return (
        named.with_columns(old.alias("old"))
        .filter(pl.col("old").is_null() | (pl.col("old") != pl.col("rep_id")))
        .select(
            pl.col("case").alias("opportunity_id"),
            pl.col("at").alias("changed_at"),
            pl.lit("owner").alias("field"),
            "old",
            pl.col("rep_id").alias("new"),
            pl.col("rep_id").alias("changed_by"),
        )
    )


def _activities(work: pl.DataFrame) -> pl.DataFrame:
    """Ends of work, with the minutes since its start where the start is in the log."""
    same = ["case", "name"]
    done = work.filter(pl.col("step").is_in(["START", "COMPLETE"])).with_columns(
        pl.col("step").shift(1).over(same).alias("before"),
        pl.col("at").shift(1).over(same).alias("began_at"),
    )
    minutes = (pl.col("at") - pl.col("began_at")).dt.total_milliseconds() / 60_000
    is_call = pl.col("name").is_in(CALLS)
    return (
        done.filter(pl.col("step") == "COMPLETE")
        .with_row_index("number")
        .select(
            pl.format("work-{}", "number").alias("activity_id"),
            pl.col("case").alias("account_id"),
            pl.col("at").alias("occurred_at"),
            pl.when(is_call).then(pl.lit("call")).otherwise(pl.lit("task")).alias("kind"),
            # validation and fraud checks happen inside the bank: nobody was touched
            pl.when(is_call).then(pl.lit("outbound")).alias("direction"),
            pl.col("case").alias("opportunity_id"),
            "rep_id",
            pl.when(pl.col("before") == "START").then(minutes).alias("duration_minutes"),
        )
    )


def _amounts(moves: pl.DataFrame) -> pl.DataFrame:
    """The amount asked for stands in the application from the start and never moves."""
    first = moves.group_by("case", maintain_order=True).agg(
        pl.col("at").min(), pl.col("amount").first(), pl.col("rep_id").first()
    )
    return first.select(
        pl.col("case").alias("opportunity_id"),
        pl.col("at").alias("changed_at"),
        pl.lit("amount").alias("field"),
        pl.lit(None, pl.String).alias("old"),
        pl.col("amount").cast(pl.String).alias("new"),
        pl.col("rep_id").alias("changed_by"),
    )


def _quotes(moves: pl.DataFrame) -> pl.DataFrame:
    """Every offer sent; the log does not say what it came to."""
    return (
        moves.filter(pl.col("name") == "O_SENT")
        .with_row_index("number")
        .select(
            pl.format("offer-{}", "number").alias("quote_id"),
            pl.col("case").alias("opportunity_id"),
            pl.col("at").alias("quoted_at"),
        )
    )


def _answers(moves: pl.DataFrame) -> pl.DataFrame:
    """Offers that the applicant has sent back: the only word from the other side in the log."""
    return (
        moves.filter(pl.col("name") == "O_SENT_BACK")
        .with_row_index("number")
        .select(
            pl.format("answer-{}", "number").alias("activity_id"),
            pl.col("case").alias("account_id"),
            pl.col("at").alias("occurred_at"),
            pl.lit("proposal").alias("kind"),
            pl.lit("inbound").alias("direction"),
            pl.col("case").alias("opportunity_id"),
            "rep_id",
        )
    )
