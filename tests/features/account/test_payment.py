import pytest

from features.account.payment import payment
from tests.factories import account, book, day, invoice, on
from tests.features.views import account_row


def said_of(*rows: dict[str, object]) -> dict[str, float | None]:
    return account_row(payment, book(accounts=[account()], invoices=rows))


def test_lateness_is_the_mean_over_what_fell_due_early_payers_at_zero() -> None:
    said = said_of(
        invoice(at=day(-60), due_on=on(-30), paid_at=day(-20)),
        invoice(at=day(-60), due_on=on(-30), paid_at=day(-40)),
    )

    assert said["days_late_365d"] == 5.0
    assert said["late_share_365d"] == 0.5


def test_an_unpaid_invoice_is_late_up_to_the_moment_and_overdue() -> None:
    said = said_of(invoice(250.0, at=day(-60), due_on=on(-12)))

    assert (said["days_late_365d"], said["overdue_now"]) == (12.0, 250.0)


def test_a_payment_that_comes_later_is_not_yet_seen() -> None:
    said = said_of(invoice(250.0, at=day(-60), due_on=on(-12), paid_at=day(0)))

    assert (said["days_late_365d"], said["overdue_now"]) == (12.0, 250.0)


def test_on_its_due_day_an_invoice_is_not_overdue() -> None:
    said = said_of(invoice(250.0, at=day(-60), due_on=on(0)))

    assert (said["days_late_365d"], said["overdue_now"]) == (None, 0.0)


def test_credit_notes_are_not_paid_late() -> None:
    assert said_of(invoice(-250.0, at=day(-60), due_on=on(-12)))["overdue_now"] == 0.0


def test_the_last_quarter_is_held_against_the_year_before_it() -> None:
    def paid(due: int, late: int) -> dict[str, object]:
        return invoice(at=day(-700), due_on=on(due), paid_at=day(due + late))

    said = said_of(paid(-90, 6), paid(-1, 0), paid(-91, 10), paid(-455, 40), paid(-456, 99))

    assert said["days_late_90d"] == 3.0
    assert said["days_late_change"] == 3.0 - 25.0
    assert said_of(paid(-90, 6))["days_late_change"] is None


def test_the_worst_of_the_year_counts_unpaid_days_up_to_the_moment() -> None:
    said = said_of(
        invoice(at=day(-700), due_on=on(-366), paid_at=day(-9)),
        invoice(at=day(-700), due_on=on(-365), paid_at=day(-330)),
        invoice(at=day(-60), due_on=on(-12)),
    )

    assert said["worst_late_days_365d"] == 35.0
    assert said["oldest_overdue_days"] == 12.0


def test_the_unpaid_share_is_of_the_amount_that_fell_due() -> None:
    said = said_of(
        invoice(100.0, at=day(-700), due_on=on(-365)),
        invoice(300.0, at=day(-60), due_on=on(-1), paid_at=day(-30)),
        invoice(700.0, at=day(-60), due_on=on(-1), paid_at=day(0)),
        invoice(900.0, at=day(-60), due_on=on(0)),
        invoice(900.0, at=day(-700), due_on=on(-366)),
        invoice(-900.0, at=day(-60), due_on=on(-9)),
        invoice(900.0, at=day(-60), due_on=None),
    )

    assert said["unpaid_share_365d"] == pytest.approx(800 / 1_100)


def test_early_is_a_day_before_the_due_day() -> None:
    said = said_of(
        invoice(at=day(-60), due_on=on(-30), paid_at=day(-30.01)),
        invoice(at=day(-60), due_on=on(-30), paid_at=day(-30)),
        invoice(at=day(-60), due_on=on(-30)),
        invoice(at=day(-60), due_on=on(3), paid_at=day(-30)),
        invoice(at=day(-700), due_on=on(-366), paid_at=day(-400)),
    )

    assert said["paid_early_share_365d"] == pytest.approx(1 / 3)


def test_with_nothing_due_payment_is_unknown_and_nothing_overdue() -> None:
    said = said_of(invoice(at=day(-3), due_on=on(27)))

    assert said.pop("overdue_now") == 0.0
    assert set(said.values()) == {None}


def test_a_bill_that_was_never_paid_stays_overdue_however_old() -> None:
    said = said_of(
        invoice(250.0, at=day(-900), due_on=on(-700)),
        invoice(40.0, at=day(-900), due_on=on(-800), paid_at=day(-3)),
    )

    assert (said["overdue_now"], said["oldest_overdue_days"]) == (250.0, 700.0)
    assert said["unpaid_share_365d"] is None
