"""Judgement: every model beside every baseline on the same rows, as a whole and by slice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from training.ablation import ABLATIONS
from training.forecasts import Forecasts
from training.intervals import Clusters, Codes, Floats, Gain, clusters_of, paired_gain
from training.metrics import (
    Metrics,
    book_codes,
    class_losses,
    log_losses,
    measure,
    measure_classes,
)

AGE_EDGES = (30.0, 90.0, 180.0, 365.0)
AGE_NAMES = ("0-30 days", "31-90 days", "91-180 days", "181-365 days", "over 365 days")
SLICES = ("by_origin", "by_segment", "by_size", "by_age", "by_acquaintance", "by_type")
SIZE_NAMES = ("smallest third", "middle third", "largest third")
SLICE_REPEATS = 200
"""Bootstrap repeats on slices, where a rough interval is enough."""

_OTHER = "not known"


@dataclass(frozen=True, slots=True)
class Standing:
    """One model on all rows and on each slice: slice → value → metrics.

    The served model of a label with several classes is also judged on each class against the rest.
    """

    overall: Metrics
    slices: Mapping[str, Mapping[str, Metrics]]
    by_class: Mapping[str, Metrics] = field(default_factory=dict)

    def to_mapping(self) -> dict[str, object]:
        """As it stands in metrics.json."""
        found: dict[str, object] = {"overall": self.overall.to_mapping()}
        for name, parts in self.slices.items():
            found[name] = {value: metrics.to_mapping() for value, metrics in parts.items()}
        if self.by_class:
            found["by_class"] = {name: m.to_mapping() for name, m in self.by_class.items()}
        return found


@dataclass(frozen=True, slots=True)
class Judgement:
    """Who predicts best, by how much, and who is served.

    Attributes:
        standings: model or baseline → how it stands.
        winner: lowest out-of-time log loss of all.
        served: lowest out-of-time log loss among those that can be served.
        gains: baseline → by how much the served model's log loss lies below it.
        not_applicable: baseline → why it is not there.
    """

    standings: Mapping[str, Standing]
    winner: str
    served: str
    gains: Mapping[str, Gain]
    not_applicable: Mapping[str, str]

    def to_mapping(self) -> dict[str, object]:
        """As it stands in metrics.json."""
        return {
            "models": {name: found.to_mapping() for name, found in self.standings.items()},
            "winner": self.winner,
            "served": self.served,
            "gains": {name: gain.to_mapping() for name, gain in self.gains.items()},
            "not_applicable": dict(self.not_applicable),
        }


def judge(forecasts: Forecasts, outcome: Codes, *, servable: Sequence[str], seed: int) -> Judgement:
    """Judge all forecasts on the same rows.

    A baseline without an opinion on a row says there what the constant says.

    Args:
        forecasts: judged rows only.
        outcome: class number by row (0 = first class); with one class, 1 when it happened.
        servable: models that could be served.
        seed: of the bootstrap and the redrawn outcomes.
    """
    constant = forecasts.by_model["constant"]
    said = {
        name: _filled(frame, constant).to_numpy().astype(np.float64)
        for name, frame in forecasts.by_model.items()
    }
    accounts = forecasts.rows["account_id"]
    bench = _Bench(
        clusters=clusters_of(accounts, seed=seed),
        books=book_codes(forecasts.rows["as_of"], forecasts.rows["owner_rep_id"]),
        outcome=outcome,
        seed=seed,
    )
    slices = _slices(forecasts.rows)
    losses = {name: row_losses(outcome, p) for name, p in said.items()}
    mean = {name: float(loss.mean()) for name, loss in losses.items()}
    served = min((name for name in servable if name in mean), key=lambda name: mean[name])
    standings = {name: _standing(p, bench, slices) for name, p in said.items()}
    by_class = _by_class(said[served], bench, forecasts.classes)
    standings[served] = replace(standings[served], by_class=by_class)
    return Judgement(
        standings=standings,
        winner=min((name for name in mean if name not in ABLATIONS), key=lambda name: mean[name]),
        served=served,
        gains={
            name: paired_gain(losses[served], loss, accounts, seed=seed)
            for name, loss in losses.items()
            if name != served
        },
        not_applicable=forecasts.not_applicable,
    )


def row_losses(outcome: Codes, p: Floats) -> Floats:
    """Log loss by row; one column of p is a yes-or-no outcome."""
    if p.shape[1] == 1:
        return log_losses(outcome.astype(np.float64), p[:, 0])
    return class_losses(outcome, p)


@dataclass(frozen=True, slots=True)
class _Bench:
    """What all models are judged with."""

    clusters: Clusters
    books: Codes
    outcome: Codes
    seed: int

    def metrics(self, p: Floats, mask: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Metrics:
        clusters, books = self.clusters.take(mask), self.books[mask]
        outcome, kept = self.outcome[mask], p[mask]
        if p.shape[1] == 1:
            happened = outcome.astype(np.float64)
            return measure(happened, kept[:, 0], clusters=clusters, books=books, seed=self.seed)
        return measure_classes(outcome, kept, clusters=clusters, books=books, seed=self.seed)


def _standing(p: Floats, bench: _Bench, slices: Mapping[str, pl.Series]) -> Standing:
    everything = np.ones(p.shape[0], dtype=np.bool_)
    quick = replace(bench, clusters=bench.clusters.first(SLICE_REPEATS))
    by_slice = {
        name: {
            str(part): quick.metrics(p, (values == part).to_numpy())
            for part in values.unique().sort().to_list()
        }
        for name, values in slices.items()
    }
    return Standing(bench.metrics(p, everything), by_slice)


def _by_class(p: Floats, bench: _Bench, classes: Sequence[str]) -> dict[str, Metrics]:
    if len(classes) < 2:
        return {}
    return {
        column.removeprefix("p_"): measure(
            (bench.outcome == number).astype(np.float64),
            p[:, number],
            clusters=bench.clusters,
            books=bench.books,
            seed=bench.seed,
        )
        for number, column in enumerate(classes)
    }


def _filled(frame: pl.DataFrame, constant: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame(
        [frame[name].fill_nan(None).fill_null(constant[name]) for name in frame.columns]
    )


def _slices(rows: pl.DataFrame) -> dict[str, pl.Series]:
    """Slice → its value by row, as text."""
    age = pl.col("age_days")
    above = [(age > edge).cast(pl.Int64) for edge in AGE_EDGES]
    band = pl.sum_horizontal(pl.lit(0, pl.Int64), *above, ignore_nulls=False)
    names = dict(enumerate(AGE_NAMES))
    found = {
        "by_origin": pl.col("origin").dt.strftime("%Y-%m-%d"),
        "by_segment": pl.col("segment"),
        "by_age": band.replace_strict(names, default=None, return_dtype=pl.String),
        "by_acquaintance": pl.when("is_known").then(pl.lit("known")).otherwise(pl.lit("new")),
    }
    if "size" in rows.columns:
        place = pl.col("size").rank("average").over("as_of") / pl.col("size").count().over("as_of")
        thirds = (
            pl.when(place <= 1 / 3).then(0).when(place <= 2 / 3).then(1).when(place > 2 / 3).then(2)
        )
        found["by_size"] = thirds.replace_strict(
            dict(enumerate(SIZE_NAMES)), default=None, return_dtype=pl.String
        )
    if "type" in rows.columns:
        found["by_type"] = pl.col("type").cast(pl.String)
    frame = rows.select(expr.fill_null(_OTHER).alias(name) for name, expr in found.items())
    return {name: frame[name] for name in SLICES if name in frame.columns}
