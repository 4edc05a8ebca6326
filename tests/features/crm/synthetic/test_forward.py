"""Forward worlds: they start from the state as it was, and know nothing of what came."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from features.crm.synthetic import deals as deal
from features.crm.synthetic.deal_tables import deal_order
from features.crm.synthetic.forward import (
    CONTRACT_DAYS_KEPT,
    WON_DAYS_KEPT,
    Futures,
    History,
    live_through,
    run_forward,
)
from features.crm.synthetic.pursuit import run_pipeline
from features.crm.synthetic.steps import DAY, NEVER
from features.crm.synthetic.tables import ACCOUNT_IDS, DEAL_IDS, dates
from features.crm.synthetic.world import make_stage, streams_of
from tests.features.crm.small_world import PARAMS, World
from tests.features.crm.synthetic.forked import (
    EARLIER,
    FORK,
    MOMENT,
    UNTIL_DAY,
    WORLDS,
    contents,
    moved,
    with_another_future,
)


def forked(history: History, seed: int, worlds: int = 2) -> Futures:
    rng = np.random.default_rng(seed)
    return run_forward(rng, history, MOMENT, worlds=worlds, until_day=UNTIL_DAY)


def is_shared(futures: Futures) -> np.ndarray:
    return futures.deal >= 0


def home(futures: Futures, accounts: np.ndarray) -> np.ndarray:
    return accounts // futures.accounts


def test_keeping_states_does_not_change_the_world(history: History) -> None:
    streams = streams_of(PARAMS.seed)

    plain = run_pipeline(streams["pursuit"], make_stage(PARAMS, streams))

    assert moved(plain) == moved(history.pipeline)


@pytest.mark.parametrize("moment", [EARLIER, MOMENT])
def test_the_state_is_what_the_tables_tell_of_that_moment(
    history: History, world: World, moment: datetime
) -> None:
    deals = history.states[moment].deals
    is_open = np.flatnonzero(deals.closed == NEVER)
    state = pl.DataFrame(
        {
            "opportunity_id": DEAL_IDS.of(deal_order(history.pipeline)[is_open]),
            "account_id": ACCOUNT_IDS.of(deals.account[is_open]),
            "stage": np.array(deal.STAGES)[deals.shown[is_open]],
            "close_date": dates(deals.close_day[is_open]).cast(pl.String),
            "amount": deals.amount[is_open],
            "forecast_category": np.array(deal.FORECASTS)[deals.forecast[is_open].astype(int)],
        }
    ).sort("opportunity_id")

    open_then = world["opportunities"].filter(
        (pl.col("created_at") < moment)
        & (pl.col("closed_at").is_null() | (pl.col("closed_at") >= moment))
    )
    told = (
        world["opportunity_changes"]
        .filter(pl.col("changed_at") < moment)
        .sort("changed_at", maintain_order=True)
        .group_by("opportunity_id", "field")
        .agg(pl.col("new").last())
        .pivot("field", index="opportunity_id", values="new")
        .with_columns(pl.col("amount").cast(pl.Float64))
    )
    tables = open_then.select("opportunity_id", "account_id").join(told, on="opportunity_id")

    assert state.height > 50
    assert state.equals(tables.select(state.columns).sort("opportunity_id"))


def test_the_contracts_of_the_state_are_those_on_record(history: History, world: World) -> None:
    portfolio = history.states[MOMENT].portfolio
    known = world["contracts"].filter(pl.col("recorded_at") < MOMENT)
    stamps = {
        "renewed_at": portfolio.contracts.renewed,
        "cancelled_at": portfolio.contracts.cancelled,
    }

    assert len(portfolio.contracts.account) == known.height
    for column, stamp in stamps.items():
        assert (stamp != NEVER).sum() == known.filter(pl.col(column) < MOMENT).height > 0, column
    # A contract stays after its last day while its renewal is open, or was lost just now.
    settled = (portfolio.main >= 0) & (portfolio.renewal < 0) & ~portfolio.is_leaving
    assert np.all(portfolio.ends[settled] * DAY >= FORK)


def test_running_on_changes_neither_the_history_nor_its_state(history: History) -> None:
    before = (moved(history.pipeline), contents(history.states[MOMENT]))

    forked(history, seed=1)

    assert before == (moved(history.pipeline), contents(history.states[MOMENT]))


def test_the_same_generator_gives_the_same_futures_and_another_gives_others(
    history: History,
) -> None:
    first, again, other = (moved(forked(history, seed).pipeline) for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_nothing_of_what_came_is_known_to_the_futures(history: History) -> None:
    blank = with_another_future(history, history.states[MOMENT].step)

    there, here = forked(blank, seed=1), forked(history, seed=1)

    assert moved(there.pipeline) == moved(here.pipeline)
    assert contents(there.pipeline.world.latent) == contents(here.pipeline.world.latent)
    assert contents(there.pipeline.world.reps) == contents(here.pipeline.world.reps)


def test_all_that_happens_in_the_futures_happens_from_the_moment_on(futures: Futures) -> None:
    pipeline, later = futures.pipeline, ~is_shared(futures)
    changes = pipeline.logs.changes["moment"]
    end = UNTIL_DAY * DAY

    assert later.sum() > 100
    assert pipeline.deals.created[later].min() >= FORK
    assert changes.min() >= FORK
    assert changes.max() < end
    assert pipeline.logs.quotes["moment"].min() >= FORK
    closed = pipeline.deals.closed[is_shared(futures)][futures.was_open]
    closed = closed[closed != NEVER]
    assert FORK <= closed.min() < closed.max() < end


def test_what_was_closed_before_stays_as_it_was(history: History, futures: Futures) -> None:
    then, now = history.states[MOMENT].deals, futures.pipeline.deals
    over = np.flatnonzero(is_shared(futures))[~futures.was_open]
    source = futures.deal[over]

    assert len(over) > 100
    for name in ("stage", "shown", "closed", "close_day", "amount", "kind", "created", "luck"):
        assert np.array_equal(getattr(now, name)[over], getattr(then, name)[source]), name
    assert np.all(now.account[over] % futures.accounts == then.account[source])


def test_every_open_deal_and_every_recent_win_goes_on_in_every_world(
    history: History, futures: Futures
) -> None:
    deals = history.states[MOMENT].deals
    is_recent = (deals.stage == deal.WON) & (deals.closed >= FORK - WON_DAYS_KEPT * DAY)
    kept = np.flatnonzero((deals.closed == NEVER) | is_recent)

    shared = futures.deal[is_shared(futures)].reshape(WORLDS, -1)

    assert np.all(shared == kept)
    places = np.flatnonzero(is_shared(futures)).reshape(WORLDS, -1)
    assert np.all(np.arange(WORLDS) == home(futures, futures.pipeline.deals.account[places]).T)


def test_every_contract_that_matters_goes_on_in_every_world(
    history: History, futures: Futures
) -> None:
    then = history.states[MOMENT].portfolio.contracts
    lately = then.ends * DAY >= FORK - CONTRACT_DAYS_KEPT * DAY
    contracts = futures.pipeline.portfolio.contracts
    was = contracts.recorded < FORK

    for world in range(WORLDS):
        own = was & (home(futures, contracts.account) == world)
        found = np.stack([contracts.account[own] % futures.accounts, contracts.starts[own]])
        needed = np.stack([then.account[lately], then.starts[lately]])
        assert set(map(tuple, needed.T)) <= set(map(tuple, found.T))


def test_deals_contracts_and_renewals_stay_within_their_world(
    history: History, futures: Futures
) -> None:
    pipeline = futures.pipeline
    deals, portfolio = pipeline.deals, pipeline.portfolio
    contracts, everybody = portfolio.contracts, np.arange(len(portfolio.main))
    held, renewing = portfolio.main >= 0, portfolio.renewal >= 0
    renewals = np.flatnonzero(deals.contract >= 0)
    shared = renewals[futures.deal[renewals] >= 0]

    assert min(held.sum(), renewing.sum(), len(shared)) > 50
    assert np.array_equal(contracts.account[portfolio.main[held]], everybody[held])
    assert np.array_equal(deals.account[portfolio.renewal[renewing]], everybody[renewing])
    assert np.array_equal(contracts.account[deals.contract[renewals]], deals.account[renewals])
    then = history.states[MOMENT]
    was = then.deals.contract[futures.deal[shared]]
    assert np.array_equal(
        contracts.starts[deals.contract[shared]], then.portfolio.contracts.starts[was]
    )
    assert np.array_equal(
        contracts.value[deals.contract[shared]], then.portfolio.contracts.value[was]
    )


def test_open_renewals_start_within_their_world(history: History) -> None:
    rng, first_day = np.random.default_rng(1), FORK // DAY
    futures = run_forward(rng, history, MOMENT, worlds=3, until_day=first_day + 2)

    pipeline, was = futures.pipeline, history.states[MOMENT].portfolio.renewal
    renewing = np.flatnonzero(pipeline.portfolio.renewal >= 0)
    which = pipeline.portfolio.renewal[renewing]

    assert (was >= 0).sum() > 5
    assert np.array_equal(pipeline.deals.account[which], renewing)
    shared = futures.deal[which] >= 0
    assert shared.sum() > 3 * 5
    assert np.array_equal(futures.deal[which][shared], was[renewing[shared] % futures.accounts])


def test_worlds_differ_from_one_another(futures: Futures) -> None:
    deals, reps = futures.pipeline.deals, futures.pipeline.world.reps
    shared = np.flatnonzero(is_shared(futures)).reshape(WORLDS, -1)
    ends = deals.closed[shared][:, futures.was_open.reshape(WORLDS, -1)[0]]
    owner = reps.owner[-1].reshape(WORLDS, -1)
    intent = futures.pipeline.world.latent.intent[-1].reshape(WORLDS, -1)

    for one, other in ((0, 1), (1, 2), (0, WORLDS - 1)):
        assert (ends[one] != ends[other]).mean() > 0.5
        assert not np.any(intent[one] == intent[other])
        assert np.any(owner[one] != owner[other])
    assert len({tuple(row) for row in reps.leaves_on}) == WORLDS


def test_who_had_left_before_is_gone_in_every_world_and_nobody_else(history: History) -> None:
    busy = replace(PARAMS, reps=replace(PARAMS.reps, leaves=0.5))
    left = live_through(busy, [MOMENT])
    step = left.states[MOMENT].step
    last = int(left.world.steps.day(step - 1))

    futures = forked(left, seed=5, worlds=6)

    was_gone = left.world.reps.leaves_on[0] <= last
    assert was_gone.sum() >= 2
    leaves_on = futures.pipeline.world.reps.leaves_on
    assert np.all((leaves_on < last) == (was_gone & (left.world.reps.leaves_on[0] < last)))
    owner = futures.pipeline.world.reps.owner
    assert not np.isin(owner, np.flatnonzero(was_gone)).any()


def test_only_a_moment_at_which_the_world_stands_still_has_a_state() -> None:
    with pytest.raises(ValueError, match="beginning of a week or a month"):
        live_through(PARAMS, [datetime(2025, 10, 8, tzinfo=UTC)])
