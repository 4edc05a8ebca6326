"""Contest: one part's walk through its folds, from examples to judged forecasts."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from models.analogs import Analogs
from models.policy import Policy
from training.calibration import Trial
from training.close_dates import CloseDates
from training.confidence import FirmRule
from training.config import Experiment, Part
from training.decisions import Decisions
from training.folds import NotEnoughDataError
from training.forecasts import FitPlan, Forecasts
from training.intervals import Codes, Figure
from training.judgement import Judgement, row_losses
from training.matrix import Examples
from training.scores import BASELINES
from training.slip_slices import Slice
from training.span import Plan


@dataclass(frozen=True, slots=True, eq=False)
class Contest:
    """What one part came to.

    Attributes:
        part: bucket or slip.
        plan: grid, horizon and folds.
        examples: every described row with its outcome.
        policy: with the growth floor frozen to the number that was used.
        judged: forecasts of the rows that metrics are about.
        outcome: class number by judged row.
        judgement: who stands where.
        scores: one row per prediction in the columns of scores.parquet.
        firm: from where on buckets are firm; empty for slip.
        analogs: the judged accounts as past periods; None for slip.
        decisions: what following the buckets would have brought; None for slip.
        utilities: model → mean utility of what it would show; empty for slip.
        calibration: the map tried on the served model's probabilities; None for slip.
        slices: slice → value → the served curve beside the stage table; empty for buckets.
        close_dates: the days that the curves named, and the wins; None for buckets.
    """

    part: Part
    plan: Plan
    examples: Examples
    policy: Policy
    judged: Forecasts
    outcome: Codes
    judgement: Judgement
    scores: pl.DataFrame
    firm: FirmRule
    analogs: Analogs | None = None
    decisions: Decisions | None = None
    utilities: Mapping[str, Figure] = field(default_factory=dict)
    calibration: Trial | None = None
    slices: Mapping[str, Mapping[str, Slice]] = field(default_factory=dict)
    close_dates: CloseDates | None = None

    def to_mapping(self) -> dict[str, object]:
        """As it stands in metrics.json."""
        found = self.judgement.to_mapping()
        if self.judged.tuned:
            found["tuning"] = {
                origin.isoformat(): one.to_mapping() for origin, one in self.judged.tuned.items()
            }
        if self.decisions is not None:
            found["decisions"] = self.decisions.to_mapping()
            if self.calibration is not None:
                found["calibration"] = {
                    "is_kept": self.calibration.is_kept,
                    "gain": self.calibration.gain.to_mapping(),
                }
            found["utility"] = {name: one.to_mapping() for name, one in self.utilities.items()}
        if self.close_dates is not None:
            found["close_dates"] = self.close_dates.to_mapping()
            found["slices"] = {
                name: {value: one.to_mapping() for value, one in parts.items()}
                for name, parts in self.slices.items()
            }
        return found


def fit_plan(experiment: Experiment) -> FitPlan:
    """Seed and threads of the experiment's fits."""
    return FitPlan(experiment.seeds.models, experiment.threads)


def mean_losses(judged: Forecasts, outcome: Codes, names: tuple[str, ...]) -> dict[str, float]:
    """Model → mean log loss of the judged rows, for a line of progress."""
    if outcome.size == 0:
        return {}
    return {
        name: float(row_losses(outcome, judged.by_model[name].to_numpy()).mean())
        for name in names
        if name in judged.by_model
    }


def refuse_one_answer(part: Part, column: str, examples: Examples) -> None:
    """Stop where every outcome is the same.

    Raises:
        NotEnoughDataError: naming what was found.
    """
    kinds = examples.rows[column].drop_nulls().unique().sort().to_list()
    if len(kinds) < 2:
        raise NotEnoughDataError(
            f"{part}: expected outcomes of two kinds or more, found {kinds or 'none'}"
        )


def scored(
    shown: pl.DataFrame, told: Forecasts, entity: str, columns: tuple[str, ...]
) -> pl.DataFrame:
    """One row per prediction in the columns of scores.parquet.

    Args:
        shown: same rows as `told`, with `columns`.
        told: what every model and baseline said.
        entity: account or deal.
        columns: what the file holds of such an entity beside its keys.
    """
    baselines = [
        frame.rename({column: f"baseline_{name}_{column}" for column in told.classes})
        for name, frame in told.by_model.items()
        if name in BASELINES
    ]
    first = ("entity_id", "account_id", "as_of", "origin", "label_mature", "weight")
    plain = shown.select(pl.lit(entity).alias("entity"), *first, *columns)
    return pl.concat([plain, *baselines], how="horizontal")


def described(part: Part, examples: Examples, plan: Plan) -> str:
    """A line of progress on what was described."""
    return (
        f"{part}: {examples.rows.height} rows of {examples.rows['entity_id'].n_unique()} "
        f"{examples.entity}s, {len(examples.features)} features, horizon "
        f"{plan.horizon.weeks} weeks, {len(plan.folds)} origins ({plan.horizon.standing})"
    )
