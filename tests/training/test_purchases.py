"""BG/NBD: the law by simulation, and what is counted of orders by hand."""

from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from training.purchases import AGE, RECENCY, REPEATS, PurchaseModel, fit_purchases, purchases

WATCHED, AHEAD = 40.0, 26.0
LAW = PurchaseModel(r=0.8, alpha=6.0, a=0.8, b=2.5)


def customers(count: int, seed: int) -> tuple[pl.DataFrame, list[bool]]:
    """Customers of the law, watched from their first order on; and whether they order again."""
    draws = np.random.default_rng(seed)
    rows, again = [], []
    for rate, leaves in zip(
        draws.gamma(LAW.r, 1 / LAW.alpha, count), draws.beta(LAW.a, LAW.b, count), strict=True
    ):
        times, now, is_alive = [], 0.0, True
        while is_alive:
            now += draws.exponential(1 / rate)
            if now > WATCHED + AHEAD:
                break
            times.append(now)
            is_alive = draws.random() >= leaves
        seen = [time for time in times if time <= WATCHED]
        rows.append((float(len(seen)), seen[-1] if seen else 0.0, WATCHED))
        again.append(len(times) > len(seen))
    return pl.DataFrame(rows, schema=[REPEATS, RECENCY, AGE], orient="row"), again


def test_the_chance_of_an_order_is_that_of_simulated_customers() -> None:
    rows, again = customers(20_000, seed=1)

    p = LAW.p_buys(rows, AHEAD)

    bought = np.array(again, dtype=float)
    for low, high in ((0.0, 0.2), (0.2, 0.5), (0.5, 1.01)):
        here = (p >= low) & (p < high)
        assert here.sum() > 500
        assert p[here].mean() == pytest.approx(bought[here].mean(), abs=0.02)


def test_the_laws_are_found_again() -> None:
    rows, _ = customers(5_000, seed=2)

    found = fit_purchases(rows)

    assert found is not None
    assert found.p_buys(rows, AHEAD) == pytest.approx(LAW.p_buys(rows, AHEAD), abs=0.05)


def test_who_has_ordered_once_is_alive_and_who_never_has_is_not_known() -> None:
    rows = pl.DataFrame({REPEATS: [0.0, None], RECENCY: [0.0, None], AGE: [30.0, None]})

    alive = LAW.p_alive(rows)

    assert alive[0] == 1.0
    assert np.isnan(alive[1])


def test_few_customers_have_no_law() -> None:
    rows, _ = customers(49, seed=3)

    assert fit_purchases(rows) is None


def test_orders_of_one_day_are_one_purchase() -> None:
    as_of = datetime(2026, 3, 29, tzinfo=UTC)
    days = [date(2026, 2, 1), date(2026, 2, 1), date(2026, 2, 15), date(2026, 3, 1)]
    orders = pl.DataFrame({"who": ["acme"] * 4, "as_of": [as_of] * 4, "day": days})

    found = purchases(orders, "as_of", "who", "day")

    assert found.select(REPEATS, RECENCY, AGE).row(0) == (2.0, 4.0, 8.0)
