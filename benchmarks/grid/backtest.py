"""Backtest of a cell: its world read as any other CRM, walked through with the default experiment.

What later steps need is left in the work folder: the scores, the metrics, and the terms under
which outcomes were labelled.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.grid.cells import UNTIL
from benchmarks.grid.pieces import write_frame, write_json
from features.calendar import Calendar
from features.crm.source import Source, open_source
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID, OWNER_REP_ID
from models.policy import LabelPolicy, load_policy
from training.backtest import METRICS_FILE, SCORES_FILE, walk_forward, write_backtest
from training.components import EXPECTED
from training.config import Experiment, Part, load_experiment
from training.contest import Contest
from training.walk import Progress

VALUES_FILE = "values.parquet"
VALUE_COLUMNS = (
    ENTITY_ID, ACCOUNT_ID, AS_OF, OWNER_REP_ID, "bookings", f"{EXPECTED}bookings",
)  # fmt: skip
"""What is kept of judged accounts: who has them, what was expected of them and what came."""

Json = Mapping[str, Any]

TERMS_FILE = "terms.json"
CALENDAR = Calendar()
ENTITIES: Mapping[Part, str] = {"bucket": "account", "slip": "deal"}


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which terms the cell's outcomes were labelled.

    Attributes:
        weeks: part → horizon in weeks; a part that could not be run is absent.
        growth_floor: the frozen floor under the reference of growth, in base currency; None when
            it was never measured.
    """

    weeks: Mapping[Part, int]
    growth_floor: float | None

    def __post_init__(self) -> None:
        if not self.weeks or min(self.weeks.values()) < 1:
            raise ValueError(f"expected weeks of 1 or more by part, got {dict(self.weeks)}")

    @property
    def label_policy(self) -> LabelPolicy:
        """The standing policy with the growth floor of this world."""
        return replace(load_policy().label, growth_floor=self.growth_floor)

    @property
    def horizon(self) -> timedelta:
        """Length of the label window of accounts; 26 weeks where buckets could not be run."""
        return timedelta(weeks=self.weeks.get("bucket", 26))


@dataclass(frozen=True, slots=True, eq=False)
class Backtest:
    """What the walk-forward of a cell left behind; values only of a run with accounts."""

    scores: pl.DataFrame
    metrics: Json
    terms: Terms
    values: pl.DataFrame | None = None

    def first_as_ofs(self, part: Part) -> tuple[datetime, ...]:
        """The first test moment of each origin, oldest first; empty for a part that was not run."""
        rows = self.scores.filter(pl.col("entity") == ENTITIES[part])
        firsts = rows.group_by("origin").agg(pl.col(AS_OF).min())
        return tuple(firsts[AS_OF].unique().sort().to_list())


def source_of(url: str) -> Source:
    """The world of that address, on the calendar of all cells; nothing is made yet."""
    return open_source(url, calendar=CALENDAR, now=CALENDAR.midnight(UNTIL))


def run_backtest(url: str, folder: Path, parts: Sequence[Part], progress: Progress) -> None:
    """Walk forward through a world and leave scores, metrics, values and terms in the folder.

    Raises:
        NotEnoughDataError: when the world does not carry a single fit; nothing is written.
    """
    book = source_of(url).read().book
    asked = replace(experiment(), heads=tuple(parts))
    result = walk_forward(book, asked, CALENDAR, progress=progress)
    write_backtest(result, folder)
    if "bucket" in result.contests:
        write_frame(
            folder / VALUES_FILE, result.contests["bucket"].judged.rows.select(VALUE_COLUMNS)
        )
    write_json(folder / TERMS_FILE, _terms(result.contests))


def experiment() -> Experiment:
    """The recipe of every cell: the default."""
    return load_experiment(None)


def is_backtested(folder: Path) -> bool:
    """Whether the folder holds all files; the terms are written last."""
    return (folder / TERMS_FILE).is_file()


def load_backtest(folder: Path) -> Backtest:
    """Read what `run_backtest` left."""
    terms = json.loads((folder / TERMS_FILE).read_text("utf-8"))
    values = folder / VALUES_FILE
    return Backtest(
        pl.read_parquet(folder / SCORES_FILE),
        json.loads((folder / METRICS_FILE).read_text("utf-8")),
        Terms(terms["weeks"], terms["growth_floor"]),
        pl.read_parquet(values) if values.is_file() else None,
    )


def _terms(contests: Mapping[Part, Contest]) -> dict[str, object]:
    bucket = contests.get("bucket")
    return {
        "weeks": {part: contest.plan.horizon.weeks for part, contest in contests.items()},
        "growth_floor": None if bucket is None else bucket.policy.label.growth_floor,
    }
