"""Metrics of probabilities against outcomes, each with an account-clustered 90 % interval.

The bucket has four classes: its log loss and Brier score are over all four, every other figure is
for a_list against the rest.
"""

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from training.intervals import Clusters, Codes, Figure, Floats, figure, mean_figure, ratio

SMALLEST_P = 1e-7
BINS = 10
REDRAWS = 200
TOP_SHARE = 0.20
_NOTHING = Figure(None, None, None)


@dataclass(frozen=True, slots=True)
class Metrics:
    """What is said of one model on one set of rows.

    Attributes:
        n: rows.
        accounts: accounts behind them.
        prevalence: share of positive outcomes.
        auc: area under the ROC curve, ties at one half.
        average_precision: step-wise area under precision over recall.
        log_loss: natural log, mean over rows.
        brier: mean squared difference, summed over classes.
        ece: mean |predicted - observed| over 10 bins of equal width, weighted by rows.
        excess_ece: ece less the mean ece of outcomes redrawn from the model's own p.
        bias: mean predicted less mean observed.
        lift_at_k: precision in the top 20 % of each rep's book over the prevalence.
        precision_at_k: share of positives in the top 20 % of each rep's book.
    """

    n: int
    accounts: int
    prevalence: Figure = _NOTHING
    auc: Figure = _NOTHING
    average_precision: Figure = _NOTHING
    log_loss: Figure = _NOTHING
    brier: Figure = _NOTHING
    ece: Figure = _NOTHING
    excess_ece: Figure = _NOTHING
    bias: Figure = _NOTHING
    lift_at_k: Figure = _NOTHING
    precision_at_k: Figure = _NOTHING

    def to_mapping(self) -> dict[str, object]:
        """As it stands in metrics.json: counts plain, each figure with value, low and high."""
        found: dict[str, object] = {"n": self.n, "accounts": self.accounts}
        for entry in fields(self)[2:]:
            value: Figure = getattr(self, entry.name)
            found[entry.name] = value.to_mapping()
        return found


def measure(outcome: Floats, p: Floats, *, clusters: Clusters, books: Codes, seed: int) -> Metrics:
    """Judge the probabilities of a yes-or-no outcome.

    Args:
        outcome: 0 or 1 by row.
        p: predicted probability by row.
        clusters: the account of each row and the bootstrap's draws.
        books: the group by row in which a rep would rank it (one rep's rows of one as_of).
        seed: of the redrawn outcomes.
    """
    if outcome.size == 0:
        return Metrics(0, 0)
    auc, precision = _ranking(outcome, p, clusters)
    lift, top = _top_of_books(outcome, p, clusters, books)
    ece, excess = _calibration(outcome, p, clusters, seed)
    return Metrics(
        n=int(outcome.size),
        accounts=clusters.accounts,
        prevalence=mean_figure(outcome, clusters),
        auc=auc,
        average_precision=precision,
        log_loss=mean_figure(log_losses(outcome, p), clusters),
        brier=mean_figure((p - outcome) ** 2, clusters),
        ece=ece,
        excess_ece=excess,
        bias=mean_figure(p - outcome, clusters),
        lift_at_k=lift,
        precision_at_k=top,
    )


def measure_classes(
    label: Codes, p: Floats, *, clusters: Clusters, books: Codes, seed: int
) -> Metrics:
    """Judge probabilities (n, classes) of a label; one-vs-rest figures are those of class 0."""
    if label.size == 0:
        return Metrics(0, 0)
    first = measure(
        (label == 0).astype(np.float64), p[:, 0], clusters=clusters, books=books, seed=seed
    )
    is_class = np.eye(p.shape[1])[label]
    return replace(
        first,
        log_loss=mean_figure(class_losses(label, p), clusters),
        brier=mean_figure(((p - is_class) ** 2).sum(axis=1), clusters),
    )


def log_losses(outcome: Floats, p: Floats) -> Floats:
    """Log loss of each row; probabilities are kept 1e-7 away from 0 and 1."""
    kept = np.clip(p, SMALLEST_P, 1.0 - SMALLEST_P)
    return np.asarray(-(outcome * np.log(kept) + (1.0 - outcome) * np.log1p(-kept)))


def class_losses(label: Codes, p: Floats) -> Floats:
    """Log loss of each row of a label with several classes."""
    return np.asarray(-np.log(np.clip(p[np.arange(label.size), label], SMALLEST_P, 1.0)))


def book_codes(as_of: pl.Series, owner: pl.Series) -> Codes:
    """Number the groups in which rows are ranked: one rep's rows of one as_of.

    A row without a rep is ranked among the others without one.
    """
    frame = pl.DataFrame({"as_of": as_of, "owner": owner.fill_null("")})
    return frame.select(pl.struct("as_of", "owner").rank("dense")).to_series().to_numpy() - 1


