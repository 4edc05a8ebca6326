"""Rules: what a row must satisfy to be accepted, each with its code and its expectation."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from features.calendar import Calendar
from features.crm.parse import BLANK, DAY_ONLY, FIRST_YEAR, HUGE
from features.quarantine import Code
from features.schema import DAY, FLAG, NUMBER, TEXT, TIME, Column, Table

ROW = "#row"
"""The row's place in the source, from 0."""

HISTORY_SLACK = timedelta(hours=24)
"""How long before creation a change may be stamped: zones and dates without a time."""

RANGES: Mapping[str, tuple[float, float]] = {
    "crm_probability": (0.0, 1.0),
    "csat": (1.0, 5.0),
    "duration_minutes": (0.0, HUGE),
    "employees": (0.0, HUGE),
    "fiscal_year_start_month": (1.0, 12.0),
    "rate_to_base": (1e-9, HUGE),
}
"""Numbers that mean nothing outside their range (E05)."""

AMOUNTS = ("amount", "list_amount", "annual_value")
OWNERS = ("owner_rep_id", "rep_id")
SPANS: Mapping[str, tuple[str, str]] = {
    "opportunities": ("created_at", "closed_at"),
    "tickets": ("opened_at", "closed_at"),
    "contracts": ("starts_on", "ends_on"),
}
"""Table → the stamps of which the second should not come first (E06)."""

FAULT_ROWS = pl.Schema(
    {
        ROW: pl.Int64(),
        "code": pl.String(),
        "column": pl.String(),
        "expected": pl.String(),
        "rank": pl.Int64(),
    }
)
"""A fault of one row; the lowest rank is the one it is set aside for."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that may be wrong with a row.

    Attributes:
        code: under which the row is set aside, or accepted with a warning.
        column: the cell that is quoted as found.
        expected: what should have stood there, in words.
        broken: true for a row that breaks the rule; null counts as false.
    """

    code: Code
    column: str
    expected: str
    broken: pl.Expr


