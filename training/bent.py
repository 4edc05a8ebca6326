"""Bent: the regression of the win curve, on a few inputs whose lines may change their slope.

A hazard rises towards the committed date and falls after it, and with age it does both: a straight
line over either promises too little in the weeks that matter. A line with bends follows them, and
few inputs keep it steady where deals are few.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from models.head import Bend, BentLogistic
from models.logistic import LogisticHead
from models.logodds import sigmoid
from models.matrix import Floats, matrix_of
from training.heads import Sample
from training.settings import AS_SIZED, Settings

DEAL_INPUTS = (
    "stage_win_rate", "stage_position", "stage_days", "stage_days_ratio", "stage_moves_90d",
    "age_days", "log_amount", "pushes", "silence_days", "replies_30d", "is_renewal",
    "is_expansion", "type_win_rate", "owner_win_rate", "customer_win_rate",
)  # fmt: skip
"""What every pipeline review asks of a deal; the calendar of the step comes with it."""
STEP_INPUTS = "target_"
BENDS: Mapping[str, tuple[float, ...]] = {
    "target_weeks_to_committed": (-6.0, -2.0, -0.9, 0.0, 1.0, 2.0, 4.0, 8.0),
    "target_week": (1.0, 2.0, 4.0, 8.0, 13.0),
}
"""In weeks, dense around the committed date and the landmark; -0.9 is the step of that date."""
QUARTERS = (0.25, 0.5, 0.75)
_RIDGE = 10.0
_STEP_RIDGE = 1.0
"""Less for the calendar: how closing goes with it is one shape that all deals share."""
_FEW_VALUES = 4
_ENDS = (0.01, 0.5, 0.99)
_STEPS_AT_MOST = 50
_STILL = 1e-8


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    """One input as it stands in the training rows.

    Attributes:
        kept: its values, nulls at the median and ends cut off.
        unknown: 1 where it is null.
    """

    kept: Floats
    unknown: Floats
    low: float
    median: float
    high: float
    bends: tuple[float, ...]

    @property
    def mean(self) -> float:
        return float(self.kept.mean())

    @property
    def scale(self) -> float:
        return _spread(self.kept)

    @property
    def rate(self) -> float:
        return float(self.unknown.mean())

    def beyond(self, at: float) -> Floats:
        """How far each value lies above a bend, 0 below."""
        return np.maximum(self.kept - at, 0.0)

    def design(self) -> list[Floats]:
        """The line, the flag, then each bend, all centred; what is measured has spread 1."""
        bends = [self.beyond(at) for at in self.bends]
        return [
            (self.kept - self.mean) / self.scale,
            self.unknown - self.rate,
            *((bend - bend.mean()) / _spread(bend) for bend in bends),
        ]


def fit_bent(
    sample: Sample, categories: Collection[str] = (), *, settings: Settings = AS_SIZED
) -> BentLogistic:
    """A ridge regression with bends on the inputs among the sample's features.

    Where the deal has none of `DEAL_INPUTS`, all its features are read but the categories. The
    weights say how much of an independent case each row is, so the ridge needs no other count.

    Args:
        categories: columns whose codes have no order.
        settings: of them, the ridge.
    """
    names = tuple(sample.X.columns)
    chosen = inputs_of(names, categories)
    columns = {name: _column(sample.X, name) for name in chosen}
    design = np.stack([part for column in columns.values() for part in column.design()], axis=1)
    offset = np.zeros(len(sample.y)) if sample.offset is None else sample.offset
    ridge = [
        _STEP_RIDGE if name.startswith(STEP_INPUTS) else _RIDGE
        for name, column in columns.items()
        for _ in range(2 + len(column.bends))
    ]
    fitted = _ridge(design, sample, offset, np.array(ridge) * settings.ridge)
    bends: list[Bend] = []
    slopes: dict[str, tuple[float, float]] = {}
    place = 0
    for name, column in columns.items():
        slopes[name] = (float(fitted[place]), float(fitted[place + 1]))
        for number, at in enumerate(column.bends, start=place + 2):
            beyond = column.beyond(at)
            slope = float(fitted[number]) / _spread(beyond)
            bends.append(Bend(name, at, float(beyond.mean()), slope))
        place += 2 + len(column.bends)
    return BentLogistic(_line(names, columns, slopes, float(fitted[-1])), tuple(bends))


def inputs_of(names: Collection[str], categories: Collection[str] = ()) -> tuple[str, ...]:
    """Which features the regression reads.

    >>> inputs_of(["age_days", "oldest_unmet_days", "target_week"])
    ('age_days', 'target_week')
    >>> inputs_of(["mood", "target_week"])
    ('mood', 'target_week')
    """
    numbers = [name for name in names if name not in categories]
    has_inputs = any(name in DEAL_INPUTS for name in numbers)
    return tuple(
        name
        for name in numbers
        if not has_inputs or name in DEAL_INPUTS or name.startswith(STEP_INPUTS)
    )


def _column(X: pl.DataFrame, name: str) -> _Column:
    values = matrix_of(X, (name,))[:, 0].astype(np.float64)
    unknown = np.isnan(values)
    known = values[~unknown]
    if known.size == 0:
        return _Column(np.zeros(len(values)), unknown.astype(np.float64), 0.0, 0.0, 0.0, ())
    low, median, high = (float(end) for end in np.quantile(known, _ENDS))
    kept = np.clip(np.where(unknown, median, values), low, high)
    asked = BENDS.get(name, tuple(float(at) for at in np.quantile(known, QUARTERS)))
    if len(np.unique(known)) <= _FEW_VALUES:
        asked = ()
    bends = tuple(sorted({at for at in asked if low < at < high}))
    return _Column(kept, unknown.astype(np.float64), low, median, high, bends)


def _line(
    names: tuple[str, ...],
    columns: Mapping[str, _Column],
    slopes: Mapping[str, tuple[float, float]],
    intercept: float,
) -> LogisticHead:
    """Over all features of the head; those that are not read count nothing."""
    blank = _Column(np.zeros(1), np.zeros(1), 0.0, 0.0, 0.0, ())
    found = [columns.get(name, blank) for name in names]
    pairs = [slopes.get(name, (0.0, 0.0)) for name in names]
    return LogisticHead(
        names=names,
        medians=tuple(column.median for column in found),
        lows=tuple(column.low for column in found),
        highs=tuple(column.high for column in found),
        means=tuple(column.mean for column in found),
        scales=tuple(column.scale for column in found),
        coefficients=tuple(slope for slope, _ in pairs),
        flags=tuple(flag for _, flag in pairs),
        rates=tuple(column.rate for column in found),
        intercept=intercept,
    )


def _ridge(design: Floats, sample: Sample, offset: Floats, ridge: Floats) -> Floats:
    """Coefficients by Newton's method, the intercept last and free of the ridge.

    Source: McCullagh and Nelder 1989, Generalized Linear Models, section 2.5; with an offset.
    """
    rows = np.hstack([design, np.ones((len(design), 1))])
    # The last is nothing but a foothold where all rows say the same.
    penalty = np.append(ridge, 1e-9)
    y, weight = sample.y.astype(np.float64), sample.weight

    def loss(found: Floats) -> float:
        odds = rows @ found + offset
        return float(weight @ (np.logaddexp(0.0, odds) - y * odds) + 0.5 * penalty @ found**2)

    found, lowest = np.zeros(rows.shape[1]), loss(np.zeros(rows.shape[1]))
    for _ in range(_STEPS_AT_MOST):
        p = sigmoid(rows @ found + offset)
        slope = rows.T @ (weight * (p - y)) + penalty * found
        curvature = (rows * (weight * p * (1.0 - p))[:, None]).T @ rows + np.diag(penalty)
        step = np.linalg.solve(curvature, slope)
        while loss(found - step) > lowest and np.abs(step).max() > _STILL:
            step = step / 2.0  # a whole step may overshoot where p is near 0 or 1
        found = found - step
        lowest = loss(found)
        if np.abs(step).max() <= _STILL:
            break
    return found


def _spread(values: Floats) -> float:
    found = float(values.std())
    return found if found > 1e-9 else 1.0
