"""Board: the accounts of one book, narrowed down, put in order and laid out by bucket."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import urlencode

from serving import wording
from serving.cards import Card, displayed
from serving.rows import AccountRow, Bucket, Status

TABS: Mapping[str, str] = {"all": "All", "review": "Needs review"}
SORTS: Mapping[str, str] = {
    "suggested": "Suggested",
    "value": "Value",
    "slip": "Slip risk",
    "name": "Name",
}
FIND_AT_MOST = 80

_COLUMNS: tuple[tuple[Bucket, str, str], ...] = (
    ("a_list", "a", "Do your best work here."),
    ("pain", "pain", "Costly to serve: contain the time."),
    ("walk_away", "walk", "Stop the pursuit this quarter."),
    ("steady", "steady", "Serve as before."),
)
_STATUS_NAMES: Mapping[Status, str] = {
    "not_in_pursuit": "Not in pursuit",
    "not_enough_evidence": "Not enough evidence",
    "closed": "Closed",
    "quarantined": "Left out",
}


@dataclass(frozen=True, slots=True)
class View:
    """What the reader asked to see; every address on the page is written by it.

    Attributes:
        rep_id: whose book.
        tab: a key of TABS.
        sort: a key of SORTS.
        find: part of a name or of an id; empty finds all.
    """

    rep_id: str
    tab: str
    sort: str
    find: str

    @classmethod
    def asked(cls, rep_id: str, *, tab: str, sort: str, find: str) -> Self:
        """The view of an address; what it does not know is the first choice."""
        return cls(
            rep_id=rep_id,
            tab=tab if tab in TABS else "all",
            sort=sort if sort in SORTS else "suggested",
            find=" ".join(find.split())[:FIND_AT_MOST],
        )

    @property
    def href(self) -> str:
        """Its own address; defaults are left out."""
        fields = {"rep": self.rep_id, "tab": self.tab, "sort": self.sort, "find": self.find}
        defaults = {"tab": "all", "sort": "suggested", "find": ""}
        said = {key: text for key, text in fields.items() if text != defaults.get(key)}
        return f"/book?{urlencode(said)}"

    def narrowed(self, tab: str) -> "View":
        """The same list under another tab."""
        return replace(self, tab=tab)

    def holds(self, row: AccountRow) -> bool:
        """Whether the account matches tab and search."""
        if self.tab == "review" and row.confidence != "review":
            return False
        wanted = self.find.casefold()
        return wanted in (row.name or "").casefold() or wanted in row.account_id.casefold()

    def ordered(self, cards: Sequence[Card]) -> tuple[Card, ...]:
        """The cards in the order asked for; what lacks the figure comes last, ties by name."""
        return tuple(sorted(cards, key=lambda card: (self._weight(card.row), *_name(card))))

    def _weight(self, row: AccountRow) -> float:
        if self.sort == "name":
            return 0.0
        if self.sort == "suggested":
            return -displayed(row)
        figure = row.value if self.sort == "value" else row.slip_risk_max
        return float("inf") if figure is None else -figure


@dataclass(frozen=True, slots=True)
class Column:
    """One bucket of the book.

    Attributes:
        key: names its accent in the style sheet.
        count: accounts of the bucket, whether they match or not.
        value: of all those accounts; None where no value is known.
        cards: those that match, in order.
    """

    key: str
    bucket: Bucket
    name: str
    hint: str
    count: int
    value: str | None
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Unscored:
    """An account without a bucket, and why it has none."""

    name: str
    value: str | None
    status: str
    why: str


def columns_of(cards: Sequence[Card], view: View) -> tuple[Column, ...]:
    """A-list, Pain, Walk-away and Steady, in this order."""
    columns = []
    for bucket, key, hint in _COLUMNS:
        inside = [card for card in cards if card.row.bucket == bucket]
        columns.append(
            Column(
                key=key,
                bucket=bucket,
                name=wording.BUCKET_NAMES[bucket],
                hint=hint,
                count=len(inside),
                value=total_value([card.row for card in inside]),
                cards=view.ordered([card for card in inside if view.holds(card.row)]),
            )
        )
    return tuple(columns)


def unscored_of(
    rows: Sequence[AccountRow], view: View, *, weeks: int | None
) -> tuple[Unscored, ...]:
    """The accounts without a bucket that match, by name.

    Args:
        rows: the whole book.
        view: what was asked for.
        weeks: how far back the model looks for a sign of life; None without a bucket model.
    """
    found = (row for row in rows if row.status != "scored" and view.holds(row))
    lines = (
        Unscored(
            name=row.name or row.account_id,
            value=None if row.value is None else wording.money(row.value, row.currency),
            status=_STATUS_NAMES[row.status],
            why=_why(row, weeks),
        )
        for row in found
    )
    return tuple(sorted(lines, key=lambda line: (line.status, line.name.casefold(), line.name)))


def total_value(rows: Sequence[AccountRow]) -> str | None:
    """The value of these accounts together; None where none of them has one."""
    known = [row for row in rows if row.value is not None]
    if not known:
        return None
    return wording.money(sum(row.value or 0.0 for row in known), known[0].currency)


def _name(card: Card) -> tuple[str, str]:
    return card.name.casefold(), card.row.account_id


def _why(row: AccountRow, weeks: int | None) -> str:
    if row.missing:
        return wording.sentence(row.missing)
    if row.status == "not_in_pursuit":
        span = "lately" if weeks is None else f"in the last {wording.count(weeks, 'week')}"
        return f"Nobody worked on it {span}, and it gave no sign of life."
    if row.status == "quarantined":
        return "Its records did not pass the checks of the data."
    if row.status == "closed":
        return "The account was closed."
    return "What is short was not recorded."
