"""Hazards: what the coming week holds for every open deal, as rates that compete."""

from dataclasses import dataclass

import numpy as np

from features.crm.synthetic import deals as deal
from features.crm.synthetic.pipeline import Pipeline
from features.crm.synthetic.weeks import Floats, Ints


@dataclass(frozen=True, slots=True)
class Hazards:
    """Weekly rates by open deal.

    Attributes:
        advance: of moving to the next stage.
        loss: of being lost.
        win: of being won.
        drive: what pushes the deal forward; hidden, about N(0, 1).
    """

    advance: Floats
    loss: Floats
    win: Floats
    drive: Floats


def hazards(pipeline: Pipeline, week: int, which: Ints) -> Hazards:
    """Rates for the open deals `which` in that week."""
    deals, params = pipeline.deals, pipeline.world.params.pursuit
    push = drive(pipeline, week, which)
    stage = deals.stage[which]
    age = week - deals.stage_week[which]
    pace = np.exp(params.drive_on_advance * push - age / params.stage_staleness)
    pace *= np.where(deals.is_stalled[which], 0.15, 1.0)
    is_renewal = deals.kind[which] == deal.RENEWAL
    advance = np.array(params.advance)[stage] * pace * np.where(is_renewal, 1.3, 1.0)
    season = period_end_effect(pipeline, week)
    sale = _sale(pipeline, week, which, push)
    renewal = _renewal(pipeline, week, which, push)
    win = np.where(is_renewal, renewal[0], sale[0] * season)
    loss = np.where(is_renewal, renewal[1], sale[1])
    return Hazards(
        advance=np.where(deals.is_abandoned[which], 0.0, advance),
        loss=loss,
        win=win,
        drive=push,
    )


def drive(pipeline: Pipeline, week: int, which: Ints) -> Floats:
    """Hidden push behind each deal: need, champion, effort, skill, friction and luck."""
    world, deals = pipeline.world, pipeline.deals
    account = deals.account[which]
    latent, reps = world.latent, world.reps
    effort = 0.25 * reps.effort[week, account] + 0.20 * reps.skill[reps.owner[week, account]]
    need = 0.55 * latent.intent[week, account] - 0.15 * latent.difficulty[week, account]
    sale = need + 0.65 * (latent.champion[week, account] - 0.7)
    stay = latent.health[week, account]
    base = np.where(deals.kind[which] == deal.RENEWAL, stay, sale)
    total: Floats = base + effort + deals.luck[which]
    return total


def period_end_effect(pipeline: Pipeline, week: int) -> float:
    """Factor on wins of the week: a rush before the fiscal quarter's end, a lull after it."""
    params, weeks = pipeline.world.params.pursuit, pipeline.world.weeks
    left = int(weeks.to_quarter_end(weeks.day(np.array([week])) + 3)[0])
    if left < 14:
        return params.period_end_boost
    return params.period_start_drag if left > 70 else 1.0


def _sale(pipeline: Pipeline, week: int, which: Ints, push: Floats) -> tuple[Floats, Floats]:
    """Win and loss rates of new and expansion deals."""
    deals, params, world = pipeline.deals, pipeline.world.params.pursuit, pipeline.world
    stage, account = deals.stage[which], deals.account[which]
    today = int(world.weeks.day(week))
    near = np.abs(deals.close_day[which] - today - 3) <= 10
    ease = np.where(deals.kind[which] == deal.EXPANSION, params.expansion_ease, 0.0)
    win = np.array(params.win)[stage] * np.exp(params.drive_on_win * push + ease)
    win *= np.where(near, params.commit_pull, 1.0) * np.where(deals.is_stalled[which], 0.15, 1.0)
    # Nobody buys more while the contract in force is in question.
    unsettled = (deals.kind[which] == deal.EXPANSION) & (
        (pipeline.portfolio.ends[account] < today + 7) | pipeline.portfolio.is_leaving[account]
    )
    win = np.where(unsettled | deals.is_abandoned[which], 0.0, win)
    drag = params.push_drag * np.minimum(deals.pushes[which], 5) - ease
    loss = np.array(params.loss)[stage] * np.exp(drag - params.drive_on_loss * push)
    swept = params.clean_up if world.weeks.is_january(week) else 0.003
    return win, np.where(deals.is_abandoned[which], swept, loss)


def _renewal(pipeline: Pipeline, week: int, which: Ints, push: Floats) -> tuple[Floats, Floats]:
    """Win and loss rates of renewals, by the time left to the end of the contract."""
    deals, params = pipeline.deals, pipeline.world.params.contracts
    contracts = pipeline.portfolio.contracts
    if len(contracts.ends) == 0:
        return np.zeros(len(which)), np.zeros(len(which))
    # Deals of another kind have contract -1; what they read here is discarded by the caller.
    left = contracts.ends[deals.contract[which]] - int(pipeline.world.weeks.day(week))
    span = np.where(left > 28, 0, np.where(left >= 0, 1, 2))
    tilt = params.health_on_renewal * push
    win = np.array(params.renewal_win)[span] * np.exp(0.5 * tilt)
    win *= np.where(contracts.is_auto[deals.contract[which]], 1.25, 1.0)
    win *= np.where(deals.is_stalled[which], 0.6, 1.0)
    loss = np.array(params.renewal_loss)[span] * np.exp(-1.2 * tilt)
    return win, np.where(left < -params.grace_days, 50.0, loss)
