"""Terms: quotes, discounts, amounts and committed dates, as they are revised on the way."""

import numpy as np

from features.crm.synthetic import deals as deal
from features.crm.synthetic.hazards import period_end_effect
from features.crm.synthetic.opening import promised_days
from features.crm.synthetic.pipeline import Pipeline
from features.crm.synthetic.steps import HOUR, Floats, Ints


def quote(
    rng: np.random.Generator, pipeline: Pipeline, step: int, quoted: tuple[Ints, Ints]
) -> None:
    """Write a quote for each deal: list value, and what is left of it after the discount."""
    which, moment = quoted
    deals, world = pipeline.deals, pipeline.world
    params = world.params.contracts
    n, account = len(which), deals.account[which]
    hard = world.latent.difficulty[step, account]
    is_late = period_end_effect(pipeline, step) > 1
    percent = params.discount_mean + params.discount_difficulty * hard + rng.normal(0, 3.0, n)
    percent += params.discount_period_end * is_late * (hard > 0)
    percent *= np.where(deals.stage[which] == deal.NEGOTIATE, 1.0, 0.5)
    percent = np.where(rng.random(n) < 0.15, 0.0, percent)
    first = deals.stage[which] == deal.PROPOSE
    uplift = _renewal_uplift(rng, pipeline, step, which)
    is_repriced = first & (deals.kind[which] == deal.RENEWAL)
    deals.list_amount[which] *= np.where(is_repriced, uplift, 1.0)
    percent = np.maximum(np.round(np.clip(percent, 0, 35)), np.nan_to_num(deals.discount[which]))
    _reprice(pipeline, which, moment, percent)


def sweeten(
    rng: np.random.Generator, pipeline: Pipeline, step: int, won: tuple[Ints, Ints]
) -> None:
    """A last discount, two hours before the signature, for hard accounts at period end."""
    which, moment = won
    deals, world = pipeline.deals, pipeline.world
    hard = world.latent.difficulty[step, deals.account[which]]
    chance = 0.55 if period_end_effect(pipeline, step) > 1 else 0.10
    asked = rng.random(len(which)) < chance / (1 + np.exp(-1.5 * hard))
    more = np.round(rng.uniform(2, 9, len(which)))
    chosen = which[asked]
    percent = np.clip(np.nan_to_num(deals.discount[chosen]) + more[asked], 0, 40)
    _reprice(pipeline, chosen, moment[asked] - 2 * HOUR, percent)


def edit_amounts(rng: np.random.Generator, pipeline: Pipeline, step: int, which: Ints) -> None:
    """Scope grows or shrinks: now and then the rep revises the amount."""
    deals, world = pipeline.deals, pipeline.world
    draw = rng.random(len(which))
    rate = world.params.pursuit.amount_edit * world.steps.share[step]
    edited = draw < rate * ~deals.is_abandoned[which]
    chosen = which[edited]
    factor = rng.lognormal(0, 0.18, len(chosen))
    moment = world.steps.moment(rng, np.full(len(chosen), step))
    deals.list_amount[chosen] *= factor
    _set_amount(pipeline, chosen, moment, deals.amount[chosen] * factor)


def mend_dates(rng: np.random.Generator, pipeline: Pipeline, step: int, which: Ints) -> None:
    """Push committed dates that have passed or are about to; a few deals are pulled in."""
    deals, world = pipeline.deals, pipeline.world
    params, today = world.params.pursuit, int(world.steps.day(step))
    rep = world.reps.owner[step, deals.account[which]]
    draw = rng.random(len(which))
    left = deals.close_day[which] - today
    tidiness = world.reps.team.tidiness[rep]
    weekly = np.where(left < 0, tidiness, 0.5 * tidiness)
    weekly = np.where(deals.is_abandoned[which], 0.01, weekly)
    share = world.steps.share[step]
    is_pushed = (left < 7) & (draw < 1 - (1 - weekly) ** share)
    is_pulled = (left > 45) & (deals.stage[which] == deal.NEGOTIATE) & (draw < 0.03 * share)
    pushed, pulled = which[is_pushed], which[is_pulled]
    span = params.push_days * rng.lognormal(0, 0.5, len(pushed))
    base = np.maximum(deals.close_day[pushed], today)
    later = promised_days(rng, world.steps, base + np.maximum(7, span).astype(np.int64))
    sooner = today + 14 + rng.integers(0, 21, len(pulled))
    deals.pushes[pushed] += 1
    _set_close_day(rng, pipeline, step, (pushed, later))
    _set_close_day(rng, pipeline, step, (pulled, sooner))


def _set_close_day(
    rng: np.random.Generator, pipeline: Pipeline, step: int, typed: tuple[Ints, Ints]
) -> None:
    which, day = typed
    deals = pipeline.deals
    moment = pipeline.world.steps.moment(rng, np.full(len(which), step))
    old, new = deals.close_day[which].astype(np.float64), day.astype(np.float64)
    pipeline.logs.change(which, moment, field=deal.CLOSE_DATE_FIELD, old=old, new=new)
    deals.close_day[which] = day


def _renewal_uplift(rng: np.random.Generator, pipeline: Pipeline, step: int, which: Ints) -> Floats:
    """Factor on the contract's value when a renewal is priced: how use grew since it began."""
    contracts, deals = pipeline.portfolio.contracts, pipeline.deals
    noise = rng.normal(0.015, 0.07, len(which))
    if len(contracts.starts) == 0:
        return noise + 1.0
    now = pipeline.world.latent.volume[step, deals.account[which]]
    growth: Floats = 0.6 * (now - contracts.volume[deals.contract[which]]) + noise
    return np.exp(growth)


def _reprice(pipeline: Pipeline, which: Ints, moment: Ints, percent: Floats) -> None:
    """Write quotes with these discounts; the deal's amount follows the quote."""
    deals = pipeline.deals
    net = deals.list_amount[which] * (1 - percent / 100)
    is_first = np.isnan(deals.discount[which])
    deals.discount[which] = percent
    listed = np.round(deals.list_amount[which], 2)
    pipeline.logs.quotes.add(which, moment, listed, np.round(net, 2), is_first)
    _set_amount(pipeline, which, moment, net)


def _set_amount(pipeline: Pipeline, which: Ints, moment: Ints, amount: Floats) -> None:
    deals = pipeline.deals
    new = np.round(np.maximum(amount, 50.0), 2)
    moved = deals.amount[which] != new
    pipeline.logs.change(
        which[moved],
        moment[moved],
        field=deal.AMOUNT_FIELD,
        old=deals.amount[which][moved],
        new=new[moved],
    )
    deals.amount[which] = new
