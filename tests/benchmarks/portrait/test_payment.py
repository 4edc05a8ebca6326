import pytest

from benchmarks.portrait.fact import Lacking
from benchmarks.portrait.payment import EARLIEST, LATEST, WIDTH, Lateness, lateness
from features.calendar import Calendar
from tests.factories import account, book, day, invoice, on


def paid_late(days: int, amount: float = 100.0) -> dict[str, object]:
    return invoice(amount, at=day(-300), due_on=on(-270), paid_at=day(-270 + days + 0.5))


def test_days_run_from_the_due_day_to_the_day_of_payment() -> None:
    rows = [paid_late(days) for days in (-5, 0, 1, 3, 90)]

    found = lateness(book(accounts=[account()], invoices=rows), Calendar())

    assert isinstance(found, Lateness)
    assert (found.invoices, found.median, found.tail) == (5, 1, 90)
    assert found.late == pytest.approx(3 / 5)
    assert found.headline == "The median invoice is paid 1 day late; 60 % are late"


def test_bins_hold_every_invoice_and_the_ends_hold_the_rest() -> None:
    rows = [paid_late(days) for days in (-29, EARLIEST, -1, 0, 1, 2, LATEST - 1, 150)]

    found = lateness(book(accounts=[account()], invoices=rows), Calendar())

    assert isinstance(found, Lateness)
    of_zero = -EARLIEST // WIDTH
    assert found.bins[0] == 2
    assert found.bins[of_zero - 1 : of_zero + 2] == (1, 2, 1)
    assert found.bins[-1] == 2
    assert sum(found.bins) == 8


def test_credit_notes_and_unpaid_invoices_do_not_count() -> None:
    rows = [
        paid_late(4),
        paid_late(50, amount=-20.0),
        invoice(at=day(-300)),
        invoice(at=day(-30), due_on=on(0), paid_at=day(400)),
    ]

    found = lateness(book(accounts=[account()], invoices=rows), Calendar())

    assert isinstance(found, Lateness)
    assert (found.invoices, found.median) == (1, 4)


@pytest.mark.parametrize(
    ("days", "words"),
    [(-3, "paid 3 days early; 0 %"), (0, "paid on the day it is due; 0 %"), (7, "7 days late")],
)
def test_the_headline_names_the_side(days: int, words: str) -> None:
    found = lateness(book(accounts=[account()], invoices=[paid_late(days)]), Calendar())

    assert words in found.headline


def test_what_is_missing_is_said() -> None:
    undated = invoice(at=day(-300), due_on=None, paid_at=day(-100))

    assert lateness(book(accounts=[account()]), Calendar()) == Lacking("no invoices in this regime")
    assert lateness(book(accounts=[account()], invoices=[undated]), Calendar()) == Lacking(
        "no due or paid days in this regime"
    )
