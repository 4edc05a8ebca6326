from datetime import date, datetime

import polars as pl
import pytest

from features.calendar import Calendar
from features.snapshot import Commitment
from tests.factories import Row, account, book, change, closed, day, deal, on
from training.labels import slip_labels
from training.labels.slip import COLUMNS

NOTE: Row = change("close_date", "2025-01-01", "2025-02-01", at=day(-300), opportunity_id="old")
"""Shows that the history of the close date is kept."""


def labels(
    row: Row,
    *,
    observed_until: datetime | None = None,
    changes: list[Row] | None = None,
    calendar: Calendar | None = None,
    commitment: Commitment | None = None,
) -> dict[str, object]:
    of = book(
        accounts=[account()],
        opportunities=[row, deal("old", at=day(-320))],
        opportunity_changes=[NOTE, *(changes or [])],
        observed_until=observed_until,
    )
    spine = pl.LazyFrame(
        {"entity_id": ["deal-1"], "account_id": ["acme"], "as_of": [day(0)]},
        schema={
            "entity_id": pl.String,
            "account_id": pl.String,
            "as_of": pl.Datetime("us", "UTC"),
        },
    )
    found = slip_labels(of, spine, calendar=calendar or Calendar(), commitment=commitment)
    assert tuple(found.columns) == COLUMNS
    return found.row(0, named=True)


def ended(outcome: str, at: float) -> Row:
    """A deal committed for day 60; its period ends on day 89 (31 March)."""
    return closed("deal-1", outcome, at=day(at), created_at=day(-30), close_date=on(60))


@pytest.mark.parametrize(
    ("row", "event", "by_committed", "period"),
    [
        (ended("won", 10), "won", True, "won"),
        (ended("won", 60.99), "won", True, "won"),
        (ended("won", 61), "won", False, "won"),
        (ended("won", 89.99), "won", False, "won"),
        (ended("won", 90), "won", False, "slip"),
        (ended("lost", 10), "lost", False, "lost"),
        (ended("lost", 90), "lost", False, "slip"),
        (deal(), "open", False, "slip"),
    ],
)
def test_a_deal_is_held_against_its_committed_day_and_its_period(
    *, row: Row, event: str, by_committed: bool, period: str
) -> None:
    found = labels(row)

    assert found["committed_on"] == on(60)
    assert found["period_end"] == date(2026, 3, 31)
    assert found["event"] == event
    assert found["label_won_by_committed"] is by_committed
    assert found["label_period"] == period
    assert found["label_mature"] is True


@pytest.mark.parametrize(
    ("observed", "by_committed", "period", "mature"),
    [
        (day(60.9), None, None, False),
        (day(61), True, None, True),
        (day(89.9), True, None, True),
        (day(90), True, "won", True),
    ],
)
def test_a_label_waits_until_its_day_has_ended_even_if_the_deal_has(
    *, observed: datetime, by_committed: bool | None, period: str | None, mature: bool
) -> None:
    found = labels(ended("won", 10), observed_until=observed)

    assert found["event"] == "won"
    assert found["label_won_by_committed"] is by_committed
    assert found["label_period"] == period
    assert found["label_mature"] is mature


def test_an_end_after_what_was_observed_is_not_seen() -> None:
    found = labels(ended("won", 10), observed_until=day(5))

    assert (found["event"], found["event_on"], found["censored_on"]) == ("open", None, on(5))


def test_days_are_those_of_the_organisation() -> None:
    late_evening = ended("won", 61 + 3 / 24)

    found = labels(late_evening, calendar=Calendar("America/New_York"))

    assert found["event_on"] == on(60)
    assert found["label_won_by_committed"] is True
    assert labels(late_evening)["label_won_by_committed"] is False


def test_the_committed_day_is_the_one_that_stood_at_as_of() -> None:
    moved = change("close_date", on(20).isoformat(), on(60).isoformat(), at=day(10))

    found = labels(ended("won", 40), changes=[moved])

    assert found["committed_on"] == on(20)
    assert found["label_won_by_committed"] is False


def test_without_a_committed_day_only_the_period_has_a_label() -> None:
    found = labels(ended("won", 10), commitment=Commitment("offer", 21))

    assert found["committed_on"] is None
    assert found["label_won_by_committed"] is None
    assert (found["label_period"], found["label_mature"]) == ("won", True)


def test_a_commitment_counts_from_the_first_move_to_its_stage() -> None:
    moves = [change("stage", "new", "offer", at=day(-5)), change("stage", "x", "offer", at=day(-2))]

    found = labels(ended("won", 10), changes=moves, commitment=Commitment("offer", 21))

    assert found["committed_on"] == on(16)
    assert found["label_won_by_committed"] is True
