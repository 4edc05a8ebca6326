from datetime import timedelta
from typing import Any, TypeAlias

import polars as pl
import pytest

from features.book import Book
from features.calendar import Calendar
from features.pursuit import WINDOW
from models.policy import LabelPolicy
from tests.factories import (
    Cell,
    Row,
    account,
    activity,
    book,
    closed,
    contract,
    day,
    deal,
    on,
    referral,
)
from training.labels.renewal import advocate, self_renewal
from training.labels.window import label_windows

Tables: TypeAlias = dict[str, Any]


def windows() -> pl.LazyFrame:
    spine = pl.LazyFrame(
        {"entity_id": ["acme"], "as_of": [day(0)]},
        schema={"entity_id": pl.String, "as_of": pl.Datetime("us", "UTC")},
    )
    return label_windows(spine, timedelta(days=91)).with_row_index(WINDOW)


def is_advocate(of: Book) -> bool:
    found = advocate(of, windows(), policy=LabelPolicy(), calendar=Calendar()).collect()
    return bool(found["is_advocate"].item())


def renews_alone(of: Book) -> list[bool | None]:
    found = self_renewal(of, windows(), policy=LabelPolicy(), calendar=Calendar()).collect()
    return found["_renews_alone"].to_list()


def renewed(due: int = 40, won: float | None = 30) -> Row:
    stamp = None if won is None else day(won)
    return contract(starts_on=on(due - 365), ends_on=on(due), renewed_at=stamp)


def calls(count: int, *, at: float = -20, **cells: Cell) -> list[Row]:
    return [activity(at=day(at + i), kind="call", **cells) for i in range(count)]


REPLY = activity(at=day(5), direction="inbound")
MEETING = activity(at=day(5), direction="mutual", kind="meeting")
ANSWERED = activity(at=day(5), answered=True)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ({"referrals": [referral(at=day(5))]}, True),
        ({"referrals": [referral(at=day(5), kind="case_study")]}, True),
        ({"referrals": [referral(at=day(-5))]}, False),
        ({"contracts": [renewed()], "activities": [REPLY]}, True),
        ({"contracts": [renewed()], "activities": [MEETING]}, True),
        ({"contracts": [renewed()], "activities": [ANSWERED]}, True),
        ({"contracts": [renewed()], "activities": [*calls(6), REPLY]}, True),
        ({"contracts": [renewed()], "activities": [*calls(7), REPLY]}, False),
        # touches before the approach, or by a machine, cost nothing
        ({"contracts": [renewed()], "activities": [*calls(9, at=-80), REPLY]}, True),
        ({"contracts": [renewed()], "activities": [*calls(9, automated=True), REPLY]}, True),
        ({"contracts": [renewed()], "activities": calls(3)}, False),
        # what is said after the window is not waited for
        (
            {
                "contracts": [renewed(due=100)],
                "activities": [activity(at=day(95), direction="inbound")],
            },
            False,
        ),
        ({"contracts": [renewed()]}, False),
        ({"contracts": [renewed(won=None)], "activities": [REPLY]}, False),
        ({"contracts": [renewed(won=-3)], "activities": [REPLY]}, False),
        (
            {
                "opportunities": [closed("r", "won", at=day(30), type="renewal")],
                "activities": [REPLY],
            },
            True,
        ),
        (
            {"opportunities": [closed("n", "won", at=day(30), type="new")], "activities": [REPLY]},
            False,
        ),
    ],
)
def test_an_advocate_refers_or_renews_with_ease(*, rows: Tables, expected: bool) -> None:
    assert is_advocate(book(accounts=[account()], **rows)) is expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ({"contracts": [renewed()], "activities": calls(3)}, [True]),
        ({"contracts": [renewed()], "activities": calls(7)}, [False]),
        ({"contracts": [renewed()], "activities": [*calls(3), REPLY]}, [False]),
        ({"contracts": [renewed()], "activities": [*calls(3), MEETING]}, [False]),
        ({"contracts": [renewed(won=None)], "activities": calls(3)}, [False]),
        # due after the window, or already renewed before it: no renewal to speak of
        ({"contracts": [renewed(due=91)], "activities": calls(3)}, []),
        ({"contracts": [renewed(won=-3)], "activities": calls(3)}, []),
        (
            {"contracts": [renewed()], "activities": calls(3), "opportunities": [deal()]},
            [False],
        ),
        (
            {
                "contracts": [renewed()],
                "activities": calls(3),
                "opportunities": [deal(type="renewal"), closed("n", "won", at=day(-1))],
            },
            [True],
        ),
        (
            {
                "contracts": [renewed()],
                "activities": calls(3),
                "referrals": [referral(at=day(3))],
            },
            [False],
        ),
        (
            {
                "opportunities": [closed("r", "won", at=day(30), type="renewal")],
                "activities": calls(3),
            },
            [True],
        ),
        ({"contracts": [renewed()]}, [None]),
    ],
)
def test_a_self_renewer_renews_without_being_spoken_to(
    rows: Tables, expected: list[bool | None]
) -> None:
    assert renews_alone(book(accounts=[account()], **rows)) == expected
