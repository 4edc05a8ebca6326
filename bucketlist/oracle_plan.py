"""Oracle plan: when and how the oracle is asked, so that it answers what a backtest was asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bucketlist.oracle import DRAWS, OracleMoments, Question, frozen, oracle_frame
from bucketlist.session import Session
from features.book import Book
from features.calendar import Calendar
from features.crm.synthetic import WorldParams
from models.policy import load_policy
from training.bucket_contest import with_floor
from training.config import Experiment, load_experiment
from training.folds import Fold, NotEnoughDataError
from training.span import Plan, plan_of


@dataclass(frozen=True, slots=True)
class Asking:
    """How much the oracle is asked.

    Attributes:
        draws: forward worlds for each moment.
        per_origin: the first so many test moments of each origin; 0 for all.
    """

    draws: int = DRAWS
    per_origin: int = 0


def write_oracle(session: Session, params: WorldParams, asking: Asking, target: Path) -> int:
    """Ask the oracle of a world and write its answers whole or not at all.

    It is asked what a backtest of the tables in the target's folder would be asked.

    Args:
        session: calendar, clock and progress.
        params: the world.
        asking: how much.
        target: file to write, beside the tables of that world.

    Returns:
        Rows written.

    Raises:
        NotEnoughDataError: when the history is too short for one origin.
    """
    calendar = session.calendar
    book = session.read(f"files:{target.parent}").book
    moments, question = oracle_plan(book, load_experiment(None), calendar, asking)
    session.say(
        f"oracle: {question.draws} forward worlds at {len(moments.accounts)} moments for accounts "
        f"and {len(moments.deals)} for deals"
    )
    frame = oracle_frame(params, moments, question, progress=session.say)
    unfinished = target.with_name(f".{target.name}")
    try:
        frame.write_parquet(unfinished)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    session.say(f"{frame.height:,} rows in {target}")
    return frame.height


def oracle_plan(
    book: Book, experiment: Experiment, calendar: Calendar, asking: Asking
) -> tuple[OracleMoments, Question]:
    """The test moments of a backtest of that book, and outcomes judged as there.

    Raises:
        NotEnoughDataError: when the history is too short for one origin of buckets.
    """
    accounts = plan_of("bucket", book, experiment, calendar)
    policy = with_floor(load_policy(experiment.policy), book, accounts, calendar)
    floor = policy.label.growth_floor or 0.0
    question = Question(
        horizon=accounts.horizon.length,
        policy=frozen(policy.label, floor),
        calendar=calendar,
        draws=asking.draws,
    )
    moments = OracleMoments(
        accounts=_tested(accounts.folds, asking.per_origin),
        deals=_tested(_deal_plan(book, experiment, calendar), asking.per_origin),
    )
    return moments, question


def _deal_plan(book: Book, experiment: Experiment, calendar: Calendar) -> Sequence[Fold]:
    """The folds of the slip part; none in a CRM without opportunities."""
    if not book.has("opportunities.closed_at"):
        return ()
    try:
        plan: Plan = plan_of("slip", book, experiment, calendar)
    except NotEnoughDataError:
        return ()
    return plan.folds


def _tested(folds: Sequence[Fold], per_origin: int) -> tuple[datetime, ...]:
    chosen = [fold.test_as_ofs[: per_origin or None] for fold in folds]
    return tuple(moment for moments in chosen for moment in moments)
