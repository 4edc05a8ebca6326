"""One gradient-boosted head: the door to LightGBM; workers have one of their own, `grove`."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.matrix import Floats, Matrix, matrix_of
from models.shapley import shapley_of
from models.tree import TreeError, outcome_trees, trees_of


@contextmanager
def _as_if_absent(*packages: str) -> Iterator[None]:
    hidden = [name for name in packages if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # means "not there"
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


# LightGBM imports these where it finds them, for interfaces that are not used here: 160 MB and
# most of the time that a server and its canary need to start.
with _as_if_absent("sklearn", "pandas"):
    import lightgbm as lgb


_ENOUGH_TO_LOOK_UP = 1_000
"""Rows from which on it is quicker to look contributions up than to let LightGBM work them out."""

Objective = Literal["binary", "regression", "tweedie", "cross_entropy", "multiclass"]
"""What is minimised; Tweedie for amounts with many zeros, cross-entropy for shares."""


@dataclass(frozen=True, slots=True)
class BoosterParams:
    """How one booster is grown.

    Attributes:
        objective: binary for 0 or 1.
        classes: of multiclass; the outcome is then 0 … classes - 1.
        min_leaf: fewest rows in a leaf.
        row_share: share of rows drawn for each tree; below 1 so that seeds differ.
        column_share: share of columns drawn for each tree.
        l2: ridge on leaf values.
    """

    leaves: int = 8
    rounds: int = 200
    learning_rate: float = 0.05
    min_leaf: int = 20
    max_bin: int = 63
    seed: int = 0
    threads: int = 1
    row_share: float = 0.8
    column_share: float = 0.8
    l2: float = 5.0
    objective: Objective = "binary"
    classes: int = 1

    def __post_init__(self) -> None:
        if self.leaves < 2 or self.rounds < 1 or self.min_leaf < 1 or self.threads < 1:
            raise ValueError(
                "expected leaves >= 2 and rounds, min_leaf, threads >= 1, got "
                f"{self.leaves}, {self.rounds}, {self.min_leaf} and {self.threads}"
            )
        if (self.objective == "multiclass") != (self.classes > 1):
            raise ValueError(
                f"expected classes above 1 for multiclass alone, got {self.classes} for "
                f"{self.objective}"
            )
        if not 0.0 < self.row_share <= 1.0 or not 0.0 < self.column_share <= 1.0:
            raise ValueError(
                "expected row_share and column_share in (0, 1], got "
                f"{self.row_share} and {self.column_share}"
            )


@dataclass(frozen=True, slots=True)
class Nature:
    """What is known of the features before they are looked at.

    Attributes:
        monotone: feature → +1 or -1.
        categories: features whose values are codes from 0, without an order.
    """

    monotone: Mapping[str, int] = field(default_factory=dict)
    categories: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        both = sorted(self.categories & set(self.monotone))
        if both:
            raise ValueError(f"expected no direction for categories, got one for {both}")


@dataclass(frozen=True, slots=True)
class Booster:
    """A fitted booster; always the one its text describes, so that saving loses nothing."""

    names: tuple[str, ...]
    _text: str = field(repr=False)
    _handle: lgb.Booster = field(repr=False, compare=False)

    def log_odds(self, X: pl.DataFrame | Matrix) -> Floats:
        """Log-odds per row, without the offset given in fitting."""
        rows = matrix_of(X, self.names)
        if rows.shape[0] == 0:
            return np.zeros(0)  # LightGBM divides by the number of rows
        raw = self._handle.predict(rows, raw_score=True)
        return np.asarray(raw, dtype=np.float64)

    def expected(self, X: pl.DataFrame | Matrix) -> Floats:
        """The outcome expected per row, in the range of the booster's own objective.

        Returns:
            (rows,), of multiclass (rows, classes).
        """
        rows = matrix_of(X, self.names)
        if rows.shape[0] == 0:
            classes = self._handle.num_model_per_iteration()
            return np.zeros(0) if classes == 1 else np.zeros((0, classes))
        return np.asarray(self._handle.predict(rows), dtype=np.float64)

    def contributions(self, X: pl.DataFrame | Matrix) -> Floats:
        """Exact TreeSHAP in log-odds, shape (rows, features + 1); the last column is the base.

        Many rows are looked up in `Shapley`, few or large trees are left to LightGBM; the two
        differ by less than 1e-12.

        Source: Lundberg et al. 2020, From local explanations to global understanding.
        """
        rows = matrix_of(X, self.names)
        if rows.shape[0] == 0:
            return np.zeros((0, len(self.names) + 1))
        if rows.shape[0] >= _ENOUGH_TO_LOOK_UP:
            with suppress(TreeError):
                return shapley_of(trees_of(self._text), len(self.names)).contributions(rows)
        raw = self._handle.predict(rows, pred_contrib=True)
        return np.asarray(raw, dtype=np.float64)

    def scores(self, X: pl.DataFrame | Matrix) -> Floats:
        """Raw scores of a multiclass booster, shape (rows, classes); softmax makes them shares."""
        rows = matrix_of(X, self.names)
        if rows.shape[0] == 0:
            return np.zeros((0, self._handle.num_model_per_iteration()))
        return np.asarray(self._handle.predict(rows, raw_score=True), dtype=np.float64)

    def score_contributions(self, X: pl.DataFrame | Matrix) -> Floats:
        """Exact TreeSHAP of each raw score, shape (classes, rows, features + 1); base last."""
        rows = matrix_of(X, self.names)
        width = len(self.names) + 1
        if rows.shape[0] >= _ENOUGH_TO_LOOK_UP:
            with suppress(TreeError):
                trees = outcome_trees(self._text)
                told = [shapley_of(each, width - 1).contributions(rows) for each in trees]
                return np.stack(told)
        classes = self._handle.num_model_per_iteration()
        if rows.shape[0] == 0:
            return np.zeros((classes, 0, width))
        raw = np.asarray(self._handle.predict(rows, pred_contrib=True), dtype=np.float64)
        return raw.reshape(rows.shape[0], classes, width).transpose(1, 0, 2)

    def text(self) -> str:
        """LightGBM's own text format."""
        return self._text


