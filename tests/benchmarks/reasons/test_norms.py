from datetime import UTC, datetime

import polars as pl

from benchmarks.reasons.norms import ENOUGH, Member, is_norm_true, members, norm
from benchmarks.reasons.reader import read
from benchmarks.reasons.recount import ledger_of
from features.schema import TABLES
from tests.factories import account, activity, invoice
from tests.features.reference.days import Zone

NOW = datetime(2026, 11, 2, tzinfo=UTC)
SPOKEN = datetime(2026, 10, 20, tzinfo=UTC)
TOLD = read("As of Nov 2, 2026: 1 reply in 30 days; similar accounts 2", "account")


def known(**rows):
    tables = {name: pl.DataFrame(cells, TABLES[name].schema) for name, cells in rows.items()}
    return ledger_of(tables, until=NOW, zone=Zone()).at(NOW)


def replies(who: str, count: int) -> list:
    return [
        activity(account_id=who, activity_id=f"{who}-{n}", at=SPOKEN, direction="inbound")
        for n in range(count)
    ]


def group(count: int, segment: str, size: int, said: int) -> tuple[list[Member], list]:
    """So many accounts of a segment and a size, each with so many replies."""
    ids = [{"account": f"{segment}-{size}-{n}", "deal": ""} for n in range(count)]
    rows = [row for one in ids for row in replies(one["account"], said)]
    return [Member(one, (segment, size, None)) for one in ids], rows


def told(*groups: tuple[list[Member], list]) -> float | None:
    """The norm of the first account of the first group."""
    among = [member for found, _ in groups for member in found]
    rows = [row for _, found in groups for row in found]
    at = known(accounts=[account(m.ids["account"]) for m in among], activities=rows)
    return norm(TOLD, among[0].ids, among, at)


def test_the_norm_is_the_median_of_those_of_one_segment_and_size():
    assert told(group(ENOUGH, "mid", 4, 2), group(ENOUGH, "mid", 5, 7)) == 2


def test_too_few_make_way_for_any_size_then_for_the_whole_book():
    few = ENOUGH - 1

    assert told(group(few, "mid", 4, 1), group(few, "mid", 5, 3), group(ENOUGH, "big", 4, 9)) == 2
    assert told(group(few, "mid", 4, 1), group(ENOUGH, "big", 4, 9)) == 9
    assert told(group(few, "mid", 4, 1)) is None


def test_a_member_s_size_is_the_power_of_ten_of_a_year_s_invoices_in_the_base_currency():
    at = known(
        accounts=[account("acme", segment="mid"), account("blue", segment="big")],
        invoices=[
            invoice(account_id="acme", amount=9_999.0, at=SPOKEN, invoice_id="i1"),
            invoice(account_id="acme", amount=1.0, at=SPOKEN, invoice_id="i2"),
            invoice(account_id="acme", amount=5e6, at=NOW.replace(year=2024), invoice_id="i3"),
            invoice(account_id="blue", amount=999.0, at=SPOKEN, invoice_id="i4", currency="SEK"),
        ],
        exchange_rates=[
            {"currency": "SEK", "valid_from": SPOKEN.date(), "rate_to_base": 0.1},
        ],
    )
    rows = [{"account": "acme", "deal": ""}, {"account": "blue", "deal": ""}]

    assert [m.group for m in members("account", rows, at)] == [("mid", 5, None), ("big", 2, None)]


def test_a_norm_is_true_to_the_precision_that_is_shown_and_only_where_it_is_told():
    assert is_norm_true(TOLD, 2.4)
    assert not is_norm_true(TOLD, 2.6)
    assert not is_norm_true(TOLD, None)
    assert is_norm_true(read("As of Nov 2, 2026: 1 reply in 30 days", "account"), 7.0)
