from datetime import timedelta
from itertools import groupby

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.order import in_groups, in_order
from features.schema import TIME
from tests.factories import day

MOMENTS = (None, day(-2), day(-1), day(-1) + timedelta(microseconds=1), day(0))
rows_of = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(MOMENTS)), max_size=40)


def columns(rows: list[tuple[int, object]], dtype: pl.DataType) -> tuple[pl.Series, pl.Series]:
    owners, moments = [owner for owner, _ in rows], [moment for _, moment in rows]
    return pl.Series(owners, dtype=dtype), pl.Series(moments, dtype=TIME)


@given(rows=rows_of)
def test_equal_rows_stay_as_given_and_rows_without_a_moment_come_first(
    rows: list[tuple[int, object]],
) -> None:
    order = in_order(*columns(rows, pl.UInt32())).to_list()

    expected = sorted(
        range(len(rows)), key=lambda place: (rows[place][0], str(rows[place][1] or ""))
    )
    assert order == expected


@pytest.mark.parametrize("owner", [0, 2**63])
def test_owners_too_high_for_one_number_are_put_in_the_same_order(owner: int) -> None:
    rows = [(owner + 1, day(0)), (owner, day(1)), (owner + 1, day(0)), (owner, None), (owner, None)]

    order = in_order(*columns(rows, pl.UInt64()))

    assert order.to_list() == [3, 4, 1, 0, 2]


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from((0, 1, 2, 2**40, 2**63, 2**63 + 1))),
        max_size=40,
    )
)
def test_rows_of_one_owner_and_code_stand_together_as_given(rows: list[tuple[int, int]]) -> None:
    owner, code = (
        (np.array(column, np.uint64) for column in zip(*rows, strict=True))
        if rows
        else (
            np.empty(0, np.uint64),
            np.empty(0, np.uint64),
        )
    )

    order = in_groups(owner, code).tolist()

    assert sorted(order) == list(range(len(rows)))
    together = [rows[place] for place in order]
    assert len([1 for key, _ in groupby(together)]) == len(set(rows))
    for _, places in groupby(order, lambda place: rows[place]):
        found = list(places)
        assert found == sorted(found)
    assert [owner for owner, _ in together] == sorted(owner for owner, _ in rows)
