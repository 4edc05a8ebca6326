"""Decisions: what following the buckets would have brought, freed and forgone, out of time.

Nothing here is a cause: it is what happened in the label windows of accounts that the model would
have put forward, or would have let go. An account that was let go might have bought for having
been pursued; that is what the accounts kept in pursuit by lot are for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import polars as pl

from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID, OWNER_REP_ID
from models.policy import BUCKETS, DecisionPolicy, display_bucket
from training.components import EXPECTED
from training.intervals import (
    Clusters,
    Figure,
    Floats,
    clusters_of,
    figure,
    mean_figure,
    ratio,
)
from training.metrics import TOP_SHARE, book_codes, top_weights

_NOTHING = Figure(None, None, None)
MOST_DAYS_BETWEEN = 45
"""Two descriptions of an account further apart are not a refresh of one list."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """Shares of money, growth and hours by what was shown; each with its interval.

    Attributes:
        bookings_by_value: share of all bookings in the top 20 % of each rep's book, ranked by
            expected bookings.
        bookings_by_a_list: the same, ranked by P(A-list).
        bookings_by_size: the same, ranked by what was invoiced in the year before.
        bookings_at_best: the same, ranked by what came: nobody could have captured more.
        growth_by_a_list: share of all growth (each at most +100 %) in the top 20 % by P(A-list).
        hours_released: share of all hours that went to firm walk-away accounts.
        bookings_forgone: share of all bookings that came from firm walk-away accounts.
        hours_freed_by_advice: as hours_released, with those that are not firm.
        bookings_forgone_by_advice: as bookings_forgone, with those that are not firm.
        utility: mean utility of the displayed bucket, by the policy's table.
        utility_of_steady: of showing every account as steady.
        flip_rate: share of accounts shown in another bucket than at the refresh before.
    """

    bookings_by_value: Figure = _NOTHING
    bookings_by_a_list: Figure = _NOTHING
    bookings_by_size: Figure = _NOTHING
    bookings_at_best: Figure = _NOTHING
    growth_by_a_list: Figure = _NOTHING
    hours_released: Figure = _NOTHING
    bookings_forgone: Figure = _NOTHING
    hours_freed_by_advice: Figure = _NOTHING
    bookings_forgone_by_advice: Figure = _NOTHING
    utility: Figure = _NOTHING
    utility_of_steady: Figure = _NOTHING
    flip_rate: Figure = _NOTHING

    def to_mapping(self) -> dict[str, dict[str, float | None]]:
        """As it stands in metrics.json."""
        found: dict[str, dict[str, float | None]] = {}
        for entry in fields(self):
            value: Figure = getattr(self, entry.name)
            found[entry.name] = value.to_mapping()
        return found


def decisions_of(shown: pl.DataFrame, policy: DecisionPolicy, *, seed: int) -> Decisions:
    """Judge what was shown by what came of it.

    Args:
        shown: judged rows: entity_id, account_id, as_of, owner_rep_id, size, the four
            probabilities, expected_bookings, bucket, confidence, label, bookings, growth, hours.
        policy: its table of utilities.
        seed: of the bootstrap over accounts.
    """
    if shown.is_empty():
        return Decisions()
    clusters = clusters_of(shown[ACCOUNT_ID], seed=seed)
    books = book_codes(shown[AS_OF], shown[OWNER_REP_ID])
    bookings, growth, hours = (
        _amount(shown[name], high)
        for name, high in (("bookings", None), ("growth", 1.0), ("hours", None))
    )
    ranks = {
        "bookings_by_value": _score(shown, f"{EXPECTED}bookings"),
        "bookings_by_a_list": _score(shown, "p_a_list"),
        "bookings_by_size": _score(shown, "size"),
        "bookings_at_best": bookings,
    }
    captured = {
        name: _share(top_weights(rank, books, TOP_SHARE), bookings, clusters)
        for name, rank in ranks.items()
        if rank is not None
    }
    walks = (shown["bucket"] == "walk_away").cast(pl.Float64).to_numpy()
    firm = walks * (shown["confidence"] == "firm").cast(pl.Float64).to_numpy()
    top_a_list = top_weights(shown["p_a_list"].to_numpy(), books, TOP_SHARE)
    return Decisions(
        **captured,
        growth_by_a_list=_share(top_a_list, growth, clusters),
        hours_released=_share(firm, hours, clusters),
        bookings_forgone=_share(firm, bookings, clusters),
        hours_freed_by_advice=_share(walks, hours, clusters),
        bookings_forgone_by_advice=_share(walks, bookings, clusters),
        utility=_utility(shown["bucket"], shown["label"], policy, clusters),
        utility_of_steady=_utility(
            pl.Series(["steady"] * shown.height), shown["label"], policy, clusters
        ),
        flip_rate=_flip_rate(shown, seed=seed),
    )


def utilities(
    by_model: Mapping[str, pl.DataFrame],
    labels: pl.Series,
    accounts: pl.Series,
    policy: DecisionPolicy,
    *,
    seed: int,
) -> dict[str, Figure]:
    """Model or baseline → mean utility of what it would show."""
    clusters = clusters_of(accounts, seed=seed)
    found = {}
    for name, frame in by_model.items():
        bucket = frame.fill_nan(None).select(display_bucket(policy)).to_series()
        found[name] = _utility(bucket.fill_null("steady"), labels, policy, clusters)
    return found


def _amount(values: pl.Series, high: float | None) -> Floats:
    """What counts as money or growth: nothing below 0, what is not known as 0."""
    kept = values.cast(pl.Float64).fill_null(0.0).clip(0.0, high)
    return np.asarray(kept.to_numpy(), dtype=np.float64)


def _score(shown: pl.DataFrame, name: str) -> Floats | None:
    """A column to rank by; None where no row has it."""
    values = shown[name].cast(pl.Float64)
    if values.null_count() == values.len():
        return None
    return np.asarray(values.fill_null(float("-inf")).to_numpy(), dtype=np.float64)


def _share(weight: Floats, amount: Floats, clusters: Clusters) -> Figure:
    """Weighted sum over the whole sum; the choice itself is not resampled."""
    columns = np.stack([weight * amount, amount], axis=1)
    whole = columns.sum(axis=0)
    if whole[1] <= 0.0:
        return _NOTHING
    sums = clusters.resampled(columns)
    return figure(float(whole[0] / whole[1]), ratio(sums[:, 0], sums[:, 1]))


def _utility(
    buckets: pl.Series, labels: pl.Series, policy: DecisionPolicy, clusters: Clusters
) -> Figure:
    rows = pl.DataFrame({"shown": buckets, "label": labels})
    table = {shown: policy.utility.of(shown) for shown in BUCKETS}
    worth = pl.coalesce(
        pl.when((pl.col("shown") == shown) & (pl.col("label") == label)).then(value)
        for shown, row in table.items()
        for label, value in row.items()
    )
    return mean_figure(rows.select(worth.cast(pl.Float64)).to_series().to_numpy(), clusters)


def _flip_rate(shown: pl.DataFrame, *, seed: int) -> Figure:
    ordered = shown.sort(ENTITY_ID, AS_OF).select(
        ACCOUNT_ID,
        flipped=(pl.col("bucket") != pl.col("bucket").shift(1).over(ENTITY_ID)),
        since=(pl.col(AS_OF) - pl.col(AS_OF).shift(1).over(ENTITY_ID)).dt.total_days(),
    )
    pairs = ordered.filter(pl.col("since") <= MOST_DAYS_BETWEEN, pl.col("flipped").is_not_null())
    if pairs.is_empty():
        return _NOTHING
    clusters = clusters_of(pairs[ACCOUNT_ID], seed=seed)
    return mean_figure(pairs["flipped"].cast(pl.Float64).to_numpy(), clusters)
