"""Slip forecasts: the win curve and its baselines, fitted at one origin and tested after it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID, OWNER_REP_ID
from features.snapshot import value_at
from models.baseline import WEEKS_EDGES, age_edges, band, fit_rates, known_rates
from models.bayes import fit_bayes
from models.curve import read_off
from models.logodds import sigmoid
from models.slip import SlipKind, SlipModel
from training.ablation import forecast_ablations
from training.folds import Fold
from training.forecasts import FitPlan, Forecasts
from training.heads import FitError, Sample, fit_logistic
from training.ladder import CURVES
from training.matrix import Examples
from training.scores import WON
from training.slip_binary import BINARY, forecast_binary
from training.slip_fit import fit_slips

CLASSES = (WON,)
MODEL = "hazard"
"""The curve of forests; what else can be served is in `training.ladder`."""
_FIELDS = ("stage", "type", "segment", OWNER_REP_ID, "age_band", "weeks_band")
"""What a record says of itself, for naive Bayes."""
_PLAIN = (
    "p_won_by_period_end", "p_lost", "p_slip", "p_won_end", "close_p25", "close_p50", "close_p75",
)  # fmt: skip
"""What a curve says beside P(won by the committed date)."""


@dataclass(frozen=True, slots=True, eq=False)
class SlipPast:
    """What baselines may know of each deal row, computed once for all folds.

    Attributes:
        rows: same rows as the examples: as_of_on (Date), weeks_ahead (to the committed date),
            is_ahead (whether that date is not past), known_at (when its label was certain), won.
        by_name: baselines that depend on as_of only, by name.
        not_applicable: baseline → why it is not there.
    """

    rows: pl.DataFrame
    by_name: Mapping[str, pl.DataFrame]
    not_applicable: Mapping[str, str]


def slip_past(book: Book, examples: Examples, calendar: Calendar) -> SlipPast:
    """Describe each row by what was certain of earlier deals before its as_of."""
    today = calendar.local_day(pl.col(AS_OF))
    rows = examples.rows.with_columns(
        today.alias("as_of_on"),
        ((pl.col("committed_on") - today).dt.total_days() / 7.0).alias("weeks_ahead"),
        (pl.col("committed_on") >= today).fill_null(value=False).alias("is_ahead"),
        calendar.end_of(pl.col("committed_on")).alias("known_at"),
        pl.col("label_won_by_committed").cast(pl.Float64).alias(WON),
    )
    outcomes = _settled(rows)
    not_applicable = {
        "persistence": "a deal has no window before this one",
        "recency_frequency": "it describes accounts that order, not deals",
    }
    by_name = {"customer_rate": known_rates(rows, outcomes, by=ACCOUNT_ID, classes=CLASSES)}
    if rows[OWNER_REP_ID].null_count() < rows.height:
        by_name["owner_rate"] = known_rates(rows, outcomes, by=OWNER_REP_ID, classes=CLASSES)
    else:
        not_applicable["owner_rate"] = "no owner is known as of any past moment"
    given = _crm_probability(book, rows)
    if given is None:
        not_applicable["crm_probability"] = "the CRM keeps no probability with its history"
    else:
        by_name["crm_probability"] = given
    return SlipPast(rows, by_name, not_applicable)


def forecast_slip(  # noqa: PLR0913 - what is forecast depends on what is named here
    examples: Examples,
    past: SlipPast,
    fold: Fold,
    *,
    calendar: Calendar,
    plan: FitPlan,
    curves: Sequence[str] = tuple(CURVES),
    ablations: bool = False,
) -> Forecasts:
    """Fit at the origin, every deal censored there, and predict the deals of the test block.

    Args:
        curves: names of the win curves that compete.
        ablations: whether those that lack something are fitted too.

    Returns:
        The forecasts of P(won by the committed date). The rows also hold what else each curve
        says, as a struct `curve_…` of p_won_by_period_end, p_lost, p_slip and the close dates,
        and that of the first curve as columns of their own.

    Raises:
        FitError: when no deal closed before the origin.
    """
    train = examples.at(fold.landmarks)
    test = examples.at(fold.test_as_ofs)
    kinds = [CURVES[name] for name in curves]
    models = _fitted(train, fold, kinds, calendar=calendar, plan=plan)
    fitted = {name: models[CURVES[name]] for name in curves}
    said = {
        name: read_off(model.curve(test.X, test.rows, calendar), test.rows, calendar)
        for name, model in fitted.items()
    }
    ends = int(fitted[curves[0]].grid.end_days()[-1])
    is_tested = past.rows[AS_OF].is_in(list(fold.test_as_ofs))
    rows = past.rows.filter(is_tested)
    settled = _settled_before(fold)
    by_model = {
        name: one.select(pl.col("p_won_by_committed").alias(WON)) for name, one in said.items()
    }
    with suppress(FitError):
        by_model[BINARY] = forecast_binary(
            replace(examples, rows=past.rows).where(settled),
            replace(test, rows=rows),
            plan=plan,
        )
    if ablations:
        day = calendar.day_of(fold.origin)
        by_model |= forecast_ablations(train, test, cut=day, calendar=calendar, plan=plan)
    by_model |= _tables(past.rows.filter(settled), rows)
    by_model |= {name: frame.filter(is_tested) for name, frame in past.by_name.items()}
    by_model = {name: _certain(frame, rows) for name, frame in by_model.items()}
    known = train.rows[ACCOUNT_ID].unique().to_list()
    told = rows.with_columns(
        pl.lit(fold.origin).alias("origin"),
        pl.col(ACCOUNT_ID).is_in(known).alias("is_known"),
        pl.when("is_ahead").then(1.0).otherwise(0.0).alias("weight"),
        (pl.col("as_of_on") + pl.duration(days=ends - 1)).alias("curve_ends_on"),
        *(one.select(_PLAIN).to_struct(f"curve_{name}") for name, one in said.items()),
    )
    return Forecasts(as_served(told, curves[0]), by_model, CLASSES, past.not_applicable)


def as_served(rows: pl.DataFrame, curve: str) -> pl.DataFrame:
    """The rows of forecasts with what one curve says as columns of their own."""
    return rows.with_columns(pl.col(f"curve_{curve}").struct.field(*_PLAIN))


def fit_curve(
    train: Examples, *, cut: Fold, calendar: Calendar, plan: FitPlan, kind: SlipKind = "lightgbm"
) -> SlipModel:
    """The win curve as it would have been learnt at the fold's origin."""
    return _fitted(train, cut, (kind,), calendar=calendar, plan=plan)[kind]


