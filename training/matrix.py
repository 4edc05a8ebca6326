"""Examples: the only place where features and outcomes stand side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from features.book import Book
from features.build import account_features, deal_features
from features.calendar import Calendar
from features.catalogue import features_of, switched_off
from features.context import build_context
from features.feature import Entity, Feature
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID, HISTORY, NOW, OWNER_REP_ID, TABLES
from features.snapshot import Commitment, account_spine, account_state, deal_spine, deal_state
from models.policy import LabelPolicy
from training.labels import bucket_labels, slip_labels

HISTORY_OF = {"accounts": "account_changes", "opportunities": "opportunity_changes"}
_KEYS = (ENTITY_ID, AS_OF)


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Described entities with their outcomes, row by row.

    Attributes:
        entity: account or deal.
        X: Float32 columns of `features`, in their order.
        rows: same rows: entity_id, account_id, as_of, owner_rep_id, segment, age_days, then the
            label frame's columns; for accounts size (net invoiced in the 365 days before), for
            deals type and stage. Sorted by entity_id and as_of.
        features: what the models may read.
        left_out: feature → why it is not among them.
    """

    entity: Entity
    X: pl.DataFrame
    rows: pl.DataFrame
    features: tuple[Feature, ...]
    left_out: Mapping[str, str]

    def where(self, keep: pl.Expr) -> "Examples":
        """The rows that the expression over `rows` keeps."""
        mask = self.rows.select(keep.fill_null(value=False)).to_series()
        return Examples(
            self.entity, self.X.filter(mask), self.rows.filter(mask), self.features, self.left_out
        )

    def at(self, moments: Sequence[datetime]) -> "Examples":
        """The rows described at one of the moments."""
        return self.where(pl.col(AS_OF).is_in(list(moments)))


@dataclass(frozen=True, slots=True)
class Asked:
    """What an examples frame is made of.

    Attributes:
        as_ofs: the grid.
        horizon: length of the label window; accounts only.
        policy: the label's constants, with the growth floor frozen; accounts only.
        commitment: for a CRM without close dates; deals only.
        exclude: features that the experiment leaves out, as in `excluded`.
        with_contracts: whether renewals of contracts without an opportunity are deals too.
    """

    as_ofs: tuple[datetime, ...]
    horizon: timedelta = timedelta(weeks=26)
    policy: LabelPolicy | None = None
    commitment: Commitment | None = None
    exclude: tuple[str, ...] = ()
    with_contracts: bool = False


def account_examples(book: Book, asked: Asked, calendar: Calendar) -> Examples:
    """Describe every account at every as_of and put the label of the window after it beside it."""
    spine = account_spine(book, asked.as_ofs).collect()
    context = build_context(book, asked.as_ofs, calendar)
    described = account_features(book, spine.lazy(), context, calendar)
    labels = bucket_labels(
        book,
        spine.lazy(),
        horizon=asked.horizon,
        policy=asked.policy or LabelPolicy(),
        calendar=calendar,
    )
    created = book["accounts"].select(pl.col(ACCOUNT_ID).alias(ENTITY_ID), "created_at").collect()
    age = (pl.col(AS_OF) - pl.col("created_at")).dt.total_seconds() / 86_400
    state = (
        account_state(book, spine.lazy())
        .select(*_KEYS, OWNER_REP_ID, "segment")
        .collect()
        .join(created, on=ENTITY_ID, how="left")
        .select(
            *_KEYS,
            pl.col(ENTITY_ID).alias(ACCOUNT_ID),
            OWNER_REP_ID,
            "segment",
            age.alias("age_days"),
        )
    )
    size = pl.col("net_invoiced_90d").cast(pl.Float64) + pl.col("net_invoiced_91_365d")
    sizes = described.select(*_KEYS, size.alias("size"))
    state = state.join(sizes, on=list(_KEYS), how="left", maintain_order="left")
    outcome = _with_labels(state, labels)
    return _beside(described, outcome, entity="account", book=book, exclude=asked.exclude)


