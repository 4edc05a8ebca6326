from datetime import UTC, datetime

import pytest

from benchmarks.portrait.deals import (
    NO_DEALS,
    Funnel,
    Pushes,
    QuarterWeeks,
    Stages,
    funnel,
    pushes,
    quarter_weeks,
)
from benchmarks.portrait.fact import Lacking
from features.book import Book
from features.calendar import Calendar
from tests.factories import Row, account, book, change, closed, day, deal, row

STAGES = [
    row("stages", stage=name, sort_order=float(place), is_closed=place > 2, is_won=name == "won")
    for place, name in enumerate(["qualify", "offer", "sign", "won", "lost"])
]


def moved(deal_id: str, *stages: str) -> list[Row]:
    return [change("stage", None, stage, at=day(-50), opportunity_id=deal_id) for stage in stages]


def pushed(deal_id: str, times: int, *, at: float = -40) -> list[Row]:
    return [
        change("close_date", f"2025-01-0{n + 1}", f"2025-01-0{n + 2}", at=day(at + n),
               opportunity_id=deal_id)
        for n in range(times)
    ]  # fmt: skip


def of(deals: list[Row], changes: list[Row] | None = None) -> Book:
    return book(
        accounts=[account()],
        opportunities=deals,
        opportunity_changes=changes or [],
        stages=STAGES,
        observed_until=day(0),
    )


def test_a_deal_counts_at_every_stage_up_to_the_furthest_and_a_win_at_all() -> None:
    deals = [
        closed("a", "lost", at=day(-1)),
        closed("b", "lost", at=day(-1)),
        closed("c", "won", at=day(-1)),
        closed("d", "lost", at=day(-1), type="expansion"),
    ]
    changes = [
        *moved("a", "qualify", "lost"),
        *moved("b", "qualify", "offer", "sign", "offer"),
        *moved("c", "qualify", "won"),
        *moved("d", "offer"),
    ]

    found = funnel(of(deals, changes))

    assert found == Funnel(
        ("qualify", "offer", "sign"),
        (Stages("new deals", (3, 2, 2), 1), Stages("expansions", (1, 1, 0), 0)),
    )
    assert found.headline == "33 % of new deals and 0 % of expansions are won"


def test_open_deals_and_renewals_are_in_no_funnel() -> None:
    deals = [
        deal("open"),
        closed("later", "won", at=day(3)),
        closed("renewal", "won", at=day(-1), type="renewal"),
        closed("untyped", "won", at=day(-1), type=None),
    ]

    found = funnel(of(deals, moved("untyped", "qualify")))

    assert isinstance(found, Funnel)
    assert found.groups == (Stages("deals", (1, 1, 1), 1),)


def test_pushes_are_moves_to_a_later_day_while_the_deal_is_open() -> None:
    deals = [closed(name, "lost", at=day(-1)) for name in ("none", "back", "late")]
    deals += [closed("renewal", "won", at=day(-1), type="renewal")]
    deals += [closed("six", "won", at=day(-1)), closed("three", "lost", at=day(-1))]
    changes = [
        change("close_date", None, "2025-01-05", at=day(-60), opportunity_id="none"),
        change("close_date", "2025-02-05", "2025-01-05", at=day(-40), opportunity_id="back"),
        *pushed("late", 1, at=-0.5),
        *pushed("six", 6),
        *pushed("three", 3),
    ]

    found = pushes(of(deals, changes))

    assert found == Pushes((3, 0, 0, 1, 1), (0, 0, 0, 0, 1))
    assert found.headline == "40 % of deals are pushed 3 times or more; 1 of 2 are won"


def test_a_rate_over_many_deals_is_said_in_percent() -> None:
    found = Pushes((60, 20, 0, 15, 5), (30, 5, 0, 5, 1))

    assert found.headline == "20 % of deals are pushed 3 times or more; 30 % of those are won"


def test_wins_count_in_the_week_of_their_fiscal_quarter_and_only_in_whole_quarters() -> None:
    first = datetime(2025, 2, 10, tzinfo=UTC)
    wins = [
        datetime(2025, 3, 31, tzinfo=UTC),  # before the first whole quarter
        datetime(2025, 4, 1, tzinfo=UTC),
        datetime(2025, 4, 7, 23, tzinfo=UTC),
        datetime(2025, 4, 8, tzinfo=UTC),
        datetime(2025, 9, 30, 12, tzinfo=UTC),  # the 92nd day
        datetime(2025, 12, 31, tzinfo=UTC),
        datetime(2026, 1, 1, 12, tzinfo=UTC),  # in the running quarter
    ]
    deals = [closed(str(n), "won", at=at, created_at=first) for n, at in enumerate(wins)]
    crm = book(accounts=[account()], opportunities=deals, observed_until=day(10))

    found = quarter_weeks(crm, Calendar())

    assert isinstance(found, QuarterWeeks)
    assert found.wins == (2, 1, *[0] * 10, 2)
    assert found.even[0] == pytest.approx(21 / 275)
    assert found.even[-1] == pytest.approx((7 + 8 + 8) / 275)
    assert sum(found.even) == pytest.approx(1.0)
    assert found.headline.startswith("40 % of wins fall in the last two weeks")


def test_the_quarter_is_that_of_the_fiscal_year() -> None:
    deals = [
        closed("a", "won", at=datetime(2025, 5, 2, tzinfo=UTC), created_at=day(-400)),
    ]
    crm = book(accounts=[account()], opportunities=deals, observed_until=day(0))

    found = quarter_weeks(crm, Calendar(fiscal_year_start_month=2))

    assert isinstance(found, QuarterWeeks)
    assert found.wins[0] == 1


def test_without_deals_or_history_the_panel_says_so() -> None:
    nothing = book(accounts=[account()])
    bare = book(
        accounts=[account()], opportunities=[closed("a", "won", at=day(-1))], observed_until=day(0)
    )

    assert funnel(nothing) is pushes(nothing) is quarter_weeks(nothing, Calendar()) is NO_DEALS
    assert funnel(bare) == Lacking("no history of stages in this regime")
    assert pushes(bare) == Lacking("no history of committed dates in this regime")
    assert quarter_weeks(bare, Calendar()) == Lacking("no win in a whole quarter of this regime")


def test_figures_refuse_what_cannot_be() -> None:
    with pytest.raises(ValueError, match="stages that lose deals on the way"):
        Stages("deals", (1, 2), 0)
    with pytest.raises(ValueError, match="expected won among deals"):
        Pushes((1, 0, 0, 0, 0), (2, 0, 0, 0, 0))
    with pytest.raises(ValueError, match="expected wins in 13 weeks"):
        QuarterWeeks((0,) * 13, (1 / 13,) * 13)
