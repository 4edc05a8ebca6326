from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import polars as pl
import pytest

from features.book import Book, make_book
from features.calendar import Calendar
from features.crm.synthetic import WorldParams, make_world
from features.pursuit import PursuitRule
from features.snapshot import account_spine
from models.policy import FrictionItem, FrictionPolicy, HoursPolicy, LabelPolicy
from models.policy.relabel import (
    FACTS,
    beyond_thresholds,
    differences,
    relabelled,
    subtype_of_walk_away,
)
from training.labels import bucket_labels, possible_friction

WORLD = WorldParams(accounts=80, years=3, seed=5)
UNTIL = datetime.combine(WORLD.until, time(), tzinfo=UTC)
SERVED = LabelPolicy(growth_floor=1_000.0)


def friction(**changed: object) -> LabelPolicy:
    return replace(SERVED, friction=replace(FrictionPolicy(), **changed))  # type: ignore[arg-type]


WITHIN_REACH = {
    "pain_at_least": replace(SERVED, pain_at_least=0.6),
    "a_list_growth_at_least": replace(SERVED, a_list_growth_at_least=0.5),
    "a_list_friction_below": replace(SERVED, a_list_friction_below=0.1),
    "friction.items_at_least": friction(items_at_least=5),
    "friction.late.weight": friction(late=FrictionItem(weight=3.0, cap=20.0)),
    "friction.late.cap": friction(late=FrictionItem(weight=0.30, cap=2.0)),
    "friction.discount.weight": friction(discount=FrictionItem(weight=3.0, cap=0.20)),
    "friction.discount.cap": friction(discount=FrictionItem(weight=0.20, cap=0.02)),
    "friction.service.weight": friction(service=FrictionItem(weight=3.0, cap=8.0)),
    "friction.service.cap": friction(service=FrictionItem(weight=0.25, cap=1.0)),
    "friction.chase.weight": friction(chase=FrictionItem(weight=3.0, cap=6.0)),
    "friction.chase.cap": friction(chase=FrictionItem(weight=0.25, cap=1.0)),
    "friction.returns.weight": friction(returns=FrictionItem(weight=9.0, cap=0.20)),
    "friction.returns.cap": friction(returns=FrictionItem(weight=0.20, cap=0.001)),
}
OUT_OF_REACH = {
    "pursuit.exposed_weeks": replace(SERVED, pursuit=PursuitRule(exposed_weeks=12)),
    "pursuit.renewal_lead_days": replace(SERVED, pursuit=PursuitRule(renewal_lead_days=1)),
    "pursuit.renewal_lapse_days": replace(SERVED, pursuit=PursuitRule(renewal_lapse_days=1)),
    "friction.touches_at_least": friction(touches_at_least=9),
    "friction.escalation_counts": friction(escalation_counts=9.0),
    "growth_floor": replace(SERVED, growth_floor=90_000.0),
    "renewal_touches_at_most": replace(SERVED, renewal_touches_at_most=0),
    "renewal_approach_days": replace(SERVED, renewal_approach_days=1),
}
# order_months speaks where a CRM has no deals, the share only until the floor is an amount:
# neither moves anything in this world, both would in others
OUT_OF_REACH_ELSEWHERE = {
    "pursuit.order_months": replace(SERVED, pursuit=PursuitRule(order_months=1)),
    "growth_floor_share": replace(SERVED, growth_floor_share=0.9),
}
NO_BUCKET = {
    "hours.email": replace(SERVED, hours=HoursPolicy(email=3.0)),
    "hours.escalation": replace(SERVED, hours=HoursPolicy(escalation=9.0)),
    "strings_pushes": replace(SERVED, strings_pushes=1),
    "strings_gap_days": replace(SERVED, strings_gap_days=9),
    "strings_unanswered": replace(SERVED, strings_unanswered=1),
}
EVERY = {**WITHIN_REACH, **OUT_OF_REACH, **OUT_OF_REACH_ELSEWHERE, **NO_BUCKET}


def all_other(told: Mapping[str, object]) -> dict[str, object]:
    """The same names, each with a value that no policy has."""
    return {
        name: all_other(value) if isinstance(value, Mapping) else "another"
        for name, value in told.items()
    }


@pytest.fixture(scope="module")
def world() -> Book:
    tables = {name: frame.lazy() for name, frame in make_world(WORLD).items()}
    return make_book(tables, observed_until=UNTIL)


def measured(world: Book, policy: LabelPolicy) -> pl.DataFrame:
    moments = [UNTIL - timedelta(weeks=weeks) for weeks in (14, 27, 40, 53)]
    spine = account_spine(world, moments)
    length = timedelta(weeks=13)
    return bucket_labels(world, spine, horizon=length, policy=policy, calendar=Calendar())


def facts_of(labels: pl.DataFrame) -> pl.DataFrame:
    """Facts that a label depends on, without the last bits, which a sum in any order moves."""
    known = labels.select(fact for fact in FACTS if fact != "strings_along")
    return known.with_columns(pl.col(pl.Float64).round(9))


