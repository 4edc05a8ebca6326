from collections.abc import Sequence
from datetime import datetime

import polars as pl
import pytest

from features import batch
from features.batch import Way, batches
from features.book import Book
from features.calendar import Calendar
from features.coded import STRAYS, CodedBook, coded
from features.context import Context
from features.history import value_starts
from features.measure import count
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID, OPPORTUNITY_ID, TIME
from tests.factories import (
    Row,
    account,
    account_change,
    activity,
    book,
    change,
    contract,
    covenant,
    day,
    deal,
    invoice,
    on,
    quote,
)

UTC_DAYS = Calendar()
NO_CONTEXT = Context(*(pl.DataFrame() for _ in range(5)))
AS_OFS = (day(-10), day(0))
APART = 1


def two_accounts(**tables: Sequence[Row]) -> Book:
    """`acme` with `deal-1`, and `bolt` with `deal-2`."""
    return book(
        accounts=[account("bolt"), account("acme")],
        opportunities=[deal("deal-2", account_id="bolt"), deal("deal-1")],
        observed_until=None,
        present=None,
        **tables,
    )


def codes_of(of: Book, *ids: str) -> CodedBook:
    return coded(of, pl.Series(ids), UTC_DAYS)


def spine(**entities: str) -> pl.DataFrame:
    """Each entity at both moments; a deal with its account."""
    names = pl.DataFrame({ENTITY_ID: list(entities), ACCOUNT_ID: list(entities.values())})
    return names.join(pl.DataFrame({AS_OF: AS_OFS}, schema={AS_OF: TIME}), how="cross")


DEALS = spine(**{"deal-1": "acme", "deal-2": "bolt"})
ACCOUNTS = spine(acme="acme", bolt="bolt").drop(ACCOUNT_ID)


def rows_known(
    of: Book,
    rows: pl.DataFrame,
    way: Way,
    table: str,
    column: str,
    *,
    by: str | None = None,
    within: int | None = None,
) -> list[tuple[str, datetime, object]]:
    """Entity, as_of and a cell of every row that a view shows."""
    found = []
    for part in batches(of, rows, UTC_DAYS, way=way):
        known = part.view(part.rows, NO_CONTEXT).known(table, by=by, within=within)
        names = [name for name in (ENTITY_ID, ACCOUNT_ID, AS_OF) if name in rows.columns]
        told = part.named(known.select(*names, column).collect())
        found += told.select(ENTITY_ID, AS_OF, pl.col(column).cast(pl.String)).rows()
    return sorted(found)


def counted(of: Book, rows: pl.DataFrame, way: Way, table: str, by: str | None = None) -> list[int]:
    """How many rows of a table each row of the spine knows."""
    told = []
    for part in batches(of, rows, UTC_DAYS, way=way):
        view = part.view(part.rows, NO_CONTEXT)
        numbers = view.measured(table, [count("n")], by=by).collect().sort("spine_row")["n"]
        told.append(part.named(part.rows).with_columns(numbers))
    return pl.concat(told).sort(ENTITY_ID, AS_OF)["n"].to_list()


def test_codes_follow_the_ids_and_deals_their_accounts() -> None:
    of = book(
        accounts=[account("bolt"), account("acme")],
        opportunities=[deal("a", account_id="bolt"), deal("z"), deal("b")],
    )

    found = codes_of(of, "bolt", "acme", "bolt")

    assert found.accounts.to_list() == ["acme", "bolt"]
    assert found.deals.to_list() == ["b", "z", "a"]
    assert found.tables["opportunities"][ACCOUNT_ID].to_list() == [0, 0, 1]
    assert found.starts["opportunities"].tolist() == [0, 2, 3]


