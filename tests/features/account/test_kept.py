"""What a group keeps before it looks at the context is enough to finish it without the book."""

from collections.abc import Iterator
from dataclasses import fields, replace
from functools import partial

import polars as pl
import pytest

from features.account.firmographics import firmographics
from features.account.outcomes import outcomes
from features.account.pipeline import pipeline
from features.account.pursuit import pursuit
from features.batch import Way, batches
from features.book import make_book
from features.build import ACCOUNT_GROUPS, Group
from features.calendar import Calendar
from features.context import Context, build_context
from features.schema import AS_OF, ENTITY_ID
from features.snapshot import account_spine
from features.view import KEYS, View
from tests.features.reference.awkward_books import Shape, draw
from tests.features.test_reference import FULL

GROUPS = (firmographics, outcomes, pipeline, pursuit)
Kept = dict[str, pl.DataFrame]


def views(shape: Shape, way: Way) -> Iterator[View]:
    """The accounts of an awkward book, as either way sees them."""
    case = draw(shape)
    calendar = Calendar(shape.zone.name, shape.zone.first_month)
    context = build_context(case.book, case.as_ofs, calendar)
    rows = account_spine(case.book, case.as_ofs).collect()
    for batch in batches(case.book, rows, calendar, way=way):
        yield batch.view(batch.rows, context)


def stored(kept: Kept, name: str, rows: pl.LazyFrame) -> pl.LazyFrame:
    """A keeper that stores what it sees."""
    kept[name] = rows.collect()
    return kept[name].lazy()


def given(kept: Kept, name: str, rows: pl.LazyFrame) -> pl.LazyFrame:
    """A keeper that gives back what was stored, whatever it sees."""
    del rows
    return kept[name].lazy()


def told(group: Group, view: View) -> pl.DataFrame:
    return group(view).collect().sort(*KEYS)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
@pytest.mark.parametrize("way", ["plain", "fast"])
def test_what_was_kept_is_finished_without_the_book_to_the_same_bits(
    group: Group, way: Way
) -> None:
    said = set()

    for view in (view for shape in FULL for view in views(shape, way)):
        kept: Kept = {}
        nothing = make_book({}, observed_until=view.book.observed_until)
        spine = view.spine.with_columns(pl.col(ENTITY_ID).cast(pl.String))
        later = View(nothing, spine, view.context, view.calendar, keeper=partial(given, kept))

        there = told(group, replace(view, keeper=partial(stored, kept)))
        again = told(group, later)

        assert there.equals(told(group, view), null_equal=True)
        assert there.equals(again, null_equal=True)
        assert all({*KEYS, AS_OF} <= set(frame.columns) for frame in kept.values())
        said |= {name for name in there.columns if there[name].n_unique() > 1}

    assert said == set(there.columns)


class Watched:
    """A context that is not there before something was kept."""

    def __init__(self, context: Context) -> None:
        self.context, self.is_open, self.is_read = context, False, False

    def keep(self, name: str, rows: pl.LazyFrame) -> pl.LazyFrame:
        del name
        self.is_open = True
        return rows

    def __getattr__(self, name: str) -> pl.DataFrame:
        assert name in {part.name for part in fields(Context)}
        assert self.is_open, f"{name} of the context was read before anything was kept"
        self.is_read = True
        return getattr(self.context, name)


def test_a_group_keeps_what_it_read_before_it_looks_at_the_context() -> None:
    view = next(views(FULL[0], "plain"))
    read = set()

    for group in ACCOUNT_GROUPS:
        watched = Watched(view.context)
        told(group, replace(view, context=watched, keeper=watched.keep))
        read |= {group.__name__} if watched.is_read else set()

    assert read == {group.__name__ for group in GROUPS}
