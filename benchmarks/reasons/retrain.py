"""Retrain: how much of the three strongest reasons stays when a model is fitted anew."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from benchmarks.reasons.trial import NOW, QUARTER, SEED, Trial, pooled
from features.catalogue import features_of
from features.feature import Entity
from features.schema import ACCOUNT_ID, ENTITY_ID
from models.bucket import BucketModel
from models.policy import DecisionPolicy, display_bucket
from models.reasons import Explanation, Reason, Shown, concepts_of, top_reasons
from models.slip import SlipModel
from serving.peers import Peers, peers_of
from training.bucket_forecasts import logistic_of
from training.intervals import Figure, Floats, clusters_of, mean_figure

TOP = 3
OTHER_SEED = 107
MORE_SEEDS = (7, 17, 27)
NEAR = 0.20
"""A fourth concept within this share of the third is a near tie."""

Told = Sequence[tuple[Reason, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Stays:
    """One comparison: of each row, the Jaccard of its three strongest concepts.

    Attributes:
        name: what is compared.
        accounts: of each row, by which the interval is clustered.
        overlap: Jaccard per row; rows without a reason in either are left out.
        is_tied: same rows: the third and the fourth concept are a near tie.
        is_moved: same rows: the account is displayed in another bucket than before.
    """

    name: str
    accounts: pl.Series
    overlap: Floats
    is_tied: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    is_moved: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    explanation: Explanation
    buckets: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    entity: Entity
    X: pl.DataFrame
    accounts: pl.Series
    peers: pl.DataFrame


def comparisons(trial: Trial, say: Callable[[str], None]) -> Iterator[Stays]:
    """Every comparison of one world."""
    yield from _of_accounts(trial, say)
    yield from _of_deals(trial, say)


def jaccard(before: Sequence[str], after: Sequence[str]) -> float:
    """Shared of all; 1 of the same, whatever the order.

    >>> jaccard(["value", "payment", "timing"], ["timing", "value", "service"])
    0.5
    """
    either = set(before) | set(after)
    return len(set(before) & set(after)) / len(either)


def summed(found: Sequence[Stays], worlds: Sequence[int]) -> dict[str, object]:
    """One comparison over all worlds, with its interval by account."""
    tags = [stays.accounts + f"-{world}" for stays, world in zip(found, worlds, strict=True)]
    overlap = np.concatenate([stays.overlap for stays in found])
    tied = np.concatenate([stays.is_tied for stays in found])
    moved = np.concatenate([stays.is_moved for stays in found])
    whole = mean_figure(overlap, clusters_of(pl.concat(tags), seed=SEED))
    return {
        "name": found[0].name,
        "rows": len(overlap),
        "jaccard": _rounded(whole),
        "same": round(float((overlap == 1.0).mean()), 3),
        "near_ties": _part(overlap, tied),
        "others": _part(overlap, ~tied),
        "bucket_moved": _part(overlap, moved),
        "bucket_kept": _part(overlap, ~moved),
    }


def _rounded(figure: Figure) -> list[float | None]:
    told = (figure.value, figure.low, figure.high)
    return [None if number is None else round(number, 3) for number in told]


def _part(
    overlap: Floats, chosen: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
) -> dict[str, float | None]:
    mean = round(float(overlap[chosen].mean()), 3) if chosen.any() else None
    return {"share": round(float(chosen.mean()), 3), "jaccard": mean}


def _of_accounts(trial: Trial, say: Callable[[str], None]) -> Iterator[Stays]:
    rows = _account_rows(trial)
    policy = trial.policy.decision
    earlier = NOW - QUARTER

    def side(model: BucketModel) -> _Side:
        return _side(model, rows.X, policy)

    for kind in ("lightgbm", "blend"):
        before, after = trial.bucket(kind, cut=earlier), trial.bucket(kind)
        say(f"world {trial.seed}: {kind} fitted twice")
        yield from _both(f"{kind}, retrained", rows, side(before), side(after))
        kept = side(after)
        same = _Side(before.explain(rows.X, kept.buckets), kept.buckets)
        yield from _both(f"{kind}, retrained, told of one bucket", rows, same, kept)
        other = trial.bucket(kind, seed=OTHER_SEED)
        yield from _both(f"{kind}, two seeds", rows, side(other), kept)
        if kind == "lightgbm":
            many = [pooled([trial.bucket(kind, cut=cut, seed=s) for s in MORE_SEEDS])
                    for cut in (earlier, NOW)]  # fmt: skip
            yield from _both(f"{kind} of nine seeds, retrained", rows, *map(side, many))
        else:
            plain = [logistic_of(model) for model in (before, after)]
            yield from _both("logistic, retrained", rows, *map(side, plain))


def _of_deals(trial: Trial, say: Callable[[str], None]) -> Iterator[Stays]:
    rows, state = _deal_rows(trial), trial.deal_states_now

    def side(model: SlipModel) -> _Side:
        explanation = model.explain(rows.X, state, trial.calendar)
        return _Side(explanation, ("deal",) * rows.X.height)

    before, after = side(trial.slip(cut=NOW - QUARTER)), side(trial.slip())
    yield from _both("slip, retrained", rows, before, after)
    yield from _both("slip, two seeds", rows, side(trial.slip(seed=OTHER_SEED)), after)
    say(f"world {trial.seed}: slip fitted three times")


def _side(model: BucketModel, X: pl.DataFrame, policy: DecisionPolicy) -> _Side:
    buckets = tuple(model.predict(X).select(display_bucket(policy)).to_series().to_list())
    return _Side(model.explain(X, buckets), buckets)


def _both(name: str, rows: _Rows, before: _Side, after: _Side) -> Iterator[Stays]:
    """Without hysteresis, and as published: with what was told before in mind."""
    former = _told(rows, before)
    shown = [tuple((reason.concept, reason.effect) for reason in row) for row in former]
    yield _stays(f"{name}, no hysteresis", rows, (before, former), (after, _told(rows, after)))
    yield _stays(name, rows, (before, former), (after, _told(rows, after, shown)))


def _told(rows: _Rows, side: _Side, shown: Sequence[Shown] | None = None) -> Told:
    return top_reasons(
        side.explanation,
        rows.X,
        features=features_of(rows.entity),
        as_of=[NOW.date()] * rows.X.height,
        peers=rows.peers,
        shown=shown,
    )


def _stays(name: str, rows: _Rows, before: tuple[_Side, Told], after: tuple[_Side, Told]) -> Stays:
    pairs = [
        ([r.concept for r in old[:TOP]], [r.concept for r in new[:TOP]])
        for old, new in zip(before[1], after[1], strict=True)
    ]
    has_any = np.array([bool(old or new) for old, new in pairs])
    totals = np.abs(concepts_of(after[0].explanation, features_of(rows.entity)).totals)
    ranked = -np.sort(-totals, axis=1)
    tied = ranked[:, TOP] >= (1.0 - NEAR) * ranked[:, TOP - 1]
    moved = np.array(before[0].buckets) != np.array(after[0].buckets)
    return Stays(
        name=name,
        accounts=rows.accounts.filter(pl.Series(has_any)),
        overlap=np.array(
            [jaccard(*pair) for pair, kept in zip(pairs, has_any, strict=True) if kept]
        ),
        is_tied=tied[has_any],
        is_moved=moved[has_any],
    )


def _account_rows(trial: Trial) -> _Rows:
    X = trial.accounts_now
    money = X.select(
        pl.sum_horizontal("net_invoiced_90d", "net_invoiced_91_365d").alias("money")
    ).to_series()
    peers = _peers("account", X, trial.segments_now)
    return _Rows("account", X, X[ENTITY_ID], peers.beside(trial.segments_now, sizes=money))


def _deal_rows(trial: Trial) -> _Rows:
    X = trial.deals_now
    nobody = pl.Series([None] * X.height, dtype=pl.String)
    return _Rows("deal", X, X[ACCOUNT_ID], _peers("deal", X, nobody).beside(nobody))


def _peers(entity: Entity, X: pl.DataFrame, segments: pl.Series) -> Peers:
    return peers_of(X, segments, names=[feature.name for feature in features_of(entity)])
