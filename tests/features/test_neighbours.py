"""Neighbours in a line, against a search through every row."""

from datetime import datetime

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from features.neighbours import (
    Line,
    earlier,
    in_line,
    is_first_of_moment,
    is_of_moment,
    later,
    previous,
    said,
    so_far,
)
from features.schema import TIME
from features.timeline import MOMENT, OWNER
from tests.factories import day

Kept = tuple[int, int, bool]
"""Owner, day and whether a row is of the kind asked for."""

IS_KIND = pl.col("is_kind")
ALL = Line(
    where=pl.lit(value=True),
    reads={"is_kind": IS_KIND},
    columns={
        "previous": previous(IS_KIND),
        "earlier": earlier(IS_KIND),
        "later": later(IS_KIND),
        "is_of_moment": is_of_moment(IS_KIND),
        "is_first_of_moment": is_first_of_moment(IS_KIND),
        "so_far": so_far(IS_KIND),
        "said": said(pl.col(MOMENT), "earlier"),
    },
    within=1,
)
rows_of = st.lists(
    st.tuples(st.integers(0, 2), st.integers(-3, 0), st.booleans()), max_size=12
).map(lambda rows: sorted(rows, key=lambda row: row[:2]))


def told(rows: list[Kept]) -> pl.DataFrame:
    cells = {
        OWNER: [owner for owner, _, _ in rows],
        MOMENT: [day(at) for _, at, _ in rows],
        "is_kind": [is_kind for _, _, is_kind in rows],
    }
    schema = {OWNER: pl.Int64(), MOMENT: TIME, "is_kind": pl.Boolean()}
    return in_line(pl.LazyFrame(cells, schema=schema), ALL).collect()


def places(rows: list[Kept], owner: int) -> list[int]:
    """Where the rows of the kind stand that are the owner's."""
    return [place for place, row in enumerate(rows) if row[0] == owner and row[2]]


@given(rows=rows_of)
def test_a_row_knows_the_nearest_row_of_a_kind_on_either_side(rows: list[Kept]) -> None:
    found = told(rows)

    for place, (owner, at, _) in enumerate(rows):
        kind = places(rows, owner)
        before = max((other for other in kind if rows[other][1] < at), default=None)
        assert found["previous"][place] == max((o for o in kind if o < place), default=None)
        assert found["earlier"][place] == before
        assert found["later"][place] == min((o for o in kind if rows[o][1] > at), default=None)
        assert found["said"][place] == (None if before is None else day(rows[before][1]))


@given(rows=rows_of)
def test_one_row_stands_for_all_of_its_kind_at_a_moment(rows: list[Kept]) -> None:
    found = told(rows)

    for place, (owner, at, is_kind) in enumerate(rows):
        together = [other for other in places(rows, owner) if rows[other][1] == at]
        assert found["is_of_moment"][place] == bool(together)
        assert found["is_first_of_moment"][place] == (is_kind and place == together[0])


@given(rows=rows_of)
def test_what_was_counted_so_far_holds_the_whole_moment(rows: list[Kept]) -> None:
    found = told(rows)["so_far"]

    for place, (owner, at, _) in enumerate(rows):
        for other in range(place):
            if rows[other][0] == owner:
                since: datetime | int = rows[other][1]
                between = [o for o in places(rows, owner) if since < rows[o][1] <= at]
                assert found[place] - found[other] == len(between)
