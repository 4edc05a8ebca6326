from datetime import timedelta

import pytest

from features.account.pipeline import pipeline
from tests.factories import Row, account, book, change, closed, day, deal, on, quote
from tests.features.views import account_row

INSTANT = timedelta(microseconds=1)
STAGES = [{"stage": name, "sort_order": at} for at, name in enumerate(("a", "b", "c"))]
ELSEWHERE = [
    change(field, None, value, at=day(-900), opportunity_id="elsewhere")
    for field, value in (("amount", "1"), ("stage", "a"), ("close_date", "2026-01-01"))
]


def said_of(*deals: Row, changes: tuple[Row, ...] = (), **tables: list[Row]) -> dict[str, float]:
    rows = {"opportunity_changes": [*ELSEWHERE, *changes], "stages": STAGES, **tables}
    return account_row(pipeline, book(accounts=[account()], opportunities=deals, **rows))


def test_deals_count_when_they_were_created_however_they_ended() -> None:
    said = said_of(
        deal("a", at=day(-180)),
        deal("b", at=day(-180) - INSTANT),
        deal("c", at=day(-365)),
        deal("d", at=day(-365) - INSTANT),
        closed("e", "lost", at=day(-20)),
        deal("f", at=day(-3), recorded_at=day(0)),
    )

    assert (said["deals_opened_180d"], said["deals_opened_181_365d"]) == (2.0, 2.0)
    assert said["days_since_opened"] == 80.0


def test_only_open_deals_grow_old() -> None:
    later = closed("b", "won", at=day(0)) | {"created_at": day(-300)}
    gone = closed("c", "won", at=day(-1)) | {"created_at": day(-400)}

    assert said_of(deal("a", at=day(-90)), later, gone)["oldest_open_deal_days"] == 300.0


def test_pushes_are_those_of_the_open_deals_over_their_number() -> None:
    def moved(name: str, new: str, at: float = -9) -> Row:
        return change("close_date", "2026-01-10", new, at=day(at), opportunity_id=name)

    changes = (
        moved("a", "2026-02-10"),
        moved("a", "2026-01-11"),
        moved("a", "2026-01-09"),
        moved("a", "2026-03-10", at=0),
        moved("b", "2026-02-10"),
        moved("b", "2026-01-10"),
        moved("gone", "2026-02-10"),
        change("stage", "a", "b", at=day(-3), opportunity_id="a"),
    )

    said = said_of(deal("a"), deal("b"), closed("gone", "lost", at=day(-1)), changes=changes)

    assert said["pushes_per_open_deal"] == 1.5
    assert said_of(deal("a"))["pushes_per_open_deal"] == 0.0


def test_close_dates_are_those_of_the_time() -> None:
    moved = change("close_date", on(-5).isoformat(), on(50).isoformat(), at=day(0))
    rows = [
        deal(close_date=on(50)),
        deal("today", close_date=on(0)),
        deal("past", close_date=on(-1)),
        deal("unknown", close_date=None),
        closed("gone", "won", at=day(-90)),
    ]

    said = said_of(*rows, changes=(moved,))

    assert (said["open_deals_overdue"], said["days_to_next_close"]) == (2.0, -5.0)
    assert said_of(rows[1])["open_deals_overdue"] == 0.0


def test_amounts_and_stages_are_those_of_the_time() -> None:
    changes = (
        change("amount", "300.0", "9000.0", at=day(0), opportunity_id="first"),
        change("stage", "b", "c", at=day(-1), opportunity_id="last"),
    )
    rows = [
        deal("first", amount=9_000.0, stage="a"),
        deal("half", amount=200.0, stage="b"),
        deal("last", amount=500.0, stage="c"),
        deal("nowhere", amount=1_000.0, stage="z"),
        deal("unpriced", amount=None, stage="c"),
    ]

    said = said_of(*rows, changes=changes)

    assert said["largest_open_share"] == pytest.approx(1_000 / 2_000)
    assert said["late_stage_share"] == pytest.approx(700 / 1_000)


def test_a_price_is_on_the_table_when_an_open_deal_has_a_quote() -> None:
    quotes = [
        quote(at=day(-9)),
        quote(at=day(-8)),
        quote(at=day(-8), opportunity_id="c"),
        quote(at=day(0), opportunity_id="b"),
        quote(at=day(-9), opportunity_id="gone"),
    ]
    deals = (deal(), deal("b"), deal("c"), deal("d"), closed("gone", "lost", at=day(-1)))

    assert said_of(*deals, quotes=quotes)["priced_share_open"] == 0.5
    assert said_of(deal("b"), quotes=quotes)["priced_share_open"] == 0.0


def test_without_an_open_deal_its_state_is_unknown() -> None:
    said = said_of(closed("a", "won", at=day(-400)), quotes=[quote(at=day(-9))])

    assert (said.pop("deals_opened_180d"), said.pop("deals_opened_181_365d")) == (0.0, 0.0)
    assert said.pop("days_since_opened") == 460.0
    assert set(said.values()) == {None}


def test_without_a_history_what_stood_in_the_deals_is_unknown() -> None:
    said = account_row(pipeline, book(accounts=[account()], opportunities=[deal()]))

    assert said["pushes_per_open_deal"] == 0.0
    names = ("open_deals_overdue", "days_to_next_close", "largest_open_share", "late_stage_share")
    assert [said[name] for name in names] == [None] * 4