def top_weights(p: Floats, books: Codes, share: float = TOP_SHARE) -> Floats:
    """How much of each row belongs to the top `share` of its book, 0 to 1.

    Rows with equal p at the border share what is left, so that a constant has a lift of 1.
    """
    frame = pl.DataFrame({"p": p, "book": books}).with_columns(
        above=pl.col("p").rank("min", descending=True).over("book") - 1,
        ties=pl.len().over("book", "p"),
        quota=pl.len().over("book") * share,
    )
    weight = ((pl.col("quota") - pl.col("above")) / pl.col("ties")).clip(0.0, 1.0)
    return frame.select(weight.cast(pl.Float64)).to_series().to_numpy()


def calibration_bins(p: Floats) -> Codes:
    """Bin of each p, 0 … 9, of equal width."""
    return np.minimum((p * BINS).astype(np.int64), BINS - 1)


def _ranking(outcome: Floats, p: Floats, clusters: Clusters) -> tuple[Figure, Figure]:
    """AUC and average precision, with ties treated as one step."""
    order = np.argsort(-p, kind="stable")
    ranked, codes = p[order], clusters.codes[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    positive = outcome[order].astype(np.float32)
    whole = np.ones((1, p.size), dtype=np.float32)
    point = _areas(whole, positive, starts)
    sorted_rows = Clusters(codes, clusters.draws)
    repeats = [_areas(weights, positive, starts) for weights in sorted_rows.weights()]
    auc = np.concatenate([area[0] for area in repeats])
    precision = np.concatenate([area[1] for area in repeats])
    return figure(point[0][0], auc), figure(point[1][0], precision)


def _areas(
    weights: npt.NDArray[np.float32], positive: npt.NDArray[np.float32], starts: Codes
) -> tuple[Floats, Floats]:
    """Areas of each row of weights; columns are rows ordered from the highest p down."""
    won = np.add.reduceat(weights * positive, starts, axis=1, dtype=np.float64)
    every = np.add.reduceat(weights, starts, axis=1, dtype=np.float64)
    lost = every - won
    won_so_far, lost_so_far = won.cumsum(axis=1), lost.cumsum(axis=1)
    all_won, all_lost = won_so_far[:, -1], lost_so_far[:, -1]
    beaten = (won * (all_lost[:, None] - lost_so_far + 0.5 * lost)).sum(axis=1)
    precision = ratio(won_so_far, won_so_far + lost_so_far)
    step = np.where(won > 0, won * precision, 0.0).sum(axis=1)
    return ratio(beaten, all_won * all_lost), ratio(step, all_won)


def _top_of_books(
    outcome: Floats, p: Floats, clusters: Clusters, books: Codes
) -> tuple[Figure, Figure]:
    """Lift and precision in the top of each book; the choice itself is not resampled."""
    top = top_weights(p, books)
    columns = np.stack([top * outcome, top, outcome, np.ones_like(outcome)], axis=1)
    sums = clusters.resampled(columns)
    precision = ratio(sums[:, 0], sums[:, 1])
    prevalence = ratio(sums[:, 2], sums[:, 3])
    whole = columns.sum(axis=0)
    at_k = whole[0] / whole[1] if whole[1] > 0 else np.nan
    base = whole[2] / whole[3]
    lift = at_k / base if base > 0 else np.nan
    return figure(lift, ratio(precision, prevalence)), figure(at_k, precision)


def _calibration(
    outcome: Floats, p: Floats, clusters: Clusters, seed: int
) -> tuple[Figure, Figure]:
    """ECE, and its excess over what chance alone would show.

    Resampling adds noise of its own to a sum of absolute values, so the interval is moved to
    stand around the number itself.
    """
    in_bin = np.eye(BINS)[calibration_bins(p)]
    gaps = in_bin * (p - outcome)[:, None]
    ece = float(np.abs(gaps.sum(axis=0)).sum() / p.size)
    size = clusters.resampled(np.ones((p.size, 1)))[:, 0]
    repeats = ratio(np.abs(clusters.resampled(gaps)).sum(axis=1), size)
    centred = repeats - np.nanmean(repeats) + ece
    generator = np.random.default_rng(seed)
    chance = float(np.mean([_redrawn_ece(p, in_bin, generator) for _ in range(REDRAWS)]))
    around = figure(ece, centred)
    low = None if around.low is None else max(around.low, 0.0)
    return replace(around, low=low), figure(ece - chance, centred - chance)


def _redrawn_ece(p: Floats, in_bin: Floats, generator: np.random.Generator) -> float:
    gap = p - (generator.random(p.size) < p)
    return float(np.abs(gap @ in_bin).sum() / p.size)
