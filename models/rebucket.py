"""Rebucket: the probabilities of accounts under other thresholds, told by their analogs.

A threshold moves the label of some past periods and not of others. Of an account's nearest
periods with one label, the share that gets another is the share of that probability which moves.
Nothing is fitted again, and under the thresholds of the model nothing moves at all. (Thresholds
put on expected growth or friction would do worse: a label depends on the tails.)
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.analogs import Analogs, Neighbours
from models.matrix import Floats
from models.policy import BUCKETS, LabelPolicy
from models.policy.relabel import beyond_thresholds, relabelled

_PRIOR = 10.0
"""Periods of the whole book that are mixed into the share of each account."""
_UNTOLD = len(BUCKETS)
_ROWS_AT_ONCE = 5_000

Codes = NDArray[np.int64]


class PolicyBeyondReachError(ValueError):
    """A policy that differs in more than thresholds: labels have to be measured anew."""


def rebucketed(
    told: pl.DataFrame,
    neighbours: Neighbours,
    analogs: Analogs,
    *,
    served: LabelPolicy,
    asked: LabelPolicy,
) -> pl.DataFrame:
    """The four probabilities of each account, had the labels been made by another policy.

    Args:
        told: p_a_list, p_pain, p_walk_away, p_steady as the model gives them.
        neighbours: of the same accounts, as `Analogs.nearest` finds them.
        analogs: the past periods.
        served: the policy of the labels that the model has learnt.
        asked: the policy wanted.

    Returns:
        Same rows and columns, each row with the sum it had.

    Raises:
        PolicyBeyondReachError: when the policies differ in what analogs cannot tell; names it.
    """
    beyond = beyond_thresholds(served, asked)
    if beyond:
        names = ", ".join(f"label.{name}" for name in beyond)
        raise PolicyBeyondReachError(
            "expected policies that differ in thresholds, weights and caps of friction, found "
            f"{names}: that changes what is measured, so train with the new policy"
        )
    before, after = (labels_of(analogs, policy) for policy in (served, asked))
    columns = [f"p_{bucket}" for bucket in BUCKETS]
    p = told.select(columns).to_numpy().astype(np.float64)
    if np.array_equal(before, after):
        return told.select(columns)
    shares = moved_shares(neighbours, before, after)
    return pl.DataFrame(np.einsum("ab,abc->ac", p, shares), schema=columns)


def labels_of(analogs: Analogs, policy: LabelPolicy) -> Codes:
    """Number of each period's bucket in `BUCKETS`; their count where it cannot be told."""
    labels = relabelled(analogs.facts, policy, possible=analogs.possible_items)
    numbers = {bucket: number for number, bucket in enumerate(BUCKETS)}
    codes = labels.replace_strict(numbers, default=_UNTOLD, return_dtype=pl.Int64)
    return np.asarray(codes.to_numpy(), dtype=np.int64)


def moved_shares(neighbours: Neighbours, before: Codes, after: Codes) -> Floats:
    """(accounts, old bucket, new bucket): the share of an old bucket's periods now in the new.

    Counted among the neighbours, together with `_PRIOR` periods as the whole book moves. Periods
    whose bucket cannot be told before or after say nothing.
    """
    kinds = _UNTOLD + 1
    pairs = before * kinds + after
    whole = np.bincount(pairs, minlength=kinds * kinds).reshape(kinds, kinds)
    prior = _shares(whole[:_UNTOLD, :_UNTOLD].astype(np.float64))
    found = np.empty((neighbours.shape[0], _UNTOLD, _UNTOLD))
    for start in range(0, neighbours.shape[0], _ROWS_AT_ONCE):
        near = pairs[neighbours[start : start + _ROWS_AT_ONCE]]
        rows = np.arange(near.shape[0])[:, None] * (kinds * kinds)
        size = near.shape[0] * kinds * kinds
        counts = np.bincount((near + rows).ravel(), minlength=size).reshape(-1, kinds, kinds)
        seen = counts[:, :_UNTOLD, :_UNTOLD].astype(np.float64)
        found[start : start + _ROWS_AT_ONCE] = _shares(seen + _PRIOR * prior)
    return found


def _shares(counts: Floats) -> Floats:
    """Rows that sum to 1; a bucket without a period stays what it is."""
    total = counts.sum(axis=-1, keepdims=True)
    stays = np.broadcast_to(np.eye(counts.shape[-1]), counts.shape)
    return np.where(total > 0, counts / np.where(total > 0, total, 1.0), stays)
