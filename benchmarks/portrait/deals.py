"""Deals: how far they come, how often they are pushed, and when in the quarter they are won.

Only closed new deals and expansions: renewals follow the term of their contract. A deal whose
CRM names no type counts among them.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import polars as pl

from benchmarks.portrait.fact import Fact, Lacking, percent
from features.book import Book
from features.calendar import Calendar
from features.schema import OPPORTUNITY_ID

GROUPS = {"new": "new deals", "expansion": "expansions", "": "deals"}
"""Deal type → the words of a portrait."""

MOST_PUSHES = 4
MANY_PUSHES = 3
FEW = 20
"""A rate over fewer deals than this is said as a count, and drawn hollow."""

WEEKS = 13
NO_DEALS = Lacking("no deals in this regime")
NO_DATES = Lacking("no history of committed dates in this regime")


@dataclass(frozen=True, slots=True)
class Stages:
    """How far the deals of one group came.

    Attributes:
        group: of `GROUPS`, in words.
        reached: deals that reached each stage, in order; a later stage has passed the earlier.
        won: deals that were won; they have passed every stage.
    """

    group: str
    reached: tuple[int, ...]
    won: int

    def __post_init__(self) -> None:
        steps = (*self.reached, self.won)
        if not self.reached or any(b > a for a, b in pairwise(steps)):
            raise ValueError(f"expected stages that lose deals on the way, got {steps}")


@dataclass(frozen=True, slots=True)
class Funnel(Fact):
    """Closed deals by the furthest stage they reached.

    Attributes:
        stages: names of the open stages, in order.
        groups: one funnel for each group of deals.
    """

    stages: tuple[str, ...]
    groups: tuple[Stages, ...]

    @property
    def headline(self) -> str:
        """Share won of each group."""
        shares = (f"{percent(one.won / one.reached[0])} of {one.group}" for one in self.groups)
        return f"{' and '.join(shares)} are won"


@dataclass(frozen=True, slots=True)
class Pushes(Fact):
    """Closed deals by how often their committed date was moved to a later day.

    Attributes:
        deals: closed deals pushed 0, 1, 2, 3 times, and 4 times or more.
        won: those of them that were won.
    """

    deals: tuple[int, ...]
    won: tuple[int, ...]

    def __post_init__(self) -> None:
        is_sound = len(self.deals) == len(self.won) == MOST_PUSHES + 1 and sum(self.deals) > 0
        if not is_sound or any(w > d for w, d in zip(self.won, self.deals, strict=True)):
            raise ValueError(f"expected won among deals by pushes, got {self.won} of {self.deals}")

    @property
    def headline(self) -> str:
        """Share pushed three times or more, and what became of those."""
        many, won = sum(self.deals[MANY_PUSHES:]), sum(self.won[MANY_PUSHES:])
        share = percent(many / sum(self.deals))
        of_those = f"{percent(won / many)} of those" if many >= FEW else f"{won} of {many}"
        fate = f"; {of_those} are won" if many else ""
        return f"{share} of deals are pushed {MANY_PUSHES} times or more{fate}"


@dataclass(frozen=True, slots=True)
class QuarterWeeks(Fact):
    """Wins by week of the fiscal quarter, over whole quarters.

    Attributes:
        wins: won deals in weeks 1 to 13; days after the 91st belong to week 13.
        even: share of all days that each week holds: where wins would be if spread evenly.
    """

    wins: tuple[int, ...]
    even: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.wins) != WEEKS or len(self.even) != WEEKS or sum(self.wins) == 0:
            raise ValueError(f"expected wins in {WEEKS} weeks, got {self.wins}")

    @property
    def headline(self) -> str:
        """Share of wins in the last two weeks."""
        share = percent(sum(self.wins[-2:]) / sum(self.wins))
        return f"{share} of wins fall in the last two weeks of a quarter ({self._even} if even)"

    @property
    def _even(self) -> str:
        return percent(sum(self.even[-2:]))


def funnel(book: Book) -> Funnel | Lacking:
    """Count the closed deals that reached each stage."""
    if not book.has("opportunities.outcome"):
        return NO_DEALS
    if not (book.has("stages.sort_order") and keeps_history(book, "stage")):
        return Lacking("no history of stages in this regime")
    places = (
        book["stages"]
        .filter(~pl.col("is_closed").fill_null(value=False))
        .sort("sort_order")
        .with_row_index("place")
        .select(pl.col("stage").alias("new"), pl.col("place").cast(pl.Int64))
        .collect()
    )
    last = places.height
    furthest = (
        book["opportunity_changes"]
        .filter(pl.col("field") == "stage")
        .join(places.lazy(), on="new")
        .group_by(OPPORTUNITY_ID)
        .agg(pl.col("place").max())
    )
    won = pl.col("is_won")
    reached = pl.when(won).then(last).otherwise(pl.col("place").fill_null(0))
    found = (
        closed_deals(book)
        .join(furthest, on=OPPORTUNITY_ID, how="left")
        .group_by("group")
        .agg(won.sum().alias("won"), *[(reached >= k).sum().alias(str(k)) for k in range(last)])
        .collect()
    )
    groups = tuple(
        Stages(words, tuple(int(line[str(k)]) for k in range(last)), int(line["won"]))
        for group, words in GROUPS.items()
        for line in found.filter(pl.col("group") == group).iter_rows(named=True)
    )
    return Funnel(tuple(places["new"]), groups) if groups else NO_DEALS


def pushes(book: Book) -> Pushes | Lacking:
    """Count the closed deals, and those won, by moves of their date to a later day."""
    if not book.has("opportunities.outcome"):
        return NO_DEALS
    if not keeps_history(book, "close_date"):
        return NO_DATES
    old, new = (
        pl.col(name).str.head(10).str.to_date("%Y-%m-%d", strict=False) for name in ("old", "new")
    )
    deals = closed_deals(book)
    moved = (
        book["opportunity_changes"]
        .filter(pl.col("field") == "close_date", new > old)
        .join(deals, on=OPPORTUNITY_ID)
        .filter(pl.col("changed_at") < pl.col("closed_at"))
        .group_by(OPPORTUNITY_ID)
        .agg(pl.len().alias("pushes"))
    )
    count = pl.col("pushes").fill_null(0).clip(upper_bound=MOST_PUSHES)
    found = (
        deals.join(moved, on=OPPORTUNITY_ID, how="left")
        .group_by(count.cast(pl.Int64))
        .agg(pl.len().alias("deals"), pl.col("is_won").sum().alias("won"))
        .collect()
    )
    every = pl.DataFrame({"pushes": range(MOST_PUSHES + 1)}).join(found, on="pushes", how="left")
    if found.is_empty():
        return NO_DEALS
    counts = every.sort("pushes").fill_null(0)
    return Pushes(tuple(map(int, counts["deals"])), tuple(map(int, counts["won"])))


def quarter_weeks(book: Book, calendar: Calendar) -> QuarterWeeks | Lacking:
    """Count wins by week of the fiscal quarter, in whole quarters since the first deal."""
    if not book.has("opportunities.outcome"):
        return NO_DEALS
    deals = closed_deals(book).collect()
    if deals.is_empty():
        return NO_DEALS
    days = _whole_quarters(deals["created_at"], book.observed_until, calendar)
    week = (pl.col("day") - calendar.quarter_start(pl.col("day"))).dt.total_days() // 7 + 1
    dated = days.with_columns(week.clip(upper_bound=WEEKS).alias("week"))
    won = deals.filter("is_won").select(calendar.local_day(pl.col("closed_at")).alias("day"))
    wins = won.join(dated, on="day")
    if wins.is_empty():
        return Lacking("no win in a whole quarter of this regime")
    counts = [int((wins["week"] == number).sum()) for number in range(1, WEEKS + 1)]
    sizes = [int((dated["week"] == number).sum()) / dated.height for number in range(1, WEEKS + 1)]
    return QuarterWeeks(tuple(counts), tuple(sizes))


def closed_deals(book: Book) -> pl.LazyFrame:
    """Closed deals that are no renewals: opportunity_id, group, is_won, created_at, closed_at."""
    group = pl.col("type").cast(pl.String).fill_null("")
    outcome = pl.col("outcome").cast(pl.String)
    return (
        book["opportunities"]
        .filter(
            outcome.is_in(["won", "lost"]),
            pl.col("closed_at") < book.observed_until,
            group != "renewal",
        )
        .select(
            OPPORTUNITY_ID,
            group.alias("group"),
            (outcome == "won").alias("is_won"),
            "created_at",
            "closed_at",
        )
    )


def keeps_history(book: Book, field: str) -> bool:
    """Whether the CRM keeps the history of a field of deals."""
    moves = book["opportunity_changes"].filter(pl.col("field") == field).head(1)
    return not moves.collect().is_empty()


def _whole_quarters(created: pl.Series, until: datetime, calendar: Calendar) -> pl.DataFrame:
    """Every day of the fiscal quarters that began after the first deal and have ended."""
    ends = pl.DataFrame({"first": created.min(), "last": until}).select(
        calendar.quarter_end(calendar.local_day(pl.col("first"))).dt.offset_by("1d"),
        calendar.quarter_start(calendar.local_day(pl.col("last"))),
    )
    return ends.select(pl.date_ranges("first", "last", closed="left").alias("day")).explode("day")
