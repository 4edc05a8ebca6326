from datetime import datetime, timedelta
from functools import partial

import polars as pl
import pytest

from benchmarks.reference.labels import (
    NET,
    SOLD,
    buys_again,
    late_invoices,
    pays_late,
    top_of_revenue,
)
from tests.benchmarks.reference.fakes import invoices, spine
from tests.factories import day, invoice, on

INSTANT = timedelta(microseconds=1)


def labels(found: pl.LazyFrame) -> dict[str, bool]:
    told = found.sort("entity_id").collect()
    return dict(zip(told["entity_id"], told["label"], strict=True))


@pytest.mark.parametrize(
    ("at", "buys"),
    [
        (day(0) - INSTANT, False),
        (day(0), True),
        (day(90) - INSTANT, True),
        (day(90), False),
    ],
)
def test_the_window_holds_its_first_moment_and_not_its_last(at: datetime, *, buys: bool) -> None:
    assert labels(buys_again(spine("acme"), invoices(invoice(at=at)))) == {"acme": buys}


def test_a_credit_note_is_no_purchase() -> None:
    found = buys_again(spine("acme"), invoices(invoice(-10.0, at=day(3))))

    assert labels(found) == {"acme": False}


def test_the_top_share_counts_every_account_and_holds_ties_at_the_border() -> None:
    names = [f"account-{number}" for number in range(10)]
    sold = [
        invoice(amount, at=day(1), account_id=name)
        for name, amount in zip(names, [5.0, 9.0, 5.0, 1.0], strict=False)
    ]

    fifth = labels(top_of_revenue(spine(*names), invoices(*sold), share=0.2, revenue=SOLD))

    assert [name for name, is_best in fifth.items() if is_best] == [
        "account-0",
        "account-1",
        "account-2",
    ]


def test_revenue_leaves_credit_notes_out_and_net_revenue_takes_them_off() -> None:
    rows = invoices(
        invoice(100.0, at=day(1)),
        invoice(-90.0, at=day(2)),
        invoice(50.0, at=day(1), account_id="other"),
    )
    of = partial(top_of_revenue, spine("acme", "other"), rows, share=0.5)

    assert labels(of(revenue=SOLD)) == {"acme": True, "other": False}
    assert labels(of(revenue=NET)) == {"acme": False, "other": True}


def test_an_account_without_revenue_is_never_among_the_best() -> None:
    found = top_of_revenue(spine("acme"), invoices(), share=1.0, revenue=NET)

    assert labels(found) == {"acme": False}


def test_ten_days_after_the_due_day_are_late_and_nine_are_not() -> None:
    rows = invoices(
        invoice(at=day(0), due_on=on(30), paid_at=day(40)),
        invoice(at=day(0), due_on=on(30), paid_at=day(40) - INSTANT, account_id="other"),
        invoice(at=day(90), due_on=on(120), paid_at=day(200), account_id="other"),
    )

    assert labels(pays_late(spine("acme", "other"), rows)) == {"acme": True, "other": False}


def test_an_account_without_a_paid_invoice_in_the_window_has_no_row() -> None:
    rows = invoices(
        invoice(at=day(-1), paid_at=day(60)),
        invoice(at=day(3), account_id="other"),
    )

    assert labels(pays_late(spine("acme", "other"), rows)) == {}


def test_an_invoice_is_late_from_the_day_after_its_due_day_and_known_when_that_has_ended() -> None:
    rows = invoices(
        invoice(at=day(0), due_on=on(30), paid_at=day(31) - INSTANT),
        invoice(at=day(1), due_on=on(30), paid_at=day(31)),
        invoice(at=day(2), due_on=on(30)),
    )

    found = late_invoices(rows).sort("as_of").collect()

    assert found["label"].to_list() == [False, True]
    assert found["as_of"].to_list() == [day(0), day(1)]
    assert found["known_at"].to_list() == [day(31), day(31)]
