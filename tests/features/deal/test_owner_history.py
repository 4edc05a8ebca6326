import pytest

from features.deal.owner_history import owner_history
from tests.factories import account, book, change, closed, day, deal
from tests.features.views import deal_row


def test_rates_follow_the_owner_the_customer_and_the_type_of_the_time() -> None:
    earlier = change("owner", "x", "y", at=day(-900), opportunity_id="elsewhere")
    moved = change("owner", "rep-2", "rep-1", at=day(-5))
    rows = [
        deal(),
        closed("a", "won", at=day(-30)),
        closed("b", "lost", at=day(-30), owner_rep_id="rep-2", account_id="birch"),
        closed("c", "won", at=day(0), account_id="birch", type="renewal"),
    ]
    of = book(
        accounts=[account(), account("birch")],
        opportunities=rows,
        opportunity_changes=[earlier, moved],
    )

    before, after = deal_row(owner_history, of, at=day(-5)), deal_row(owner_history, of)

    assert before["owner_win_rate"] == pytest.approx(10 / 21)
    assert after["owner_win_rate"] == pytest.approx(11 / 21)
    assert after["customer_win_rate"] == pytest.approx(11 / 21)
    assert after["type_win_rate"] == pytest.approx(0.5)
    assert (before["owner_changes"], after["owner_changes"]) == (0.0, 1.0)
