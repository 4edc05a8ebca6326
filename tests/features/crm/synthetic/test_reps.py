"""Reps: a team with habits, whose books move when somebody goes."""

from dataclasses import replace

import numpy as np
import pytest

from features.crm.synthetic.params import RepParams, WorldParams
from features.crm.synthetic.pipeline import World as Stage
from features.crm.synthetic.reps import (
    HAPPY_EARS,
    PLAIN,
    SANDBAGGER,
    Team,
    departures,
    make_team,
)
from features.crm.synthetic.world import make_stage, streams_of

PARAMS = WorldParams(accounts=600, seed=4, years=3)


def staged(params: WorldParams = PARAMS) -> Stage:
    return make_stage(params, streams_of(params.seed))


def team_of(params: WorldParams, accounts: int) -> Team:
    return make_team(np.random.default_rng(2), params, accounts)


@pytest.fixture(scope="module")
def stage() -> Stage:
    return staged()


@pytest.mark.parametrize(
    ("accounts", "sellers", "managers"), [(1, 3, 2), (75, 3, 2), (500, 20, 2), (2000, 80, 8)]
)
def test_there_is_a_seller_for_a_book_and_a_manager_for_ten_sellers(
    accounts: int, sellers: int, managers: int
) -> None:
    team = team_of(PARAMS, accounts)

    assert (team.count - team.managers, team.managers) == (sellers, managers)
    assert np.all(team.manager[:managers] == -1)
    assert set(team.manager[managers:]) <= set(range(managers))


def test_managers_own_nothing(stage: Stage) -> None:
    assert stage.reps.owner.min() >= stage.reps.team.managers


def test_the_first_books_are_of_about_one_size(stage: Stage) -> None:
    team = stage.reps.team
    book = np.bincount(stage.reps.owner[0], minlength=team.count)[team.managers :]

    assert book.max() - book.min() <= 2


def test_nobody_owns_an_account_after_leaving(stage: Stage) -> None:
    day = stage.steps.day(np.arange(stage.steps.count))

    leaves = stage.reps.leaves_on[0][stage.reps.owner]

    assert (stage.reps.leaves_on[0] < int(stage.steps.edges[-1])).sum() >= 2
    assert np.all(leaves > day[:, None])


def test_a_book_goes_to_more_than_one_colleague(stage: Stage) -> None:
    owner, leaves = stage.reps.owner, stage.reps.leaves_on[0]
    gone = int(np.flatnonzero(leaves < int(stage.steps.edges[-1]))[0])
    step = int(np.searchsorted(stage.steps.edges, leaves[gone]))

    heirs = owner[step, owner[step - 1] == gone]

    assert len(heirs) > 5
    assert len(set(heirs)) > 1


def test_without_departures_and_moves_owners_stay() -> None:
    still = replace(PARAMS, reps=RepParams(leaves=0.0, account_moves=0.0))

    owner = staged(still).reps.owner

    assert np.all(owner == owner[0])


def test_departures_come_at_their_rate_and_spare_managers_and_two_sellers() -> None:
    team, worlds = team_of(PARAMS, 500), 4_000

    days = departures(np.random.default_rng(1), PARAMS, team, worlds=worlds, today=100)

    spared = np.concatenate([days[:, : team.managers], days[:, -2:]], axis=1)
    others = days[:, team.managers : -2]
    assert days.shape == (worlds, team.count)
    assert spared.min() > 900_000
    assert others.min() >= 100
    within = float((others < 100 + 365.25).mean())
    assert within == pytest.approx(1 - np.exp(-PARAMS.reps.leaves), abs=0.003)


def test_accounts_move_at_their_rate_besides(stage: Stage) -> None:
    many = replace(PARAMS, accounts=2000, reps=RepParams(leaves=0.0, account_moves=0.30))

    owner = staged(many).reps.owner

    moved = float((owner[1:] != owner[:-1]).sum()) / (2000 * many.years)
    # A move may fall to the seller who has the account; accounts that have not arrived stay.
    assert 0.20 < moved < 0.31


def test_styles_have_their_shares_and_type_dates_accordingly() -> None:
    mixed = replace(PARAMS, reps=RepParams(sandbaggers=0.25, happy_ears=0.40))

    team = team_of(mixed, 100_000)

    found = np.bincount(team.style, minlength=3) / team.count
    typed = [float(team.optimism[team.style == style].mean()) for style in range(3)]
    assert found == pytest.approx([0.35, 0.25, 0.40], abs=0.03)
    assert typed[HAPPY_EARS] < 0.8 * typed[PLAIN]
    assert typed[SANDBAGGER] > 1.3 * typed[PLAIN]


def test_effort_follows_diligence_size_and_a_mood_that_passes(stage: Stage) -> None:
    effort, attention = stage.reps.effort, stage.reps.attention
    diligence = stage.reps.team.diligence[stage.reps.owner]

    assert 0.7 < float(effort.std()) < 1.2
    assert float(np.corrcoef(attention.ravel(), effort.ravel())[0, 1]) > 0.6
    assert float(np.corrcoef(diligence.ravel(), effort.ravel())[0, 1]) > 0.3
    size = np.log(stage.accounts.value)
    assert float(np.corrcoef(size, effort.mean(axis=0))[0, 1]) > 0.2


def test_who_has_gone_is_not_active_at_the_end(stage: Stage) -> None:
    active = stage.reps.is_active(stage.steps)

    assert np.array_equal(active, stage.reps.leaves_on[0] >= int(stage.steps.edges[-1]))
    assert 0 < (~active).sum() < len(active)
