import pytest

from features.deal.covenants import covenants
from tests.factories import account, book, change, covenant, day, deal, on
from tests.features.views import deal_row


def said_of(*rows: dict[str, object]) -> dict[str, float | None]:
    of = book(accounts=[account()], opportunities=[deal()], covenants=rows)
    return deal_row(covenants, of)


def test_a_covenant_is_unmet_once_its_day_has_passed() -> None:
    said = said_of(
        covenant(at=day(-30), due_on=on(-1)),
        covenant(at=day(-30), due_on=on(0)),
        covenant(at=day(-30), due_on=on(-5), met_at=day(0)),
        covenant(at=day(-30), due_on=on(-5), met_at=day(-2)),
    )

    assert (said["covenants_agreed"], said["covenants_unmet"]) == (4.0, 2.0)
    assert round(said["covenants_met_share"] or 0, 4) == 0.3333


def test_a_deal_without_covenants_has_none_and_no_share() -> None:
    said = said_of(covenant(at=day(-3), opportunity_id="other"))

    assert (said["covenants_agreed"], said["covenants_met_share"]) == (0.0, None)


def test_overdue_steps_are_told_by_share_and_by_the_oldest() -> None:
    said = said_of(
        covenant(at=day(-60), due_on=on(-20)),
        covenant(at=day(-60), due_on=on(-7)),
        covenant(at=day(-60), due_on=on(-40), met_at=day(-1)),
        covenant(at=day(-9), due_on=None),
        covenant(at=day(-9.5), due_on=on(0)),
    )

    assert said["covenants_unmet_share"] == pytest.approx(0.4)
    assert said["oldest_unmet_days"] == 20.0
    assert (said["covenants_open"], said["days_since_covenant"]) == (1.0, 9.0)


def test_a_step_is_kept_in_time_up_to_the_end_of_its_day() -> None:
    said = said_of(
        covenant(at=day(-60), due_on=on(-10), met_at=day(-9.01)),
        covenant(at=day(-60), due_on=on(-10), met_at=day(-9)),
        covenant(at=day(-60), due_on=on(9), met_at=day(-5)),
        covenant(at=day(-60), due_on=on(-1)),
        covenant(at=day(-60), due_on=on(0)),
        covenant(at=day(-60), due_on=None, met_at=day(-1)),
    )

    assert said["covenants_on_time_share"] == 0.5


def test_steps_of_the_stage_count_where_the_stage_is_known() -> None:
    rows = [covenant(at=day(-30)), covenant(at=day(-30), stage="offer"), covenant(at=day(0))]
    moved = change("stage", "offer", "qualify", at=day(-20))
    tables = {"accounts": [account()], "opportunities": [deal(), deal("deal-2")]}
    of = book(**tables, covenants=rows, opportunity_changes=[moved])

    assert deal_row(covenants, of)["covenants_in_stage"] == 1.0
    assert deal_row(covenants, of, at=day(-20))["covenants_in_stage"] is None
    assert deal_row(covenants, of, opportunity_id="deal-2")["covenants_in_stage"] == 0.0


def test_a_deal_without_covenants_is_neither_overdue_nor_waiting() -> None:
    said = said_of(covenant(at=day(-3), opportunity_id="other"))

    assert said["oldest_unmet_days"] == said["covenants_open"] == 0.0
    assert said["covenants_unmet_share"] is said["covenants_on_time_share"] is None
    assert said["days_since_covenant"] is None
