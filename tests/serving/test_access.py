from dataclasses import dataclass

import pytest

from serving.access import Role, identify, may_see
from serving.rows import RepRow, other_form


@dataclass(frozen=True)
class Row:
    owner_rep_id: str | None


def reports(*pairs: tuple[str, str | None]) -> list[RepRow]:
    return [RepRow(rep, rep.title(), manager, is_active=True) for rep, manager in pairs]


TEAM = reports(("boss", None), ("mid", "boss"), ("ann", "mid"), ("bob", "boss"), ("eve", None))


def visible(role: Role, rep_id: str | None) -> set[str | None]:
    caller = identify("key-1", role, rep_id=rep_id, reps=TEAM)
    owners = ("boss", "mid", "ann", "bob", "eve", None)
    return {owner for owner in owners if may_see(caller, Row(owner))}


def test_a_rep_sees_the_own_rows_only() -> None:
    assert visible("rep", "mid") == {"mid"}


def test_a_manager_sees_the_whole_tree_below_and_nobody_beside() -> None:
    assert visible("manager", "boss") == {"boss", "mid", "ann", "bob"}
    assert visible("manager", "mid") == {"mid", "ann"}


def test_a_crm_service_sees_every_row_also_those_without_an_owner() -> None:
    assert visible("crm", None) == {"boss", "mid", "ann", "bob", "eve", None}


@pytest.mark.parametrize("role", ["data_scientist", "admin", "rep", "manager"])
def test_whoever_has_no_rows_of_their_own_sees_none(role: Role) -> None:
    assert visible(role, None) == set()


def test_managers_in_a_circle_see_each_other_and_the_walk_ends() -> None:
    circle = reports(("a", "b"), ("b", "a"), ("c", None))

    caller = identify("key-1", "manager", rep_id="a", reps=circle)

    assert caller.visible_rep_ids == {"a", "b"}


@pytest.mark.parametrize(
    ("short", "long"),
    [("001A0000006Vm9r", "001A0000006Vm9rIAC"), ("001000000000000", "001000000000000AAA")],
)
def test_both_forms_of_a_salesforce_id_lead_to_each_other(short: str, long: str) -> None:
    assert other_form(short) == long
    assert other_form(long) == short


def test_an_id_with_a_wrong_suffix_has_no_other_form() -> None:
    assert other_form("001A0000006Vm9rIAD") is None
    assert other_form("customer-00001-a") is None
