from datetime import UTC, date, datetime

import polars as pl
import pytest

from benchmarks.bpi.rows import EARLIER, LEARNT, REFERENCE, answered, last_certain, on_days
from features.calendar import Calendar

CALENDAR = Calendar("Europe/Amsterdam")


def rows(event: str, event_on: date | None, committed_on: date | None = None) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "as_of": [datetime(2012, 1, 1, 23, tzinfo=UTC)],  # Monday, 2 January, in Amsterdam
            "event": [event],
            "event_on": [event_on],
            "committed_on": [committed_on],
        },
        schema_overrides={
            "as_of": pl.Datetime("us", "UTC"),
            "event_on": pl.Date,
            "committed_on": pl.Date,
        },
    )


@pytest.mark.parametrize(
    ("event", "event_on", "expected"),
    [
        ("won", date(2012, 1, 15), (True, True)),
        ("won", date(2012, 1, 16), (False, False)),
        ("lost", date(2012, 1, 2), (False, True)),
        ("open", None, (False, False)),
    ],
)
def test_two_weeks_end_with_the_second_sunday(
    event: str, event_on: date | None, expected: tuple[bool, bool]
) -> None:
    told = answered(rows(event, event_on), CALENDAR)

    assert told.select("is_won_soon", "is_decided_soon").row(0) == expected
    assert told["on"].to_list() == [date(2012, 1, 2)]


def test_a_line_is_about_applications_that_have_an_offer_on_the_day() -> None:
    with_offer = answered(rows("open", None, date(2012, 1, 20)), CALENDAR)
    without = answered(rows("open", None), CALENDAR)

    assert with_offer.filter(on_days((date(2012, 1, 2),))).height == 1
    assert with_offer.filter(on_days((date(2012, 1, 9),))).height == 0
    assert without.filter(on_days((date(2012, 1, 2),))).height == 0


def test_the_mondays_are_those_of_the_reference() -> None:
    assert (LEARNT[0], LEARNT[-1], len(LEARNT)) == (date(2011, 10, 24), date(2011, 12, 12), 8)
    assert (REFERENCE.judged[0], REFERENCE.judged[-1]) == (date(2012, 1, 2), date(2012, 2, 27))
    assert all(day.weekday() == 0 for day in (*LEARNT, *REFERENCE.judged))


def test_every_answer_of_the_earlier_splits_is_certain_before_the_judged_rows() -> None:
    for split in EARLIER:
        assert max(split.judged) <= last_certain(REFERENCE.cut)
        assert split.cut <= min(split.judged)
