import numpy as np
import pytest

from benchmarks.reference.rivals import orders_so_far, payments_so_far
from tests.benchmarks.reference.fakes import invoices, spine
from tests.factories import day, invoice, on


def test_the_references_orders_are_those_before_the_moment() -> None:
    rows = invoices(
        invoice(100.0, at=day(-120)),
        invoice(20.0, at=day(-10)),
        invoice(-5.0, at=day(-9)),
        invoice(900.0, at=day(0)),
    )

    found = orders_so_far(spine("acme", "new"), rows).sort("entity_id").collect()

    acme = {name: round(np.expm1(value), 6) for name, value in found.row(0, named=True).items()
            if name not in ("entity_id", "as_of")}  # fmt: skip
    assert acme == {
        "recency": 10, "age": 120, "orders": 2, "revenue": 120, "orders_90d": 1,
        "revenue_90d": 20, "credit_notes": 1,
    }  # fmt: skip
    assert np.expm1(found["recency"][1]) == pytest.approx(365)


def test_the_references_rates_know_a_payment_only_after_it() -> None:
    rows = invoices(
        invoice(at=day(-90), due_on=on(-60), paid_at=day(-45)),
        invoice(at=day(-50), due_on=on(-20), paid_at=day(-18)),
        invoice(at=day(-40), due_on=on(-30), paid_at=day(0)),
    )

    found = payments_so_far(spine("acme"), rows).collect().row(0, named=True)

    assert found["late_rate"] == pytest.approx(3 / 4)
    assert found["ten_late_rate"] == pytest.approx(2 / 4)
    assert np.expm1(found["days_late"]) == pytest.approx((15 + 2) / 2)
    assert np.expm1(found["invoices"]) == pytest.approx(3)