def fit_booster(
    X: pl.DataFrame,
    y: NDArray[np.generic],
    *,
    params: BoosterParams,
    weight: Floats | None = None,
    offset: Floats | None = None,
    nature: Nature | None = None,
) -> Booster:
    """Grow one booster; see `fit_boosters`."""
    return fit_boosters(X, y, sizes=(params,), weight=weight, offset=offset, nature=nature)[0]


def fit_boosters(
    X: pl.DataFrame,
    y: NDArray[np.generic],
    *,
    sizes: Sequence[BoosterParams],
    weight: Floats | None = None,
    offset: Floats | None = None,
    nature: Nature | None = None,
) -> tuple[Booster, ...]:
    """Grow boosters on the same outcomes; the rows are sorted into bins once for all of them.

    The same rows, params and seed give the same text.

    Args:
        X: Float32 features; null or NaN is a value of its own (not known).
        y: 0 or 1 per row; with another objective, what it takes.
        sizes: size, speed and seed of each booster; all with the same bins.
        weight: per row; 1 when absent.
        offset: log-odds the boosters start from; the caller adds it again when predicting.
        nature: of the features; numbers that may go either way when absent.

    Raises:
        ValueError: for boosters that want different bins.
    """
    bins = {(params.max_bin, params.min_leaf) for params in sizes}
    if len(bins) != 1:
        raise ValueError(f"expected one max_bin and min_leaf for all boosters, got {sorted(bins)}")
    columns = X.columns
    told = nature or Nature()
    rows = lgb.Dataset(
        matrix_of(X, columns),
        label=np.asarray(y, dtype=np.float64),
        weight=weight,
        init_score=offset,
        feature_name=columns,
        categorical_feature=[name for name in columns if name in told.categories],
        params=settings_of(sizes[0], columns, told),
    )
    texts = []
    for params in sizes:
        grown = lgb.train(settings_of(params, columns, told), rows, num_boost_round=params.rounds)
        texts.append(grown.model_to_string())
    return tuple(booster_from_text(text) for text in texts)


def booster_from_text(text: str) -> Booster:
    """Parse LightGBM text; damaged text may abort the process, so only verified text comes here."""
    handle = lgb.Booster(model_str=text)
    return Booster(names=tuple(handle.feature_name()), _text=text, _handle=handle)


def settings_of(params: BoosterParams, columns: Sequence[str], nature: Nature) -> dict[str, object]:
    """How one booster is grown in LightGBM's words, wherever it is grown; rounds are not in it."""
    directions = [nature.monotone.get(name, 0) for name in columns]
    settings: dict[str, object] = {
        "objective": params.objective,
        "num_leaves": params.leaves,
        "learning_rate": params.learning_rate,
        "min_data_in_leaf": params.min_leaf,
        "max_bin": params.max_bin,
        "lambda_l2": params.l2,
        "bagging_fraction": params.row_share,
        "bagging_freq": 1 if params.row_share < 1.0 else 0,
        "feature_fraction": params.column_share,
        "seed": params.seed,
        "deterministic": True,
        "force_col_wise": True,
        "num_threads": params.threads,
        "verbosity": -1,
    }
    if params.classes > 1:
        settings["num_class"] = params.classes
    if any(directions):
        settings["monotone_constraints"] = directions
        settings["monotone_constraints_method"] = "intermediate"
    return settings
