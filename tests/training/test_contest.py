"""The past periods of a contest: where they lie was told before they were known."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from models.analogs import place_of
from models.policy.relabel import FACTS
from training.backtest import BacktestResult
from training.components import expected_columns, fit_components
from training.contest import Contest
from training.forecasts import FitPlan


@pytest.fixture(scope="module")
def contest(walked: tuple[BacktestResult, list[str]]) -> Contest:
    return walked[0].contests["bucket"]


def test_past_periods_are_the_judged_accounts_with_their_own_outcome(contest: Contest) -> None:
    assert contest.analogs is not None
    own = contest.judged.rows.select(list(FACTS)).with_columns(pl.col(pl.Float64).round(9))
    assert contest.analogs.facts.equals(own)
    assert contest.analogs.facts.height > 30
    assert contest.judged.rows["label_mature"].all()


def test_a_period_lies_where_the_fit_of_its_origin_saw_it(contest: Contest) -> None:
    judged, analogs = contest.judged, contest.analogs
    assert analogs is not None
    served = judged.by_model[contest.judgement.served]
    expected = judged.rows.select(
        pl.col(f"expected_{axis}").alias(axis) for axis in analogs.axes[3:]
    )

    places = place_of(served.hstack(expected), analogs.axes)

    assert len(analogs.axes) > 5
    assert analogs.places * np.array(analogs.scales) == pytest.approx(places, rel=1e-4, abs=1e-4)


def test_what_is_expected_of_a_period_was_learnt_from_windows_that_had_ended(
    contest: Contest, walked: tuple[BacktestResult, list[str]]
) -> None:
    experiment = walked[0].experiment
    rows = contest.judged.rows
    origin = rows["origin"].max()
    tested = rows.filter(pl.col("origin") == origin)
    ended = contest.examples.where(pl.col("as_of") + timedelta(weeks=13) <= origin)
    asked = (
        contest.examples.rows.select("entity_id", "as_of")
        .with_row_index()
        .join(tested.select("entity_id", "as_of"), on=["entity_id", "as_of"], how="semi")
    )

    plan = FitPlan(experiment.seeds.models, experiment.threads)
    again = expected_columns(
        fit_components(ended, plan=plan), contest.examples.X[asked["index"].to_list()]
    )
    late = expected_columns(
        fit_components(contest.examples, plan=plan), contest.examples.X[asked["index"].to_list()]
    )

    # a sum in any order moves the last bits of hours
    def close(one: pl.DataFrame) -> bool:
        gap = (one - tested.select(again.columns)).select(pl.all().abs().max())
        return max(value or 0.0 for value in gap.row(0)) < 1e-6

    assert tested["as_of"].min() >= origin
    assert tested.select(pl.col(again.columns).null_count()).row(0) == again.null_count().row(0)
    assert close(again)
    assert not close(late)


def test_deals_have_no_past_periods(walked: tuple[BacktestResult, list[str]]) -> None:
    assert walked[0].contests["slip"].analogs is None
