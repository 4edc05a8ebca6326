"""Fits that know what came after their origin are caught; those that do not are left alone."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
import pytest

from features.schema import AS_OF, ENTITY_ID
from tests.training.conftest import RECIPE
from training.folds import Fold
from training.leak_hunt import _account_ground, _deal_ground, _Ground
from training.matrix import Examples
from training.refit import Forecast, shifts
from training.span import Plan, plan_of


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """One part's examples, plan and own way to forecast."""

    examples: Examples
    plan: Plan
    forecast: Forecast
    company: Any

    def shifted(self, forecast: Forecast, seed: int = 1) -> set[str]:
        found = shifts(
            self.examples,
            self.plan.folds[-1],
            forecast,
            seed=seed,
            horizon=self.plan.horizon.length,
            calendar=self.company.calendar,
        )
        return {one.prediction for one in found}


def bench(company: Any, part: str) -> Bench:
    plan = plan_of(part, company.book, RECIPE, company.calendar)  # type: ignore[arg-type]
    make = _account_ground if part == "bucket" else _deal_ground
    examples, _, _, forecast = make(_Ground(company.book, RECIPE, company.calendar), plan)
    return Bench(examples, plan, forecast, company)


@pytest.fixture(scope="module")
def accounts(company: Any) -> Bench:
    return bench(company, "bucket")


@pytest.fixture(scope="module")
def deals(company: Any) -> Bench:
    return bench(company, "slip")


Fit = Callable[[Examples, Fold], pl.Expr]


def everything(_: Examples, __: Fold) -> pl.Expr:
    return pl.lit(value=True)


def matured(examples: Examples, fold: Fold) -> pl.Expr:
    return pl.col(AS_OF).is_in(list(fold.train_as_ofs))


def before_the_origin(_: Examples, fold: Fold) -> pl.Expr:
    return pl.col(AS_OF) < fold.origin


def in_test_block(_: Examples, fold: Fold) -> pl.Expr:
    return pl.col(AS_OF).is_in(list(fold.test_as_ofs))


def forecast_of(
    fitted_on: Fit, step: Callable[[pl.DataFrame, pl.DataFrame], pl.Series]
) -> Forecast:
    """A forecast whose one step is fitted on the rows that the filter lets through."""

    def forecast(examples: Examples, fold: Fold) -> pl.DataFrame:
        first = examples.X.columns[0]
        values = examples.X.select(pl.col(first, *examples.X.columns[1:9]).cast(pl.Float64))
        known = pl.concat([examples.rows, values], how="horizontal")
        test = known.filter(in_test_block(examples, fold))
        told = step(known.filter(fitted_on(examples, fold)), test)
        return test.select(ENTITY_ID, AS_OF).with_columns(told.alias("told"))

    return forecast


def scaled(fitted: pl.DataFrame, test: pl.DataFrame) -> pl.Series:
    name = fitted.columns[-9]
    return (test[name] - fitted[name].mean()) / fitted[name].std()


def imputed(fitted: pl.DataFrame, test: pl.DataFrame) -> pl.Series:
    name = fitted.columns[-9]
    return test.select(
        pl.when(pl.int_range(pl.len()) % 3 == 0)
        .then(None)
        .otherwise(name)
        .fill_null(fitted[name].mean())
    ).to_series()


def encoded(fitted: pl.DataFrame, test: pl.DataFrame) -> pl.Series:
    rate = (pl.col("label") == "steady").mean().alias("rate")
    rates = fitted.group_by("segment").agg(rate)
    return test.join(rates, on="segment", how="left", nulls_equal=True, maintain_order="left")[
        "rate"
    ]


def calibrated(fitted: pl.DataFrame, test: pl.DataFrame) -> pl.Series:
    return test[fitted.columns[-9]] * 0.0 + (fitted["label"] == "steady").mean()


def chosen(fitted: pl.DataFrame, test: pl.DataFrame) -> pl.Series:
    """The one column out of nine that tells the label best."""
    truth = (fitted["label"] == "walk_away").cast(pl.Float64).alias("truth")
    fit = {
        name: abs(fitted.select(pl.corr(name, truth)).item() or 0.0) for name in fitted.columns[-9:]
    }
    return test[max(fit, key=lambda name: fit[name])]


LEAKS = {
    "a scaler fitted on all time": (everything, scaled),
    "a scaler fitted on the test block": (in_test_block, scaled),
    "an imputer fitted on all time": (everything, imputed),
    "an imputer fitted on the test block": (in_test_block, imputed),
    "an encoder fitted on all time": (everything, encoded),
    "an encoder fitted before its labels were certain": (before_the_origin, encoded),
    "a calibration tuned on the test origin": (in_test_block, calibrated),
    "a column chosen on the test origin": (in_test_block, chosen),
}


@pytest.mark.parametrize("name", LEAKS)
def test_a_fit_that_knows_what_came_after_its_origin_is_caught(accounts: Bench, name: str) -> None:
    assert accounts.shifted(forecast_of(*LEAKS[name])) == {"told"}


@pytest.mark.parametrize("step", [scaled, imputed, encoded, calibrated, chosen])
def test_the_same_steps_fitted_on_matured_rows_are_not_flagged(accounts: Bench, step: Any) -> None:
    assert accounts.shifted(forecast_of(matured, step)) == set()


def test_the_bucket_chain_does_not_know_what_came_after_its_origin(accounts: Bench) -> None:
    assert accounts.shifted(accounts.forecast) == set()


def test_the_win_curve_does_not_know_what_came_after_its_origin(deals: Bench) -> None:
    assert deals.shifted(deals.forecast) == set()


def test_a_curve_that_was_never_cut_at_its_origin_is_caught(deals: Bench) -> None:
    def uncut(examples: Examples, fold: Fold) -> pl.DataFrame:
        return deals.forecast(examples, replace(fold, origin=deals.plan.span.observed_until))

    assert "p_won_by_committed" in deals.shifted(uncut)
