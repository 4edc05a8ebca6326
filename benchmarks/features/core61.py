"""The trial's 61 features over activities, opportunity_changes, invoices and tickets.

Mostly additive: counts and sums over windows, days since, open states, distinct contacts, and
quotients of them. Every peer reads these definitions, so peers cannot differ by typing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.features.definition import (
    Condition,
    Derived,
    Measure,
    Quotient,
    Rule,
    Source,
)

SOURCES: dict[str, Source] = {
    source.table: source
    for source in (
        Source("activities", "occurred_at"),
        Source("opportunity_changes", "changed_at", parent=("opportunities", "opportunity_id")),
        Source(
            "invoices",
            "issued_at",
            derived=(
                Derived("due_at", "day end", ("due_on",)),
                Derived("late_days", "days late", ("due_on", "paid_at")),
            ),
        ),
        Source("tickets", "opened_at"),
    )
}
PARENT_MOMENTS = {"opportunities": "created_at"}

_PERSONAL = Condition("automated", "not true")
_OUTBOUND = Condition("direction", "is", "outbound")
_INBOUND = Condition("direction", "is", "inbound")
_TOUCH: tuple[Rule, ...] = ((_PERSONAL, _OUTBOUND),)
_REPLY: tuple[Rule, ...] = (
    (_PERSONAL, _INBOUND),
    (_PERSONAL, _OUTBOUND, Condition("answered", "true")),
)
_MEETING: tuple[Rule, ...] = ((_PERSONAL, Condition("kind", "in", ("meeting", "demo", "visit"))),)
_ORDER: tuple[Rule, ...] = ((Condition("amount", "above", 0.0),),)


def _field(name: str) -> tuple[Rule, ...]:
    return ((Condition("field", "is", name),),)


_PUSH: tuple[Rule, ...] = (
    (Condition("field", "is", "close_date"), Condition("new", "after", "old")),
)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Which rows a window counts, and what it sums of them.

    Attributes:
        table: contract table.
        where: rules, as in `Measure`.
        column: what is summed; None counts rows.
        moment: the table's own unless given.
    """

    table: str
    where: tuple[Rule, ...] = ()
    column: str | None = None
    moment: str | None = None


def _windows(days: tuple[int, ...], stem: str, words: str, *, over: _Rows) -> Iterator[Measure]:
    """One count, or sum of a column, for each window."""
    for length in days:
        yield Measure(
            name=f"{stem}_{length}d",
            words=f"{words} in the last {length} days",
            table=over.table,
            kind="sum" if over.column else "count",
            moment=over.moment or SOURCES[over.table].moment,
            where=over.where,
            days=length,
            column=over.column,
        )


def _last(stem: str, words: str, table: str, where: tuple[Rule, ...]) -> Measure:
    """Days since the newest row."""
    name = f"days_since_{stem}"
    return Measure(name, f"days since the {words}", table, "last", SOURCES[table].moment, where)


def _distinct(days: int, stem: str, column: str) -> Measure:
    """Different values of a column among personal activities."""
    words = f"{stem} with a personal activity in the last {days} days"
    moment = SOURCES["activities"].moment
    where = ((_PERSONAL,),)
    return Measure(f"{stem}_{days}d", words, "activities", "distinct", moment, where, days, column)


Entry = Measure | Quotient

_ACTIVITIES: tuple[Entry, ...] = (
    *_windows(
        (30, 90, 180, 365),
        "touches",
        "personal outbound activities",
        over=_Rows("activities", where=_TOUCH),
    ),
    *_windows(
        (30, 90, 180, 365),
        "replies",
        "inbound or answered activities",
        over=_Rows("activities", where=_REPLY),
    ),
    *_windows(
        (30, 90, 180, 365),
        "meetings",
        "meetings, demos and visits",
        over=_Rows("activities", where=_MEETING),
    ),
    *_windows(
        (90, 365),
        "emails",
        "personal outbound e-mails",
        over=_Rows("activities", where=((_PERSONAL, _OUTBOUND, Condition("kind", "is", "email")),)),
    ),
    *_windows(
        (90, 365),
        "calls",
        "personal outbound calls and voicemails",
        over=_Rows(
            "activities",
            where=((_PERSONAL, _OUTBOUND, Condition("kind", "in", ("call", "voicemail"))),),
        ),
    ),
    *_windows(
        (30, 90),
        "inbound",
        "personal inbound activities",
        over=_Rows("activities", where=((_PERSONAL, _INBOUND),)),
    ),
    *_windows(
        (90,),
        "automated",
        "automated activities",
        over=_Rows("activities", where=((Condition("automated", "true"),),)),
    ),
    *_windows(
        (30, 90, 180, 365),
        "minutes",
        "recorded minutes of personal activity",
        over=_Rows("activities", where=((_PERSONAL,),), column="duration_minutes"),
    ),
    *_windows(
        (90,),
        "meeting_minutes",
        "recorded minutes of meetings",
        over=_Rows("activities", where=_MEETING, column="duration_minutes"),
    ),
    *_windows(
        (365,),
        "post_sales",
        "personal post-sales activities",
        over=_Rows("activities", where=((_PERSONAL, Condition("phase", "is", "post_sales")),)),
    ),
    _last("touch", "newest personal outbound activity", "activities", _TOUCH),
    _last("reply", "newest inbound or answered activity", "activities", _REPLY),
    _last("meeting", "newest meeting, demo or visit", "activities", _MEETING),
    _distinct(90, "contacts", "contact_id"),
    _distinct(365, "contacts", "contact_id"),
    _distinct(365, "reps", "rep_id"),
    Quotient("reply_share_90d", "replies by touch, 90 days", "replies_90d", "touches_90d"),
    Quotient("reply_share_365d", "replies by touch, 365 days", "replies_365d", "touches_365d"),
    Quotient(
        "touches_trend", "touches of 30 days against 90, per day", "touches_30d", "touches_90d", 3.0
    ),
    Quotient(
        "replies_trend", "replies of 30 days against 90, per day", "replies_30d", "replies_90d", 3.0
    ),
)

