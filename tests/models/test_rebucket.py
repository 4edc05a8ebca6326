from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.analogs import Analogs, make_analogs
from models.policy import BUCKETS, FrictionItem, FrictionPolicy, LabelPolicy
from models.policy.relabel import FACTS
from models.rebucket import PolicyBeyondReachError, labels_of, moved_shares, rebucketed

A_LIST, PAIN, WALK, STEADY, UNTOLD = range(5)
COLUMNS = [f"p_{bucket}" for bucket in BUCKETS]
SERVED = LabelPolicy(growth_floor=1.0)
STRICTER = replace(SERVED, pain_at_least=0.5, a_list_friction_below=0.3)


def period(label: str, *, late_days: float | None = 0.0) -> dict[str, object]:
    """A period with that label under the served policy, at that many days late of a cap of 20."""
    return {
        **dict.fromkeys(FACTS),
        "is_exposed": True,
        "is_active": True,
        "is_won": label != "walk_away",
        "is_lost": False,
        "growth": 0.5 if label == "a_list" else 0.0,
        "late_days": late_days,
        "is_advocate": False,
        "strings_along": False,
    }


def analogs(*periods: dict[str, object]) -> Analogs:
    told = probabilities(*[(0.25, 0.25, 0.25, 0.25)] * len(periods))
    return make_analogs(told, pl.DataFrame(periods, schema=FACTS), possible_items=1)


def probabilities(*rows: tuple[float, float, float, float]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=COLUMNS, orient="row")


def near(*rows: list[int]) -> np.ndarray:
    return np.array(rows, dtype=np.uint16)


# Late by 6.5 of 20 days is a friction of .325, by 9 of .45: the stricter policy makes the first
# A-list account steady and the pain of the second kind steady, and leaves the rest alone.
SIX = analogs(
    period("a_list"),
    period("a_list", late_days=6.5),
    period("pain", late_days=9.0),
    period("pain", late_days=19.0),
    period("walk_away"),
    period("steady"),
)


def test_the_label_of_each_period_is_its_number_among_the_buckets() -> None:
    unknown = analogs(period("steady", late_days=None), period("walk_away", late_days=None))

    assert labels_of(SIX, SERVED).tolist() == [A_LIST, A_LIST, PAIN, PAIN, WALK, STEADY]
    assert labels_of(SIX, STRICTER).tolist() == [A_LIST, STEADY, STEADY, PAIN, WALK, STEADY]
    assert labels_of(unknown, SERVED).tolist() == [UNTOLD, WALK]


def test_the_same_policy_gives_the_same_bits_whatever_they_are() -> None:
    told = probabilities((0.1, 0.2, 0.3, 0.4), (1 / 3, 1 / 3, 1e-17, 1 / 3))

    found = rebucketed(told, near([0], [5]), SIX, served=SERVED, asked=replace(SERVED))

    assert found.equals(told)


def test_a_policy_that_relabels_none_of_the_periods_gives_the_same_bits() -> None:
    told = probabilities((0.1, 0.2, 0.3, 0.4), (1 / 3, 1 / 3, 1e-17, 1 / 3))

    found = rebucketed(
        told, near([0], [5]), SIX, served=SERVED, asked=replace(SERVED, pain_at_least=0.43)
    )

    assert found.equals(told)


def test_what_a_bucket_hands_over_is_counted_among_the_neighbours_and_ten_of_the_book() -> None:
    told = probabilities((0.4, 0.3, 0.2, 0.1))

    found = rebucketed(told, near([1, 2, 3, 5]), SIX, served=SERVED, asked=STRICTER)

    # A-list: 1 of 1 neighbour moves and 5 of 10 of the book; pain: 1 of 2 and 5 of 10
    leaves = [(1 + 5) / (1 + 10), (1 + 5) / (2 + 10)]
    expected = (
        0.4 * (1 - leaves[0]),
        0.3 * (1 - leaves[1]),
        0.2,
        0.1 + 0.4 * leaves[0] + 0.3 * leaves[1],
    )
    assert found.columns == COLUMNS
    assert found.row(0) == pytest.approx(expected, abs=1e-15)


