from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features.calendar import Calendar
from features.context import Context, build_context
from features.schema import AS_OF
from tests.factories import account, account_change, book, change, closed, day, deal, on

DAYS = Calendar()


def owned(name: str, outcome: str, at: float, rep: str = "rep-1") -> dict[str, object]:
    return closed(name, outcome, at=day(at), owner_rep_id=rep)


def owners_history() -> list[dict[str, object]]:
    return [change("owner", "x", "y", at=day(-999), opportunity_id="another")]


def context_of(**tables: object) -> Context:
    return build_context(book(accounts=[account()], **tables), [day(-10), day(0)], DAYS)


def test_only_outcomes_known_before_the_moment_count() -> None:
    late = {**closed("c", "won", at=day(-30)), "recorded_at": day(-10)}
    rows = [closed("a", "won", at=day(-20)), closed("b", "lost", at=day(-10)), late, deal("d")]

    base = context_of(opportunities=rows).base

    assert base.select("closed", "won").rows() == [(1, 1), (3, 2)]


def test_a_rate_is_shrunk_to_the_books_own_with_the_weight_of_twenty_deals() -> None:
    rows = [owned("a", "won", -20), owned("b", "won", -21), owned("c", "lost", -22, "rep-2")]

    owners = context_of(opportunities=rows, opportunity_changes=owners_history()).owners

    first = owners.filter((pl.col(AS_OF) == day(0)) & (pl.col("owner_rep_id") == "rep-1"))
    assert first["win_rate"].item() == pytest.approx((2 + 20 * 2 / 3) / 22)


def test_a_deal_counts_for_the_owner_it_had_when_it_closed() -> None:
    moved = change("owner", "rep-1", "rep-2", at=day(-5), opportunity_id="a")
    rows = [owned("a", "won", -20, "rep-2")]

    owners = context_of(opportunities=rows, opportunity_changes=[*owners_history(), moved]).owners

    assert owners["owner_rep_id"].unique().to_list() == ["rep-1"]


def test_before_the_first_close_rates_are_unknown_and_counts_zero() -> None:
    base = context_of(opportunities=[deal()]).base

    assert base["closed"].to_list() == [0, 0]
    assert base["win_rate"].null_count() == 2


def test_stages_have_a_place_a_rate_and_the_days_that_won_deals_stood_in_them() -> None:
    moves = [
        change("stage", "qualify", "offer", at=day(-60), opportunity_id="a"),
        change("stage", "offer", "won", at=day(-20), opportunity_id="a"),
        change("stage", "qualify", "lost", at=day(-50), opportunity_id="b"),
    ]
    rows = [closed("a", "won", at=day(-20)), closed("b", "lost", at=day(-50))]

    stages = context_of(opportunities=rows, opportunity_changes=moves).stages

    now = stages.filter(pl.col(AS_OF) == day(0)).sort("position")
    assert now["stage"].to_list() == ["qualify", "offer"]
    assert now["position"].to_list() == [0.0, 1.0]
    assert now["median_days"].to_list() == [20.0, 40.0]
    assert now["win_rate"].to_list() == pytest.approx([11 / 22, 11 / 21])


def test_declared_stages_keep_their_order_even_when_no_deal_passed_them() -> None:
    declared = [
        {"stage": "offer", "sort_order": 2.0},
        {"stage": "qualify", "sort_order": 1.0},
        {"stage": "won", "sort_order": 3.0, "is_closed": True},
    ]

    stages = context_of(opportunities=[deal()], stages=declared).stages

    places = stages.filter(pl.col(AS_OF) == day(0)).select("stage", "position").rows()
    assert places == [("offer", 1.0), ("qualify", 0.0)]


@pytest.mark.parametrize(("rank", "place"), [(None, None), (4.0, 0.0)])
def test_a_stage_without_a_rank_has_no_place(rank: float | None, place: float | None) -> None:
    declared = [
        {"stage": "offer"},
        {"stage": "qualify", "sort_order": rank},
        {"stage": "won", "sort_order": 3.0, "is_closed": True},
    ]

    stages = context_of(opportunities=[deal()], stages=declared).stages

    places = stages.filter(pl.col(AS_OF) == day(0)).select("stage", "position").rows()
    assert places == [("offer", None), ("qualify", place)]


