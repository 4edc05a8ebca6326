"""Pages: the bucket list of one rep, from one snapshot, ready to be written as HTML."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from features.calendar import Calendar
from serving import wording
from serving.access import Caller, may_see
from serving.board import SORTS, TABS, Column, Unscored, View, columns_of, unscored_of
from serving.cards import Card, DealLine, Record, card
from serving.headline import HeadlineFigure, headline
from serving.live import Served
from serving.roll_up import with_deals
from serving.rows import AccountRow, RepRow
from serving.snapshots import Snapshot

__all__ = [
    "BookPage",
    "Card",
    "Choice",
    "Column",
    "DealLine",
    "HeadlineFigure",
    "Reader",
    "Tab",
    "Unscored",
    "book_page",
]


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks at the page, and when.

    Attributes:
        name: shown beside the way out.
        now: for the age of old scores; UTC.
    """

    name: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Tab:
    """One way to narrow the list down; a link."""

    name: str
    count: int
    href: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of a select box."""

    value: str
    name: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class WeekRow:
    """One line of the table behind the sparklines.

    Attributes:
        cells: one per week of the page, empty where the account has no score.
    """

    name: str
    bucket: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Imprint:
    """Where the page comes from.

    Attributes:
        stale: what is old and by how much; None when the newest publication is shown.
    """

    scored_at: str
    data_until: str
    model_version: int
    fair_use: str
    stale: str | None


@dataclass(frozen=True, slots=True)
class BookPage:
    """Everything the page says.

    Attributes:
        days_left: until the end of the fiscal quarter, in words.
        signed_in: name of the reader, who may be the rep's manager.
        columns: A-list, Pain, Walk-away.
        steady: the folded bucket.
        unscored: accounts without a bucket that match tab and search.
        unscored_count: accounts without a bucket, whether they match or not.
        total: accounts of the rep; columns, steady and unscored add up to it.
        shown: accounts that match tab and search.
        weeks: heads of the score table, oldest first.
        scores: its lines, in the order of the cards.
        show_all: address of the same book without tab and search.
    """

    title: str
    days_left: str
    rep_name: str
    signed_in: str
    view: View
    headline: tuple[HeadlineFigure, ...]
    tabs: tuple[Tab, ...]
    sorts: tuple[Choice, ...]
    reps: tuple[Choice, ...]
    columns: tuple[Column, ...]
    steady: Column
    unscored: tuple[Unscored, ...]
    unscored_count: int
    total: int
    shown: int
    weeks: tuple[str, ...]
    scores: tuple[WeekRow, ...]
    show_all: str
    imprint: Imprint


def book_page(  # noqa: PLR0913  one argument per field of the form, and what it is answered from
    served: Served,
    *,
    caller: Caller,
    reps: tuple[RepRow, ...],
    rep_id: str,
    tab: str,
    sort: str,
    find: str,
    calendar: Calendar,
    reader: Reader | None = None,
) -> BookPage:
    """Write one rep's list.

    Args:
        served: taken once for the request.
        caller: decides which deals are shown and counted.
        reps: whose books the caller may see; more than one makes a choice of reps.
        rep_id: whose book is shown; the caller has checked that it is among `reps`.
        tab: all or review; anything else is all.
        sort: suggested, value, slip or name; anything else is suggested.
        find: part of a name or an id, in any case.
        calendar: of the organisation.
        reader: who looks; without one the rep is named, and old scores have no age.
    """
    snapshot = served.snapshot
    view = View.asked(rep_id, tab=tab, sort=sort, find=find)
    today = calendar.day_of(snapshot.as_of)
    # who owns rows may be missing from the CRM's list of reps
    names = {rep_id: rep_id} | {rep.rep_id: rep.name or rep.rep_id for rep in reps}
    records = _records(snapshot, caller, rep_id)
    rows = [record.row for record in records]
    cards = [
        card(record, anchor=f"account-{place}", today=today)
        for place, record in enumerate(records, start=1)
        if record.row.status == "scored"
    ]
    columns = columns_of(cards, view)
    unscored = unscored_of(rows, view, weeks=served.bundle.card.horizon_weeks)
    matching = [one for column in columns for one in column.cards]
    days = sorted({on for one in matching for on, _ in one.score.weeks})
    period_end = calendar.quarter_end_of(today)
    return BookPage(
        title=f"Bucket list for {fiscal_quarter(period_end, calendar)}",
        days_left=f"{wording.count((period_end - today).days, 'day')} to go",
        rep_name=names[rep_id],
        signed_in=reader.name if reader else names[rep_id],
        view=view,
        headline=headline(records, today=today, period_end=period_end),
        tabs=_tabs(rows, view),
        sorts=tuple(Choice(key, name, key == view.sort) for key, name in SORTS.items()),
        reps=_reps(names, rep_id),
        columns=columns[:3],
        steady=columns[3],
        unscored=unscored,
        unscored_count=len(rows) - len(cards),
        total=len(rows),
        shown=len(matching) + len(unscored),
        weeks=tuple(wording.short_day(day) for day in days),
        scores=tuple(_week_row(one, days) for one in matching if one.score.weeks),
        show_all=View.asked(rep_id, tab="", sort=view.sort, find="").href,
        imprint=_imprint(served, reader, calendar),
    )


def fiscal_quarter(period_end: date, calendar: Calendar) -> str:
    r"""The quarter's number and the year in which its fiscal year ends.

    >>> fiscal_quarter(date(2026, 12, 31), Calendar())
    'Q4\xa02026'
    >>> fiscal_quarter(date(2026, 4, 30), Calendar(fiscal_year_start_month=2))
    'Q1\xa02027'
    """
    months = (period_end.month - calendar.fiscal_year_start_month) % 12 + 1
    # the fiscal year is named for the calendar year that holds its last month
    year = period_end.year + (period_end.month + 11 - months) // 12
    return f"Q{months // 3}\u00a0{year}"


def _records(snapshot: Snapshot, caller: Caller, rep_id: str) -> tuple[Record, ...]:
    """The rep's whole book with the deals that the caller may see and its weekly scores."""
    records = []
    for row in snapshot.book_of([rep_id]):
        deals = tuple(deal for deal in snapshot.deals_of(row.account_id) if may_see(caller, deal))
        past = snapshot.history(row.account_id)
        records.append(Record(with_deals(row, deals), deals, past))
    return tuple(records)


