"""Forecasts: what every model and baseline said of the same out-of-time rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import polars as pl

from training.settings import AS_SIZED, Settings, Tuned


@dataclass(frozen=True, slots=True, eq=False)
class Forecasts:
    """Predictions of one or more folds, all about the same rows.

    Attributes:
        rows: entity_id, account_id, as_of, origin, owner_rep_id, segment, age_days, is_known
            (whether the account was among the training rows), weight and the outcome.
        by_model: model or baseline → one column per class, same rows; null where it has nothing
            to say.
        classes: names of those columns.
        not_applicable: baseline → why it is not there.
        tuned: origin → what the search for settings in its past came to; empty without one.
    """

    rows: pl.DataFrame
    by_model: Mapping[str, pl.DataFrame]
    classes: tuple[str, ...]
    not_applicable: Mapping[str, str]
    tuned: Mapping[datetime, Tuned] = field(default_factory=dict)

    def where(self, mask: pl.Series) -> "Forecasts":
        """The rows of a mask."""
        return replace(
            self,
            rows=self.rows.filter(mask),
            by_model={name: frame.filter(mask) for name, frame in self.by_model.items()},
        )


@dataclass(frozen=True, slots=True)
class FitPlan:
    """How a fit is run: the models' seed, the threads, and at which settings.

    With trials above 0, a forecast searches its settings in the past of its origin.
    """

    seed: int
    threads: int
    trials: int = 0
    settings: Settings = AS_SIZED


def stacked(parts: Sequence[Forecasts]) -> Forecasts:
    """Folds one below the other; a model that one fold lacks is left out with its reason."""
    first = parts[0]
    shared = [name for name in first.by_model if all(name in part.by_model for part in parts)]
    why = {name: text for part in parts for name, text in part.not_applicable.items()}
    return Forecasts(
        pl.concat([part.rows for part in parts]),
        {name: pl.concat([part.by_model[name] for part in parts]) for name in shared},
        first.classes,
        {name: text for name, text in why.items() if name not in shared},
        {origin: found for part in parts for origin, found in part.tuned.items()},
    )


def one_hot(label: str, classes: Mapping[str, str]) -> list[pl.Expr]:
    """Each class as 0 or 1 from the label column; `classes` maps column → value.

    >>> frame = pl.DataFrame({"label": ["pain"]})
    >>> frame.select(one_hot("label", {"p_pain": "pain", "p_steady": "steady"})).row(0)
    (1.0, 0.0)
    """
    return [
        (pl.col(label) == value).cast(pl.Float64).alias(column) for column, value in classes.items()
    ]