def deal_examples(book: Book, asked: Asked, calendar: Calendar) -> Examples:
    """Describe every open deal at every as_of and put what became of it beside it."""
    days = calendar if asked.with_contracts else None
    spine = deal_spine(book, asked.as_ofs, days).collect()
    context = build_context(book, asked.as_ofs, calendar)
    described = deal_features(book, spine.lazy(), context, calendar, asked.commitment)
    labels = slip_labels(book, spine.lazy(), calendar=calendar, commitment=asked.commitment)
    segments = book["accounts"].select(ACCOUNT_ID, "segment").collect()
    state = (
        deal_state(book, spine.lazy(), calendar, asked.commitment)
        .select(*_KEYS, ACCOUNT_ID, OWNER_REP_ID, "age_days", "type", "stage", "amount")
        .collect()
        .join(segments, on=ACCOUNT_ID, how="left")
    )
    outcome = _with_labels(state, labels)
    described = described.drop(ACCOUNT_ID)
    return _beside(described, outcome, entity="deal", book=book, exclude=asked.exclude)


def unsafe(book: Book, features: Sequence[Feature]) -> dict[str, str]:
    """Features that read a column whose past the CRM does not keep, and which column.

    They describe today well enough for scoring; in a training they would tell the past with the
    words of today.
    """
    found = {}
    for feature in features:
        for need in feature.needs:
            why = _why_unsafe(book, need)
            if why:
                found[feature.name] = why
                break
    return found


def excluded(entity: Entity, names: Sequence[str]) -> frozenset[str]:
    """The names that say something of the entity: `name`, or `entity.name` for it alone.

    >>> sorted(excluded("deal", ["deal.stage_position", "account.silence_days", "amount_log"]))
    ['amount_log', 'stage_position']
    """
    parted = (name.rpartition(".") for name in names)
    return frozenset(name for of, _, name in parted if of in ("", entity))


def _why_unsafe(book: Book, need: str) -> str:
    table, _, column = need.partition(".")
    if not column:
        return ""
    rule = TABLES[table].column(column).known_at
    if rule == NOW:
        return f"{need} has neither history nor stamp: not known as of a past moment"
    history = HISTORY_OF.get(table, "")
    if rule == HISTORY and history and not book.has(history):
        return f"{need} has no change history: {history} is missing"
    return ""


def _with_labels(state: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    own = [name for name in state.columns if name not in _KEYS]
    return state.join(labels.drop(own, strict=False), on=list(_KEYS), how="left", validate="1:1")


def _beside(
    described: pl.DataFrame,
    outcome: pl.DataFrame,
    *,
    entity: Entity,
    book: Book,
    exclude: Sequence[str],
) -> Examples:
    """Join by key, so that no frame's order matters; every described row must be there."""
    described = described.sort(*_KEYS)
    rows = described.select(*_KEYS).join(
        outcome, on=list(_KEYS), how="left", validate="1:1", maintain_order="left"
    )
    if rows[ACCOUNT_ID].null_count():
        raise ValueError(
            f"{entity} examples: expected a state for each of {described.height} described rows, "
            f"{rows[ACCOUNT_ID].null_count()} have none"
        )
    left_out = _left_out(entity, book, described, exclude)
    kept = tuple(feature for feature in features_of(entity) if feature.name not in left_out)
    X = described.select(feature.name for feature in kept)
    return Examples(entity, X, rows, kept, left_out)


def _left_out(
    entity: Entity, book: Book, described: pl.DataFrame, exclude: Sequence[str]
) -> dict[str, str]:
    catalogue = features_of(entity)
    out = excluded(entity, exclude)
    found = {
        name: f"the source lacks {', '.join(missing)}"
        for name, missing in switched_off(entity, book).items()
    }
    for name, why in unsafe(book, catalogue).items():
        found.setdefault(name, why)
    for feature in catalogue:
        if feature.name in out:
            found[feature.name] = "left out by the experiment"
        elif described[feature.name].null_count() == described.height:
            found.setdefault(feature.name, "never known on the grid")
    return found
