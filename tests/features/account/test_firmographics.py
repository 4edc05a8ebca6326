import pytest

from features.account.firmographics import firmographics
from tests.factories import account, account_change, book, change, closed, day
from tests.features.views import account_row


def test_the_segment_is_the_one_of_the_time() -> None:
    moved = account_change("segment", "small", "large", at=day(-5))
    earlier = account_change("segment", "x", "y", at=day(-900), account_id="other")
    history = change("amount", "1", "2", at=day(-999), opportunity_id="other")
    deals = [
        closed("a", "won", at=day(-50), account_id="birch", amount=700.0),
        closed("b", "lost", at=day(-50), account_id="birch"),
    ]
    of = book(
        accounts=[account(segment="large"), account("birch", segment="small")],
        account_changes=[earlier, moved],
        opportunities=deals,
        opportunity_changes=[history],
    )

    before, after = account_row(firmographics, of, at=day(-6)), account_row(firmographics, of)

    assert before["segment_won_amount"] == 700.0
    assert before["segment_win_rate"] == pytest.approx(0.5)
    assert before["segment_won_cycle_days"] == 60.0
    assert after["segment_won_amount"] is None
    assert after["segment_won_cycle_days"] is None


def test_tenure_runs_from_the_entry_in_the_crm() -> None:
    assert account_row(firmographics, book(accounts=[account()]))["tenure_days"] == 1095.0
