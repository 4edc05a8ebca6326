"""Activity: touches, answers and meetings, and the part of them that reaches the CRM."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from features.crm.synthetic import deals as deal
from features.crm.synthetic.contacts import Contacts
from features.crm.synthetic.log import Log
from features.crm.synthetic.pipeline import Pipeline
from features.crm.synthetic.steps import DAY, HOUR, MINUTE, NEVER, Flags, Floats, Ints, to_day

KINDS: Final = (
    "email",
    "call",
    "voicemail",
    "meeting",
    "demo",
    "visit",
    "proposal",
    "training",
    "implementation",
    "review",
)
EMAIL, CALL, VOICEMAIL, MEETING, DEMO, VISIT, PROPOSAL, TRAINING, IMPLEMENTATION, REVIEW = range(10)
OUTBOUND, INBOUND, MUTUAL = range(3)
PRE_SALES, SALES, POST_SALES = range(3)
NO: Final = 0
YES: Final = 1
UNKNOWN: Final = -1
"""An e-mail's answer is a row of its own, so the e-mail itself says nothing."""
HOURS_BY_KIND: Final = (0.0, 0.2, 0.0, 0.9, 1.0, 2.0, 0.0, 1.8, 2.5, 1.2)
"""Mean length of what has one; 0 where the CRM keeps none."""

FIRST_DAYS: Final = 56
"""A new customer is trained and set up in so many days."""
FIRST_STEPS: Final = 11
"""More steps than begin in them."""


@dataclass(frozen=True, slots=True)
class Occasions:
    """Steps in which something may happen between a rep and an account.

    Attributes:
        account: account index.
        step: step index.
        deal: deal index, or -1.
        phase: index into the contract's phases.
        silence: 0 for a lively deal, 1 for a stalled one; lowers the odds of an answer.
    """

    account: Ints
    step: Ints
    deal: Ints
    phase: Ints
    silence: Floats

    def repeat(self, times: Ints) -> "Occasions":
        """Each occasion as often as `times` says."""
        return Occasions(
            account=np.repeat(self.account, times),
            step=np.repeat(self.step, times),
            deal=np.repeat(self.deal, times),
            phase=np.repeat(self.phase, times),
            silence=np.repeat(self.silence, times),
        )


def make_activities(rng: np.random.Generator, pipeline: Pipeline, contacts: Contacts) -> Log:
    """Everything that was written down; one row per activity, not yet sorted.

    `step` is the step that set it going: the answer to a mail belongs to the step of the mail.
    """
    log = Log(
        "account", "moment", "recorded", "kind", "direction", "phase", "deal", "contact", "rep",
        "minutes", "answered", "automated", "step",
    )  # fmt: skip
    _deal_steps(rng, pipeline, contacts, log)
    _care(rng, pipeline, contacts, log)
    _proposals(rng, pipeline, contacts, log)
    _automated(rng, pipeline, log)
    return log


def _deal_steps(rng: np.random.Generator, pipeline: Pipeline, contacts: Contacts, log: Log) -> None:
    """Touches and meetings on worked deals."""
    params, world, told = pipeline.world.params.activity, pipeline.world, pipeline.logs.steps
    stage, stalled = told["stage"], told["is_stalled"]
    occasions = Occasions(
        account=pipeline.deals.account[told["deal"]],
        step=told["step"],
        deal=told["deal"],
        phase=np.where(stage == 0, PRE_SALES, SALES),
        silence=stalled.astype(np.float64),
    )
    at = (occasions.step, occasions.account)
    worked = np.where(told["is_abandoned"] == 1, 0.03, 1.0) * world.steps.share[occasions.step]
    rate = np.array(params.deal_touches)[stage] * np.exp(0.35 * world.reps.effort[at])
    _touch(rng, pipeline, contacts, log, occasions.repeat(rng.poisson(rate * worked)))
    open_door = 0.40 * world.latent.responsiveness[at] + 0.25 * world.latent.intent[at]
    rate = np.array(params.meetings)[stage] * np.exp(open_door) * np.where(stalled == 1, 0.2, 1)
    met = occasions.repeat(rng.poisson(rate * worked))
    draw = rng.random(len(met.account))
    kind = np.where(draw < 0.30, DEMO, np.where(draw < 0.40, VISIT, MEETING))
    moment = world.steps.moment(rng, met.step)
    _write(rng, pipeline, contacts, log, Row(met, moment, kind, MUTUAL, UNKNOWN))


