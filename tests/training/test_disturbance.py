"""Disturbances change what was not known at a moment, and leave the rest as it was."""

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from features.calendar import Calendar
from features.history import known_from
from features.schema import TABLES, conform
from tests.factories import account, book, day, deal
from training.disturbance import DISTURBANCES, disturbed

AT = datetime(2025, 9, 1, tzinfo=UTC)


@pytest.mark.parametrize("kind", DISTURBANCES)
def test_each_kind_changes_something_and_keeps_the_form(company: Any, kind: str) -> None:
    other = disturbed(company.book, AT, company.calendar, seed=1, kinds=(kind,))

    changed = [
        name
        for name, frame in other.tables.items()
        if not conform(name, frame).collect().equals(company.book[name].collect())
    ]
    assert changed


@pytest.mark.parametrize("table", ["activities", "invoices", "quotes", "exchange_rates"])
def test_rows_known_before_stay_to_the_cell(company: Any, table: str) -> None:
    other = disturbed(company.book, AT, company.calendar, seed=1)
    fixed = [c.name for c in TABLES[table].columns if c.known_at in {"row", TABLES[table].moment}]
    is_past = known_from(TABLES[table], company.calendar) < AT

    before, after = (
        one[table].filter(is_past).select(fixed).sort(fixed).collect()
        for one in (company.book, other)
    )

    assert before.height > 0
    assert before.equals(after)


def test_news_lie_exactly_at_the_moment_too(company: Any) -> None:
    known = known_from(TABLES["activities"])

    other = disturbed(company.book, AT, company.calendar, seed=1)

    assert other["activities"].filter(known == AT).collect().height > 100


def test_another_seed_is_another_future(company: Any) -> None:
    one, same, other = (
        disturbed(company.book, AT, company.calendar, seed=seed)["invoices"].collect()
        for seed in (1, 1, 2)
    )

    assert one.equals(same)
    assert not one.equals(other)


def test_a_book_with_one_account_and_nothing_else_can_be_disturbed() -> None:
    other = disturbed(book(accounts=[account()]), day(0), Calendar(), seed=1)

    assert other["accounts"].select(pl.col("created_at").min()).collect().item() == day(-1095)


def test_deals_still_open_close_later_in_another_future() -> None:
    still = book(accounts=[account()], opportunities=[deal(f"d{n}") for n in range(40)])

    other = disturbed(still, day(0), Calendar(), seed=1, kinds=("cells edited",))

    ends = other["opportunities"].filter(pl.col("closed_at").is_not_null()).collect()
    assert 10 <= ends.height <= 30
    assert ends.filter((pl.col("closed_at") < day(0)) | (pl.col("outcome") == "open")).height == 0
