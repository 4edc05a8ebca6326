"""Mess parameters refuse nonsense."""

from collections.abc import Callable

import pytest

from features.crm.synthetic.mess import (
    CurrencyParams,
    DuplicateParams,
    GapParams,
    GroupParams,
    MessParams,
)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
@pytest.mark.parametrize(
    ("params", "name"),
    [
        (DuplicateParams, "share"),
        (DuplicateParams, "merged"),
        (DuplicateParams, "web"),
        (DuplicateParams, "filed"),
        (CurrencyParams, "share"),
        (GapParams, "no_contacts"),
        (GapParams, "employees"),
        (GapParams, "annual_revenue"),
        (GapParams, "industry"),
        (GroupParams, "share"),
        (GroupParams, "fiscal_known"),
    ],
)
def test_a_share_is_from_0_to_1(params: Callable[..., object], name: str, share: float) -> None:
    assert params(**{name: 1.0}) is not None
    with pytest.raises(ValueError, match=f"expected {name} from 0 to 1, got {share}"):
        params(**{name: share})


def test_a_second_record_needs_two_days_to_be_merged() -> None:
    with pytest.raises(ValueError, match="expected settled_days of 2 or more, got 1"):
        DuplicateParams(settled_days=1)


def test_the_base_currency_is_one_with_a_rate() -> None:
    assert CurrencyParams(base="USD").base == "USD"
    with pytest.raises(ValueError, match=r"base currency of EUR, GBP, .*, got 'XXX'"):
        CurrencyParams(base="XXX")


@pytest.mark.parametrize("spread", [-0.01, 1.01])
def test_rates_wander_within_reason(spread: float) -> None:
    with pytest.raises(ValueError, match=f"expected annual_sd from 0 to 1, got {spread}"):
        CurrencyParams(annual_sd=spread)


def test_the_defaults_are_those_of_the_parts() -> None:
    assert MessParams() == MessParams(
        DuplicateParams(), CurrencyParams(), GapParams(), GroupParams()
    )
