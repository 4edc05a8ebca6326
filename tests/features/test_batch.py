from collections.abc import Sequence
from datetime import datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features import batch
from features.batch import Batch, Way, batches
from features.book import Book
from features.calendar import Calendar
from features.context import Context
from features.measure import count
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID, TIME
from tests.factories import account, activity, book, day, deal, invoice

UTC_DAYS = Calendar()
NO_CONTEXT = Context(*(pl.DataFrame() for _ in range(5)))
NAMES = ("acme", "bolt", "cole", "dune")
WAYS: tuple[Way, ...] = ("plain", "fast")


def four_accounts() -> Book:
    """Four accounts with two deals each; `acme` has ten activities, `cole` one."""
    return book(
        accounts=[account(name) for name in NAMES],
        opportunities=[deal(f"{n}-{name}", account_id=name) for name in NAMES for n in (1, 2)],
        activities=[
            *(activity(at=day(-number)) for number in range(1, 11)),
            activity(at=day(-1), account_id="cole"),
        ],
    )


BOOK = four_accounts()


def accounts_at(*asked: tuple[str, datetime]) -> pl.DataFrame:
    schema = {ENTITY_ID: pl.String(), AS_OF: TIME}
    return pl.DataFrame(list(asked), schema=schema, orient="row")


def deals_at(*asked: tuple[str, datetime]) -> pl.DataFrame:
    name = pl.col(ENTITY_ID).str.slice(2).alias(ACCOUNT_ID)
    return accounts_at(*asked).select(ENTITY_ID, name, AS_OF)


def cut(rows: pl.DataFrame, way: Way | None) -> list[Batch]:
    return list(batches(BOOK, rows, UTC_DAYS, way=way))


def named(parts: Sequence[Batch]) -> list[list[str]]:
    """The entities of each batch, each once."""
    return [part.named(part.rows)[ENTITY_ID].unique().sort().to_list() for part in parts]


@pytest.mark.parametrize(
    ("as_ofs", "is_plain"),
    [((0, 0, 0, 0), True), ((0, -1, -2, 0), True), ((0, -1, -2, -3), False)],
)
def test_the_rows_are_put_in_order_from_a_number_of_moments_on(
    as_ofs: tuple[int, ...], monkeypatch: pytest.MonkeyPatch, *, is_plain: bool
) -> None:
    monkeypatch.setattr(batch, "FAST_FROM", 4)
    rows = accounts_at(*((name, day(days)) for name, days in zip(NAMES, as_ofs, strict=True)))

    (part,) = cut(rows, None)

    assert (part.source is None) == is_plain


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("rows", [accounts_at(), deals_at()], ids=["accounts", "deals"])
def test_a_spine_without_rows_is_one_batch_without_rows(way: Way, rows: pl.DataFrame) -> None:
    (part,) = cut(rows, way)

    assert part.rows.is_empty()
    assert part.named(part.rows).schema == rows.schema


def test_the_plain_way_cuts_between_moments_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "_ROWS_AT_ONCE", 3)
    rows = accounts_at(*((name, day(-n)) for n in (2, 1, 0) for name in NAMES[: n + 1]))

    parts = cut(rows, "plain")

    assert [part.rows[AS_OF].unique().sort().to_list() for part in parts] == [
        [day(-2)],
        [day(-1), day(0)],
    ]
    assert [part.rows.height for part in parts] == [3, 3]


@pytest.mark.parametrize(
    ("pairs", "parts"),
    [
        (121, [[*NAMES]]),
        (96, [["acme"], ["bolt", "cole", "dune"]]),
        (1, [[name] for name in NAMES]),
    ],
)
def test_the_fast_way_cuts_where_the_pairs_of_rows_and_events_are_many(
    pairs: int, parts: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "_PAIRS_AT_ONCE", pairs)
    rows = accounts_at(*((name, day(-n)) for name in NAMES for n in (0, 1)))

    # a row and itself or an event, as for 8 as_ofs: acme 8 x 11, bolt 8 x 1, cole 8 x 2, dune 8 x 1
    found = named(cut(rows, "fast"))

    assert found == parts


def test_codes_become_the_ids_that_they_stand_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "_PAIRS_AT_ONCE", 1)
    asked = [("2-cole", day(0)), ("1-acme", day(-1)), ("2-acme", day(0)), ("1-acme", day(0))]
    rows = deals_at(*asked)

    parts = cut(rows, "fast")

    assert [part.rows.schema[ENTITY_ID] for part in parts] == [pl.UInt32(), pl.UInt32()]
    told = pl.concat(part.named(part.rows).select(rows.columns) for part in parts)
    assert told.sort(ENTITY_ID, AS_OF).equals(rows.sort(ENTITY_ID, AS_OF))


asked_of = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from([day(-n) for n in range(5)])),
    unique=True,
    max_size=12,
)


@given(asked=asked_of, way=st.sampled_from(WAYS), at_once=st.sampled_from((1, 5, 20, 10_000)))
def test_every_row_of_a_spine_is_in_one_batch(
    asked: list[tuple[str, datetime]], way: Way, at_once: int
) -> None:
    rows = deals_at(*((f"1-{name}", moment) for name, moment in asked))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "_PAIRS_AT_ONCE", at_once)
        patch.setattr(batch, "_ROWS_AT_ONCE", at_once)
        parts = cut(rows, way)

    told = pl.concat(part.named(part.rows).select(rows.columns) for part in parts)
    assert told.sort(ENTITY_ID, AS_OF).equals(rows.sort(ENTITY_ID, AS_OF))
    assert all(part.rows.height for part in parts) or not asked


def test_both_views_of_a_part_share_the_rows_in_order() -> None:
    (part,) = cut(deals_at(("1-acme", day(0)), ("2-acme", day(-1))), "fast")
    accounts = part.rows.select(pl.col(ACCOUNT_ID).alias(ENTITY_ID), AS_OF)

    for spine in (accounts, accounts.head(1)):
        view = part.view(spine, NO_CONTEXT)
        view.known("activities").collect()

    assert list(part._made) == [("activities", ACCOUNT_ID, b"")]


@pytest.mark.parametrize("way", WAYS)
def test_a_stamp_may_be_the_moment_that_counts(way: Way) -> None:
    rows = [
        invoice(at=day(-50), paid_at=day(-5)),
        invoice(at=day(-50), paid_at=day(5)),
        invoice(at=day(-50), paid_at=day(-40)),
        invoice(at=day(-50)),
        invoice(at=day(-5), paid_at=day(-12)),  # known with the invoice only
    ]
    paid = book(accounts=[account()], invoices=rows)
    spine = accounts_at(*(("acme", day(at)) for at in (-10, -5, 0, 9)))

    (part,) = batches(paid, spine, UTC_DAYS, way=way)
    view = part.view(part.rows, NO_CONTEXT)
    told = view.measured("invoices", [count("n", oldest=30)], at=pl.col("paid_at")).collect()

    assert told.sort(AS_OF)["n"].to_list() == [1, 0, 2, 3]
