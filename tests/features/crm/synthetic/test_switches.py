"""Switches: each takes out one kind of mess, and nothing else."""

from collections.abc import Callable
from functools import cache

import polars as pl
import pytest

from features.crm.synthetic import MESS, UnknownMessError, make_world, without
from features.crm.synthetic.mess.second_records import SUFFIX
from features.schema import conform
from tests.features.crm.small_world import MESSY, PARAMS, World

TABLE_MESS = ("duplicates", "currencies", "missing_contacts", "missing_facts")
FACTS = ("employees", "annual_revenue", "industry")


@cache
def lacking(*kinds: str) -> World:
    return make_world(without(MESSY, kinds))


def second_records(world: World) -> int:
    return world["accounts"].filter(pl.col("account_id").str.ends_with(SUFFIX)).height


def foreign_rows(world: World) -> int:
    return sum(
        world[name]["currency"].is_not_null().sum() for name in ("opportunities", "invoices")
    )


def accounts_without_contacts(world: World) -> int:
    firsts = world["accounts"].filter(~pl.col("account_id").str.ends_with(SUFFIX))
    return firsts.join(world["contacts"], on="account_id", how="anti").height


def missing_facts(world: World) -> int:
    firsts = world["accounts"].filter(~pl.col("account_id").str.ends_with(SUFFIX))
    return int(firsts.select(pl.col(FACTS).null_count()).sum_horizontal()[0])


def owner_changes(world: World) -> int:
    moves = world["account_changes"].filter(
        (pl.col("field") == "owner") & pl.col("old").is_not_null()
    )
    return moves.height


def credit_notes(world: World) -> int:
    return world["invoices"].filter(pl.col("amount") < 0).height


def late_entries(world: World) -> int:
    pairs = (("activities", "occurred_at"), ("invoices", "issued_at"))
    return sum(
        world[name].filter(pl.col("recorded_at") > pl.col(moment)).height for name, moment in pairs
    )


def straight_wins(world: World) -> int:
    wins = world["opportunity_changes"].filter(
        (pl.col("field") == "stage") & (pl.col("new") == "Won") & (pl.col("old") == "Qualify")
    )
    return wins.height


def jumps(world: World) -> int:
    moves = world["opportunity_changes"].filter(pl.col("field") == "stage")
    skips = {"Qualify": "Propose", "Discover": "Negotiate"}
    skipped = pl.col("old").replace_strict(skips, default="none") == pl.col("new")
    return moves.filter(skipped).height


def long_dead(world: World) -> int:
    """Open sales whose date has passed for months: given up, and never closed."""
    overdue = pl.lit(MESSY.until) - pl.col("close_date") > pl.duration(days=90)
    is_sale = pl.col("type") != "renewal"
    return world["opportunities"].filter(is_sale & overdue & (pl.col("outcome") == "open")).height


SEEN: dict[str, Callable[[World], int]] = {
    "duplicates": second_records,
    "currencies": foreign_rows,
    "missing_contacts": accounts_without_contacts,
    "missing_facts": missing_facts,
    "owner_changes": owner_changes,
    "credit_notes": credit_notes,
    "back_dating": late_entries,
    "sandbagging": straight_wins,
    "happy_ears": jumps,
    "zombies": long_dead,
}
ALSO_FROM = {"happy_ears": ("sandbagging",)}
"""What looks alike: who hid one step forward seems to jump with the next."""


def test_every_kind_of_mess_can_be_seen() -> None:
    assert set(SEEN) == set(MESS)


@pytest.mark.parametrize("kind", MESS)
def test_a_switch_takes_its_mess_out(kind: str) -> None:
    beside = ALSO_FROM.get(kind, ())

    assert SEEN[kind](lacking(*beside)) > 0
    assert SEEN[kind](lacking(*beside, kind)) == 0


@pytest.mark.parametrize("kind", TABLE_MESS)
def test_a_switch_leaves_the_other_mess_of_the_tables_in(messy: World, kind: str) -> None:
    others = [name for name in TABLE_MESS if name != kind]

    found = {name: SEEN[name](lacking(kind)) for name in others}

    assert found == {name: SEEN[name](messy) for name in others}


def test_without_currencies_there_are_no_rates(messy: World) -> None:
    assert "exchange_rates" in messy
    assert "exchange_rates" not in lacking("currencies")


def test_without_every_mess_of_the_tables_the_world_is_the_clean_one(world: World) -> None:
    one_by_one = MESSY
    for kind in reversed(TABLE_MESS):
        one_by_one = without(one_by_one, [kind])

    assert one_by_one == PARAMS
    assert [SEEN[kind](world) for kind in TABLE_MESS] == [0, 0, 0, 0]


def test_all_switches_together_make_a_world_without_any_mess() -> None:
    calm = make_world(without(MESSY, MESS))

    assert {kind: seen(calm) for kind, seen in SEEN.items()} == dict.fromkeys(MESS, 0)
    for name, frame in calm.items():
        conform(name, frame.lazy())
        assert frame.height > 0, name


def test_nothing_is_taken_out_unasked() -> None:
    assert without(MESSY, []) == MESSY


def test_an_unknown_mess_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownMessError, match=r"out of duplicates, .*, got 'dust'"):
        without(MESSY, ["zombies", "dust"])
