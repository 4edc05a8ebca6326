"""Service: tickets, product usage, referrals, and the mutual promises made on the way."""

import numpy as np

from features.crm.synthetic import deals as deal
from features.crm.synthetic.log import Log
from features.crm.synthetic.pipeline import Pipeline
from features.crm.synthetic.steps import DAY, HOUR, MINUTE, NEVER, to_day


def make_tickets(rng: np.random.Generator, pipeline: Pipeline) -> Log:
    """Tickets of customers; account, opened, closed, priority, escalated, csat, step."""
    world, params = pipeline.world, pipeline.world.params.service
    hard = world.latent.difficulty
    rate = params.tickets * np.exp(params.ticket_difficulty * hard) * pipeline.is_customer
    times = rng.poisson(rate * world.steps.share[:, None])
    step, account = np.nonzero(times)
    step, account = (np.repeat(column, times[step, account]) for column in (step, account))
    n, trouble = len(step), hard[step, account]
    opened = world.steps.moment(rng, step)
    days = np.minimum(
        rng.lognormal(np.log(params.resolve_days), 0.9, n) * np.exp(0.2 * trouble), 90
    )
    closed = opened + (days * DAY).astype(np.int64) // MINUTE * MINUTE + 10 * MINUTE
    is_escalated = rng.random(n) < params.escalated * np.exp(0.5 * trouble)
    escalated = opened + ((closed - opened) * rng.uniform(0.2, 0.8, n)).astype(np.int64)
    mark = 4.1 - 0.45 * trouble - 0.8 * is_escalated + rng.normal(0, 0.8, n)
    is_rated = rng.random(n) < params.rated
    priority = np.clip(np.round(1.4 + 0.4 * trouble + rng.normal(0, 0.7, n)), 0, 3)
    log = Log("account", "opened", "closed", "priority", "escalated", "csat", "step")
    log.add(
        account,
        opened,
        closed,
        np.where(is_escalated, np.maximum(priority, 2), priority),
        np.where(is_escalated, escalated // MINUTE * MINUTE, NEVER),
        np.where(is_rated, np.clip(np.round(mark), 1, 5), np.nan),
        step,
    )
    return log


def make_usage(rng: np.random.Generator, pipeline: Pipeline) -> Log:
    """Active users of customers in each week; account, day, recorded, value."""
    world, params = pipeline.world, pipeline.world.params.service
    latent, steps = world.latent, world.steps
    share = rng.uniform(0.08, 0.35, world.accounts.count)
    begins_week = (steps.edges[:-1] - int(steps.edges[0])) % 7 == 0
    step, account = np.nonzero(pipeline.is_customer & begins_week[:, None])
    level = np.log(world.accounts.employees * share)[account]
    level = level + 0.25 * latent.intent[step, account] + 0.7 * latent.volume[step, account]
    level = level + 0.15 * latent.champion[step, account]
    value = np.exp(level + rng.normal(0, params.usage_noise, len(step)))
    day = steps.day(step)
    log = Log("account", "day", "recorded", "value")
    log.add(account, day, (day + 7) * DAY + 3 * HOUR, np.maximum(1, np.round(value)))
    return log


def make_referrals(rng: np.random.Generator, pipeline: Pipeline) -> Log:
    """Referrals, reference calls, case studies of happy customers; account, given, kind, step."""
    world, latent = pipeline.world, pipeline.world.latent
    joy = 0.7 * latent.traits.fit - 0.4 * latent.difficulty + 0.4 * latent.intent
    rate = world.params.service.referrals * np.exp(joy) * (0.4 + latent.champion)
    times = rng.poisson(rate * pipeline.is_customer * world.steps.share[:, None])
    step, account = np.nonzero(times)
    kind = rng.choice(3, len(step), p=(0.55, 0.30, 0.15))
    log = Log("account", "given", "kind", "step")
    log.add(account, world.steps.moment(rng, step), kind, step)
    return log


def make_covenants(rng: np.random.Generator, pipeline: Pipeline) -> Log:
    """Promises agreed at stage moves; deal, agreed, stage, kind, due, met."""
    world, params, deals = pipeline.world, pipeline.world.params.service, pipeline.deals
    changes = pipeline.logs.changes
    stage = changes.numbers("new")
    moved = (changes["field"] == deal.STAGE_FIELD) & (stage >= deal.DISCOVER)
    moved &= (stage < deal.WON) & (rng.random(len(stage)) < params.covenant)
    which, agreed = changes["deal"][moved], changes["moment"][moved] + HOUR
    stage, n = stage[moved], int(moved.sum())
    at = (world.steps.step_of(to_day(agreed)), deals.account[which])
    odds = params.covenant_met + 0.6 * world.latent.responsiveness[at]
    odds = odds + 0.45 * world.latent.intent[at]
    is_met = rng.random(n) < 1 / (1 + np.exp(-odds))
    due = to_day(agreed) + rng.integers(7, 25, n)
    met = (due + np.round(rng.normal(-2, 5, n)).astype(np.int64)) * DAY + 11 * HOUR
    met = np.maximum(met, agreed + 20 * HOUR)
    closed = deals.closed[which]
    is_met &= (closed == NEVER) | (met < closed)
    kind = rng.integers(0, 4, n)
    log = Log("deal", "agreed", "stage", "kind", "due", "met")
    log.add(which, agreed, stage, kind, due, np.where(is_met, met, NEVER))
    return log
