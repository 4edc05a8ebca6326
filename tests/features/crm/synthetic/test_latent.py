"""Hidden state: stationary, and the same process whether walked in one piece or in several."""

from datetime import date

import numpy as np
import pytest

from features.crm.synthetic.latent import Latent, draw_traits, drift, first_mood, walk
from features.crm.synthetic.params import LatentParams
from features.crm.synthetic.steps import Steps, make_steps

PARAMS = LatentParams()
ACCOUNTS = 4_000
MOODS = ("surge", "trouble", "answer", "habit")
HALF_LIVES = (
    PARAMS.intent_half_life,
    PARAMS.difficulty_half_life,
    PARAMS.response_half_life,
    PARAMS.discipline_half_life,
)
STEPS = make_steps(date(2026, 11, 21), years=1.5, fiscal_year_start_month=1)
CUT = 30


def whole(seed: int = 0) -> Latent:
    rng = np.random.default_rng(seed)
    traits = draw_traits(rng, PARAMS, ACCOUNTS)
    mood = first_mood(rng, PARAMS, ACCOUNTS)
    return walk(rng, PARAMS, traits=traits, mood=mood, steps=STEPS)


def continued(before: Latent, steps: Steps, seed: int = 1) -> Latent:
    rng = np.random.default_rng(seed)
    return walk(rng, PARAMS, traits=before.traits, mood=before.mood_before(CUT), steps=steps)


@pytest.fixture(scope="module")
def first() -> Latent:
    return whole()


@pytest.fixture(scope="module")
def second(first: Latent) -> Latent:
    return continued(first, STEPS.after(CUT, int(STEPS.edges[-1])))


@pytest.mark.parametrize("place", range(4), ids=MOODS)
@pytest.mark.parametrize("piece", ["first", "second"])
def test_a_mood_has_mean_0_and_deviation_1_at_every_step(
    request: pytest.FixtureRequest, place: int, piece: str
) -> None:
    grid = request.getfixturevalue(piece).moods[place]

    # Four standard errors of a mean and of a deviation over the accounts, and a little.
    assert np.all(np.abs(grid.mean(axis=1)) < 5 / np.sqrt(ACCOUNTS))
    assert np.all(np.abs(grid.std(axis=1) - 1) < 5 / np.sqrt(2 * ACCOUNTS))


@pytest.mark.parametrize("place", range(4), ids=MOODS)
def test_a_mood_forgets_by_its_half_life_across_the_cut_as_within_a_piece(
    first: Latent, second: Latent, place: int
) -> None:
    weeks = np.cumsum(STEPS.weeks)
    joined = np.vstack([first.moods[place][:CUT], second.moods[place]])

    for one, other in ((5, 20), (20, 45), (CUT - 1, CUT), (CUT - 1, CUT + 12), (CUT + 1, CUT + 20)):
        found = float(np.corrcoef(joined[one], joined[other])[0, 1])
        expected = 0.5 ** ((weeks[other] - weeks[one]) / HALF_LIVES[place])
        assert found == pytest.approx(expected, abs=4 / np.sqrt(ACCOUNTS)), (one, other)


def test_a_short_step_forgets_less_than_a_long_one() -> None:
    rng = np.random.default_rng(5)
    before = rng.standard_normal(20_000)

    after = drift(rng, np.array([1 / 7, 6 / 7, 3.0]), 2.0, before)

    for row, weeks in enumerate((1 / 7, 1.0, 4.0)):
        found = float(np.corrcoef(before, after[row])[0, 1])
        assert found == pytest.approx(0.5 ** (weeks / 2.0), abs=0.03)
        assert float(after[row].std()) == pytest.approx(1.0, abs=0.03)


def test_the_second_piece_begins_where_the_first_stood(first: Latent, second: Latent) -> None:
    step = np.abs(second.volume[0] - first.volume[CUT - 1])

    weeks = float(STEPS.weeks[CUT])
    usual = PARAMS.volume_shock * np.sqrt(weeks)
    assert float(step.std()) < 1.2 * usual
    moved = float((second.champion[0] != first.champion[CUT - 1]).mean())
    assert moved < 2 * max(PARAMS.champion_leaves, PARAMS.champion_found) * weeks


def test_two_walks_from_one_mood_part_ways(first: Latent, second: Latent) -> None:
    other = continued(first, STEPS.after(CUT, int(STEPS.edges[-1])), seed=2)

    assert np.array_equal(other.traits.fit, second.traits.fit)
    assert not np.any(other.intent == second.intent)


def test_volume_grows_by_the_trend_and_wanders(first: Latent) -> None:
    years = float(STEPS.weeks.sum()) / 52

    growth = first.volume[-1] - first.traits.trend * years

    assert float(np.abs(growth.mean())) < 0.02
    expected = PARAMS.volume_shock * np.sqrt(float(STEPS.weeks.sum()))
    assert float(growth.std()) == pytest.approx(expected, rel=0.05)


def test_champions_keep_their_share(first: Latent, second: Latent) -> None:
    share = np.concatenate([first.champion[:CUT].mean(axis=1), second.champion.mean(axis=1)])
    come, go = PARAMS.champion_found, PARAMS.champion_leaves

    assert share[0] == pytest.approx(PARAMS.champion_share, abs=0.03)
    assert come / (come + go) == pytest.approx(PARAMS.champion_share, abs=0.03)
    assert np.all(np.abs(share - come / (come + go)) < 0.04)


def test_the_mixtures_have_about_unit_spread(first: Latent) -> None:
    for name in ("intent", "difficulty", "responsiveness", "discipline", "health"):
        grid = getattr(first, name)
        assert 0.75 < float(grid.std()) < 1.25, name
        assert abs(float(grid.mean())) < 0.1, name


def test_there_is_no_mood_before_the_first_step(first: Latent) -> None:
    with pytest.raises(ValueError, match="expected a step of 1 or later, got 0"):
        first.mood_before(0)


def test_tiling_repeats_the_accounts_in_order(first: Latent) -> None:
    traits, mood = first.traits.tile(3), first.mood_before(CUT).tile(3)

    assert np.array_equal(traits.fit.reshape(3, -1), np.tile(first.traits.fit, (3, 1)))
    assert np.array_equal(mood.surge[ACCOUNTS : 2 * ACCOUNTS], first.moods[0][CUT - 1])
    assert np.array_equal(mood.volume[-ACCOUNTS:], first.volume[CUT - 1])