def test_tables_are_in_the_order_of_account_and_moment() -> None:
    of = two_accounts(
        invoices=[
            invoice(1.0, at=day(-1), account_id="bolt"),
            invoice(2.0, at=day(-1)),
            invoice(3.0, at=day(-5), account_id="bolt"),
            invoice(4.0, at=day(-9)),
        ]
    )

    found = codes_of(of, "acme", "bolt")

    assert found.tables["invoices"]["amount"].to_list() == [4.0, 2.0, 3.0, 1.0]
    assert found.starts["invoices"].tolist() == [0, 2, 4]


def test_accounts_that_are_not_asked_about_are_left_out() -> None:
    of = two_accounts(
        invoices=[invoice(1.0, at=day(-1)), invoice(2.0, at=day(-1), account_id="bolt")],
        quotes=[quote(at=day(-3)), quote(at=day(-2), opportunity_id="deal-2")],
    )

    found = codes_of(of, "bolt")

    assert found.deals.to_list() == ["deal-2"]
    assert found.tables["invoices"]["amount"].to_list() == [2.0]
    assert found.tables["quotes"][OPPORTUNITY_ID].to_list() == [0]
    assert found.tables["accounts"].height == 1


def test_an_account_that_the_book_does_not_know_has_no_rows() -> None:
    found = codes_of(two_accounts(invoices=[invoice(at=day(-1))]), "acme", "ghost")

    assert found.accounts.to_list() == ["acme", "ghost"]
    assert found.starts["invoices"].tolist() == [0, 1, 1]
    assert found.part(1, 2)["invoices"].collect().is_empty()


def test_a_part_is_the_book_of_its_accounts() -> None:
    rows = [invoice(1.0, at=day(-1)), invoice(2.0, at=day(-1), account_id="bolt")]
    of = two_accounts(invoices=rows)

    part = codes_of(of, "acme", "bolt").part(1, 2)

    assert part["invoices"].collect()["amount"].to_list() == [2.0]
    assert part["opportunities"].collect()[ACCOUNT_ID].to_list() == [1]
    assert part.present == of.present
    assert part.observed_until == of.observed_until


def test_a_part_knows_since_when_the_whole_book_has_history() -> None:
    of = two_accounts(
        opportunity_changes=[
            change("stage", "a", "b", at=day(-40)),
            change("stage", "a", "b", at=day(-30), opportunity_id="deal-2"),
        ],
        account_changes=[account_change("owner", "x", "y", at=day(-20), recorded_at=day(-7))],
    )

    source = codes_of(of, "acme", "bolt")

    for part in (source.part(0, 1), source.part(1, 2)):
        assert part.value_starts == value_starts(of)
        starts = part.value_starts or {}
        assert starts["opportunities", "stage"] == day(-40)
        assert starts["accounts", "owner_rep_id"] == day(-7)
        assert starts["opportunities", "amount"] is None


def test_a_part_without_changes_has_values_where_the_book_has_history(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batch, "_PAIRS_AT_ONCE", APART)
    of = two_accounts(opportunity_changes=[change("stage", "a", "qualify", at=day(-5))])

    values = []
    for part in batches(of, DEALS, UTC_DAYS, way="fast"):
        told = part.view(part.rows, NO_CONTEXT).value("stage").collect()
        values += part.named(told).select(ENTITY_ID, AS_OF, "stage").rows()

    assert sorted(values) == [
        ("deal-1", day(-10), None),  # before any change the history is not known to be kept
        ("deal-1", day(0), "qualify"),
        ("deal-2", day(-10), None),
        ("deal-2", day(0), "qualify"),
    ]


def foreign() -> Book:
    """`deal-1` is acme's; activities of it name acme, bolt and an account that is not asked."""
    rows = [
        activity(at=day(-20), kind="own", opportunity_id="deal-1"),
        activity(at=day(-19), kind="bolts", opportunity_id="deal-1", account_id="bolt"),
        activity(at=day(-18), kind="ghosts", opportunity_id="deal-1", account_id="ghost"),
        activity(at=day(-17), kind="no deal", account_id="bolt"),
        activity(at=day(-16), kind="lost deal", account_id="bolt", opportunity_id="gone"),
        activity(at=day(-15), kind="late", opportunity_id="deal-1", account_id="bolt",
                 recorded_at=day(-10)),
    ]  # fmt: skip
    return two_accounts(activities=rows)


