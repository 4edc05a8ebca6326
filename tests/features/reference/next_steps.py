"""Next steps agreed on the deals of an account: due, met, and met late, in calendar days."""

from datetime import datetime

from tests.factories import Row
from tests.features.reference.arithmetic import share
from tests.features.reference.days import between
from tests.features.reference.registry import of_account
from tests.features.reference.rows import Known


def _is_due(step: Row, known: Known) -> bool:
    """Whether its day is over: a step due on the day of as_of can still be met in time."""
    return step["due_on"] is not None and step["due_on"] < known.zone.day_of(known.as_of)


@of_account
def next_steps_agreed_365d(account: str, as_of: datetime, known: Known) -> float:
    steps = known.of_account("covenants", account)
    return len([step for step in steps if between(step["agreed_at"], as_of, 0, 365)])


@of_account
def next_steps_overdue(account: str, as_of: datetime, known: Known) -> float:
    return len(
        [
            step
            for step in known.of_account("covenants", account)
            if known.deals[step["opportunity_id"]]["closed_at"] is None
            and _is_due(step, known)
            and step["met_at"] is None
        ]
    )


@of_account
def next_steps_met_share(account: str, as_of: datetime, known: Known) -> float | None:
    steps = known.of_account("covenants", account)
    met = [step for step in steps if step["met_at"] is not None]
    unmet = [step for step in steps if step["met_at"] is None and _is_due(step, known)]
    return share(len(met), len(met) + len(unmet))


@of_account
def next_steps_late_share(account: str, as_of: datetime, known: Known) -> float | None:
    met = [
        (known.zone.day_of(step["met_at"]), step["due_on"])
        for step in known.of_account("covenants", account)
        if step["met_at"] is not None and step["due_on"] is not None
    ]
    return share(len([1 for on, due in met if on > due]), len(met))