@pytest.fixture(scope="module")
def served(world: Book) -> pl.DataFrame:
    return measured(world, SERVED)


def window(**cells: object) -> pl.DataFrame:
    """A won, quiet, growing window with two friction items at nothing."""
    plain: dict[str, object] = dict.fromkeys(FACTS)
    flags = {"is_exposed": True, "is_active": True, "is_won": True, "is_lost": False}
    items = {"late_days": 0.0, "service_load": 0.0}
    rest = {"growth": 0.5, "is_advocate": False, "strings_along": False}
    return pl.DataFrame([{**plain, **flags, **items, **rest, **cells}], schema=FACTS)


@pytest.mark.parametrize("name", WITHIN_REACH)
def test_facts_of_one_policy_under_another_give_the_labels_measured_anew(
    world: Book, served: pl.DataFrame, name: str
) -> None:
    policy = WITHIN_REACH[name]
    anew = measured(world, policy)

    there = relabelled(served, policy, possible=possible_friction(world))
    back = relabelled(anew, SERVED, possible=possible_friction(world))

    assert there.to_list() == anew["label"].to_list()
    assert back.to_list() == served["label"].to_list()
    assert there.to_list() != back.to_list()


@pytest.mark.parametrize("name", EVERY)
def test_a_constant_is_out_of_reach_when_it_is_no_threshold_and_may_move_a_label(name: str) -> None:
    is_named = name in OUT_OF_REACH or name in OUT_OF_REACH_ELSEWHERE

    found = beyond_thresholds(SERVED, EVERY[name])

    assert found == ((name,) if is_named else ())


@pytest.mark.parametrize("name", EVERY)
def test_what_is_measured_moves_only_with_the_constants_that_are_out_of_reach(
    world: Book, served: pl.DataFrame, name: str
) -> None:
    anew = measured(world, EVERY[name])

    assert facts_of(anew).equals(facts_of(served)) == (name not in OUT_OF_REACH)


def test_no_constant_of_the_policy_was_forgotten_above() -> None:
    told = SERVED.to_mapping()

    names = {name for name, _, _ in differences(told, all_other(told))}

    # one kind of activity and one of tickets stand for all the hours
    assert {name for name in names - set(EVERY) if not name.startswith("hours.")} == set()


def test_several_constants_out_of_reach_are_named_in_the_order_of_the_policy() -> None:
    asked = replace(
        SERVED,
        pursuit=PursuitRule(exposed_weeks=2),
        renewal_approach_days=30,
        growth_floor=None,
        pain_at_least=0.5,
    )

    found = beyond_thresholds(SERVED, asked)

    assert found == ("pursuit.exposed_weeks", "growth_floor", "renewal_approach_days")


@pytest.mark.parametrize(
    ("possible", "items_at_least", "label"), [(1, 2, "a_list"), (2, 2, None), (2, 1, "a_list")]
)
def test_one_friction_item_is_enough_only_where_there_can_be_no_other(
    possible: int, items_at_least: int, label: str | None
) -> None:
    facts = window(service_load=None)

    found = relabelled(facts, friction(items_at_least=items_at_least), possible=possible)

    assert found.to_list() == [label]


def test_a_measure_counts_by_its_share_of_the_cap_and_its_weight() -> None:
    facts = window(late_days=10.0, service_load=40.0)

    # 10 days of a cap of 20 is half; 40 tickets of a cap of 8 is all, and no more
    policy = replace(
        friction(late=FrictionItem(weight=3.0, cap=20.0), service=FrictionItem(weight=1.0, cap=8)),
        a_list_friction_below=0.2,
    )
    at = relabelled(facts, replace(policy, pain_at_least=0.625), possible=2)
    above = relabelled(facts, replace(policy, pain_at_least=0.626), possible=2)

    assert at.to_list() == ["pain"]
    assert above.to_list() == ["steady"]


def test_differences_are_told_by_dotted_name_old_and_new_in_the_order_of_the_policy() -> None:
    old = LabelPolicy()
    new = replace(
        old,
        strings_pushes=3,
        growth_floor=5.0,
        friction=replace(old.friction, late=FrictionItem(weight=0.30, cap=30.0)),
    )

    found = differences(old.to_mapping(), new.to_mapping())

    assert found == (
        ("friction.late.cap", 20.0, 30.0),
        ("growth_floor", None, 5.0),
        ("strings_pushes", 2, 3),
    )
    assert differences(old.to_mapping(), old.to_mapping()) == ()


@pytest.mark.parametrize(
    ("strings", "lost", "subtype"),
    [
        (True, True, "strings_along"),
        (True, False, "strings_along"),
        (False, True, "lost"),
        (False, False, "wont_close"),
        (None, True, "lost"),
        (None, None, "wont_close"),
    ],
)
def test_a_walk_away_is_strings_before_lost_before_wont_close(
    *, strings: bool | None, lost: bool | None, subtype: str
) -> None:
    facts = window(strings_along=strings, is_lost=lost)

    assert facts.select(subtype_of_walk_away()).item() == subtype
