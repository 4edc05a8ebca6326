"""Tables: from the world's columns to frames of the contract, cut at the end of the history."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from features.crm.synthetic.steps import DAY, NEVER, Flags, Floats, Ints, Steps
from features.schema import RECORDED_AT, TABLES, TIME, conform


@dataclass(frozen=True, slots=True)
class Ids:
    """How the rows of a table are called: a prefix and a running number.

    Attributes:
        prefix: one letter.
        digits: at least so many.
        first: number of the row with index 0.
    """

    prefix: str
    digits: int
    first: int = 1

    def of(self, index: Ints) -> pl.Series:
        """Text ids of indices; null for negative ones."""
        number = pl.Series("index", index, dtype=pl.Int64)
        frame = pl.DataFrame({"index": number})
        text = (pl.col("index") + self.first).cast(pl.String).str.zfill(self.digits)
        known = pl.when(pl.col("index") >= 0).then(pl.lit(self.prefix) + text)
        return frame.select(known.alias("id"))["id"]


ACCOUNT_IDS = Ids("A", 5)
REP_IDS = Ids("R", 3)
DEAL_IDS = Ids("O", 6)
CONTACT_IDS = Ids("P", 6)
CONTRACT_IDS = Ids("K", 6)
INVOICE_IDS = Ids("I", 7)
ACTIVITY_IDS = Ids("T", 7)
TICKET_IDS = Ids("S", 6)
REFERRAL_IDS = Ids("F", 5)
COVENANT_IDS = Ids("V", 6)
QUOTE_IDS = Ids("Q", 6)


def times(moments: Ints) -> pl.Series:
    """Moments as UTC time stamps; null for NEVER."""
    whole = pl.Series("moment", moments, dtype=pl.Int64)
    return whole.set(whole == NEVER, None).cast(TIME)


def dates(days: Ints) -> pl.Series:
    """Day numbers as dates; null for NEVER."""
    whole = pl.Series("day", days, dtype=pl.Int64)
    return whole.set(whole == NEVER, None).cast(pl.Int32).cast(pl.Date)


def words(values: Sequence[str | None], index: Ints) -> pl.Series:
    """Words by their place in `values`; null for negative places."""
    place = pl.Series("place", index, dtype=pl.Int64)
    return pl.Series("word", values, dtype=pl.String).gather(place.set(place < 0, None))


def amounts(numbers: Floats) -> pl.Series:
    """Numbers; null for NaN."""
    return pl.Series("number", numbers, dtype=pl.Float64).fill_nan(None)


def flags(states: Ints | Flags) -> pl.Series:
    """True and false; null for negative ones."""
    state = np.asarray(states, dtype=np.int64)
    text = pl.Series("flag", state, dtype=pl.Int64)
    return text.set(text < 0, None).cast(pl.Boolean)


def by_moment(moment: Ints, *others: npt.NDArray[np.int64]) -> Ints:
    """The order of rows by moment, ties by the other columns, first one first."""
    return np.lexsort((*reversed(others), moment))


def table(name: str, columns: dict[str, pl.Series], steps: Steps) -> pl.DataFrame:
    """A contract table from some of its columns; the others are null.

    Rows that the CRM did not hold before the end of the history are dropped, and stamps that
    had not come are emptied together with the cells that belong to them.

    Raises:
        SchemaError: when a column is not of the contract.
    """
    contract = TABLES[name]
    frame = pl.DataFrame({key: series.alias(key) for key, series in columns.items()})
    if contract.moment is not None and RECORDED_AT not in frame.columns:
        frame = frame.with_columns(pl.col(contract.moment).cast(TIME).alias(RECORDED_AT))
    absent = [
        pl.lit(None).cast(column.dtype).alias(column.name)
        for column in contract.columns
        if column.name not in frame.columns
    ]
    enums = [
        pl.col(column.name).cast(column.dtype)
        for column in contract.columns
        if isinstance(column.dtype, pl.Enum) and column.name in frame.columns
    ]
    whole = frame.with_columns(*absent, *enums)
    return conform(name, _cut(name, whole.lazy(), steps)).collect()


def _cut(name: str, frame: pl.LazyFrame, steps: Steps) -> pl.LazyFrame:
    """Leave what the CRM held strictly before the end of the history."""
    contract = TABLES[name]
    end = pl.lit(steps.end).cast(TIME)
    last_day = pl.lit(steps.end // DAY).cast(pl.Int32).cast(pl.Date)
    if contract.moment is not None:
        moment = contract.column(contract.moment)
        frame = frame.filter(pl.col(RECORDED_AT) < end)
        if not moment.may_be_future:
            bound = end if moment.dtype == TIME else last_day
            frame = frame.filter(pl.col(moment.name) < bound)
    names = {column.name: column for column in contract.columns}
    emptied = []
    for column in contract.columns:
        stamp = names.get(column.known_at)
        if stamp is not None and stamp.dtype == TIME and not stamp.is_required:
            is_ahead = (pl.col(stamp.name) >= end).fill_null(value=False)
            emptied.append(pl.when(~is_ahead).then(pl.col(column.name)).alias(column.name))
    return frame.with_columns(emptied)
