"""Measures asked of a handful of activities, in both ways: row by row, and in order."""

from collections.abc import Callable, Sequence
from datetime import datetime

import polars as pl
import pytest

from features.measure import INNER, Measure, measured_plainly
from features.running import Running
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID, TIME
from features.timeline import KNOWN, MOMENT, OWNER, Questions, Timeline
from features.view import KEYS, SPINE_ROW
from tests.factories import Row, day, frame

OWNERS = ("acme", "bolt", "void")
"""Ids in the order of their codes; no test gives `void` a row."""

FAR = 36_500
"""Days back to which every row of a test stands in line."""

Told = float | datetime | None
Way = Callable[..., pl.DataFrame]
Ask = tuple[str, datetime]
NOW: tuple[Ask, ...] = (("acme", day(0)),)


def known_rows(rows: Sequence[Row]) -> pl.DataFrame:
    """Activities with the moment from which they are known; those without a moment left out."""
    known = pl.max_horizontal("occurred_at", "recorded_at").alias(KNOWN)
    there = pl.col("occurred_at").is_not_null()
    return frame("activities", rows).filter(there).with_columns(known).collect()


def timeline(rows: Sequence[Row]) -> Timeline:
    """The activities of the owners in order."""
    code = pl.col(ACCOUNT_ID).replace_strict(OWNERS, range(len(OWNERS)), return_dtype=pl.Int64)
    ordered = (
        known_rows(rows)
        .with_columns(code.alias(OWNER), pl.col("occurred_at").alias(MOMENT))
        .sort(OWNER, MOMENT, maintain_order=True)
    )
    return Timeline(ordered, len(OWNERS))


def spine(asks: Sequence[Ask]) -> pl.DataFrame:
    """One numbered row per question."""
    owners, moments = [owner for owner, _ in asks], [moment for _, moment in asks]
    cells = {ENTITY_ID: owners, AS_OF: moments}
    return pl.DataFrame(cells, schema={ENTITY_ID: pl.String(), AS_OF: TIME}).with_row_index(
        SPINE_ROW
    )


def questions(asks: Sequence[Ask]) -> Questions:
    """The same questions in codes and microseconds."""
    asked = spine(asks)
    owner = pl.Series([OWNERS.index(name) for name in asked[ENTITY_ID]], dtype=pl.Int64())
    return Questions(owner.to_numpy(), asked[AS_OF].dt.timestamp("us").to_numpy())


def told_plainly(
    rows: Sequence[Row], measures: Sequence[Measure], asks: Sequence[Ask] = NOW
) -> pl.DataFrame:
    """The measures from the rows known at each question."""
    asked = spine(asks).lazy()
    known = (
        asked.join(
            known_rows(rows).lazy(),
            left_on=ENTITY_ID,
            right_on=ACCOUNT_ID,
            maintain_order="left_right",
        )
        .filter(pl.col(KNOWN) < pl.col(AS_OF))
        .with_columns(pl.col(SPINE_ROW).alias(OWNER), pl.col("occurred_at").alias(MOMENT))
        .sort(OWNER, MOMENT, maintain_order=True)
    )
    told = measured_plainly(asked, known, measures, keys=KEYS, moment="occurred_at")
    return told.sort(SPINE_ROW).drop(SPINE_ROW, ENTITY_ID, AS_OF).collect()


def told_running(
    rows: Sequence[Row], measures: Sequence[Measure], asks: Sequence[Ask] = NOW
) -> pl.DataFrame:
    """The measures from running totals."""
    ordered, asked = timeline(rows), questions(asks)
    if any(measure.kind in INNER for measure in measures):
        ordered, asked = ordered.without_hidden(asked, days=FAR)
    return Running(ordered, asked).told(measures)


in_both_ways = pytest.mark.parametrize("way", [told_plainly, told_running])


def told(way: Way, rows: Sequence[Row], measure: Measure, *, at: float = 0) -> Told:
    """One measure of `acme` so many days after the origin."""
    found: Told = way(rows, [measure], [("acme", day(at))]).item()
    return found
