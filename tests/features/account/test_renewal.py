from features.account.renewal import renewal
from tests.factories import account, book, contract, day, on
from tests.features.views import account_row


def said_of(*rows: dict[str, object]) -> dict[str, float | None]:
    return account_row(renewal, book(accounts=[account()], contracts=rows))


def test_the_next_renewal_is_the_nearest_end_still_waited_for() -> None:
    said = said_of(
        contract(starts_on=on(-300), ends_on=on(65)),
        contract(starts_on=on(-300), ends_on=on(30), renewed_at=day(-3)),
        contract(starts_on=on(-300), ends_on=on(20), cancelled_at=day(-3)),
        contract(starts_on=on(-300), ends_on=on(-70)),
    )

    assert said["days_to_renewal"] == 65.0
    assert said["contracts_running"] == 2.0


def test_an_end_of_the_last_sixty_days_is_overdue_not_lapsed() -> None:
    said = said_of(contract(starts_on=on(-300), ends_on=on(-20)))

    assert (said["days_to_renewal"], said["contracts_lapsed_730d"]) == (-20.0, 0.0)


def test_lateness_is_the_mean_over_renewals_known_so_far() -> None:
    said = said_of(
        contract(starts_on=on(-500), ends_on=on(-100), renewed_at=day(-70)),
        contract(starts_on=on(-500), ends_on=on(-50), renewed_at=day(-60)),
        contract(starts_on=on(-500), ends_on=on(-5), renewed_at=day(0)),
    )

    assert (said["renewals_made"], said["renewal_lateness_days"]) == (2.0, 10.0)


def test_what_ended_unrenewed_long_ago_or_was_cancelled_has_lapsed() -> None:
    said = said_of(
        contract(starts_on=on(-500), ends_on=on(-61)),
        contract(starts_on=on(-500), ends_on=on(-9), cancelled_at=day(-40)),
        contract(starts_on=on(-500), ends_on=on(9), cancelled_at=day(-40)),
    )

    assert said["contracts_lapsed_730d"] == 2.0
