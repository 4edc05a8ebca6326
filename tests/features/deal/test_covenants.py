from features.deal.covenants import covenants
from tests.factories import account, book, covenant, day, deal, on
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