def test_amounts_are_medians_of_won_deals_by_type_and_segment() -> None:
    history = change("amount", "1", "2", at=day(-999), opportunity_id="another")
    segment = account_change("segment", "small", "large", at=day(-900))
    rows = [
        closed("a", "won", at=day(-20), amount=100.0),
        closed("b", "won", at=day(-20), amount=300.0),
        closed("c", "lost", at=day(-20), amount=900.0),
        closed("d", "won", at=day(-20), amount=50.0, type="renewal"),
    ]
    of = book(
        accounts=[account(segment="large")],
        account_changes=[segment],
        opportunities=rows,
        opportunity_changes=[history],
    )

    context = build_context(of, [day(0)], DAYS)

    types = dict(context.types.select("type", "won_amount_median").rows())
    assert types == {"new": 200.0, "renewal": 50.0}
    assert context.segments.select("segment", "won_amount_median").rows() == [("large", 100.0)]


def test_a_win_dated_before_its_creation_took_no_time_and_not_less() -> None:
    rows = [closed(f"w{n}", "won", at=day(-20), created_at=day(-17)) for n in range(3)]

    base = context_of(opportunities=rows).base

    assert base["won_cycle_days_p90"].to_list() == [0.0, 0.0]


def test_slow_wins_and_the_people_on_them_are_described() -> None:
    rows = [closed(f"w{n}", "won", at=day(-20), created_at=day(-20 - n)) for n in range(11)]
    named = {"opportunity_id": "w1", "contact_id": "c1", "created_at": day(-20)}
    late = {**named, "contact_id": "c2", "recorded_at": day(-19)}
    lost = closed("lost", "lost", at=day(-20), created_at=day(-900))

    base = context_of(opportunities=[*rows, lost], opportunity_contacts=[named, late]).base

    assert base["won_cycle_days_p90"].to_list() == [9.0, 9.0]
    assert base["won_contacts_median"].to_list() == [0.0, 0.0]
    assert context_of(opportunities=[rows[1]], opportunity_contacts=[named, late]).base[
        "won_contacts_median"
    ].to_list() == [1.0, 1.0]


def test_an_owners_load_and_habits_are_those_of_the_moment() -> None:
    pushed = change("close_date", "2025-01-01", "2025-02-01", at=day(-30), opportunity_id="a")
    given = change("owner", "rep-1", "rep-2", at=day(-10), opportunity_id="d")
    rows = [
        owned("a", "won", -20),
        owned("b", "won", -100),
        deal("c"),
        deal("d", owner_rep_id="rep-2"),
    ]

    owners = context_of(
        opportunities=rows, opportunity_changes=[*owners_history(), pushed, given]
    ).owners

    told = ("owner_rep_id", "closed", "win_rate", "won_90d", "open_deals", "pushes_mean")
    assert owners.select(told).rows() == [
        ("rep-1", 2, 1.0, 2, 2, pytest.approx(0.5)),
        ("rep-1", 2, 1.0, 1, 1, pytest.approx(0.5)),
        ("rep-2", 0, None, 0, 1, None),
    ]


def test_the_rush_is_the_share_won_in_the_last_two_weeks_of_a_quarter() -> None:
    assert on(-1).isoformat() == "2025-12-31"
    rows = [closed("a", "won", at=day(-3)), closed("b", "won", at=day(-40))]

    assert context_of(opportunities=rows).base["quarter_end_share"].to_list() == [0.0, 0.5]


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    context = context_of(opportunities=[owned("a", "won", -20)])

    context.write(tmp_path / "context")
    again = Context.read(tmp_path / "context")

    for part in ("base", "owners", "segments", "types", "stages"):
        assert_frame_equal(getattr(again, part), getattr(context, part))


def test_a_book_without_deals_has_a_context_all_the_same() -> None:
    context = context_of()

    assert context.base.height == 2
    assert context.stages.height == 0
