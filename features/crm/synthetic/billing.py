"""Billing: what the contracts are invoiced for, orders beside them, and how they are paid."""

import numpy as np

from features.crm.synthetic.log import Log
from features.crm.synthetic.pipeline import Pipeline
from features.crm.synthetic.steps import DAY, HOUR, NEVER, Floats, Ints, to_day


def make_invoices(rng: np.random.Generator, pipeline: Pipeline) -> Log:
    """Invoices, orders and credit notes; account, moment, recorded, amount, due, paid, step.

    `step` is the step that set a row going: a credit note belongs to the step of its invoice.
    """
    log = Log("account", "moment", "recorded", "amount", "due", "paid", "step")
    sources = [_orders(rng, pipeline)]
    if pipeline.world.params.billing.subscriptions:
        sources.insert(0, _periods(rng, pipeline))
    for account, moment, amount in sources:
        paid = _payments(rng, pipeline, account, to_day(moment))
        _issue(rng, pipeline, log, (account, moment, amount, paid))
        _credit(rng, pipeline, log, (account, moment, amount))
    return log


def _periods(rng: np.random.Generator, pipeline: Pipeline) -> tuple[Ints, Ints, Floats]:
    """Monthly or quarterly invoices in advance, over the life of every contract."""
    contracts, world = pipeline.portfolio.contracts, pipeline.world
    months = np.where(world.accounts.is_monthly[contracts.account], 1, 3)
    step = months * 30.4375
    span = np.maximum(0, contracts.ends - contracts.starts + 1)
    # A last period of under ten days is not billed.
    count = np.maximum(0, np.ceil((span - 10) / step)).astype(np.int64)
    contract = np.repeat(np.arange(len(count)), count)
    place = np.arange(len(contract)) - np.repeat(np.cumsum(count) - count, count)
    day = contracts.starts[contract] + np.floor(place * step[contract]).astype(np.int64)
    known = to_day(contracts.recorded[contract]) + 1
    moment = np.maximum(day, known) * DAY + (9 + rng.integers(0, 6, len(day))) * HOUR
    amount = contracts.value[contract] * months[contract] / 12
    due_now = (moment >= int(world.steps.edges[0]) * DAY) & (moment < world.steps.end)
    account = contracts.account[contract]
    return account[due_now], moment[due_now], np.round(amount, 2)[due_now]


def _orders(rng: np.random.Generator, pipeline: Pipeline) -> tuple[Ints, Ints, Floats]:
    """Orders beside the contract: their rate and size follow the account's volume."""
    world, params = pipeline.world, pipeline.world.params.billing
    volume = world.latent.volume
    demand = np.array([world.demand(step) for step in range(world.steps.count)])
    level = (world.steps.share * np.exp(demand))[:, None] * world.accounts.appetite
    rate = params.orders * np.exp(0.5 * volume) * pipeline.is_customer * level
    times = rng.poisson(rate)
    step, account = np.nonzero(times)
    step, account = (np.repeat(column, times[step, account]) for column in (step, account))
    size = params.order_size * world.accounts.value[account] / 12
    amount = size * np.exp(0.5 * volume[step, account])
    amount = amount * rng.lognormal(0, params.order_spread, len(step))
    return account, world.steps.moment(rng, step), np.round(amount, 2)


def _payments(rng: np.random.Generator, pipeline: Pipeline, account: Ints, issued: Ints) -> Ints:
    """The moment of each payment; some lie beyond the end of the history."""
    params, world = pipeline.world.params.billing, pipeline.world
    discipline = world.latent.discipline[world.steps.step_of(issued), account]
    late = params.late_mean - params.late_discipline * discipline
    late = late + rng.normal(0, params.late_sd, len(account))
    disputed = rng.random(len(account)) < params.disputed
    late = late + disputed * rng.exponential(params.dispute_days, len(account))
    days = np.maximum(1, params.terms_days + np.round(np.maximum(late, -18))).astype(np.int64)
    return (issued + days) * DAY + (8 + rng.integers(0, 9, len(account))) * HOUR


def _issue(
    rng: np.random.Generator,
    pipeline: Pipeline,
    log: Log,
    invoices: tuple[Ints, Ints, Floats, Ints],
) -> None:
    account, moment, amount, paid = invoices
    params, n = pipeline.world.params.billing, len(account)
    is_late = rng.random(n) < params.backdated
    recorded = moment + is_late * rng.integers(2, 18, n) * DAY
    due = to_day(moment) + params.terms_days
    # What is entered late cannot have been paid before it was entered.
    paid = np.maximum(paid, recorded + HOUR)
    step = pipeline.world.steps.step_of(to_day(moment))
    log.add(account, moment, recorded, amount, due, paid, step)


def _credit(
    rng: np.random.Generator, pipeline: Pipeline, log: Log, invoices: tuple[Ints, Ints, Floats]
) -> None:
    """Credit notes and returns, one to five weeks after the invoice; they have no due date."""
    account, moment, amount = invoices
    params, world = pipeline.world.params.billing, pipeline.world
    step = world.steps.step_of(to_day(moment))
    hard = world.latent.difficulty[step, account]
    chosen = rng.random(len(account)) < params.credit * np.exp(0.8 * hard)
    n = int(chosen.sum())
    when = moment[chosen] + rng.integers(7, 36, n) * DAY
    back = -np.round(amount[chosen] * rng.uniform(0.08, 0.6, n), 2)
    never = np.full(n, NEVER)
    log.add(account[chosen], when, when, back, never, never, step[chosen])
