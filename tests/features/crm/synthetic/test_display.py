"""What reps show of a deal: hidden by some, ahead of the truth with others."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest

from features.crm.synthetic import deals as deal
from features.crm.synthetic.display import HIDES, RUNS_AHEAD, forecast, shown_stage
from features.crm.synthetic.params import RepParams
from features.crm.synthetic.pipeline import Pipeline
from features.crm.synthetic.pursuit import run_pipeline
from features.crm.synthetic.reps import HAPPY_EARS, PLAIN, SANDBAGGER
from features.crm.synthetic.world import make_stage, streams_of
from tests.features.crm.small_world import PARAMS

GAMED = replace(PARAMS, reps=RepParams(sandbaggers=0.4, happy_ears=0.4))
STEP = 60
STYLES = (PLAIN, SANDBAGGER, HAPPY_EARS)


@pytest.fixture(scope="module")
def gamed() -> Pipeline:
    streams = streams_of(GAMED.seed)
    return run_pipeline(streams["pursuit"], make_stage(GAMED, streams))


def shown_after(gamed: Pipeline, *, before: int, stage: int) -> tuple[np.ndarray, np.ndarray]:
    """What is shown of every deal that moves to a stage, and the style of its owner."""
    pipeline = replace(gamed, deals=deepcopy(gamed.deals))
    pipeline.deals.shown[:] = before
    which = np.tile(np.arange(pipeline.deals.count), 20)
    rng = np.random.default_rng(1)
    shown = shown_stage(rng, pipeline, STEP, (which, np.full(len(which), stage)))
    reps = pipeline.world.reps
    return shown, reps.team.style[reps.owner[STEP, pipeline.deals.account[which]]]


def test_a_plain_rep_shows_the_stage_as_it_is(gamed: Pipeline) -> None:
    shown, style = shown_after(gamed, before=deal.DISCOVER, stage=deal.PROPOSE)

    assert set(style) == set(STYLES)
    assert np.all(shown[style == PLAIN] == deal.PROPOSE)


def test_a_sandbagger_often_shows_nothing_of_a_step_forward(gamed: Pipeline) -> None:
    shown, style = shown_after(gamed, before=deal.DISCOVER, stage=deal.PROPOSE)

    own = shown[style == SANDBAGGER]
    assert set(own) == {deal.DISCOVER, deal.PROPOSE}
    assert float((own == deal.DISCOVER).mean()) == pytest.approx(HIDES, abs=0.03)


def test_happy_ears_often_show_the_stage_after_the_next(gamed: Pipeline) -> None:
    shown, style = shown_after(gamed, before=deal.DISCOVER, stage=deal.PROPOSE)

    own = shown[style == HAPPY_EARS]
    assert set(own) == {deal.PROPOSE, deal.NEGOTIATE}
    assert float((own == deal.NEGOTIATE).mean()) == pytest.approx(RUNS_AHEAD, abs=0.03)


def test_nobody_shows_a_deal_going_back_or_won_before_it_is(gamed: Pipeline) -> None:
    back, _ = shown_after(gamed, before=deal.NEGOTIATE, stage=deal.PROPOSE)
    last, _ = shown_after(gamed, before=deal.PROPOSE, stage=deal.NEGOTIATE)

    assert set(back) == {deal.NEGOTIATE}
    assert last.max() == deal.NEGOTIATE


def test_a_closed_deal_is_shown_as_it_is(gamed: Pipeline) -> None:
    deals = gamed.deals
    is_closed = deals.stage >= deal.WON

    assert np.array_equal(deals.shown[is_closed], deals.stage[is_closed])
    assert np.all(deals.shown[~is_closed] <= deal.NEGOTIATE)
    assert np.any(deals.shown[~is_closed] < deals.stage[~is_closed])
    assert np.any(deals.shown[~is_closed] > deals.stage[~is_closed])


def test_without_gaming_every_deal_is_shown_as_it_is() -> None:
    plain = replace(PARAMS, accounts=60, reps=RepParams(sandbaggers=0.0, happy_ears=0.0))
    streams = streams_of(plain.seed)

    deals = run_pipeline(streams["pursuit"], make_stage(plain, streams)).deals

    assert deals.count > 50
    assert np.array_equal(deals.shown, deals.stage)


@pytest.mark.parametrize("stage", [deal.DISCOVER, deal.PROPOSE])
def test_sandbaggers_forecast_lower_and_happy_ears_higher(gamed: Pipeline, stage: int) -> None:
    team = gamed.world.reps.team
    mean = {}
    for style in STYLES:
        owner = np.repeat(np.flatnonzero(team.style == style), 4_000)
        told = forecast(np.random.default_rng(2), gamed, np.full(len(owner), stage), owner)
        assert set(told) <= {0.0, 1.0, 2.0}
        mean[style] = float(told.mean())

    assert mean[SANDBAGGER] < mean[PLAIN] < mean[HAPPY_EARS]


@pytest.mark.parametrize(("stage", "told"), [(deal.WON, "closed"), (deal.LOST, "omitted")])
def test_a_closed_deal_has_the_category_of_its_end(gamed: Pipeline, stage: int, told: str) -> None:
    owner = np.arange(gamed.world.reps.team.count)

    category = forecast(np.random.default_rng(0), gamed, np.full(len(owner), stage), owner)

    assert {deal.FORECASTS[int(one)] for one in category} == {told}