def _care(rng: np.random.Generator, pipeline: Pipeline, contacts: Contacts, log: Log) -> None:
    """What goes on without a deal: check-ins, nurturing, letters from customers, onboarding."""
    params, world = pipeline.world.params.activity, pipeline.world
    customer, latent = pipeline.is_customer, world.latent
    busy = np.zeros(customer.shape, dtype=np.bool_)
    told, share = pipeline.logs.steps, world.steps.share[:, None]
    worked = told["is_abandoned"] == 0
    busy[told["step"][worked], pipeline.deals.account[told["deal"]][worked]] = True
    idle = (np.arange(len(customer))[:, None] >= world.accounts.arrives[None, :]) & ~busy
    rate = np.where(customer, params.care_touches, params.nurture_touches)
    rate = rate * np.exp(0.35 * world.reps.effort) * idle * share
    _touch(rng, pipeline, contacts, log, _anywhere(rng.poisson(rate), customer))
    need = 0.35 * latent.difficulty + 0.30 * latent.intent
    rate = params.inbound_care * np.exp(need) * customer * share
    letters = _anywhere(rng.poisson(rate), customer)
    kind = np.where(rng.random(len(letters.account)) < 0.7, EMAIL, CALL)
    moment = world.steps.moment(rng, letters.step)
    _write(rng, pipeline, contacts, log, Row(letters, moment, kind, INBOUND, UNKNOWN))
    fresh = _first_weeks(pipeline)
    rate = np.where(fresh, params.follow_up, 0.015 * customer) * share
    sessions = _anywhere(rng.poisson(rate), customer)
    is_fresh = fresh[sessions.step, sessions.account]
    kind = np.where(rng.random(len(is_fresh)) < 0.5, TRAINING, IMPLEMENTATION)
    kind = np.where(is_fresh, kind, REVIEW)
    moment = world.steps.moment(rng, sessions.step)
    _write(rng, pipeline, contacts, log, Row(sessions, moment, kind, MUTUAL, UNKNOWN))


