from datetime import timedelta
from typing import Any, TypeAlias

import polars as pl
import pytest

from features.book import Book
from features.pursuit import WINDOW
from models.policy import HoursPolicy, LabelPolicy
from tests.factories import account, activity, book, change, closed, day, deal, ticket
from training.labels.effort import hours, strings_along
from training.labels.window import label_windows

Tables: TypeAlias = dict[str, Any]


def windows() -> pl.LazyFrame:
    spine = pl.LazyFrame(
        {"entity_id": ["acme"], "as_of": [day(0)]},
        schema={"entity_id": pl.String, "as_of": pl.Datetime("us", "UTC")},
    )
    return label_windows(spine, timedelta(days=91)).with_row_index(WINDOW)


def is_strung(of: Book) -> bool:
    return bool(strings_along(of, windows(), LabelPolicy()).collect()["strings_along"].item())


@pytest.mark.parametrize(
    ("rows", "spent"),
    [
        ({"activities": [activity(at=day(1), kind="email")]}, 0.25),
        ({"activities": [activity(at=day(1), kind="meeting", direction="mutual")]}, 1.0),
        ({"activities": [activity(at=day(1), kind="seance")]}, 0.25),
        ({"activities": [activity(at=day(1), kind="ticket")]}, 0.25),
        ({"activities": [activity(at=day(1), kind="meeting", duration_minutes=90.0)]}, 1.5),
        ({"activities": [activity(at=day(1), automated=True)]}, 0.0),
        ({"activities": [activity(at=day(-1)), activity(at=day(91))]}, 0.0),
        ({"tickets": [ticket(at=day(1))]}, 0.6),
        ({"tickets": [ticket(at=day(1), escalated_at=day(2))]}, 2.6),
        ({"tickets": [ticket(at=day(-1), escalated_at=day(2))]}, 2.0),
        (
            {"activities": [activity(at=day(1), kind="call")], "tickets": [ticket(at=day(1))]},
            0.85,
        ),
        ({}, None),
    ],
)
def test_hours_take_the_recorded_duration_or_the_figure_of_the_kind(
    rows: Tables, spent: float | None
) -> None:
    found = hours(book(accounts=[account()], **rows), windows(), HoursPolicy()).collect()

    assert found["hours"].item() == (pytest.approx(spent) if spent is not None else None)


@pytest.mark.parametrize(
    ("moves", "strung"),
    [
        ([(1, "2026-01-31", "2026-02-28"), (20, "2026-02-28", "2026-03-31")], True),
        ([(1, "2026-01-31", "2026-02-28")], False),
        ([(1, "2026-02-28", "2026-01-31"), (20, "2026-01-31", "2026-02-28")], False),
        ([(-1, "2026-01-31", "2026-02-28"), (20, "2026-02-28", "2026-03-31")], False),
        ([(1, None, "2026-02-28"), (20, "2026-02-28", "2026-03-31")], False),
    ],
)
def test_two_pushes_in_the_window_string_a_rep_along(
    *, moves: list[tuple[float, str | None, str]], strung: bool
) -> None:
    changes = [change("close_date", old, new, at=day(at)) for at, old, new in moves]
    of = book(accounts=[account()], opportunities=[deal()], opportunity_changes=changes)

    assert is_strung(of) is strung


def test_a_date_written_at_or_after_the_close_is_no_push() -> None:
    changes = [
        change("close_date", "2026-01-01", "2026-01-11", at=day(10), opportunity_id="d"),
        change("close_date", "2026-01-11", "2026-02-11", at=day(30), opportunity_id="d"),
    ]
    of = book(
        accounts=[account()],
        opportunities=[closed("d", "won", at=day(10))],
        opportunity_changes=changes,
    )

    assert not is_strung(of)


@pytest.mark.parametrize(
    ("touched", "replied", "strung"),
    [
        # three touches, silence to the end of the window or to a late reply
        ([1, 5, 9], [], True),
        ([1, 5, 9], [46], True),
        ([1, 5, 9], [45], False),
        ([1, 5], [], False),
        ([50, 55, 60], [], False),
        # a reply in between begins another silence
        ([1, 5, 9], [6], False),
        ([1, 5, 9, 12, 15], [6], True),
        # touches that were open at as_of count on; silence without a touch in the window does not
        ([-20, -10, 2], [], True),
        ([-20, -10, 2], [-5], False),
        ([-30, -20, -10], [], False),
        # what comes after the window is not waited for
        ([60, 70, 91], [], False),
    ],
)
def test_three_touches_into_a_long_silence_string_a_rep_along(
    *, touched: list[float], replied: list[float], strung: bool
) -> None:
    rows = [activity(at=day(at)) for at in touched]
    rows += [activity(at=day(at), direction="inbound") for at in replied]

    assert is_strung(book(accounts=[account()], activities=rows)) is strung


def test_an_answered_touch_ends_the_silence() -> None:
    rows = [activity(at=day(at), answered=at == 20) for at in (1, 5, 9, 20)]

    assert not is_strung(book(accounts=[account()], activities=rows))
