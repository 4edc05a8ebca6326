"""A book in parts: every row goes with its account, and the parts sum up to the book."""

from pathlib import Path

import polars as pl
import pytest

from features import scatter as module
from features.book import Book, make_book
from features.history import value_starts
from features.scatter import scatter
from features.schema import ACCOUNT_ID, OPPORTUNITY_ID, TABLES
from tests.factories import ORIGIN, account, account_change, activity, book, day, deal, quote, rep
from tests.features.reference.awkward_books import draw
from tests.features.test_reference import FULL

UNCUT = [
    name for name, table in TABLES.items() if not {ACCOUNT_ID, OPPORTUNITY_ID} & {*table.schema}
]
CUT = [name for name in TABLES if name not in UNCUT]


def part_of(name: str | None, parts: int) -> int:
    """The part of one account."""
    return pl.select(module.part_of(pl.lit(name, pl.String), parts)).item()


def rows_of(book: Book, table: str) -> list[tuple]:
    return sorted(book[table].collect().rows(), key=repr)


def strays_of(book: Book, parts: int) -> list[tuple]:
    """Activities whose deal is of an account in another part, by loops."""
    owner = dict(book["opportunities"].select(OPPORTUNITY_ID, ACCOUNT_ID).collect().rows())
    return [
        line
        for line, account, deal in zip(
            book["activities"].collect().rows(),
            book["activities"].collect()[ACCOUNT_ID],
            book["activities"].collect()[OPPORTUNITY_ID],
            strict=True,
        )
        if deal in owner and part_of(owner[deal], parts) != part_of(account, parts)
    ]


@pytest.mark.parametrize("parts", [1, 3, 7])
@pytest.mark.parametrize("shape", FULL[:3], ids=lambda shape: f"seed {shape.seed}")
def test_parts_sum_up_to_the_book_and_its_strays(shape: object, parts: int, tmp_path: Path) -> None:
    whole = draw(shape).book

    found = scatter(whole, tmp_path, parts)

    for table in CUT:
        extra = strays_of(whole, parts) if table == "activities" else []
        told = [row for number in range(parts) for row in rows_of(found.part(number), table)]
        assert sorted(told, key=repr) == sorted([*rows_of(whole, table), *extra], key=repr), table
    for table in UNCUT:
        for number in range(parts):
            assert rows_of(found.part(number), table) == rows_of(whole, table)


def test_the_awkward_books_have_strays() -> None:
    assert all(strays_of(draw(shape).book, 3) for shape in FULL[:3])


def test_every_row_of_a_part_is_of_an_account_of_the_part(tmp_path: Path) -> None:
    names = [f"account-{number}" for number in range(20)]
    rows = [account(name) for name in names]
    deals = [deal(f"deal-of-{name}", account_id=name) for name in names]
    quotes = [quote(at=day(-3), opportunity_id=f"deal-of-{name}") for name in names]
    whole = book(accounts=rows, opportunities=deals, quotes=quotes)

    found = scatter(whole, tmp_path, 3)

    for number in range(3):
        own = {name for name in names if part_of(name, 3) == number}
        part = found.part(number)
        assert own
        assert set(part["accounts"].collect()[ACCOUNT_ID]) == own
        assert set(part["opportunities"].collect()[ACCOUNT_ID]) == own
        assert {d.removeprefix("deal-of-") for d in part["quotes"].collect()[OPPORTUNITY_ID]} == own


def test_an_activity_of_a_deal_in_another_part_is_in_both(tmp_path: Path) -> None:
    touch = activity(at=day(-3), account_id="acme", opportunity_id="of-birch")
    deals = [deal("of-birch", account_id="birch")]
    whole = book(
        accounts=[account("acme"), account("birch")], opportunities=deals, activities=[touch]
    )

    found = scatter(whole, tmp_path, 7)

    holders = [n for n in range(7) if found.part(n)["activities"].collect().height == 1]
    assert holders == sorted([part_of("acme", 7), part_of("birch", 7)])


def test_an_activity_whose_deal_is_in_the_same_part_is_there_once(tmp_path: Path) -> None:
    touch = activity(at=day(-3), account_id="acme", opportunity_id="of-birch")
    deals = [deal("of-birch", account_id="birch")]
    whole = book(
        accounts=[account("acme"), account("birch")], opportunities=deals, activities=[touch]
    )

    found = scatter(whole, tmp_path, 1)

    assert found.part(0)["activities"].collect().height == 1


def test_every_part_knows_what_only_the_whole_book_can_tell(tmp_path: Path) -> None:
    change = account_change("segment", "small", "large", at=day(-50))
    whole = book(
        accounts=[account("acme"), account("birch")], account_changes=[change], reps=[rep()]
    )

    found = scatter(whole, tmp_path, 7)

    for number in range(7):
        part = found.part(number)
        assert part.value_starts == value_starts(whole)
        assert part.value_starts[("accounts", "segment")] == day(-50)
        assert part.present == whole.present
        assert part.observed_until == whole.observed_until
        assert part["reps"].collect().height == 1


def test_tables_keep_their_columns_in_a_part_without_rows(tmp_path: Path) -> None:
    whole = book(accounts=[account("acme")])

    found = scatter(whole, tmp_path, 7)

    empty = found.part((part_of("acme", 7) + 1) % 7)
    for table, rows in whole.tables.items():
        assert empty[table].collect_schema() == rows.collect_schema()
        assert empty[table].collect().is_empty()


def test_a_book_without_any_row_has_parts_without_rows(tmp_path: Path) -> None:
    found = scatter(make_book({}, observed_until=ORIGIN), tmp_path, 3)

    heights = [rows.collect().height for n in range(3) for rows in found.part(n).tables.values()]
    assert heights == [0] * 3 * len(TABLES)


def test_fewer_than_one_part_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one part, got 0"):
        scatter(make_book({}, observed_until=ORIGIN), tmp_path, 0)