@pytest.mark.parametrize("pairs_at_once", [3_000_000, APART])
def test_activities_of_a_deal_belong_to_it_whatever_account_they_name(
    pairs_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "_PAIRS_AT_ONCE", pairs_at_once)

    found = rows_known(foreign(), DEALS, "fast", "activities", "kind")

    first = [("deal-1", day(-10), kind) for kind in ("bolts", "ghosts", "own")]
    last = [("deal-1", day(0), kind) for kind in ("bolts", "ghosts", "late", "own")]
    assert found == first + last


@pytest.mark.parametrize("pairs_at_once", [3_000_000, APART])
def test_activities_of_an_account_belong_to_it_whatever_deal_they_name(
    pairs_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "_PAIRS_AT_ONCE", pairs_at_once)

    found = rows_known(foreign(), ACCOUNTS, "fast", "activities", "kind")

    of_bolt = ["bolts", "lost deal", "no deal"]
    assert [kind for who, at, kind in found if (who, at) == ("acme", day(0))] == ["own"]
    assert [kind for who, at, kind in found if (who, at) == ("bolt", day(-10))] == of_bolt


def test_strays_are_the_rows_that_name_an_account_of_another_part() -> None:
    source = codes_of(foreign(), "acme", "bolt")

    assert source.tables[STRAYS].height == 3
    assert source.strays(0, 1)["kind"].cast(pl.String).to_list() == ["bolts", "ghosts", "late"]
    assert source.strays(0, 2)["kind"].cast(pl.String).to_list() == ["ghosts"]
    assert source.strays(1, 2).is_empty()


WIDE = two_accounts(
    activities=[
        activity(at=day(-30), opportunity_id="deal-1"),
        activity(at=day(-3), opportunity_id="deal-2", account_id="bolt"),
        activity(at=day(-12), opportunity_id="deal-1", recorded_at=day(-10)),
    ],
    invoices=[invoice(at=day(-12)), invoice(at=day(-40), account_id="bolt")],
    quotes=[quote(at=day(-20)), quote(at=day(-2), opportunity_id="deal-2")],
    covenants=[covenant(at=day(-40))],
    contracts=[contract(starts_on=on(-30), ends_on=on(300))],
    opportunity_changes=[change("stage", "a", "b", at=day(-20))],
)
ASKED = [
    ("activities", "occurred_at", None),
    ("activities", "occurred_at", ACCOUNT_ID),
    ("invoices", "issued_at", None),
    ("quotes", "quoted_at", None),
    ("quotes", "quoted_at", ACCOUNT_ID),
    ("covenants", "due_on", None),
    ("contracts", "ends_on", None),
    ("opportunity_changes", "new", ACCOUNT_ID),
    ("opportunities", "created_at", ACCOUNT_ID),
]


@pytest.mark.parametrize(("table", "column", "by"), ASKED)
@pytest.mark.parametrize("rows", [ACCOUNTS, DEALS], ids=["accounts", "deals"])
@pytest.mark.parametrize("within", [None, 12])
def test_both_ways_show_the_same_rows(
    table: str,
    column: str,
    by: str | None,
    rows: pl.DataFrame,
    within: int | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batch, "_PAIRS_AT_ONCE", APART)

    plain, fast = (
        rows_known(WIDE, rows, way, table, column, by=by, within=within)
        for way in ("plain", "fast")
    )

    assert fast == plain
    if within is None:
        assert len(plain) == sum(counted(WIDE, rows, "plain", table, by)) > 0
        assert counted(WIDE, rows, "fast", table, by) == counted(WIDE, rows, "plain", table, by)