def _proposals(rng: np.random.Generator, pipeline: Pipeline, contacts: Contacts, log: Log) -> None:
    """A written proposal for each first quote of a deal."""
    quotes, deals = pipeline.logs.quotes, pipeline.deals
    is_first = quotes["is_first"] == 1
    which = quotes["deal"][is_first]
    moment = quotes["moment"][is_first] + 30 * MINUTE
    occasions = Occasions(
        account=deals.account[which],
        step=pipeline.world.steps.step_of(moment // DAY),
        deal=which,
        phase=np.full(len(which), SALES),
        silence=np.zeros(len(which)),
    )
    kind = np.full(len(which), PROPOSAL)
    _write(rng, pipeline, contacts, log, Row(occasions, moment, kind, OUTBOUND, UNKNOWN))


def _automated(rng: np.random.Generator, pipeline: Pipeline, log: Log) -> None:
    """Bulk mails; the system writes every one of them down at once."""
    world, params = pipeline.world, pipeline.world.params.activity
    present = np.arange(world.steps.count)[:, None] > world.accounts.arrives[None, :]
    rate = params.automated * present * world.steps.share[:, None]
    sent = _anywhere(rng.poisson(rate), pipeline.is_customer)
    n, moment = len(sent.account), world.steps.moment(rng, sent.step)
    nobody, unknown = np.full(n, -1), np.full(n, UNKNOWN)
    log.add(
        sent.account, moment, moment, np.full(n, EMAIL), np.full(n, OUTBOUND), sent.phase,
        nobody, nobody, world.reps.owner[sent.step, sent.account], np.full(n, np.nan),
        unknown, np.ones(n), sent.step,
    )  # fmt: skip


def _touch(
    rng: np.random.Generator,
    pipeline: Pipeline,
    contacts: Contacts,
    log: Log,
    occasions: Occasions,
) -> None:
    """Outbound touches, the answers to them, and one round of chasing those left unanswered."""
    world, params = pipeline.world, pipeline.world.params.activity
    moment = world.steps.moment(rng, occasions.step)
    answered = _answers(rng, pipeline, occasions)
    _send(rng, pipeline, contacts, log, (occasions, moment, answered))
    chased = np.where(answered, 0, rng.poisson(params.chase, len(answered)))
    again = occasions.repeat(chased)
    later = np.repeat(moment, chased) + (2 + rng.integers(0, 5, len(again.account))) * DAY
    _send(rng, pipeline, contacts, log, (again, later, _answers(rng, pipeline, again)))


def _answers(rng: np.random.Generator, pipeline: Pipeline, occasions: Occasions) -> Flags:
    """Whether each touch is answered."""
    latent, params = pipeline.world.latent, pipeline.world.params.activity
    at = (occasions.step, occasions.account)
    odds = params.answer_bias + params.answer_weight * latent.responsiveness[at]
    odds = odds + 0.30 * latent.intent[at] - 0.9 * occasions.silence
    return rng.random(len(odds)) < 1 / (1 + np.exp(-odds))


def _send(
    rng: np.random.Generator,
    pipeline: Pipeline,
    contacts: Contacts,
    log: Log,
    sent: tuple[Occasions, Ints, Flags],
) -> None:
    """Write down touches, and as rows of their own the mails that come back."""
    occasions, moment, is_answered = sent
    draw = rng.random(len(moment))
    kind = np.where(draw < 0.55, EMAIL, CALL)
    kind = np.where((kind == CALL) & ~is_answered & (draw > 0.85), VOICEMAIL, kind)
    answered = np.where(kind == EMAIL, UNKNOWN, np.where(is_answered, YES, NO))
    _write(rng, pipeline, contacts, log, Row(occasions, moment, kind, OUTBOUND, answered))
    back = is_answered & (kind == EMAIL)
    replies = occasions.repeat(back.astype(np.int64))
    delay = np.minimum(rng.lognormal(np.log(20), 0.9, int(back.sum())), 200) * HOUR
    later = moment[back] + delay.astype(np.int64) // MINUTE * MINUTE
    kind = np.full(len(later), EMAIL)
    _write(rng, pipeline, contacts, log, Row(replies, later, kind, INBOUND, UNKNOWN))


@dataclass(frozen=True, slots=True)
class Row:
    """Activities as they happened, before anybody writes them down."""

    occasions: Occasions
    moment: Ints
    kind: Ints
    direction: int
    answered: Ints | int


def _write(
    rng: np.random.Generator, pipeline: Pipeline, contacts: Contacts, log: Log, row: Row
) -> None:
    """Log what the rep logs, when the rep logs it; mails that come in log themselves."""
    world, occasions, n = pipeline.world, row.occasions, len(row.moment)
    rep = world.reps.owner[occasions.step, occasions.account]
    draw = rng.random((4, n))
    is_mail = (row.kind == EMAIL) & (row.direction == INBOUND)
    is_late = (draw[0] < world.reps.team.lateness[rep]) & ~is_mail
    lag = (1 + np.floor(9 * draw[1] ** 2)).astype(np.int64) * DAY + 2 * HOUR
    closed = pipeline.deals.closed[occasions.deal] if pipeline.deals.count else row.moment
    is_after = (occasions.deal >= 0) & (closed != NEVER) & (row.moment > closed)
    kept = (is_mail | (draw[2] < world.reps.team.logging[rep])) & ~is_after
    contact = contacts.pick(rng, occasions.account, row.moment)
    contact = np.where(draw[3] < world.params.activity.contact_named, contact, -1)
    hours = np.array(HOURS_BY_KIND)[row.kind]
    answered = np.broadcast_to(np.asarray(row.answered), (n,))
    is_talk = (row.kind != CALL) | (answered == YES) | (row.direction == INBOUND)
    minutes = np.round(12 * hours * rng.lognormal(0, 0.35, n)) * 5
    columns = (
        occasions.account, row.moment, row.moment + is_late * lag, row.kind,
        np.full(n, row.direction), occasions.phase, occasions.deal, contact, rep,
        np.where((minutes > 0) & is_talk, minutes, np.nan), answered, np.zeros(n), occasions.step,
    )  # fmt: skip
    log.add(*(column[kept] for column in columns))


def _anywhere(times: Ints, customer: Flags) -> Occasions:
    """Occasions without a deal from a grid of counts by step and account."""
    step, account = np.nonzero(times)
    is_customer = customer[step, account]
    occasions = Occasions(
        account=account,
        step=step,
        deal=np.full(len(step), -1),
        phase=np.where(is_customer, POST_SALES, PRE_SALES),
        silence=np.zeros(len(step)),
    )
    return occasions.repeat(times[step, account])


def _first_weeks(pipeline: Pipeline) -> Flags:
    """Steps and accounts in the first eight weeks after a sale to a new customer."""
    deals, steps = pipeline.deals, pipeline.world.steps
    won = np.flatnonzero((deals.stage == deal.WON) & (deals.kind == deal.NEW))
    fresh = np.zeros(pipeline.is_customer.shape, dtype=np.bool_)
    closed, account = to_day(deals.closed[won]), deals.account[won]
    begin = np.searchsorted(steps.edges, closed, side="right")
    for after in range(FIRST_STEPS):
        step = np.minimum(begin + after, steps.count - 1)
        is_early = steps.day(step) <= closed + FIRST_DAYS
        fresh[step[is_early], account[is_early]] = True
    return fresh & pipeline.is_customer
