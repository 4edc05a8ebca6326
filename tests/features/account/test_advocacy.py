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
