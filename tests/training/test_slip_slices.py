from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from training.slip_slices import Bands, areas, slip_slices

TODAY = date(2026, 1, 5)


def rows(count: int = 240, **columns: object) -> pl.DataFrame:
    """Won as often as `p` says, of accounts with four rows each; the rival says one half."""
    rng = np.random.default_rng(4)
    p = rng.uniform(0.05, 0.95, size=count)
    told = {
        "account_id": [f"a{number // 4}" for number in range(count)],
        "won": (rng.random(count) < p).astype(np.float64),
        "p": p,
        "p_rival": np.full(count, 0.5),
        "as_of_on": [TODAY] * count,
        "period_end": [TODAY + timedelta(days=number % 120) for number in range(count)],
        "age_days": [float(number % 40) for number in range(count)],
        "type": ["new" if number % 2 else "renewal" for number in range(count)],
        "segment": [None if number % 3 else "small" for number in range(count)],
        "amount": [10.0] * count,
    }
    return pl.DataFrame(told | columns)


def test_every_slice_splits_the_rows_and_keeps_the_bands_in_order() -> None:
    found = slip_slices(rows(), seed=1, ages=Bands((3, 7, 14)))

    assert list(found) == ["all", "by_age", "by_days_left", "by_type", "by_segment"]
    assert list(found["by_age"]) == ["0-3 days", "4-7 days", "8-14 days", "15 days and more"]
    assert list(found["by_type"]) == ["new", "renewal"]
    assert list(found["by_segment"]) == ["not known", "small"]
    for name in ("by_age", "by_days_left", "by_type", "by_segment"):
        assert sum(one.rows for one in found[name].values()) == 240


def test_a_deal_in_its_eighth_day_has_lived_seven_whole_ones() -> None:
    found = slip_slices(rows(4, age_days=[7.9, 8.0, 3.99, 4.0]), seed=1, ages=Bands((3, 7)))

    assert {name: one.rows for name, one in found["by_age"].items()} == {
        "0-3 days": 1,
        "4-7 days": 2,
        "8 days and more": 1,
    }


def test_days_left_are_counted_to_the_end_of_the_period() -> None:
    ends = [TODAY + timedelta(days=days) for days in (14, 15, 90, 91)]

    found = slip_slices(rows(4, period_end=ends), seed=1)

    assert list(found["by_days_left"]) == [
        "0-14 days",
        "15-30 days",
        "61-90 days",
        "91 days and more",
    ]


def test_the_gain_is_the_rivals_loss_less_the_curves_and_the_bias_what_was_said_too_much() -> None:
    frame = rows()

    one = slip_slices(frame, seed=1)["all"]["each deal alike"]

    assert one.rival.log_loss.value == pytest.approx(np.log(2.0))
    assert one.gain.value == pytest.approx(np.log(2.0) - one.served.log_loss.value)
    assert one.gain.low is not None
    assert one.gain.low > 0
    assert one.served.bias.value == pytest.approx(frame["p"].mean() - frame["won"].mean())
    assert one.rival.auc.value == pytest.approx(0.5)
    assert one.accounts == 60


def test_by_amount_a_large_deal_speaks_for_many_small_ones() -> None:
    large = {"won": [1.0, 0.0], "p": [0.9, 0.9], "amount": [99.0, 1.0]}
    frame = rows(2, account_id=["a", "b"], **large)

    found = slip_slices(frame, seed=1)["all"]

    assert found["each deal alike"].served.bias.value == pytest.approx(0.4)
    assert found["by amount"].served.bias.value == pytest.approx(-0.09)
    assert found["by amount"].prevalence.value == pytest.approx(0.99)


def test_a_deal_without_an_amount_counts_nothing_by_amount() -> None:
    frame = rows(3, won=[1.0, 0.0, 1.0], p=[0.5, 0.5, 0.5], amount=[10.0, 30.0, None])

    found = slip_slices(frame, seed=1)["all"]["by amount"]

    assert found.prevalence.value == pytest.approx(0.25)


def test_without_any_amount_nothing_is_said_by_amount() -> None:
    found = slip_slices(rows(8, amount=[None] * 8), seed=1)["all"]["by amount"]

    assert found.served.log_loss.value is None
    assert found.served.auc.value is None


def test_equal_weights_leave_the_area_alone_and_ties_count_half() -> None:
    happened, p = np.array([1.0, 0.0, 1.0, 0.0]), np.array([0.7, 0.7, 0.9, 0.1])
    weights = np.array([[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 0.0, 0.0], [2.0, 1.0, 1.0, 3.0]])

    # Pairs won against lost: 0.7 ties with 0.7, every other pair is in order.
    assert areas(happened, p, weights) == pytest.approx([3.5 / 4, 0.5, 11 / 12])


def test_rows_of_one_account_widen_the_interval() -> None:
    alone = rows(account_id=[f"a{number}" for number in range(240)])
    together = rows(account_id=[f"a{number // 24}" for number in range(240)])
    together = together.with_columns(
        won=pl.col("won").first().over("account_id"), p=pl.col("p").first().over("account_id")
    )

    width = []
    for frame in (alone, together):
        bias = slip_slices(frame, seed=1)["all"]["each deal alike"].served.bias
        assert bias.low is not None
        assert bias.high is not None
        width.append(bias.high - bias.low)

    assert width[1] > 2 * width[0]


def test_a_forecast_that_says_nothing_of_a_row_is_refused() -> None:
    with pytest.raises(ValueError, match="expected p_rival by row, 1 null"):
        slip_slices(rows(2, p_rival=[0.5, None]), seed=1)


def test_no_rows_have_no_slices() -> None:
    assert slip_slices(rows().clear(), seed=1) == {}


@pytest.mark.parametrize("edges", [(), (7, 3), (-2, 3)])
def test_edges_that_do_not_rise_are_refused(edges: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected rising edges"):
        Bands(edges)
