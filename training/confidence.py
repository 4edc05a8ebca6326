"""Confidence: from which probability on a bucket may be called firm.

Fixed-sequence testing: cuts are tried from the top and testing stops at the first that fails, so
that a cut is not found by trying often enough. Scanning for the smallest passing cut would pass by
luck in a third of worlds.

Source: Angelopoulos, Bates, Candès, Jordan & Lei, Learn then Test, 2021; Clopper & Pearson, 1934.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
from scipy.stats import beta

from models.policy import BUCKETS, DecisionPolicy
from training.intervals import Floats, Mask


@dataclass(frozen=True, slots=True)
class FirmCut:
    """The lowest cut that passed.

    Attributes:
        threshold: probability from which the bucket is firm.
        accounts: accounts at or above it, one row each.
        precision: share of them that were what was said.
        lower_bound: one-sided Clopper-Pearson bound of that share.
    """

    threshold: float
    accounts: int
    precision: float
    lower_bound: float


def firm_cut(p: Floats, is_right: Mask, policy: DecisionPolicy) -> FirmCut | None:
    """Walk down the policy's cuts and keep the last that passed before the first failure.

    Args:
        p: probability of the displayed bucket, one row per account.
        is_right: whether the outcome was that bucket.
        policy: the cuts, the accounts a test needs, the promised precision and its confidence.

    Returns:
        None where no cut passed: then nothing is called firm.
    """
    passed = None
    for cut in policy.firm_cuts:
        chosen = p >= cut
        count = int(chosen.sum())
        if count < policy.firm_accounts:
            continue
        right = int((chosen & is_right).sum())
        bound = lower_bound(right, count, policy.firm_confidence)
        if bound < policy.firm_precision:
            break
        passed = FirmCut(cut, count, right / count, bound)
    return passed


def lower_bound(right: int, count: int, level: float) -> float:
    """One-sided Clopper-Pearson lower bound of a share.

    >>> round(lower_bound(24, 30, 0.90), 3)
    0.675
    """
    return float(beta.ppf(1.0 - level, right, count - right + 1)) if right > 0 else 0.0


def firm_cuts(scores: pl.DataFrame, policy: DecisionPolicy) -> dict[str, FirmCut]:
    """The cut of each bucket that has one, from out-of-time rows.

    Args:
        scores: account_id, as_of, bucket (as displayed), label and the four p_ columns. Rows
            without a label say nothing; of each account the newest row counts.
        policy: what a firm flag promises.
    """
    newest = (
        scores.filter(pl.col("label").is_not_null())
        .sort("account_id", "as_of")
        .unique("account_id", keep="last", maintain_order=True)
    )
    found = {}
    for bucket in BUCKETS:
        shown = newest.filter(pl.col("bucket") == bucket)
        p = shown[f"p_{bucket}"].cast(pl.Float64).to_numpy()
        cut = firm_cut(p, (shown["label"] == bucket).to_numpy(), policy)
        if cut is not None:
            found[bucket] = cut
    return found


def tau_of(cuts: Mapping[str, FirmCut]) -> dict[str, float]:
    """Bucket → threshold, only where a cut passed."""
    return {bucket: cut.threshold for bucket, cut in cuts.items()}
