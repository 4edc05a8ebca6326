from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from models.analogs import Analogs, make_analogs
from models.policy import DecisionPolicy, LabelPolicy, Policy
from models.policy.relabel import FACTS
from models.rebucket import PolicyBeyondReachError
from serving.movers import Movers, Published, movers
from tests.serving.periods import period

COLUMNS = ("p_a_list", "p_pain", "p_walk_away", "p_steady")
FLOOR = 250.0
SERVED = Policy(label=LabelPolicy(growth_floor=FLOOR))
MILDER = replace(SERVED, label=replace(SERVED.label, pain_at_least=0.6))


def past() -> Analogs:
    """0 to 3 are pains of which the milder policy makes 0, 1 and 2 steady; 4 is steady."""
    days = (9.0, 10.0, 11.0, 19.0, 0.0)  # late, of a cap of 20
    rows = [period(late_days=late) for late in days]
    told = pl.DataFrame([(0.25,) * 4] * len(rows), schema=list(COLUMNS), orient="row")
    return make_analogs(told, pl.DataFrame(rows, schema=FACTS), possible_items=1)


ACCOUNTS: dict[str, tuple[tuple[float, ...], float | None, list[int]]] = {
    "c-wavers": ((0.1, 0.5, 0.0, 0.4), None, [0, 1, 4]),
    "b-turns": ((0.0, 0.6, 0.0, 0.4), None, [0, 1, 2]),
    "d-stays": ((0.6, 0.3, 0.0, 0.1), None, [3, 3, 4]),
    "a-alone": ((0.0, 0.1, 0.1, 0.8), 0.7, [4, 4, 4]),
    "e-walks": ((0.0, 0.1, 0.9, 0.0), None, [4, 4, 4]),
}


def published(*, served: Policy = SERVED) -> Published:
    rows = [
        {
            "account_id": account_id,
            "name": account_id.title(),
            "owner_rep_id": "ann",
            **dict(zip(COLUMNS, p, strict=True)),
            "p_self_renewer": alone,
        }
        for account_id, (p, alone, _) in ACCOUNTS.items()
    ]
    frame = pl.DataFrame(rows, schema_overrides={"p_self_renewer": pl.Float64})
    near = np.array([places for _, _, places in ACCOUNTS.values()], dtype=np.uint16)
    return Published(frame, near, past(), served)


def counted(found: Movers) -> dict[tuple[str, str], int]:
    return {(before, after): count for before, after, count in found.counts.rows()}


def test_the_counts_name_every_account_once_also_those_that_stay() -> None:
    found = movers(published(), SERVED, MILDER)

    assert counted(found) == {
        ("a_list", "a_list"): 1,
        ("pain", "steady"): 2,
        ("steady", "steady"): 1,
        ("walk_away", "walk_away"): 1,
    }
    assert found.counts["accounts"].sum() == len(ACCOUNTS)


def test_movers_are_told_the_surest_first_with_both_chances_of_their_new_bucket() -> None:
    found = movers(published(), SERVED, MILDER)

    # of the pains 3 of 4 become steady in the book: with ten periods of it, (3 + 7.5) / 13 and
    # (2 + 7.5) / 12 of P(pain) move
    moved = found.moved.to_dicts()
    assert [row["account_id"] for row in moved] == ["b-turns", "c-wavers"]
    assert [(row["before"], row["after"]) for row in moved] == [("pain", "steady")] * 2
    assert [row["p_before"] for row in moved] == [0.4, 0.4]
    assert [row["p_after"] for row in moved] == pytest.approx(
        [0.4 + 0.6 * 10.5 / 13, 0.4 + 0.5 * 9.5 / 12]
    )
    assert [row["name"] for row in moved] == ["B-Turns", "C-Wavers"]


def test_the_similar_periods_that_move_the_same_way_are_counted() -> None:
    found = movers(published(), SERVED, MILDER)

    assert found.moved.select("account_id", "relabelled", "similar").rows() == [
        ("b-turns", 3, 3),
        ("c-wavers", 2, 3),
    ]