def test_each_account_is_told_by_its_own_neighbours() -> None:
    told = probabilities((0.4, 0.3, 0.2, 0.1), (0.4, 0.3, 0.2, 0.1))

    found = rebucketed(told, near([0, 0], [1, 1]), SIX, served=SERVED, asked=STRICTER)

    assert found["p_a_list"].to_list() == pytest.approx([0.4 * 7 / 12, 0.4 * 5 / 12], abs=1e-15)


def test_without_a_neighbour_of_the_bucket_the_whole_book_speaks() -> None:
    told = probabilities((1.0, 0.0, 0.0, 0.0))

    found = rebucketed(told, near([4, 5]), SIX, served=SERVED, asked=STRICTER)

    assert found.row(0) == pytest.approx((0.5, 0.0, 0.0, 0.5), abs=1e-15)


def test_a_bucket_of_which_the_book_has_no_period_stays_what_it_is() -> None:
    past = analogs(period("a_list", late_days=6.5), period("steady"))
    told = probabilities((0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0))

    found = rebucketed(told, near([0, 1], [0, 1]), past, served=SERVED, asked=STRICTER)

    assert found.equals(told)


@pytest.mark.parametrize(
    ("before", "after"), [([PAIN, UNTOLD], [STEADY, STEADY]), ([PAIN, PAIN], [STEADY, UNTOLD])]
)
def test_a_period_that_cannot_be_told_says_nothing(before: list[int], after: list[int]) -> None:
    shares = moved_shares(near([0, 1, 1, 1]), np.array(before), np.array(after))

    assert shares[0, PAIN].tolist() == [0.0, 0.0, 0.0, 1.0]
    assert shares[0, STEADY].tolist() == [0.0, 0.0, 0.0, 1.0]


def test_periods_that_cannot_be_told_make_the_whole_book_no_smaller() -> None:
    before = np.array([PAIN, PAIN, PAIN, PAIN])
    after = np.array([PAIN, STEADY, UNTOLD, UNTOLD])

    shares = moved_shares(near([0]), before, after)

    assert shares[0, PAIN].tolist() == pytest.approx([0.0, 6 / 11, 0.0, 5 / 11])


@given(seed=st.integers(0, 10_000), accounts=st.integers(0, 30))
def test_every_row_keeps_its_sum_and_no_chance_leaves_its_bounds(seed: int, accounts: int) -> None:
    rng = np.random.default_rng(seed)
    kinds = ("a_list", "pain", "walk_away", "steady")
    past = analogs(*(period(rng.choice(kinds), late_days=rng.uniform(0, 20)) for _ in range(40)))
    p = rng.dirichlet([1.0] * 4, size=accounts)
    told = pl.DataFrame(p, schema=COLUMNS, orient="row")
    neighbours = rng.integers(0, 40, size=(accounts, 7)).astype(np.uint16)

    found = rebucketed(told, neighbours, past, served=SERVED, asked=STRICTER).to_numpy()

    assert found.shape == p.shape
    assert np.abs(found.sum(axis=1) - p.sum(axis=1)).max(initial=0.0) < 1e-12
    assert ((found >= 0.0) & (found <= 1.0 + 1e-12)).all()


def test_many_accounts_are_told_as_one_is() -> None:
    rng = np.random.default_rng(4)
    rows = 5_003
    told = pl.DataFrame(rng.dirichlet([1.0] * 4, size=rows), schema=COLUMNS, orient="row")
    neighbours = rng.integers(0, 6, size=(rows, 3)).astype(np.uint16)

    together = rebucketed(told, neighbours, SIX, served=SERVED, asked=STRICTER)
    last = rebucketed(told[-4:], neighbours[-4:], SIX, served=SERVED, asked=STRICTER)

    assert together[-4:].to_numpy() == pytest.approx(last.to_numpy(), abs=1e-15)


def test_a_policy_that_measures_otherwise_is_refused_with_the_names_of_its_constants() -> None:
    asked = replace(
        STRICTER,
        renewal_touches_at_most=3,
        friction=replace(
            FrictionPolicy(), late=FrictionItem(weight=1.0, cap=5.0), touches_at_least=5
        ),
    )

    with pytest.raises(
        PolicyBeyondReachError,
        match=r"found label\.friction\.touches_at_least, label\.renewal_touches_at_most: that",
    ):
        rebucketed(probabilities(), near(), SIX, served=SERVED, asked=asked)
