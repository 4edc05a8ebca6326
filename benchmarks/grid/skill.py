"""Skill: how much of what could be known a model knows, on rows that everybody predicted.

    share = (LL_base - LL_model) / (LL_base - LL_best)

LL is the mean log loss, the base is persistence for buckets and the stage table for slip, and the
best is the world's own oracle, or the same model family taught on ten times the accounts.
Source: method, section 11; the interval of a ratio of sums by Davison & Hinkley, Bootstrap Methods
and their Application, 1997, section 2.4, over accounts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from benchmarks.grid.backtest import ENTITIES
from features.schema import AS_OF, ENTITY_ID
from models.policy import BUCKETS
from training.config import Part
from training.intervals import (
    PAIRED_REPEATS,
    Clusters,
    Codes,
    Figure,
    Floats,
    clusters_of,
    figure,
    mean_figure,
    ratio,
)
from training.judgement import row_losses
from training.metrics import measure, measure_classes
from training.scores import BUCKET_COLUMNS, WON, judged_buckets, judged_deals

Best = Literal["oracle", "attainable"]

BASES: Mapping[Part, str] = {"bucket": "persistence", "slip": "stage_age"}
COLUMNS: Mapping[Part, tuple[str, ...]] = {"bucket": BUCKET_COLUMNS, "slip": (WON,)}
SEED = 11
UNDEFINED_AT_MOST = 0.05
"""Share of repeats in which a ratio may be undefined before its interval is."""

KEYS = (ENTITY_ID, AS_OF)


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What model, base and best said of the same rows.

    Attributes:
        accounts: account of each row.
        outcome: class number by row; for slip, 1 when the deal was won by its committed date.
        by_name: model, base and best → probabilities, (rows, classes); one column for slip.
        left_out: rows that were judged at the same moments and that one of them did not predict.
    """

    accounts: pl.Series
    outcome: Codes
    by_name: Mapping[str, Floats]
    left_out: int

    def losses(self) -> dict[str, Floats]:
        """Log loss by row of each of them."""
        return {name: row_losses(self.outcome, p) for name, p in self.by_name.items()}


@dataclass(frozen=True, slots=True)
class Share:
    """A share of skill; None with the reason where it is not defined."""

    figure: Figure
    why: str | None = None

    def to_mapping(self) -> dict[str, object]:
        """As it stands in a result file."""
        return {**self.figure.to_mapping(), "why": self.why}


def judged(scores: pl.DataFrame, part: Part) -> pl.DataFrame:
    """The rows of a part that metrics are about."""
    return judged_buckets(scores) if part == "bucket" else judged_deals(scores)


def said_by_all(scores: pl.DataFrame, part: Part, best: pl.DataFrame, name: Best) -> Said:
    """Put the best's probabilities beside the model's and the base's, and keep the shared rows.

    A base without an opinion on a row says there what the constant says, as in the judgement.

    Args:
        scores: the backtest's.
        part: bucket or slip.
        best: entity_id, as_of and the probabilities; of the oracle also entity.
        name: what the best is.
    """
    columns = COLUMNS[part]
    base = [_base(part, column).alias(f"base_{column}") for column in columns]
    rows = judged(scores, part).filter(pl.col(AS_OF).is_in(best[AS_OF].unique().implode()))
    own = best
    if name == "oracle":
        own = own.filter(pl.col("entity") == ENTITIES[part])
    own = own.select(*KEYS, *(pl.col(column).alias(f"{name}_{column}") for column in columns))
    wide = rows.select(*KEYS, "account_id", _outcome(part), *columns, *base).join(
        own, on=KEYS, how="left", validate="1:1", maintain_order="left"
    )
    shared = wide.drop_nulls()
    names = {"model": columns, **{n: [f"{n}_{c}" for c in columns] for n in ("base", name)}}
    return Said(
        shared["account_id"],
        shared["outcome"].to_numpy(),
        {n: shared.select(found).to_numpy().astype(np.float64) for n, found in names.items()},
        wide.height - shared.height,
    )


def skill(said: Said, name: Best) -> dict[str, object]:
    """Log losses, AUC, gains over the base and the share, each with its 90 % interval.

    With four buckets the AUC is that of the first, the A-list, against the rest.
    """
    rows = said.outcome.size
    if rows == 0:
        return {"rows": 0, "left_out": said.left_out, "why": "no row was predicted by all"}
    clusters = clusters_of(said.accounts, seed=SEED, repeats=PAIRED_REPEATS)
    losses = said.losses()
    gains = {n: losses["base"] - losses[n] for n in ("model", name)}
    share = share_of(gains["model"], gains[name], clusters, name=f"the {name} model's")
    return {
        "rows": rows,
        "accounts": clusters.accounts,
        "left_out": said.left_out,
        "log_loss": {n: mean_figure(loss, clusters).to_mapping() for n, loss in losses.items()},
        "auc": {n: _auc(said.outcome, p, clusters) for n, p in said.by_name.items()},
        "gain": {n: mean_figure(gain, clusters).to_mapping() for n, gain in gains.items()},
        "share": share.to_mapping(),
    }


def share_of(own: Floats, best: Floats, clusters: Clusters, *, name: str = "the best's") -> Share:
    """The model's gain over the base as a share of the best's gain.

    Args:
        own: base's log loss less the model's, by row.
        best: base's log loss less the best's, by row.
        clusters: the account of each row and the bootstrap's draws.
        name: whose gain the denominator is, for the reason.
    """
    if float(best.sum()) <= 0.0:
        why = f"{name} log loss does not lie below the base's"
        return Share(Figure(None, None, None), why)
    sums = clusters.resampled(np.stack([own, best], axis=1))
    repeats = ratio(sums[:, 0], sums[:, 1])
    found = figure(float(own.sum() / best.sum()), repeats)
    undefined = float(np.isnan(repeats).mean())
    if undefined > UNDEFINED_AT_MOST:
        why = f"no interval: {name} gain is not above zero in {undefined:.0%} of the repeats"
        return Share(Figure(found.value, None, None), why)
    return Share(found)


def _base(part: Part, column: str) -> pl.Expr:
    own, constant = (f"baseline_{name}_{column}" for name in (BASES[part], "constant"))
    return pl.coalesce(pl.col(own).fill_nan(None), constant)


def _outcome(part: Part) -> pl.Expr:
    if part == "slip":
        return pl.col("label_won_by_committed").cast(pl.Int64).alias("outcome")
    numbers = {bucket: number for number, bucket in enumerate(BUCKETS)}
    return pl.col("label").replace_strict(numbers, return_dtype=pl.Int64).alias("outcome")


def _auc(outcome: Codes, p: Floats, clusters: Clusters) -> dict[str, float | None]:
    books = np.zeros(outcome.size, dtype=np.int64)  # nothing that depends on books is kept
    if p.shape[1] == 1:
        happened = outcome.astype(np.float64)
        found = measure(happened, p[:, 0], clusters=clusters, books=books, seed=SEED)
    else:
        found = measure_classes(outcome, p, clusters=clusters, books=books, seed=SEED)
    return found.auc.to_mapping()
