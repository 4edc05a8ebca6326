"""A book as lists of rows, and what was known of it at a moment: row by row, cell by cell."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from features.schema import HISTORY, NOW, ROW, TABLES
from tests.factories import Cell, Row
from tests.features.reference.days import Zone

FIELDS = {"owner_rep_id": ("owner", "owner_rep_id")}
"""Names under which the change history keeps a column, where they are not the column's own."""

HISTORIES = {
    "opportunities": ("opportunity_changes", "opportunity_id"),
    "accounts": ("account_changes", "account_id"),
}


@dataclass(frozen=True, slots=True)
class World:
    """The rows of a book.

    Attributes:
        rows: table → rows; a table that is not here has no row.
        present: table → the columns that the source has.
        observed_until: the moment up to which the source is complete.
        zone: the organisation's.
    """

    rows: Mapping[str, list[Row]]
    present: Mapping[str, frozenset[str]]
    observed_until: datetime
    zone: Zone

    def has(self, needs: Iterable[str]) -> bool:
        """Whether the source has every need, each `table` or `table.column`."""
        for need in needs:
            table, _, column = need.partition(".")
            columns = self.present.get(table, frozenset())
            if not columns or (column and column not in columns):
                return False
        return True

    def known_from(self, table: str, row: Row) -> datetime | None:
        """The later of a row's moment and its `recorded_at`; None when it has no moment."""
        happened = row.get(TABLES[table].moment or "")
        if not isinstance(happened, date):
            return None
        recorded = row.get("recorded_at")
        moments = [self.zone.moment(happened)]
        if isinstance(recorded, datetime):
            moments.append(recorded)
        return max(moments)

    def changes(self, table: str, column: str) -> list[tuple[datetime, Row]]:
        """Changes of one column with the moment each became known, in that order.

        Equal moments follow `changed_at`, `recorded_at`, the text of `new`, then of `old`.
        """
        history, _ = HISTORIES[table]
        dated = []
        for row in self.rows.get(history, []):
            known = self.known_from(history, row)
            if row["field"] in FIELDS.get(column, (column,)) and known is not None:
                dated.append((known, row))
        return sorted(dated, key=_order)

    def value(self, table: str, identity: str, column: str, moment: datetime) -> Cell:
        """What a column with a history said just before a moment; None when that is not known."""
        _, key = HISTORIES[table]
        every = self.changes(table, column)
        own = [(known, row) for known, row in every if row[key] == identity]
        before = [row for known, row in own if known < moment]
        after = [row for known, row in own if known >= moment]
        dtype = str(TABLES[table].schema[column])
        if before:
            return parsed(before[-1].get("new"), dtype)
        if moment < self.observed_until and not any(known < moment for known, _ in every):
            return None  # nothing says that the history goes back so far
        if after:
            return parsed(after[0].get("old"), dtype)
        for row in self.rows.get(table, []):
            if row[key] == identity:
                return row.get(column)
        return None

    def at(self, as_of: datetime) -> "Known":
        """What was known strictly before as_of."""
        return Known(self, as_of)


def _order(change: tuple[datetime, Row]) -> tuple[object, ...]:
    known, row = change
    made, new, old = row["changed_at"], row.get("new"), row.get("old")
    recorded = row.get("recorded_at") or made
    return (known, made, recorded, new is not None, new or "", old is not None, old or "")


def parsed(text: Cell, dtype: str) -> Cell:
    """The cell that the history wrote as text; None when the text is not one."""
    if text is None or dtype == "String":
        return text
    try:
        return date.fromisoformat(str(text)[:10]) if dtype == "Date" else float(str(text))
    except ValueError:
        return None


class Known:
    """The rows and cells of a world known strictly before as_of."""

    def __init__(self, world: World, as_of: datetime) -> None:
        self.world = world
        self.as_of = as_of
        self.zone = world.zone
        self._rows: dict[str, list[Row]] = {}

    def rows(self, table: str) -> list[Row]:
        """The known rows of a table, cells that were not known yet emptied."""
        if table not in self._rows:
            self._rows[table] = [
                self._cells(table, row)
                for row in self.world.rows.get(table, [])
                if self._is_before(self.world.known_from(table, row))
            ]
        return self._rows[table]

    def of_account(self, table: str, account: str) -> list[Row]:
        """The known rows of an account; those of its deals once the deal is known too."""
        if "account_id" in TABLES[table].schema:
            return [row for row in self.rows(table) if row["account_id"] == account]
        of = self.deals
        return [
            row
            for row in self.rows(table)
            if row["opportunity_id"] in of and of[row["opportunity_id"]]["account_id"] == account
        ]

    def of_deal(self, table: str, deal: str) -> list[Row]:
        """The known rows of a deal."""
        return [row for row in self.rows(table) if row.get("opportunity_id") == deal]

    @cached_property
    def deals(self) -> dict[Cell, Row]:
        """The known deals by their id."""
        return {row["opportunity_id"]: row for row in self.rows("opportunities")}

    def deal_value(self, deal: str, column: str) -> Cell:
        """What a deal's column with a history said at as_of."""
        return self.world.value("opportunities", deal, column, self.as_of)

    def account_value(self, account: str, column: str) -> Cell:
        """What an account's column with a history said at as_of."""
        return self.world.value("accounts", account, column, self.as_of)

    def deal_changes(self, deal: str, column: str) -> list[Row]:
        """The known changes of a deal's column, in the order in which they became known."""
        return [
            row
            for known, row in self.world.changes("opportunities", column)
            if row["opportunity_id"] == deal and known < self.as_of
        ]

    def close_dates(self, deal: str) -> list[tuple[datetime, date, date]]:
        """When a deal's close date moved, from which day, to which; both days must be days."""
        moves = []
        for row in self.deal_changes(deal, "close_date"):
            old, new = parsed(row.get("old"), "Date"), parsed(row.get("new"), "Date")
            if old is not None and new is not None:
                moves.append((row["changed_at"], old, new))
        return moves

    def _is_before(self, moment: datetime | None) -> bool:
        return moment is not None and moment < self.as_of

    def _cells(self, table: str, row: Row) -> Row:
        cells: Row = {}
        for column in TABLES[table].columns:
            if column.known_at == ROW:
                cells[column.name] = row.get(column.name)
            elif column.known_at not in (HISTORY, NOW):
                stamp = row.get(column.known_at)
                is_known = isinstance(stamp, date) and self.zone.moment(stamp) < self.as_of
                cells[column.name] = row.get(column.name) if is_known else None
        return cells