def test_the_other_way_round_the_same_accounts_come_back() -> None:
    found = movers(published(), MILDER, SERVED)

    assert counted(found)["steady", "pain"] == 2
    assert found.moved.select("account_id", "before", "after", "relabelled").rows() == [
        ("b-turns", "steady", "pain", 3),
        ("c-wavers", "steady", "pain", 2),
    ]
    assert found.moved["p_after"].to_list() == [0.6, 0.5]


def test_accounts_as_sure_are_told_in_the_order_of_their_ids() -> None:
    same = published()
    p = pl.DataFrame([(0.0, 0.6, 0.0, 0.4)] * 5, schema=list(COLUMNS), orient="row")
    accounts = same.accounts.with_columns(p.get_columns())
    near = np.array([[0, 1, 2]] * 5, dtype=np.uint16)

    found = movers(replace(same, accounts=accounts, neighbours=near), SERVED, MILDER)

    assert found.moved["account_id"].to_list() == sorted(ACCOUNTS)


def test_the_constants_that_differ_are_named_with_both_values() -> None:
    other = replace(MILDER, decision=DecisionPolicy(walk_away_at_least=0.95))

    found = movers(published(), SERVED, other)

    assert found.constants == (
        ("label.pain_at_least", 0.42, 0.6),
        ("decision.walk_away_at_least", 0.40, 0.95),
    )


def test_the_same_policy_moves_nobody() -> None:
    found = movers(published(), SERVED, replace(SERVED))

    assert found.constants == ()
    assert found.moved.is_empty()
    assert found.counts["accounts"].sum() == len(ACCOUNTS)


def test_a_decision_alone_moves_accounts_and_relabels_no_period() -> None:
    other = replace(SERVED, decision=DecisionPolicy(walk_away_at_least=0.95))

    found = movers(published(), SERVED, other)

    row = found.moved.row(0, named=True)
    assert found.moved.height == 1
    assert (row["account_id"], row["before"], row["after"]) == ("e-walks", "walk_away", "pain")
    assert (row["p_before"], row["p_after"], row["relabelled"]) == (0.1, 0.1, 0)


@pytest.mark.parametrize(("at_least", "shown"), [(0.7, "walk_away"), (0.71, "steady")])
def test_a_steady_account_that_renews_by_itself_is_shown_as_a_walk_away(
    at_least: float, shown: str
) -> None:
    other = replace(SERVED, decision=DecisionPolicy(self_renewer_at_least=at_least))

    found = movers(published(), SERVED, other)

    told = {row["account_id"]: row["after"] for row in found.moved.to_dicts()}
    assert told.get("a-alone", "steady") == shown


def test_a_policy_without_a_growth_floor_keeps_the_one_that_the_model_was_trained_with() -> None:
    first = replace(SERVED, label=replace(SERVED.label, growth_floor=None))
    second = replace(MILDER, label=replace(MILDER.label, growth_floor=None))

    found = movers(published(), first, second)

    assert found.constants == (("label.pain_at_least", 0.42, 0.6),)
    assert found.moved.height == 2


def test_another_growth_floor_is_beyond_reach_in_either_policy() -> None:
    other = replace(SERVED, label=replace(SERVED.label, growth_floor=FLOOR + 1.0))

    for pair in ((SERVED, other), (other, SERVED)):
        with pytest.raises(PolicyBeyondReachError, match=r"label\.growth_floor"):
            movers(published(), *pair)


def test_two_other_policies_are_compared_with_each_other_and_not_with_the_model() -> None:
    mildest = replace(SERVED, label=replace(SERVED.label, pain_at_least=1.0))

    found = movers(published(), MILDER, mildest)

    # only period 3 moves between the two, and b-turns has none of it
    assert found.constants == (("label.pain_at_least", 0.6, 1.0),)
    assert ("pain", "steady") not in counted(found)
