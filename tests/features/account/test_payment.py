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