_CHANGES = "opportunity_changes"
_DEALS: tuple[Entry, ...] = (
    *_windows(
        (90, 180, 365), "pushes", "close dates moved later", over=_Rows(_CHANGES, where=_PUSH)
    ),
    *_windows(
        (90, 365), "stage_changes", "changes of stage", over=_Rows(_CHANGES, where=_field("stage"))
    ),
    *_windows(
        (365,), "amount_changes", "changes of amount", over=_Rows(_CHANGES, where=_field("amount"))
    ),
    *_windows(
        (365,), "owner_changes", "changes of owner", over=_Rows(_CHANGES, where=_field("owner"))
    ),
    _last("stage_change", "newest change of stage", _CHANGES, _field("stage")),
)

_INVOICES: tuple[Entry, ...] = (
    *_windows(
        (90, 180, 365),
        "net_invoiced",
        "invoices less credit notes",
        over=_Rows("invoices", column="amount"),
    ),
    *_windows((90, 365), "orders", "invoices above zero", over=_Rows("invoices", where=_ORDER)),
    *_windows(
        (365,),
        "returns",
        "credit notes",
        over=_Rows("invoices", where=((Condition("amount", "below", 0.0),),)),
    ),
    _last("order", "newest invoice above zero", "invoices", _ORDER),
    Measure(
        name="overdue_now",
        words="amount past due and not paid",
        table="invoices",
        kind="open",
        moment="due_at",
        where=_ORDER,
        column="amount",
        until="paid_at",
    ),
    *_windows(
        (365,), "paid", "invoices paid", over=_Rows("invoices", where=_ORDER, moment="paid_at")
    ),
    *_windows(
        (365,),
        "days_late",
        "days late of the invoices paid",
        over=_Rows("invoices", where=_ORDER, moment="paid_at", column="late_days"),
    ),
    Quotient("mean_days_late", "days late by paid invoice", "days_late_365d", "paid_365d"),
)

_TICKETS: tuple[Entry, ...] = (
    *_windows((90, 365), "tickets", "tickets opened", over=_Rows("tickets")),
    Measure(
        name="open_tickets",
        words="tickets not closed",
        table="tickets",
        kind="open",
        moment="opened_at",
        until="closed_at",
    ),
    *_windows(
        (365,), "escalations", "tickets escalated", over=_Rows("tickets", moment="escalated_at")
    ),
    *_windows(
        (365,),
        "rated",
        "tickets closed with a mark",
        over=_Rows("tickets", moment="closed_at", where=((Condition("csat", "known"),),)),
    ),
    *_windows(
        (365,),
        "marks",
        "marks of the tickets closed",
        over=_Rows("tickets", moment="closed_at", column="csat"),
    ),
    Quotient("csat_mean", "mark by rated ticket", "marks_365d", "rated_365d"),
)

CORE: tuple[Entry, ...] = (*_ACTIVITIES, *_DEALS, *_INVOICES, *_TICKETS)
NAMES = tuple(entry.name for entry in CORE)
MEASURES = tuple(entry for entry in CORE if isinstance(entry, Measure))
QUOTIENTS = tuple(entry for entry in CORE if isinstance(entry, Quotient))


def measures_of(table: str) -> tuple[Measure, ...]:
    """The measures over one table, in order."""
    return tuple(measure for measure in MEASURES if measure.table == table)


def columns_of(table: str) -> tuple[str, ...]:
    """The columns of the file that the 61 features need of a table, in order of first use."""
    source = SOURCES[table]
    key = source.parent[1] if source.parent else "account_id"
    read = [key, source.moment, "recorded_at"]
    for measure in measures_of(table):
        named = (measure.moment, measure.until, measure.column)
        read += [column for column in named if column]
        for condition in (condition for rule in measure.where for condition in rule):
            read.append(condition.column)
            if condition.op == "after":
                read.append(str(condition.value))
    made = {derived.name: derived.of for derived in source.derived}
    return tuple(dict.fromkeys(name for column in read for name in made.get(column, (column,))))
