"""Confidence: from which probability on a bucket may be called firm.

Fixed-sequence testing: cuts are tried from the top and testing stops at the first that fails, so
that a cut is not found by trying often enough. Scanning for the smallest passing cut would pass by
luck in a third of worlds. A firm walk-away has to pass twice: often enough right, and little
enough money among those that are not.

Source: Angelopoulos, Bates, Candès, Jordan & Lei, Learn then Test, 2021; Clopper & Pearson, 1934.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from scipy.stats import beta

from features.schema import ACCOUNT_ID, AS_OF
from models.policy import BUCKETS, EXPECTED_BOOKINGS, DecisionPolicy
from training.intervals import PAIRED_REPEATS, Floats, Mask, clusters_of, ratio

_BOOKINGS_STEPS = tuple(step / 20 for step in range(1, 21))
"""Quantiles of what walk-aways are expected to book, at which their money is tested."""


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


@dataclass(frozen=True, slots=True)
class BookingsCut:
    """The most that a firm walk-away may be expected to book.

    Attributes:
        below: expected bookings of the label window, in base currency; 0 where no cut passed, and
            then no walk-away is firm.
        accounts: accounts of the walk-aways below it.
        forgone: their share of all bookings.
        upper_bound: one-sided bound of that share, by a bootstrap over accounts.
    """

    below: float
    accounts: int
    forgone: float
    upper_bound: float


@dataclass(frozen=True, slots=True)
class FirmRule:
    """From where on a bucket is firm.

    Attributes:
        cuts: bucket → cut in its probability; a bucket that is not there is never firm.
        bookings: what firm walk-aways have to stay below; None where money could not be asked.
    """

    cuts: Mapping[str, FirmCut] = field(default_factory=dict)
    bookings: BookingsCut | None = None

    @property
    def tau(self) -> dict[str, float]:
        """Bucket → probability, only where a cut passed."""
        return {bucket: cut.threshold for bucket, cut in self.cuts.items()}

    @property
    def bookings_below(self) -> float | None:
        """Expected bookings that a firm walk-away lies below; None asks nothing."""
        return None if self.bookings is None else self.bookings.below


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


def bookings_cut(scores: pl.DataFrame, policy: DecisionPolicy, *, seed: int) -> BookingsCut | None:
    """Below which expected bookings walk-aways together bring no more than the policy allows.

    Walk-aways may be right more often than promised and yet bring much of the money, when the
    ones that are wrong are large. Cuts are tried from the smallest expected bookings upwards, and
    testing stops at the first whose share of all bookings is not surely allowed; the share can
    only rise from cut to cut. It is tested on all walk-aways, firm or not: what is firm in the
    end brings at most as much.

    Args:
        scores: judged rows: account_id, as_of, bucket, bookings and expected_bookings.
        policy: the share allowed, the confidence, and the accounts that a test needs.
        seed: of the bootstrap over accounts.

    Returns:
        None where nothing was booked or expected, so that money cannot be asked.
    """
    told = scores.select(
        ACCOUNT_ID,
        expected=pl.col(EXPECTED_BOOKINGS).cast(pl.Float64),
        bookings=pl.col("bookings").cast(pl.Float64).fill_null(0.0).clip(lower_bound=0.0),
        walks=(pl.col("bucket") == "walk_away").fill_null(value=False),
    )
    asked = told.filter(pl.col("walks") & pl.col("expected").is_not_null())["expected"]
    if asked.is_empty() or float(told["bookings"].sum()) <= 0.0:
        return None
    clusters = clusters_of(told[ACCOUNT_ID], seed=seed, repeats=PAIRED_REPEATS)
    bookings = told["bookings"].to_numpy()
    passed = BookingsCut(0.0, 0, 0.0, 0.0)
    steps = np.quantile(asked.to_numpy(), _BOOKINGS_STEPS)
    for below in np.unique(np.nextafter(steps, np.inf)):
        chosen = told.select(
            (pl.col("walks") & (pl.col("expected") < below)).fill_null(value=False)
        ).to_series()
        accounts = told.filter(chosen)[ACCOUNT_ID].n_unique()
        if accounts < policy.firm_accounts:
            continue
        forgone = np.where(chosen.to_numpy(), bookings, 0.0)
        sums = clusters.resampled(np.stack([forgone, bookings], axis=1))
        bound = float(np.nanquantile(ratio(sums[:, 0], sums[:, 1]), policy.firm_confidence))
        if bound > policy.firm_forgone:
            break
        passed = BookingsCut(float(below), accounts, float(forgone.sum() / bookings.sum()), bound)
    return passed


def firm_rule(scores: pl.DataFrame, policy: DecisionPolicy, *, seed: int) -> FirmRule:
    """The cuts of each bucket, from out-of-time rows; walk-aways also by money.

    Args:
        scores: account_id, as_of, bucket (as displayed), label, the four p_ columns, bookings and
            expected_bookings. Rows without a label say nothing of precision, and of each account
            the newest row counts there.
        policy: what a firm flag promises.
        seed: of the bootstrap over accounts.
    """
    judged = scores.filter(pl.col("label").is_not_null())
    bookings = bookings_cut(judged, policy, seed=seed)
    newest = judged.sort(ACCOUNT_ID, AS_OF).unique(ACCOUNT_ID, keep="last", maintain_order=True)
    found = {}
    for bucket in BUCKETS:
        shown = newest.filter(pl.col("bucket") == bucket)
        if bucket == "walk_away" and bookings is not None:
            shown = shown.filter(pl.col(EXPECTED_BOOKINGS) < bookings.below)
        p = shown[f"p_{bucket}"].cast(pl.Float64).to_numpy()
        cut = firm_cut(p, (shown["label"] == bucket).to_numpy(), policy)
        if cut is not None:
            found[bucket] = cut
    return FirmRule(found, bookings)
