from datetime import timedelta

import pytest

from features.account.contracts import contracts
from tests.factories import Row, account, book, contract, day, on
from tests.features.views import account_row

INSTANT = timedelta(microseconds=1)


def said_of(*rows: Row) -> dict[str, float | None]:
    return account_row(contracts, book(accounts=[account()], contracts=rows))


def renewed(ends: int, at: float) -> Row:
    return contract(starts_on=on(-900), ends_on=on(ends), renewed_at=day(at))


def test_the_newest_renewal_is_held_against_those_before() -> None:
    said = said_of(renewed(-700, -690), renewed(-400, -404), renewed(-100, -79), renewed(-9, 0))

    assert said["last_renewal_late_days"] == 21.0
    assert said["renewal_lateness_change"] == 21.0 - (10.0 - 4.0) / 2
    assert said["renewed_late_share"] == pytest.approx(2 / 3)


def test_of_renewals_at_one_moment_the_latest_counts_and_none_is_before_the_other() -> None:
    said = said_of(renewed(-100, -90), renewed(-95, -90))

    assert said["last_renewal_late_days"] == 10.0
    assert said["renewal_lateness_change"] is None


def test_a_renewal_on_the_last_day_is_not_late() -> None:
    said = said_of(renewed(-50, -49 - 1e-6))

    assert (said["last_renewal_late_days"], said["renewed_late_share"]) == (0.0, 0.0)


def test_only_decided_contracts_count_in_the_share_renewed() -> None:
    said = said_of(
        renewed(-100, -90),
        contract(starts_on=on(-500), ends_on=on(90), cancelled_at=day(-1)),
        contract(starts_on=on(-500), ends_on=on(-61)),
        contract(starts_on=on(-500), ends_on=on(-60)),
        contract(starts_on=on(-500), ends_on=on(9)),
    )

    assert said["renewed_share"] == pytest.approx(1 / 3)


def test_contracts_begin_in_a_year_of_days_and_are_known_when_their_day_has_ended() -> None:
    said = said_of(*(contract(starts_on=on(-days), ends_on=on(500)) for days in (366, 365, 1, 0)))

    assert said["contract_starts_365d"] == 2.0


def test_cancellations_of_a_year_are_counted_once_known() -> None:
    moments = (day(0), day(0) - INSTANT, day(-365), day(-365) - INSTANT)

    said = said_of(
        *(contract(starts_on=on(-900), ends_on=on(9), cancelled_at=moment) for moment in moments)
    )

    assert said["contracts_cancelled_365d"] == 2.0


def test_contracts_that_end_soon_still_wait_for_a_decision() -> None:
    ends = [contract(starts_on=on(-90), ends_on=on(days)) for days in (-1, 0, 90, 91)]
    gone = contract(starts_on=on(-90), ends_on=on(9), cancelled_at=day(-3))

    said = said_of(*ends, gone, renewed(9, -3))

    assert said["contracts_ending_90d"] == 2.0


def test_the_notice_day_is_past_when_it_has_ended() -> None:
    span = {"starts_on": on(-90), "ends_on": on(30)}
    noticed = [contract(**span, notice_on=on(days)) for days in (-40, -1, 0, 5)]
    over = contract(starts_on=on(-90), ends_on=on(-1), notice_on=on(-40))
    gone = contract(**span, notice_on=on(-40), cancelled_at=day(-3))

    said = said_of(*noticed, over, gone, contract(**span))

    assert said["contracts_past_notice"] == 2.0


def test_the_term_left_is_that_of_the_next_contract_to_end() -> None:
    said = said_of(
        contract(starts_on=on(-30), ends_on=on(10)),
        contract(starts_on=on(-10), ends_on=on(10)),
        contract(starts_on=on(-1), ends_on=on(99)),
        contract(starts_on=on(-90), ends_on=on(-10)),
        renewed(5, -3),
    )

    assert said["term_left_share"] == 0.5


def test_without_a_contract_counts_are_zero_and_the_rest_unknown() -> None:
    said = said_of(contract(starts_on=on(-9), ends_on=on(9), account_id="birch"))

    counts = {name for name, value in said.items() if value == 0.0}
    assert counts == {
        "contract_starts_365d",
        "contracts_cancelled_365d",
        "contracts_ending_90d",
        "contracts_past_notice",
    }
    assert {said[name] for name in set(said) - counts} == {None}
