import pytest

from features.account.pursuit import pursuit
from tests.factories import account, account_change, book, change, closed, day, deal
from tests.features.views import account_row

ELSEWHERE = change("amount", "1", "2", at=day(-900), opportunity_id="elsewhere")


def test_deals_are_open_or_ended_as_known_then() -> None:
    rows = [
        deal("open"),
        closed("later", "won", at=day(0)),
        closed("won", "won", at=day(-30)),
        closed("lost", "lost", at=day(-366)),
        closed("old", "won", at=day(-366)),
    ]

    said = account_row(pursuit, book(accounts=[account()], opportunities=rows))

    assert said["open_deals"] == 2.0
    assert (said["won_365d"], said["lost_365d"], said["pushes_180d"]) == (1.0, 0.0, 0.0)
    assert said["customer_win_rate"] == pytest.approx((2 + 20 * 2 / 3) / 23)


def test_the_open_amount_is_the_one_of_the_time() -> None:
    moved = change("amount", "300.0", "900.0", at=day(0), opportunity_id="a")
    rows = [deal("a", amount=900.0), deal("b", amount=50.0)]
    of = book(accounts=[account()], opportunities=rows, opportunity_changes=[ELSEWHERE, moved])

    assert account_row(pursuit, of)["open_amount"] == 350.0


def test_without_an_open_deal_the_open_amount_is_zero_and_unknown_otherwise() -> None:
    none = book(accounts=[account()], opportunities=[closed("a", "won", at=day(-9))])
    unknown = book(accounts=[account()], opportunities=[deal()])

    assert account_row(pursuit, none)["open_amount"] == 0.0
    assert account_row(pursuit, unknown)["open_amount"] is None


def test_only_moves_to_a_later_date_are_pushes() -> None:
    moves = [
        change("close_date", "2026-01-10", "2026-02-10", at=day(-9)),
        change("close_date", "2026-02-10", "2026-01-20", at=day(-8)),
        change("close_date", "2025-01-20", "2025-04-20", at=day(-181)),
    ]
    of = book(accounts=[account()], opportunities=[deal(at=day(-300))], opportunity_changes=moves)

    assert account_row(pursuit, of)["pushes_180d"] == 1.0


def test_the_owners_rate_follows_the_owner_of_the_time() -> None:
    owners = change("owner", "x", "y", at=day(-900), opportunity_id="elsewhere")
    moved = account_change("owner", "rep-1", "rep-2", at=day(-5))
    early = account_change("owner", "x", "y", at=day(-900), account_id="elsewhere")
    rows = [
        closed("a", "won", at=day(-30), owner_rep_id="rep-1", account_id="birch"),
        closed("b", "lost", at=day(-30), owner_rep_id="rep-2", account_id="birch"),
    ]
    of = book(
        accounts=[account(owner_rep_id="rep-2"), account("birch")],
        account_changes=[early, moved],
        opportunities=rows,
        opportunity_changes=[owners],
    )

    before, after = account_row(pursuit, of, at=day(-6)), account_row(pursuit, of)

    assert before["owner_win_rate"] == pytest.approx(11 / 21)
    assert after["owner_win_rate"] == pytest.approx(10 / 21)