def _tabs(rows: Sequence[AccountRow], view: View) -> tuple[Tab, ...]:
    """Counts are of the whole book, so that a search does not hide what needs review."""
    counts = {"all": len(rows), "review": sum(row.confidence == "review" for row in rows)}
    return tuple(
        Tab(name, counts[key], view.narrowed(key).href, is_current=key == view.tab)
        for key, name in TABS.items()
    )


def _reps(names: dict[str, str], rep_id: str) -> tuple[Choice, ...]:
    by_name = sorted(names.items(), key=lambda item: (item[1].casefold(), item[0]))
    return tuple(Choice(key, name, key == rep_id) for key, name in by_name)


def _week_row(one: Card, days: Sequence[date]) -> WeekRow:
    known = dict(one.score.weeks)
    bucket = wording.BUCKET_NAMES[one.row.bucket] if one.row.bucket else ""
    return WeekRow(one.name, bucket, tuple(known.get(day, "") for day in days))


def _imprint(served: Served, reader: Reader | None, calendar: Calendar) -> Imprint:
    snapshot = served.snapshot
    zone = ZoneInfo(calendar.time_zone)
    scored_at = wording.moment(snapshot.scored_at.astimezone(zone))
    stale = None
    if served.is_stale:
        old = f", {wording.age(reader.now - snapshot.scored_at)} old" if reader else ""
        stale = f"These scores are from {scored_at}{old}. Newer ones could not be read."
    return Imprint(
        scored_at=scored_at,
        data_until=wording.long_day(calendar.day_of(snapshot.observed_until)),
        model_version=snapshot.model_version,
        fair_use=served.bundle.card.fair_use,
        stale=stale,
    )
