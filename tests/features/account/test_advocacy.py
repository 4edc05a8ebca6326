from datetime import timedelta

from features.account.advocacy import advocacy
from tests.factories import account, book, day, referral
from tests.features.views import account_row


def test_referrals_of_a_year_and_of_earlier_years_share_none() -> None:
    rows = [referral(at=day(-365)), referral(at=day(-366)), referral(at=day(-20))]

    said = account_row(advocacy, book(accounts=[account()], referrals=rows))

    assert (said["referrals_365d"], said["referrals_earlier"]) == (2.0, 1.0)
    assert said["referral_silence_days"] == 20.0


def test_an_account_that_never_referred_has_no_silence() -> None:
    of = book(accounts=[account()], referrals=[referral(at=day(-3), account_id="birch")])

    said = account_row(advocacy, of)

    assert (said["referrals_365d"], said["referral_silence_days"]) == (0.0, None)


def test_kinds_are_told_apart_and_windows_are_half_open() -> None:
    instant = timedelta(microseconds=1)
    rows = [
        referral(at=day(-90), kind="reference_call"),
        referral(at=day(-90) - instant, kind="reference_call"),
        referral(at=day(-365), kind="case_study"),
        referral(at=day(-365) - instant, kind="reference_call"),
        referral(at=day(-100), kind=None),
        referral(at=day(-100), kind="case_study", recorded_at=day(0)),
    ]

    said = account_row(advocacy, book(accounts=[account()], referrals=rows))

    assert said["referrals_91_365d"] == 3.0
    assert (said["reference_calls"], said["case_studies"]) == (3.0, 1.0)


def test_an_account_that_gave_nothing_gave_no_reference_of_any_kind() -> None:
    of = book(accounts=[account()], referrals=[referral(at=day(-3), account_id="birch")])

    said = account_row(advocacy, of)

    names = ("referrals_91_365d", "reference_calls", "case_studies")
    assert [said[name] for name in names] == [0.0] * 3
