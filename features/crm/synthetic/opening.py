"""Opening: the births of deals, and the close dates that reps promise for them."""

import numpy as np

from features.crm.synthetic import deals as deal
from features.crm.synthetic.deals import Deals
from features.crm.synthetic.display import forecast
from features.crm.synthetic.pipeline import Pipeline
from features.crm.synthetic.steps import NEVER, Flags, Floats, Ints, Steps, to_day


def open_deals(rng: np.random.Generator, pipeline: Pipeline, step: int) -> None:
    """Open this step's new deals, expansions and renewals, and log their first values."""
    pursuit, latent = pipeline.world.params.pursuit, pipeline.world.latent
    draw = rng.random((2, pipeline.world.accounts.count))
    worked, given_up = _held(pipeline)
    is_customer = pipeline.portfolio.main >= 0
    today = int(pipeline.world.steps.day(step))
    rested = today - pipeline.last_close > 7 * pursuit.cool_down
    present = pipeline.world.accounts.present(step)
    need = np.exp(pursuit.need_on_opening * latent.intent[step]) * np.where(given_up, 0.5, 1.0)
    need *= pipeline.world.steps.share[step] * np.exp(pipeline.world.demand(step))
    new = present & ~is_customer & ~worked & rested[deal.NEW]
    more = is_customer & ~worked & rested[deal.EXPANSION] & ~pipeline.portfolio.is_leaving
    # Who runs out in a few weeks talks about renewing, not about more.
    more &= pipeline.portfolio.ends > today + 60
    starts = (
        np.flatnonzero(new & (draw[0] < pursuit.new_rate * need)),
        np.flatnonzero(more & (draw[1] < pursuit.expansion_rate * need)),
        _due(pipeline, step),
    )
    for kind, accounts in enumerate(starts):
        if len(accounts):
            _open(rng, pipeline, step, (kind, accounts))


def promised_days(rng: np.random.Generator, steps: Steps, days: Ints) -> Ints:
    """Move typed dates to where reps like them: ends of months and of quarters."""
    habit = rng.random(len(days))
    snapped = np.where(habit < 0.40, steps.next_end(steps.month_ends, days), days)
    return np.where(habit < 0.22, steps.next_end(steps.quarter_ends, days), snapped)


def _held(pipeline: Pipeline) -> tuple[Flags, Flags]:
    """Accounts with a worked sale, and accounts with one that was given up."""
    deals, n = pipeline.deals, pipeline.world.accounts.count
    worked, given_up = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)
    live = deals.open_deals()
    live = live[deals.kind[live] != deal.RENEWAL]
    worked[deals.account[live[~deals.is_abandoned[live]]]] = True
    given_up[deals.account[live[deals.is_abandoned[live]]]] = True
    return worked, given_up


def _due(pipeline: Pipeline, step: int) -> Ints:
    """Accounts whose main contract has reached the day on which a rep opens the renewal."""
    portfolio = pipeline.portfolio
    if len(portfolio.contracts.opens) == 0:
        return np.empty(0, dtype=np.int64)
    opens = portfolio.contracts.opens[portfolio.main]
    due = (portfolio.main >= 0) & (opens != NEVER) & (portfolio.renewal < 0)
    due &= ~portfolio.is_leaving & (opens < int(pipeline.world.steps.day(step + 1)))
    return np.flatnonzero(due)


def _open(
    rng: np.random.Generator, pipeline: Pipeline, step: int, births: tuple[int, Ints]
) -> None:
    """Open one deal of one kind for each account."""
    kind, account = births
    world, deals, n = pipeline.world, pipeline.deals, len(births[1])
    is_renewal = kind == deal.RENEWAL
    created = world.steps.moment(rng, np.full(n, step))
    stage = np.full(n, deal.DISCOVER if is_renewal else 0)
    amount = np.maximum(_first_amount(rng, pipeline, kind, account), 100.0)
    batch = Deals(
        account=account,
        kind=np.full(n, kind),
        stage=stage,
        shown=stage.copy(),
        forecast=forecast(rng, pipeline, stage, world.reps.owner[step, account]),
        stage_since=np.full(n, int(world.steps.day(step))),
        created=created,
        closed=np.full(n, NEVER),
        close_day=_first_close_day(rng, pipeline, step, (kind, account, created)),
        amount=amount,
        list_amount=amount,
        discount=np.full(n, np.nan),
        pushes=np.zeros(n, dtype=np.int64),
        is_stalled=np.zeros(n, dtype=np.bool_),
        is_abandoned=np.zeros(n, dtype=np.bool_),
        luck=rng.normal(0, world.params.pursuit.deal_noise, n),
        contract=pipeline.portfolio.main[account] if is_renewal else np.full(n, -1),
    )
    opened = deals.extend(batch)
    if is_renewal:
        pipeline.portfolio.renewal[account] = opened
    _log_first(pipeline, opened, world.reps.owner[step, account])


def _log_first(pipeline: Pipeline, opened: Ints, owner: Ints) -> None:
    """Put the first values of new deals on record, so that the past can be told later."""
    deals = pipeline.deals
    first = (
        (deal.STAGE_FIELD, deals.shown[opened]),
        (deal.CLOSE_DATE_FIELD, deals.close_day[opened]),
        (deal.AMOUNT_FIELD, deals.amount[opened]),
        (deal.OWNER_FIELD, owner),
        (deal.PROBABILITY_FIELD, np.array(deal.PROBABILITIES)[deals.shown[opened]]),
        (deal.FORECAST_FIELD, deals.forecast[opened]),
    )
    created, nothing = deals.created[opened], np.full(len(opened), np.nan)
    for field, value in first:
        now = value.astype(np.float64)
        pipeline.logs.change(opened, created, field=field, old=nothing, new=now)


def _first_amount(rng: np.random.Generator, pipeline: Pipeline, kind: int, account: Ints) -> Floats:
    """Annual value that the rep expects when the deal opens."""
    n, arr = len(account), pipeline.portfolio.arr[account]
    if kind == deal.NEW:
        return np.round(pipeline.world.accounts.value[account] * rng.lognormal(0, 0.35, n), -2)
    if kind == deal.EXPANSION:
        return np.round(arr * rng.uniform(0.08, 0.45, n), -2)
    return np.round(arr, -1)


def _first_close_day(
    rng: np.random.Generator, pipeline: Pipeline, step: int, births: tuple[int, Ints, Ints]
) -> Ints:
    """Close date as first promised; a renewal's is the end of the contract."""
    kind, account, created = births
    world, n = pipeline.world, len(births[1])
    if kind == deal.RENEWAL:
        return pipeline.portfolio.ends[account]
    habit = world.reps.team.optimism[world.reps.owner[step, account]]
    cycle = world.params.pursuit.cycle_days * (0.65 if kind == deal.EXPANSION else 1.0)
    days = np.maximum(14, cycle * habit * rng.lognormal(0, 0.25, n)).astype(np.int64)
    return promised_days(rng, world.steps, to_day(created) + days)
