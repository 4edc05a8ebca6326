"""Scene: everything that one scoring run reads, gathered once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.context import Context
from features.feature import Entity
from features.schema import ENTITY_ID
from models.bundle import Bundle
from models.policy import DecisionPolicy
from models.reasons import Manner, Shown, locale_of


class RowsError(RuntimeError):
    """Features and facts that are not about the same rows: one's answer would be another's."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One book, one model, one moment.

    Attributes:
        book: the CRM.
        bundle: the model, verified.
        context: the book's statistics as of the moment.
        as_of: moment of knowledge.
        calendar: the organisation's.
        currency: in which values are told; also that of a deal which names none.
        salt: decides who is kept in pursuit.
        locale: how numbers and days are written in reasons.
        shown: the reasons that the snapshot in service tells, by entity and id.
    """

    book: Book
    bundle: Bundle
    context: Context
    as_of: datetime
    calendar: Calendar
    currency: str
    salt: str
    locale: str = "en-US"
    shown: Mapping[Entity, Mapping[str, Shown]] = field(default_factory=dict)

    @property
    def manner(self) -> Manner:
        """How values of reasons are written; amounts bare, they may be of several currencies."""
        return Manner(locale_of(self.locale))

    def shown_of(self, entity: Entity, ids: pl.Series) -> list[Shown]:
        """What is told of each id now; nothing of one that is new."""
        told = self.shown.get(entity, {})
        return [told.get(who, ()) for who in ids]

    @property
    def policy(self) -> DecisionPolicy:
        """What stands between probabilities and what is shown: the model's own, under its hash."""
        return self.bundle.policy.decision

    @property
    def horizon_days(self) -> int | None:
        """Length of the label window that the bucket model has learnt; None without one."""
        weeks = self.bundle.card.horizon_weeks
        return None if weeks is None else weeks * 7

    @property
    def today(self) -> date:
        """The organisation's day of as_of."""
        return self.calendar.day_of(self.as_of)

    @property
    def period_end(self) -> date:
        """The last day of the fiscal quarter: when a walk-away expires."""
        return self.calendar.quarter_end_of(self.today)

    @property
    def period(self) -> str:
        """Names the fiscal quarter by its last day; the arm is drawn anew for each."""
        return self.period_end.isoformat()

    def why_missing(self, part: str) -> str:
        """Why the bundle lacks the part `bucket` or `slip`, in words."""
        return self.bundle.card.not_applicable.get(
            part, f"the model in service has no {part} part: it was trained without its data"
        )


def check_rows(features: pl.DataFrame, ids: pl.Series) -> None:
    """Refuse to judge rows in another order than that in which they are told.

    Args:
        features: entity_id and the catalogue's columns.
        ids: what each row is said to be about.

    Raises:
        RowsError: with the first row that differs.
    """
    found = features[ENTITY_ID]
    if found.len() != ids.len():
        raise RowsError(f"expected features of {ids.len()} rows, found {found.len()}")
    differs = (found != ids).arg_true()
    if differs.len():
        row = int(differs[0])
        raise RowsError(f"row {row}: expected features of {ids[row]}, found {found[row]}")
