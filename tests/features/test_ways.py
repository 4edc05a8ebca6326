"""The two ways to the feature frames, row by row and in order, give the same bits."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import polars as pl
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from features import batch
from features.batch import Way
from features.book import Book
from features.build import account_features, deal_features
from features.calendar import Calendar
from features.context import Context, build_context
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID, TIME
from features.snapshot import Commitment, account_spine, deal_spine
from tests.factories import account, activity, book, day, deal
from tests.features.reference.awkward_books import Case, Shape, draw
from tests.features.test_reference import FULL, SHAPES

WHOLE, APART = 3_000_000, 1
"""Pairs at once: all accounts in one part, and every account in a part of its own."""

# Whole books cost a second or two: few of them, and no shrinking.
FEW = settings(max_examples=3, phases=(Phase.explicit, Phase.generate))


@dataclass(frozen=True)
class Asked:
    """A book, and what is needed to describe it in either way."""

    book: Book
    context: Context
    calendar: Calendar
    accounts: pl.LazyFrame
    deals: pl.LazyFrame

    @classmethod
    def of(cls, case: Case) -> "Asked":
        book, zone = case.book, case.world.zone
        calendar = Calendar(zone.name, zone.first_month)
        spines = (spine(book, case.as_ofs) for spine in (account_spine, deal_spine))
        return cls(book, build_context(book, case.as_ofs, calendar), calendar, *spines)

    def frames(self, way: Way) -> tuple[pl.DataFrame, pl.DataFrame]:
        of_accounts = account_features(
            self.book, self.accounts, self.context, self.calendar, way=way
        )
        of_deals = deal_features(self.book, self.deals, self.context, self.calendar, way=way)
        return of_accounts, of_deals


def parted(case: Case, pairs_at_once: int) -> Iterator[str]:
    """The columns in which the ways differ."""
    asked = Asked.of(case)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "_PAIRS_AT_ONCE", pairs_at_once)
        for entity, plain, fast in zip(
            ("account", "deal"), asked.frames("plain"), asked.frames("fast"), strict=True
        ):
            assert plain.columns == fast.columns
            assert plain.height == fast.height
            for name in plain.columns:
                if not plain[name].equals(fast[name], check_dtypes=True, null_equal=True):
                    yield f"{entity} {name}"


@FEW
@given(shape=SHAPES, pairs_at_once=st.sampled_from((WHOLE, APART)))
@example(shape=FULL[0], pairs_at_once=WHOLE)
@example(shape=FULL[1], pairs_at_once=APART)
@example(shape=FULL[2], pairs_at_once=APART)
def test_both_ways_give_the_same_bits(shape: Shape, pairs_at_once: int) -> None:
    assert list(parted(draw(shape), pairs_at_once)) == []


def test_both_ways_agree_where_a_committing_move_stands_for_close_dates() -> None:
    committing = Commitment("propose", days=30)
    asked = Asked.of(draw(replace(FULL[1], missing=frozenset({"opportunities.close_date"}))))
    rest = (asked.book, asked.deals, asked.context, asked.calendar, committing)

    plain, fast = deal_features(*rest, way="plain"), deal_features(*rest, way="fast")

    assert plain["days_to_commitment"].count() > 0
    assert plain.equals(fast, null_equal=True)


def test_both_ways_agree_on_deals_that_the_book_does_not_have_so() -> None:
    known = book(accounts=[account()], opportunities=[deal()], activities=[activity(at=day(-3))])
    asked = [("deal-1", "acme", day(0)), ("ghost", "acme", day(0)), ("deal-1", "other", day(-1))]
    schema = {ENTITY_ID: pl.String, ACCOUNT_ID: pl.String, AS_OF: TIME}
    spine = pl.LazyFrame(asked, schema=schema, orient="row")
    rest = (known, spine, build_context(known, [day(-1), day(0)], Calendar()), Calendar())

    plain, fast = deal_features(*rest, way="plain"), deal_features(*rest, way="fast")

    assert plain.height == 3
    assert plain.equals(fast, null_equal=True)