def judge(rows: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """The faults of the rows as FAULT_ROWS, in the order of the rules."""
    if not rules or rows.height == 0:
        return pl.DataFrame(schema=FAULT_ROWS)
    masks = rows.select(
        rule.broken.fill_null(value=False).alias(str(rank)) for rank, rule in enumerate(rules)
    )
    parts = [pl.DataFrame(schema=FAULT_ROWS)]
    for rank, rule in enumerate(rules):
        mask = masks[str(rank)]
        if mask.any():
            said = (str(rule.code), rule.column, rule.expected, rank)
            named = zip(("code", "column", "expected", "rank"), said, strict=True)
            literals = [pl.lit(word).alias(name) for name, word in named]
            broken = rows.filter(mask).select(ROW, *literals)
            parts.append(broken.cast(FAULT_ROWS))
    return pl.concat(parts)


def cell_rules(table: Table, columns: Sequence[str]) -> list[Rule]:
    """The rules that each cell can be read, and is there where the contract wants it."""
    rules = []
    for name in columns:
        column = table.column(name)
        unreadable = pl.col(name).is_null()
        broken = unreadable if column.is_required else unreadable & ~pl.col(BLANK + name)
        rules.append(Rule(*_reading(table, column), broken))
    return rules


def own_rules(table: Table, calendar: Calendar, now: datetime) -> list[Rule]:
    """The rules a readable row can break by itself."""
    rules = [*_ranges(table), *_amounts(table)]
    if table.name == "opportunities":
        rules += _outcomes()
    return rules + [_not_future(column, calendar, now) for column in stamps(table)]


def stamps(table: Table) -> list[Column]:
    """The columns that say when something happened, and so cannot lie in the future."""
    dated = [column for column in table.columns if column.dtype in (TIME, DAY)]
    return [column for column in dated if not column.may_be_future]


def span_warnings(table: Table, calendar: Calendar) -> list[Rule]:
    """Rows that end on an earlier day than they begin (E06)."""
    if table.name not in SPANS:
        return []
    first, last = SPANS[table.name]
    days = [
        calendar.local_day(pl.col(name)) if table.column(name).dtype == TIME else pl.col(name)
        for name in (first, last)
    ]
    expected = f"a day at or after {first}"
    return [Rule(Code.CLOSED_BEFORE_CREATED, last, expected, days[1] < days[0])]


def relation_rules(
    table: Table, known: Mapping[str, pl.DataFrame], base_currency: str | None
) -> list[Rule]:
    """Rules that need the accepted rows of other tables; a table without rows asks nothing.

    Parents are the exception: without its parent table every row is an orphan. Money in the base
    currency needs no rate.
    """
    rules = [_parent(column, parent, known) for column, parent in table.parents.items()]
    if "stages" in known and table.name == "opportunities":
        stages = known["stages"]["stage"]
        rules.append(_member(Code.NOT_IN_LIST, "stage", "a stage of table stages", stages))
    if "exchange_rates" in known and "currency" in table.schema:
        rated = known["exchange_rates"]["currency"]
        if base_currency is not None:
            rated = rated.extend_constant(base_currency, 1)
        expected = "a currency of table exchange_rates"
        rules.append(_member(Code.NO_EXCHANGE_RATE, "currency", expected, rated))
    return rules


def owner_warnings(table: Table, known: Mapping[str, pl.DataFrame]) -> list[Rule]:
    """Owners that the table of reps does not know (E08); the rows are accepted."""
    if "reps" not in known or table.name == "reps":
        return []
    names = [name for name in OWNERS if name in table.schema]
    reps = known["reps"]["rep_id"]
    return [_member(Code.UNKNOWN_OWNER, name, "a rep_id of table reps", reps) for name in names]


def history_rule(parent: str) -> Rule:
    """Changes stamped long before their record was made (E09); needs `#created` beside the row."""
    early = pl.col("changed_at") < pl.col("#created") - HISTORY_SLACK
    expected = f"at most 24 hours before created_at of its row in {parent}"
    return Rule(Code.HISTORY_BEFORE_CREATION, "changed_at", expected, early)


def is_future(column: Column, calendar: Calendar, now: datetime) -> pl.Expr:
    """Whether the stamp is later than `now`; a bare day only once that whole day is."""
    today = pl.lit(calendar.day_of(now))
    stamp = pl.col(column.name)
    if column.dtype == DAY:
        return stamp > today
    day_later = calendar.local_day(stamp) > today
    return pl.when(pl.col(DAY_ONLY + column.name)).then(day_later).otherwise(stamp > now)


def _reading(table: Table, column: Column) -> tuple[Code, str, str]:
    name = column.name
    if column.dtype in (TIME, DAY):
        kind = "date" if column.dtype == DAY else "date or time"
        return Code.BAD_DATE, name, f"an ISO 8601 {kind} from {FIRST_YEAR} on"
    if column.dtype == NUMBER:
        return Code.BAD_NUMBER, name, f"a finite number up to {HUGE:.0e}"
    if column.dtype == FLAG:
        return Code.NOT_IN_LIST, name, "true or false"
    if isinstance(column.dtype, pl.Enum):
        code = Code.OUTCOME_WITHOUT_CLOSE if name == "outcome" else Code.NOT_IN_LIST
        return code, name, f"one of {', '.join(column.dtype.categories)}"
    if name in table.key or name.endswith("_id"):
        return Code.BAD_ID, name, "an id"
    return Code.RAGGED_ROW, name, "a value"


def _ranges(table: Table) -> Iterator[Rule]:
    for name, (low, high) in RANGES.items():
        if name in table.schema:
            outside = ~pl.col(name).is_between(low, high)
            expected = f"a number from {low:g} to {high:g}" if high < HUGE else f"at least {low:g}"
            yield Rule(Code.BAD_NUMBER, name, expected, outside)


def _amounts(table: Table) -> Iterator[Rule]:
    if table.name != "invoices":
        for name in AMOUNTS:
            if name in table.schema:
                yield Rule(Code.NEGATIVE_AMOUNT, name, "an amount of 0 or more", pl.col(name) < 0)


def _outcomes() -> list[Rule]:
    is_over = pl.col("outcome").fill_null("open") != "open"
    is_closed = pl.col("closed_at").is_not_null()
    closed_open = Rule(
        Code.OUTCOME_WITHOUT_CLOSE, "outcome", "won or lost beside closed_at", is_closed & ~is_over
    )
    over_open = Rule(
        Code.OUTCOME_WITHOUT_CLOSE,
        "closed_at",
        "a time beside outcome won or lost",
        is_over & ~is_closed,
    )
    return [closed_open, over_open]


def _not_future(column: Column, calendar: Calendar, now: datetime) -> Rule:
    expected = f"a time not after the run's clock, {now:%Y-%m-%dT%H:%M:%SZ}"
    return Rule(Code.FUTURE_STAMP, column.name, expected, is_future(column, calendar, now))


def _parent(column: str, parent: str, known: Mapping[str, pl.DataFrame]) -> Rule:
    ids = known[parent][column] if parent in known else pl.Series([], dtype=TEXT)
    return _member(Code.ORPHAN, column, f"the {column} of an accepted row of {parent}", ids)


def _member(code: Code, column: str, expected: str, known: pl.Series) -> Rule:
    cell = pl.col(column)
    return Rule(code, column, expected, cell.is_not_null() & ~cell.is_in(known.unique().implode()))