def _fitted(
    train: Examples, fold: Fold, kinds: Sequence[SlipKind], *, calendar: Calendar, plan: FitPlan
) -> dict[SlipKind, SlipModel]:
    return fit_slips(
        train.X,
        train.rows,
        features=train.features,
        calendar=calendar,
        seed=plan.seed,
        threads=plan.threads,
        cut=calendar.day_of(fold.origin),
        kinds=kinds,
    )


def _settled(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows whose committed date lay ahead and has passed, with the answer.

    Chosen by the committed date alone, which is known at as_of: choosing by what had happened
    would bend the rate.
    """
    return rows.filter(pl.col("is_ahead") & pl.col(WON).is_not_null())


def _settled_before(fold: Fold) -> pl.Expr:
    """Which rows were settled at the origin of the fold."""
    return (
        pl.col("is_ahead")
        & pl.col(WON).is_not_null()
        & pl.col(AS_OF).is_in(list(fold.landmarks))
        & (pl.col("known_at") < fold.origin)
    )


def _certain(frame: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """0 where the committed date is past, null where there is none, else what was said."""
    return frame.with_columns(rows.select("committed_on", "is_ahead")).select(
        pl.when(pl.col("committed_on").is_null())
        .then(None)
        .when("is_ahead")
        .then(pl.col(WON))
        .otherwise(0.0)
        .alias(WON)
    )


def _tables(train: pl.DataFrame, test: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Baselines that are fitted on the fold's settled rows."""
    edges = age_edges(train["age_days"])
    banded = (
        band(pl.col("age_days"), edges).alias("age_band"),
        band(pl.col("weeks_ahead"), WEEKS_EDGES).alias("weeks_band"),
    )
    train, test = train.with_columns(banded), test.with_columns(banded)
    levels = (("stage",), ("stage", "age_band", "weeks_band"))
    found = {
        "constant": fit_rates(train, classes=CLASSES).predict(test),
        "stage_age": fit_rates(train, classes=CLASSES, levels=levels).predict(test),
        "naive_bayes": fit_bayes(train, classes=CLASSES, fields=_FIELDS).predict(test),
    }
    said = _logistic(train, test)
    return found if said is None else {**found, "logistic": said}


def _logistic(train: pl.DataFrame, test: pl.DataFrame) -> pl.DataFrame | None:
    """A logistic on six inputs that every sales report has; None when all answers are alike."""
    won = train[WON].to_numpy() > 0
    if won.all() or not won.any():
        return None
    stages = fit_rates(train, classes=CLASSES, levels=(("stage",),))
    deals = train[ENTITY_ID].n_unique()
    by_answer = [train.filter(pl.col(WON) == answer)[ENTITY_ID].n_unique() for answer in (0, 1)]
    fitted = fit_logistic(
        Sample(
            X=_inputs(train, stages.predict(train)[WON]),
            y=won,
            weight=np.ones(train.height),
            rarer=min(by_answer),
            overlap=train.height / deals,
        )
    )
    odds = fitted.log_odds(_inputs(test, stages.predict(test)[WON]))
    return pl.DataFrame({WON: sigmoid(odds)})


def _inputs(rows: pl.DataFrame, stage_rate: pl.Series) -> pl.DataFrame:
    return rows.select(
        stage_rate.alias("stage_rate"),
        pl.col("age_days").clip(0.0).log1p().alias("age_log"),
        pl.col("weeks_ahead"),
        pl.col("amount").clip(0.0).log1p().alias("amount_log"),
        (pl.col("type") == "renewal").alias("is_renewal"),
        (pl.col("type") == "new").alias("is_new"),
    ).cast(pl.Float32)


def _crm_probability(book: Book, rows: pl.DataFrame) -> pl.DataFrame | None:
    """The CRM's own probability as of as_of; None when none is known."""
    if not book.has("opportunities.crm_probability"):
        return None
    spine = rows.select(ENTITY_ID, ACCOUNT_ID, AS_OF)
    given = value_at(spine.lazy(), book, "crm_probability").collect()
    found = spine.join(
        given.select(ENTITY_ID, AS_OF, "crm_probability"),
        on=[ENTITY_ID, AS_OF],
        how="left",
        maintain_order="left",
    )
    if found["crm_probability"].null_count() == found.height:
        return None
    return found.select(pl.col("crm_probability").clip(0.0, 1.0).alias(WON))
