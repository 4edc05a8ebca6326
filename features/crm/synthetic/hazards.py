"""Hazards: what the coming week holds for every open deal, as rates that compete."""

from dataclasses import dataclass

import numpy as np

from features.crm.synthetic import deals as deal
from features.crm.synthetic.pipeline import Pipeline
from features.crm.synthetic.steps import Floats, Ints


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


def hazards(pipeline: Pipeline, step: int, which: Ints) -> Hazards:
    """Weekly rates for the open deals `which` in that step."""
    deals, params = pipeline.deals, pipeline.world.params.pursuit
    push = drive(pipeline, step, which)
    stage = deals.stage[which]
    age = (int(pipeline.world.steps.day(step)) - deals.stage_since[which]) / 7.0
    pace = np.exp(params.drive_on_advance * push - age / params.stage_staleness)
    pace *= np.where(deals.is_stalled[which], 0.15, 1.0)
    is_renewal = deals.kind[which] == deal.RENEWAL
    advance = np.array(params.advance)[stage] * pace * np.where(is_renewal, 1.3, 1.0)
    season = period_end_effect(pipeline, step)
    sale = _sale(pipeline, step, which, push)
    renewal = _renewal(pipeline, step, which, push)
    ease = np.exp(pipeline.world.easing(step))
    win = np.where(is_renewal, renewal[0], sale[0] * season) * ease
    loss = np.where(is_renewal, renewal[1], sale[1]) / ease
    return Hazards(
        advance=np.where(deals.is_abandoned[which], 0.0, advance),
        loss=loss,
        win=win,
        drive=push,
    )


def drive(pipeline: Pipeline, step: int, which: Ints) -> Floats:
    """Hidden push behind each deal: need, champion, effort, skill, friction and luck."""
    world, deals = pipeline.world, pipeline.deals
    account = deals.account[which]
    latent, reps = world.latent, world.reps
    effort = 0.25 * reps.effort[step, account] + 0.20 * reps.team.skill[reps.owner[step, account]]
    need = 0.55 * latent.intent[step, account] - 0.15 * latent.difficulty[step, account]
    sale = need + 0.65 * (latent.champion[step, account] - 0.7)
    stay = latent.health[step, account]
    base = np.where(deals.kind[which] == deal.RENEWAL, stay, sale)
    total: Floats = base + effort + deals.luck[which]
    return total


def period_end_effect(pipeline: Pipeline, step: int) -> float:
    """Factor on wins of the step: a rush before the fiscal quarter's end, a lull after it."""
    params, steps = pipeline.world.params.pursuit, pipeline.world.steps
    left = int(steps.to_quarter_end(np.array([steps.middle(step)]))[0])
    if left < 14:
        return params.period_end_boost
    return params.period_start_drag if left > 70 else 1.0


def _sale(pipeline: Pipeline, step: int, which: Ints, push: Floats) -> tuple[Floats, Floats]:
    """Win and loss rates of new and expansion deals."""
    deals, params, world = pipeline.deals, pipeline.world.params.pursuit, pipeline.world
    stage, account = deals.stage[which], deals.account[which]
    today = int(world.steps.day(step))
    near = np.abs(deals.close_day[which] - world.steps.middle(step)) <= 10
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
    swept = params.clean_up if world.steps.is_january(step) else 0.003
    return win, np.where(deals.is_abandoned[which], swept, loss)


def _renewal(pipeline: Pipeline, step: int, which: Ints, push: Floats) -> tuple[Floats, Floats]:
    """Win and loss rates of renewals, by the time left to the end of the contract."""
    deals, params = pipeline.deals, pipeline.world.params.contracts
    contracts = pipeline.portfolio.contracts
    if len(contracts.ends) == 0:
        return np.zeros(len(which)), np.zeros(len(which))
    # Deals of another kind have contract -1; what they read here is discarded by the caller.
    left = contracts.ends[deals.contract[which]] - int(pipeline.world.steps.day(step))
    span = np.where(left > 28, 0, np.where(left >= 0, 1, 2))
    tilt = params.health_on_renewal * push
    win = np.array(params.renewal_win)[span] * np.exp(0.5 * tilt)
    win *= np.where(contracts.is_auto[deals.contract[which]], 1.25, 1.0)
    win *= np.where(deals.is_stalled[which], 0.6, 1.0)
    loss = np.array(params.renewal_loss)[span] * np.exp(-1.2 * tilt)
    return win, np.where(left < -params.grace_days, 50.0, loss)
