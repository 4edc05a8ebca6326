from datetime import timedelta

import pytest

from features.account.outcomes import outcomes
from tests.factories import Row, account, book, closed, day, deal
from tests.features.views import account_row

INSTANT = timedelta(microseconds=1)


def said_of(*rows: Row) -> dict[str, float | None]:
    return account_row(outcomes, book(accounts=[account()], opportunities=rows))


def test_wins_and_losses_fall_into_windows_that_share_none() -> None:
    edges = (90, 365, 730)
    wins = [closed(f"won-{days}", "won", at=day(-days)) for days in edges]
    older = [closed(f"older-{days}", "won", at=day(-days) - INSTANT) for days in edges]
    losses = [closed("a", "lost", at=day(-180)), closed("b", "lost", at=day(-180) - INSTANT)]

    said = said_of(*wins, *older, *losses)

    assert (said["won_91_365d"], said["won_366_730d"], said["lost_180d"]) == (2.0, 2.0, 1.0)


def test_days_count_from_the_newest_close_known_by_then() -> None:
    said = said_of(
        closed("a", "won", at=day(-40)),
        closed("b", "won", at=day(-50)),
        closed("c", "won", at=day(0)),
        closed("d", "lost", at=day(-7)),
        closed("e", "lost", at=day(-5), recorded_at=day(1)),
    )

    assert (said["days_since_won"], said["days_since_lost"]) == (40.0, 7.0)


def test_losses_count_from_the_newest_win_on() -> None:
    lost = [closed(f"lost-{days}", "lost", at=day(-days)) for days in (5, 40, 60)]

    since = said_of(*lost, closed("won", "won", at=day(-40)), closed("old", "won", at=day(-90)))
    never_won = said_of(*lost)

    assert since["losses_since_win"] == 1.0
    assert never_won["losses_since_win"] == 3.0


def test_the_cycle_is_the_median_of_the_won_deals_and_never_negative() -> None:
    def won(name: str, days: float) -> Row:
        return closed(name, "won", at=day(-50)) | {"created_at": day(-50 - days)}

    three = said_of(won("a", 10), won("b", 20), won("c", 90), closed("d", "lost", at=day(-9)))
    entered_late = said_of(won("a", -10))

    assert three["won_cycle_days"] == 20.0
    assert entered_late["won_cycle_days"] == 0.0


def test_rates_by_type_are_mixed_with_the_books_rate_of_the_type() -> None:
    rows = [
        closed("a", "won", at=day(-50), type="renewal"),
        closed("b", "lost", at=day(-50), type="expansion"),
        closed("c", "won", at=day(-50), type="renewal", account_id="birch"),
        closed("d", "lost", at=day(-50), type="new"),
        deal("e", type="renewal"),
    ]

    said = said_of(*rows)

    of_renewals = (2 + 20 * 0.5) / 22
    of_expansions = (0 + 20 * 0.5) / 21
    assert said["renewal_win_rate"] == pytest.approx((1 + 20 * of_renewals) / 21)
    assert said["expansion_win_rate"] == pytest.approx(20 * of_expansions / 21)


def test_an_account_without_deals_has_the_rate_of_the_type_and_no_past() -> None:
    said = said_of(closed("a", "won", at=day(-9), type="renewal", account_id="birch"))

    assert said["renewal_win_rate"] == 1.0
    assert said["expansion_win_rate"] is None
    assert (said["won_91_365d"], said["won_366_730d"], said["lost_180d"]) == (0.0, 0.0, 0.0)
    assert said["losses_since_win"] == 0.0
    assert [said[n] for n in ("days_since_won", "days_since_lost", "won_cycle_days")] == [None] * 3
