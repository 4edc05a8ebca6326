"""Attainable skill: the same model family taught on ten times the accounts.

The big world's first block is the small world itself, under the same ids. So the rows that judge
the small world's model can be described, and predicted, by a model that saw ten times as much of
the same past. Only what judges is predicted: the first test moment of each origin, which is the
origin itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from benchmarks.grid.backtest import CALENDAR, Terms, experiment, source_of
from features.book import Book
from features.schema import AS_OF, ENTITY_ID
from models.curve import read_off
from models.policy import LabelPolicy
from training.bucket_forecasts import fit_kind
from training.config import Experiment, Part
from training.fit import FitError
from training.folds import Fold
from training.forecasts import FitPlan
from training.ladder import CURVES
from training.matrix import Asked, Examples, account_examples, deal_examples
from training.scores import BUCKET_COLUMNS, WON
from training.slip_forecasts import fit_curve
from training.span import Plan, plan_of
from training.walk import Progress

KEYS = (ENTITY_ID, AS_OF)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What the big world's model is asked about.

    Attributes:
        part: bucket or slip.
        keys: entity_id and as_of of the small world's rows.
        kind: the family that the small world serves.
    """

    part: Part
    keys: pl.DataFrame
    kind: str

    @property
    def moments(self) -> list[datetime]:
        """The moments asked about, oldest first."""
        return self.keys[AS_OF].unique().sort().to_list()


def run_attainable(url: str, terms: Terms, rows: Rows, progress: Progress) -> pl.DataFrame:
    """Fit on the big world at each origin, and predict the small world's rows.

    Args:
        url: address of the big world.
        terms: of the small world; its labels are what judges, so its floor and horizon hold.
        rows: what is predicted.
        progress: told each origin.

    Returns:
        entity_id, as_of and the probabilities; an origin with nothing to learn from is absent.

    Raises:
        NotEnoughDataError: when the big world's history is too short.
        ValueError: when the big world lacks rows of the small one.
    """
    book = source_of(url).read().book
    recipe = replace(experiment(), horizon=terms.weeks[rows.part])
    plan = plan_of(rows.part, book, recipe, CALENDAR)
    examples = _examples(book, plan, rows.part, recipe, policy=terms.label_policy)
    asked = examples.rows.select(KEYS).join(rows.keys, on=KEYS, how="semi")
    if asked.height != rows.keys.height:
        raise ValueError(
            f"{rows.part}: expected the {rows.keys.height} rows of the small world in the big "
            f"one, found {asked.height}"
        )
    progress(f"{rows.part}: {examples.rows.height} rows to learn from and be asked about")
    parts = [_predicted(examples, plan, rows, recipe, origin=at) for at in rows.moments]
    told = [part for part in parts if part is not None]
    progress(f"{rows.part}: {len(told)} of {len(parts)} origins fitted")
    columns = BUCKET_COLUMNS if rows.part == "bucket" else (WON,)
    schema = {**asked.schema, **dict.fromkeys(columns, pl.Float64())}
    return pl.concat([pl.DataFrame(schema=schema), *told])


def _examples(
    book: Book, plan: Plan, part: Part, recipe: Experiment, *, policy: LabelPolicy
) -> Examples:
    exclude = recipe.features.exclude
    if part == "bucket":
        asked = Asked(plan.matured, plan.horizon.length, policy, exclude=exclude)
        return account_examples(book, asked, CALENDAR)
    return deal_examples(
        book, Asked(plan.grid, commitment=recipe.commitment, exclude=exclude), CALENDAR
    )


def _predicted(
    examples: Examples, plan: Plan, rows: Rows, recipe: Experiment, *, origin: datetime
) -> pl.DataFrame | None:
    """The small world's rows at the origin; None when there was nothing to learn from."""
    test = _among(examples.at([origin]), rows.keys)
    fit_plan = FitPlan(recipe.seeds.models, recipe.threads)
    fold = _fold(plan, origin)
    try:
        if rows.part == "bucket":
            said = _buckets(examples, test, fold, rows.kind, plan=fit_plan)
        else:
            curve = fit_curve(
                examples.at(fold.landmarks),
                cut=fold,
                calendar=CALENDAR,
                plan=fit_plan,
                kind=CURVES[rows.kind],
            ).curve(test.X, test.rows, CALENDAR)
            said = read_off(curve, test.rows, CALENDAR).select(WON)
    except FitError:
        return None
    return test.rows.select(KEYS).hstack(said.cast(pl.Float64))


def _among(examples: Examples, keys: pl.DataFrame) -> Examples:
    flagged = keys.select(*KEYS, pl.lit(value=True).alias("is_asked"))
    found = examples.rows.select(KEYS).join(flagged, on=KEYS, how="left", maintain_order="left")
    return examples.where(pl.lit(found["is_asked"]))


def _buckets(
    examples: Examples, test: Examples, fold: Fold, kind: str, *, plan: FitPlan
) -> pl.DataFrame:
    train = examples.at(fold.train_as_ofs)
    return fit_kind(train, kind, plan=plan).predict(test.X).select(BUCKET_COLUMNS)


def _fold(plan: Plan, origin: datetime) -> Fold:
    """The fold of that origin: what may be learnt from, and the origin itself to predict."""
    past: Sequence[datetime] = plan.matured
    return Fold(
        origin=origin,
        train_as_ofs=tuple(at for at in past if at + plan.horizon.length <= origin),
        landmarks=tuple(at for at in past if at < origin),
        test_as_ofs=(origin,),
    )
