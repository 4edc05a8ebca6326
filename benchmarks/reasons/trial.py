"""Trial: one synthetic world, described, with models fitted at two cuts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property

import polars as pl

from features.book import Book, make_book
from features.build import account_features, deal_features
from features.calendar import Calendar
from features.context import Context, build_context
from features.crm.synthetic import WorldParams, make_world
from features.schema import AS_OF, ENTITY_ID
from features.snapshot import account_spine, account_state, deal_spine, deal_state
from models.bucket import BucketModel
from models.policy import Policy
from models.slip import SlipModel
from training.bucket_contest import with_floor
from training.bucket_forecasts import fit_kind
from training.config import Experiment
from training.fit import fit_slip
from training.forecasts import FitPlan
from training.matrix import Asked, Examples, account_examples, deal_examples
from training.span import Plan, plan_of

NOW = datetime(2026, 11, 21, tzinfo=UTC)
QUARTER = timedelta(weeks=13)
SEED = 7


@dataclass(frozen=True)
class Trial:
    """A world as of `NOW`; what takes long is made once, when it is asked for."""

    accounts: int
    seed: int
    calendar: Calendar = field(default_factory=Calendar)

    @cached_property
    def tables(self) -> Mapping[str, pl.DataFrame]:
        """The contract tables."""
        return make_world(WorldParams(accounts=self.accounts, seed=self.seed))

    @cached_property
    def book(self) -> Book:
        """The same as the features read them."""
        tables = {name: table.lazy() for name, table in self.tables.items()}
        return make_book(tables, observed_until=NOW)

    @cached_property
    def context(self) -> Context:
        """The book's statistics now."""
        return build_context(self.book, [NOW], self.calendar)

    @cached_property
    def plan(self) -> Plan:
        """The grid and the horizon of the bucket part."""
        return plan_of("bucket", self.book, Experiment(), self.calendar)

    @cached_property
    def policy(self) -> Policy:
        """With the growth floor of the whole history."""
        return with_floor(Policy(), self.book, self.plan, self.calendar)

    @cached_property
    def account_rows(self) -> Examples:
        """Every account at every moment whose label is certain now."""
        asked = Asked(self.plan.matured, self.plan.horizon.length, self.policy.label)
        return account_examples(self.book, asked, self.calendar)

    @cached_property
    def deal_rows(self) -> Examples:
        """Every open deal at every moment of the grid."""
        plan = plan_of("slip", self.book, Experiment(), self.calendar)
        return deal_examples(self.book, Asked(plan.matured), self.calendar)

    @cached_property
    def accounts_now(self) -> pl.DataFrame:
        """Features of every account as of now, by id."""
        spine = account_spine(self.book, [NOW]).sort(ENTITY_ID).collect().lazy()
        return account_features(self.book, spine, self.context, self.calendar)

    @cached_property
    def segments_now(self) -> pl.Series:
        """Segment of the same rows."""
        spine = account_spine(self.book, [NOW]).sort(ENTITY_ID)
        return account_state(self.book, spine).sort(ENTITY_ID).collect()["segment"]

    @cached_property
    def deals_now(self) -> pl.DataFrame:
        """Features of every open deal as of now, by id."""
        spine = deal_spine(self.book, [NOW]).sort(ENTITY_ID).collect().lazy()
        return deal_features(self.book, spine, self.context, self.calendar)

    @cached_property
    def deal_states_now(self) -> pl.DataFrame:
        """What stands in the record of the same deals."""
        spine = deal_spine(self.book, [NOW]).sort(ENTITY_ID)
        return deal_state(self.book, spine, self.calendar).sort(ENTITY_ID).collect()

    def bucket(self, kind: str, *, cut: datetime = NOW, seed: int = SEED) -> BucketModel:
        """The bucket model that could have been fitted at the cut."""
        known = self.account_rows.where(pl.col(AS_OF) + self.plan.horizon.length <= cut)
        return fit_kind(known, kind, plan=FitPlan(seed, 1))

    def slip(self, *, cut: datetime = NOW, seed: int = SEED) -> SlipModel:
        """The slip model that could have been fitted at the cut."""
        known = self.deal_rows.where(pl.col(AS_OF) < cut)
        return fit_slip(
            known.X,
            known.rows,
            features=known.features,
            calendar=self.calendar,
            seed=seed,
            threads=1,
            cut=self.calendar.day_of(cut),
        )


def pooled(models: Sequence[BucketModel]) -> BucketModel:
    """One model of the boosters of several."""
    first = models[0]
    walk, pain, a_list = (
        replace(first.head(name), boosters=tuple(b for m in models for b in m.head(name).boosters))
        for name in ("walk", "pain", "a_list")
    )
    return replace(first, walk=walk, pain=pain, a_list=a_list)
