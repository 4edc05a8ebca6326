"""Cells read as the contract's types: text, numbers, flags, closed lists, days and times.

Every expression gives null for a cell that is empty or cannot be read; which of the two it was is
for the rules to say. Nothing is guessed: one way to write a number, ISO 8601 for dates.
"""

import polars as pl

from features.calendar import Calendar
from features.schema import DAY, FLAG, NUMBER, TEXT, TIME, Column

DAY_ONLY = "#day:"
"""Prefix of the flag column that says a time was given as a day only."""

BLANK = "#blank:"
"""Prefix of the flag column that says a cell held nothing."""

HUGE = 1e15
"""Numbers beyond this are no amounts of any business, and are not taken for numbers."""

FIRST_YEAR = 1900
FARTHEST_ZONE_MINUTES = 14 * 60
_DAY = r"^\s*(\d{4}-\d{2}-\d{2})\s*$"
_STAMP = (
    r"^\s*(?<day>\d{4}-\d{2}-\d{2})[T ](?<minute>\d{2}:\d{2})"
    r"(?::(?<second>\d{2})(?:[.,](?<fraction>\d+))?)?"
    r"\s?(?<zone>[Zz]|(?<sign>[+-])(?<hours>\d{2}):?(?<minutes>\d{2})?)?\s*$"
)
_PLAIN_UTC = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?Z$"
_TRUE = ("true", "t", "yes", "y", "1")
_FALSE = ("false", "f", "no", "n", "0")
_NAMES = (pl.String, pl.Categorical, pl.Enum)


def shown(name: str) -> pl.Expr:
    """The cell as text, as a message quotes it."""
    return pl.col(name).cast(pl.String)


def is_blank(name: str, dtype: pl.DataType) -> pl.Expr:
    """Whether the cell holds nothing: null, or text of blanks only."""
    nothing = pl.col(name).is_null()
    if isinstance(dtype, _NAMES):
        nothing |= shown(name).str.strip_chars() == ""
    return nothing.alias(BLANK + name)


def value(column: Column, dtype: pl.DataType, calendar: Calendar) -> pl.Expr:
    """The cell in the contract's dtype; null when empty or unreadable."""
    return _typed(column, dtype, calendar).cast(column.dtype, strict=False).alias(column.name)


def is_day_only(name: str, dtype: pl.DataType) -> pl.Expr:
    """Whether a time was given as a day; such a time counts as the end of that day."""
    if dtype == pl.Date:
        flag = pl.col(name).is_not_null()
    elif isinstance(dtype, pl.Datetime):
        flag = pl.lit(value=False)
    else:
        flag = shown(name).str.contains(_DAY).fill_null(value=False)
    return flag.alias(DAY_ONLY + name)


def _typed(column: Column, dtype: pl.DataType, calendar: Calendar) -> pl.Expr:
    wanted, name = column.dtype, column.name
    if wanted == TIME:
        return _time(name, dtype, calendar)
    if wanted == DAY:
        return _day(name, dtype, calendar)
    if wanted == NUMBER:
        return _number(name, dtype)
    if wanted == FLAG:
        return pl.col(name) if dtype == pl.Boolean else _flag(shown(name))
    if wanted == TEXT:
        return pl.when(~is_blank(name, dtype)).then(shown(name))
    return shown(name).str.strip_chars().str.to_lowercase()


def _number(name: str, dtype: pl.DataType) -> pl.Expr:
    if dtype.is_numeric():
        number = pl.col(name).cast(pl.Float64)
    else:
        number = shown(name).str.strip_chars().cast(pl.Float64, strict=False)
    # Infinity and NaN are not within it either: NaN is ordered above every number.
    return pl.when(number.abs() <= HUGE).then(number)


def _flag(text: pl.Expr) -> pl.Expr:
    word = text.str.strip_chars().str.to_lowercase()
    return (
        pl.when(word.is_in(_TRUE))
        .then(statement=True)
        .when(word.is_in(_FALSE))
        .then(statement=False)
    )


def _day(name: str, dtype: pl.DataType, calendar: Calendar) -> pl.Expr:
    if dtype == pl.Date:
        day = pl.col(name)
    elif isinstance(dtype, pl.Datetime):
        day = calendar.local_day(_zoned(pl.col(name), dtype, calendar))
    else:
        stamp = calendar.local_day(_stamp(shown(name), calendar))
        day = pl.coalesce(_plain_day(shown(name)), stamp)
    return pl.when(day.dt.year() >= FIRST_YEAR).then(day)


def _time(name: str, dtype: pl.DataType, calendar: Calendar) -> pl.Expr:
    if dtype == pl.Date:
        moment = calendar.end_of(pl.col(name))
    elif isinstance(dtype, pl.Datetime):
        moment = _zoned(pl.col(name), dtype, calendar)
    else:
        day_end = calendar.end_of(_plain_day(shown(name)))
        moment = pl.coalesce(_stamp(shown(name), calendar), day_end)
    return pl.when(moment.dt.year() >= FIRST_YEAR).then(moment)


def _zoned(moment: pl.Expr, dtype: pl.Datetime, calendar: Calendar) -> pl.Expr:
    exact = moment.dt.cast_time_unit("us")
    return exact.dt.convert_time_zone("UTC") if dtype.time_zone else _local(exact, calendar)


def _local(naive: pl.Expr, calendar: Calendar) -> pl.Expr:
    """A wall-clock time of the organisation as UTC; the first of two where clocks go back.

    An hour that the zone skips has never been on any clock: null, so that the row is set aside.
    """
    zoned = naive.dt.replace_time_zone(
        calendar.time_zone, ambiguous="earliest", non_existent="null"
    )
    return zoned.dt.convert_time_zone("UTC")


def _plain_day(text: pl.Expr) -> pl.Expr:
    return text.str.extract(_DAY).str.to_date("%Y-%m-%d", strict=False)


def _stamp(text: pl.Expr, calendar: Calendar) -> pl.Expr:
    """ISO 8601 date and time; without a zone, in the organisation's; to the microsecond."""
    plain = pl.when(text.str.contains(_PLAIN_UTC)).then(text)
    quick = plain.str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", strict=False, time_unit="us")
    # Taking a stamp apart costs ten times as much: only what is written otherwise pays for it.
    rest = pl.when(quick.is_null()).then(text)
    return pl.coalesce(quick.dt.replace_time_zone("UTC"), _taken_apart(rest, calendar))


def _taken_apart(text: pl.Expr, calendar: Calendar) -> pl.Expr:
    part = text.str.extract_groups(_STAMP).struct
    second = part.field("second").fill_null("00")
    clock = pl.format("{} {}:{}", part.field("day"), part.field("minute"), second)
    fraction = part.field("fraction").str.slice(0, 6).str.pad_end(6, "0").cast(pl.Int64)
    naive = clock.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us")
    naive += pl.duration(microseconds=fraction.fill_null(0))
    hours = part.field("hours").cast(pl.Int64)
    ahead = 60 * hours + part.field("minutes").cast(pl.Int64).fill_null(0)
    signed = pl.when(part.field("sign") == "-").then(-ahead).otherwise(ahead).fill_null(0)
    absolute = (naive - pl.duration(minutes=signed)).dt.replace_time_zone("UTC")
    is_zoned = part.field("zone").is_not_null()
    is_possible = signed.abs() <= FARTHEST_ZONE_MINUTES
    return pl.when(~is_zoned).then(_local(naive, calendar)).when(is_possible).then(absolute)
