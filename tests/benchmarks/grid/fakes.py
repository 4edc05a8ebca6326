"""A made-up cell: quick steps in place of the long ones, and result files written by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.grid.attainable import Rows
from benchmarks.grid.backtest import METRICS_FILE, SCORES_FILE, TERMS_FILE, VALUES_FILE, Terms
from benchmarks.grid.evaluation import Steps
from benchmarks.grid.pieces import write_frame, write_json
from training.config import Part
from training.folds import NotEnoughDataError
from training.scores import BUCKET_COLUMNS, WON, score_frame
from training.walk import Progress

ORIGINS = tuple(datetime(2026, month, 1, tzinfo=UTC) for month in (1, 4))
SECOND = tuple(datetime(2026, month, 1, tzinfo=UTC) for month in (2, 5))
LABELS = ("a_list", "pain", "walk_away", "steady")


class Killed(BaseException):
    """What a run is ended with, as by a signal."""


@dataclass
class Company:
    """The three steps of a cell, made up; remembers what it was asked for.

    Attributes:
        asked: the steps in their order.
        ends_at: number of the step at which it is killed; None lives on.
        is_too_small: whether its world does not carry a fit.
        has_deals: whether there is a slip part.
    """

    asked: list[str] = field(default_factory=list)
    ends_at: int | None = None
    is_too_small: bool = False
    has_deals: bool = True

    @property
    def steps(self) -> Steps:
        return Steps(self.backtest, self.oracle, self.attainable)

    def backtest(self, url: str, folder: Path, parts: Sequence[Part], progress: Progress) -> None:
        self._note(f"backtest {url}")
        if self.is_too_small:
            raise NotEnoughDataError("the history is too short for one fit\nhorizon  weeks")
        made = {"bucket": accounts_scored, "slip": deals_scored}
        parts = tuple(part for part in parts if part == "bucket" or self.has_deals)
        write_frame(folder / SCORES_FILE, score_frame([made[part]() for part in parts]))
        if "bucket" in parts:
            write_frame(folder / VALUES_FILE, values())
        write_json(folder / METRICS_FILE, metrics(parts, has_deals=self.has_deals))
        terms = {"weeks": dict.fromkeys(parts, 26), "growth_floor": 12.5}
        write_json(folder / TERMS_FILE, terms)

    def oracle(
        self, url: str, terms: Terms, part: Part, as_of: datetime, progress: Progress
    ) -> pl.DataFrame:
        self._note(f"oracle {part} {as_of:%Y-%m-%d} floor {terms.growth_floor}")
        scored = accounts_scored() if part == "bucket" else deals_scored()
        rows = scored.filter(pl.col("as_of") == as_of)
        return _sharper(rows, part, 0.5).with_columns(
            pl.lit(400).alias("draws"), pl.int_range(pl.len()).alias("expected_bookings")
        )

    def attainable(self, url: str, terms: Terms, rows: Rows, progress: Progress) -> pl.DataFrame:
        self._note(f"attainable {rows.part} {rows.kind} {rows.keys.height} {url}")
        scored = accounts_scored() if rows.part == "bucket" else deals_scored()
        found = scored.join(rows.keys, on=["entity_id", "as_of"], how="semi")
        return _sharper(found, rows.part, 0.2).drop("entity")

    def _note(self, step: str) -> None:
        self.asked.append(step)
        if self.ends_at == len(self.asked):
            raise Killed


def accounts_scored(count: int = 30, seed: int = 5) -> pl.DataFrame:
    """Account rows of scores.parquet: two origins with two moments each."""
    rng = np.random.default_rng(seed)
    parts = []
    for origin, second in zip(ORIGINS, SECOND, strict=True):
        for as_of in (origin, second):
            label = rng.integers(0, 4, count)
            p = np.where(np.eye(4)[label] > 0, 0.4, 0.2)
            base = np.full((count, 4), 0.25)
            parts.append(
                pl.DataFrame(
                    {
                        **_keys("account", count, as_of, origin),
                        **dict(zip(BUCKET_COLUMNS, p.T, strict=True)),
                        "label": [LABELS[number] for number in label],
                        **_named("persistence", base),
                        **_named("constant", base),
                    }
                )
            )
    return pl.concat(parts)


def deals_scored(count: int = 24, seed: int = 6) -> pl.DataFrame:
    """Deal rows of scores.parquet, at the same moments."""
    rng = np.random.default_rng(seed)
    parts = []
    for origin, second in zip(ORIGINS, SECOND, strict=True):
        for as_of in (origin, second):
            won = rng.random(count) < 0.4
            parts.append(
                pl.DataFrame(
                    {
                        **_keys("deal", count, as_of, origin),
                        WON: np.where(won, 0.55, 0.35),
                        "label_won_by_committed": won,
                        f"baseline_stage_age_{WON}": np.full(count, 0.4),
                        f"baseline_constant_{WON}": np.full(count, 0.4),
                    }
                )
            )
    return pl.concat(parts)


def values() -> pl.DataFrame:
    """What was expected of the accounts and what came: the model takes every other one for dear."""
    rows = accounts_scored().select("entity_id", "account_id", "as_of")
    number = pl.int_range(pl.len()).over("as_of")
    return rows.with_columns(
        pl.lit("ann").alias("owner_rep_id"),
        number.cast(pl.Float64).alias("bookings"),
        pl.when(number % 2 == 0)
        .then(number)
        .otherwise(0)
        .cast(pl.Float64)
        .alias("expected_bookings"),
    )


def metrics(parts: tuple[str, ...], *, has_deals: bool = True) -> dict[str, object]:
    """The content of metrics.json, as far as the grid reads it."""
    served = {"bucket": "lightgbm", "slip": "hazard"}
    found: dict[str, object] = {
        part: {
            "served": served[part],
            "winner": served[part],
            "gains": {},
            "decisions": {"bookings_forgone": figure(0.03), "hours_released": figure(0.2)},
            "not_applicable": {},
            "models": {served[part]: {"overall": {"n": 3}, "by_origin": {"2026-01-01": {}}}},
        }
        for part in parts
    }
    described = {"judged_rows": 7, "outcome_shares": {"won": 0.4}}
    missing = {} if has_deals else {"slip": "slip: expected opportunities, the source has none"}
    tables = {"accounts": 30}
    found["data_used"] = {"missing": missing, "tables": tables, **dict.fromkeys(parts, described)}
    found["leak_gate"] = {"verdict": "passed", "leaking": [], "checked": {}, "warnings": []}
    return found


def result(
    regime: str = "baseline",
    accounts: int = 250,
    seed: int = 1,
    *,
    shares: tuple[float | None, float | None] = (0.6, 0.9),
    low: float = 0.01,
    parts: tuple[str, ...] = ("bucket", "slip"),
    missing: Mapping[str, str] | None = None,
    edition: str = "aaa",
    bias: float = 0.02,
) -> dict[str, object]:
    """A result file of an evaluated cell; all parts have the same figures."""
    return {
        "regime": regime,
        "accounts": accounts,
        "seed": seed,
        "status": "evaluated",
        "why": None,
        "draws": 400,
        "edition": edition,
        "missing": missing or {},
        "parts": {part: _part_result(part, shares, low=low, bias=bias) for part in parts},
    }


def refused(regime: str, accounts: int, seed: int, why: str) -> dict[str, object]:
    """A result file of a cell that could not be evaluated."""
    cell = {"regime": regime, "accounts": accounts, "seed": seed, "edition": "aaa"}
    return {**cell, "status": "not evaluated", "why": why}


def figure(value: float | None, half: float = 0.1) -> dict[str, float | None]:
    """A figure with an interval on both sides."""
    if value is None:
        return {"value": None, "low": None, "high": None}
    return {"value": value, "low": value - half, "high": value + half}


MONEY = {
    "decisions": {"bookings_forgone": figure(0.035, 0.01), "hours_released": figure(0.15, 0.02)},
    "value": {
        "rows": 40,
        "model": figure(0.7, 0.02),
        "oracle": figure(0.75, 0.02),
        "share": figure(0.94, 0.01),
    },
}


def _part_result(
    part: str, shares: tuple[float | None, float | None], *, low: float, bias: float
) -> dict[str, object]:
    base = "persistence" if part == "bucket" else "stage_age"
    overall = {"excess_ece": figure(0.012), "bias": figure(bias), "lift_at_k": figure(2.1)}
    return {
        "served": "lightgbm",
        "models": {"lightgbm": overall},
        "gains": {base: {**figure(0.05), "low": low, "share": 0.11}},
        **(MONEY if part == "bucket" else {}),
        "skill": {
            name: {
                "log_loss": {
                    "model": figure(0.45),
                    "base": figure(0.50),
                    name: figure(0.41 if name == "oracle" else 0.44),
                },
                "auc": {"model": figure(0.78), "base": figure(0.7), name: figure(0.85)},
                "share": {**figure(share), "why": None if share else "nothing to divide by"},
            }
            for name, share in zip(("oracle", "attainable"), shares, strict=True)
        },
    }


def _keys(entity: str, count: int, as_of: datetime, origin: datetime) -> dict[str, object]:
    ids = [f"{entity}-{number}" for number in range(count)]
    return {
        "entity": [entity] * count,
        "entity_id": ids,
        "account_id": ids,
        "as_of": pl.Series([as_of] * count, dtype=pl.Datetime("us", "UTC")),
        "origin": pl.Series([origin] * count, dtype=pl.Datetime("us", "UTC")),
        "label_mature": [True] * count,
        "weight": [1.0] * count,
    }


def _named(name: str, p: np.ndarray) -> dict[str, np.ndarray]:
    return {
        f"baseline_{name}_{column}": values
        for column, values in zip(BUCKET_COLUMNS, p.T, strict=True)
    }


def _sharper(rows: pl.DataFrame, part: Part, by: float) -> pl.DataFrame:
    """The model's own probabilities, moved toward the outcome by a share of the way."""
    if part == "slip":
        truth = [pl.col("label_won_by_committed").cast(pl.Float64).alias(WON)]
    else:
        truth = [
            (pl.col("label") == label).cast(pl.Float64).alias(column)
            for column, label in zip(BUCKET_COLUMNS, LABELS, strict=True)
        ]
    moved = [
        (pl.col(one.meta.output_name()) * (1 - by) + one * by).alias(one.meta.output_name())
        for one in truth
    ]
    return rows.select("entity", "entity_id", "as_of", *moved)
