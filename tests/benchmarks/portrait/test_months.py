from datetime import UTC, date, datetime, timedelta

import pytest

from benchmarks.portrait.fact import Lacking
from benchmarks.portrait.months import (
    ActivityMonths,
    LabelMonths,
    Misses,
    activity_months,
    label_months,
    misses,
)
from features.book import Book
from features.calendar import Calendar
from tests.factories import Row, account, activity, book, change, closed, day, deal, invoice, on

NOTE: Row = change("close_date", "2024-09-01", "2024-10-01", at=day(-480), opportunity_id="old")
"""Shows that the history of the committed date is kept."""


def crm(deals: list[Row], *, observed: float = 0.0) -> Book:
    return book(
        accounts=[account()],
        opportunities=[*deals, closed("old", "lost", at=day(-450), created_at=day(-500))],
        opportunity_changes=[NOTE],
        observed_until=day(observed),
    )


def committed(number: int, outcome: str, *, closes: int, promised: int) -> Row:
    return closed(
        f"{outcome}-{number}",
        outcome,
        at=day(closes),
        created_at=day(-200),
        close_date=on(promised),
    )


def test_a_deal_misses_its_date_unless_it_is_won_by_then() -> None:
    deals = [
        *(committed(n, "won", closes=-20, promised=-10) for n in range(6)),
        *(committed(n, "lost", closes=-20, promised=-10) for n in range(6, 10)),
        *(committed(n, "won", closes=-5, promised=-10) for n in range(10, 12)),
    ]

    found = misses(crm(deals), Calendar())

    assert isinstance(found, Misses)
    assert set(found.deals) == {12}
    assert set(found.missed) == {6}
    assert found.headline == "50 % of open deals miss their committed date"
    assert all(moment.weekday() == 0 for moment in found.moments)
    assert {
        later - earlier for earlier, later in zip(found.moments, found.moments[1:], strict=False)
    } == {timedelta(weeks=2)}


def test_a_monday_with_few_deals_or_many_dates_to_come_is_left_out() -> None:
    few = [committed(n, "won", closes=-20, promised=-10) for n in range(9)]
    enough = [committed(n, "won", closes=-20, promised=-10) for n in range(12)]
    to_come = [deal(f"open-{n}", at=day(-200), close_date=on(40)) for n in range(4)]

    assert misses(crm(few), Calendar()) == Lacking(
        "never 10 open deals with a committed date in this regime"
    )
    assert isinstance(misses(crm([*enough, *to_come]), Calendar()), Lacking)
    assert isinstance(misses(crm([*enough, *to_come], observed=50), Calendar()), Misses)


def test_labels_stand_by_month_while_their_window_has_ended() -> None:
    chased = [activity(at=day(-500 + 3 * n)) for n in range(160)]
    of = book(
        accounts=[account(), account("quiet")],
        activities=chased,
        opportunities=[deal("d", at=day(-450))],
        observed_until=day(0),
    )

    found = label_months(of, Calendar())

    assert isinstance(found, LabelMonths)
    assert found.months[0] == date(2025, 3, 1)
    assert found.months[-1] == date(2025, 7, 1)
    assert found.counts["walk_away"] == (1, 1, 1, 1, 1)
    assert sum(sum(found.counts[name]) for name in ("a_list", "pain", "steady")) == 0
    assert (
        found.headline == "Of labelled accounts: A-list 0 %, pain 0 %, walk-away 100 %, steady 0 %"
    )


def test_activities_are_counted_by_whole_month_and_gaps_are_nought() -> None:
    moments = [
        datetime(2025, 8, 20, tzinfo=UTC),
        datetime(2025, 9, 1, tzinfo=UTC),
        datetime(2025, 9, 30, 23, tzinfo=UTC),
        datetime(2025, 11, 5, tzinfo=UTC),
        datetime(2025, 12, 2, tzinfo=UTC),
    ]
    rows = [activity(at=moment) for moment in moments]
    of = book(
        accounts=[account()], activities=rows, observed_until=datetime(2025, 12, 9, tzinfo=UTC)
    )

    found = activity_months(of, Calendar())

    assert found == ActivityMonths(
        (date(2025, 9, 1), date(2025, 10, 1), date(2025, 11, 1)), (2, 0, 1)
    )
    assert found.headline == "1 activities a month"


def test_what_is_missing_is_said() -> None:
    bare = book(accounts=[account()], invoices=[invoice(at=day(-300))], observed_until=day(0))
    undated = book(accounts=[account()], opportunities=[deal()], observed_until=day(0))

    assert misses(bare, Calendar()) == Lacking("no deals in this regime")
    assert misses(undated, Calendar()) == Lacking("no history of committed dates in this regime")
    assert activity_months(bare, Calendar()) == Lacking("no activities in this regime")
    assert label_months(bare, Calendar()) == Lacking("no account with a label in this regime")


def test_figures_refuse_series_of_different_length() -> None:
    with pytest.raises(ValueError, match="expected 1 months"):
        LabelMonths(
            (date(2025, 1, 1),), {"a_list": (), "pain": (), "walk_away": (), "steady": ()}, ()
        )
    with pytest.raises(ValueError, match="expected deals by moment"):
        Misses((), (), ())
