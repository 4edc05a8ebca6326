"""Baselines: shrunk rates and small tables that every model has to beat on the same rows.

Each of them predicts the share of every class. The bucket has four classes; slip has one, "won by
the committed date", so that a single column is enough.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from features.schema import AS_OF

WEIGHT = 20.0
"""Observations of the coarser rate that are mixed into every finer one."""

AGE_BANDS = 4
WEEKS_EDGES = (0.0, 2.0, 6.0, 13.0, 26.0)
"""Weeks to the committed date at which a band ends; past it is a band of its own."""

RECENCY_EDGES = (30.0, 90.0, 180.0, 365.0)
FREQUENCY_EDGES = (0.5, 1.5, 3.5, 8.5)
NONE = "none"
_KNOWN_AT = "_known_at"


@dataclass(frozen=True, slots=True, eq=False)
class RateTable:
    """Shares of the classes by nested keys, each level shrunk to the coarser one.

    Attributes:
        classes: names of the predicted columns.
        base: share of each class over all training rows.
        levels: per level the key columns and then the classes; the coarsest first.
        keys: key columns of each level.
    """

    classes: tuple[str, ...]
    base: tuple[float, ...]
    levels: tuple[pl.DataFrame, ...]
    keys: tuple[tuple[str, ...], ...]

    def predict(self, rows: pl.DataFrame) -> pl.DataFrame:
        """One row per row of `rows`, in its order; an unseen key takes the coarser level."""
        found = rows.with_row_index("_row").with_columns(
            pl.lit(share).alias(name) for name, share in zip(self.classes, self.base, strict=True)
        )
        for level, keys in zip(self.levels, self.keys, strict=True):
            finer = [pl.coalesce(f"{name}_finer", name).alias(name) for name in self.classes]
            found = (
                found.join(level, on=list(keys), how="left", suffix="_finer", nulls_equal=True)
                .with_columns(finer)
                .drop(f"{name}_finer" for name in self.classes)
            )
        return found.sort("_row").select(self.classes)


def fit_rates(
    rows: pl.DataFrame,
    *,
    classes: Sequence[str],
    levels: Sequence[Sequence[str]] = (),
    weight: float = WEIGHT,
) -> RateTable:
    """Count the classes by each level's keys; without levels this is the constant baseline.

    Args:
        rows: key columns, and each class as 0 or 1; no nulls among the classes.
        classes: the class columns.
        levels: key columns of each level, the coarsest first. Null is a key like any other.
        weight: observations of the coarser rate mixed into the finer.

    Source: the posterior mean under a Dirichlet prior with the coarser rate as its mean.
    """
    base = base_of(rows, classes)
    fitted = RateTable(tuple(classes), base, (), ())
    for keys in levels:
        counts = rows.group_by(list(keys)).agg(
            pl.len().alias("_n"), *[pl.col(name).sum().alias(f"_{name}") for name in classes]
        )
        counts = counts.sort(list(keys), nulls_last=True)
        coarser = fitted.predict(counts.select(list(keys)))
        cells = counts.with_columns(coarser).select(
            *keys,
            *[
                (pl.col(f"_{name}") + weight * pl.col(name))
                .truediv(pl.col("_n") + weight)
                .alias(name)
                for name in classes
            ],
        )
        fitted = RateTable(
            fitted.classes, base, (*fitted.levels, cells), (*fitted.keys, tuple(keys))
        )
    return fitted


def base_of(rows: pl.DataFrame, classes: Sequence[str]) -> tuple[float, ...]:
    """Share of each class with one observation more per possible answer.

    >>> base_of(pl.DataFrame({"won": [1.0, 1.0]}), ["won"])
    (0.75,)
    """
    answers = max(len(classes), 2)
    return tuple((float(rows[name].sum()) + 1.0) / (rows.height + answers) for name in classes)


def fit_transition(rows: pl.DataFrame, *, classes: Sequence[str], before: str) -> RateTable:
    """Persistence: from the label of the window before to the label of this one.

    Args:
        rows: `before` (null: there was none, which is a state of its own) and the classes.
        classes: the class columns.
        before: column of the label of the window before.

    Returns:
        A table with one more observation in every cell.
    """
    counts = rows.group_by(pl.col(before)).agg(
        ((pl.col(name).sum() + 1.0) / (pl.len() + len(classes))).alias(name) for name in classes
    )
    even = tuple(1.0 / len(classes) for _ in classes)
    return RateTable(tuple(classes), even, (counts.sort(before, nulls_last=True),), ((before,),))


def known_rates(
    rows: pl.DataFrame,
    outcomes: pl.DataFrame,
    *,
    by: str,
    classes: Sequence[str],
    weight: float = WEIGHT,
) -> pl.DataFrame:
    """The own past rate of an owner or a customer, from outcomes known strictly before as_of.

    Args:
        rows: `by` and as_of.
        outcomes: `by`, `known_at` (UTC: when the outcome was certain) and the classes as 0 or 1.
        by: whose past it is; null has none of its own.
        classes: the class columns.
        weight: observations of the book's rate at that moment mixed into the own.

    Returns:
        The classes, one row per row of `rows`, in its order.
    """
    counts = ["_n", *classes]
    past = outcomes.select(
        by, pl.col("known_at").alias(_KNOWN_AT), pl.lit(1.0).alias("_n"), *classes
    )
    book = past.group_by(_KNOWN_AT).agg(pl.col(counts).sum()).sort(_KNOWN_AT)
    book = book.with_columns(pl.col(counts).cum_sum().name.suffix("_book"))
    own = past.filter(pl.col(by).is_not_null())
    own = own.group_by(by, _KNOWN_AT).agg(pl.col(counts).sum()).sort(_KNOWN_AT, by)
    own = own.with_columns(pl.col(counts).cum_sum().over(by).name.suffix("_own"))
    left = rows.select(by, AS_OF).with_row_index("_row").sort(AS_OF)
    found = _newest(left, book.select(_KNOWN_AT, pl.selectors.ends_with("_book")), None)
    found = _newest(found, own.select(by, _KNOWN_AT, pl.selectors.ends_with("_own")), by)
    found = found.with_columns(pl.selectors.ends_with("_book", "_own").fill_null(0.0))
    answers = max(len(classes), 2)
    shares = [
        (
            pl.col(f"{name}_own")
            + weight * (pl.col(f"{name}_book") + 1.0) / (pl.col("_n_book") + answers)
        )
        .truediv(pl.col("_n_own") + weight)
        .alias(name)
        for name in classes
    ]
    return found.sort("_row").select(shares)


def age_edges(ages: pl.Series) -> tuple[float, ...]:
    """Ends of the age bands: the quartiles of the training rows, equal ones once."""
    shares = [band / AGE_BANDS for band in range(1, AGE_BANDS)]
    edges = [ages.drop_nulls().quantile(share) for share in shares]
    return tuple(sorted({float(edge) for edge in edges if edge is not None}))


def band(value: pl.Expr, edges: Sequence[float]) -> pl.Expr:
    """Number of the edges below the value, Int64; null stays null.

    >>> pl.select(band(pl.lit(3.0), (0.0, 2.0, 6.0))).item()
    2
    """
    above = [(value > edge).cast(pl.Int64) for edge in edges]
    return pl.sum_horizontal(pl.lit(0, pl.Int64), *above, ignore_nulls=False)


def _newest(left: pl.DataFrame, right: pl.DataFrame, by: str | None) -> pl.DataFrame:
    """Add the newest sums known strictly before as_of; both sides are sorted by time."""
    return left.join_asof(
        right,
        left_on=AS_OF,
        right_on=_KNOWN_AT,
        by=by,
        strategy="backward",
        allow_exact_matches=False,
        check_sortedness=by is None,
    ).drop(_KNOWN_AT, strict=False)
