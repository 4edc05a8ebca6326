"""What a row of the activities says: a touch, a reply, a meeting, and how long it took.

Automated rows are neither: filter with `is_personal` first.
"""

import polars as pl

MEETING_KINDS = ("meeting", "demo", "visit")

MINUTES_PER_KIND = {"email": 15.0, "call": 15.0, "voicemail": 15.0}
"""Minutes where the CRM gives no duration; every other kind counts `MINUTES_OTHERWISE`."""

MINUTES_OTHERWISE = 60.0


def is_personal() -> pl.Expr:
    """Whether a person did it; a row that does not say counts as personal."""
    return ~pl.col("automated").fill_null(value=False)


def is_touch() -> pl.Expr:
    """Whether we reached out; false when the direction is not known."""
    return (pl.col("direction") == "outbound").fill_null(value=False)


def is_reply() -> pl.Expr:
    """Whether the customer spoke: an inbound row, or an outbound one that was answered."""
    answered = is_touch() & pl.col("answered").fill_null(value=False)
    return (pl.col("direction") == "inbound").fill_null(value=False) | answered


def is_contact() -> pl.Expr:
    """Whether the customer took part: a reply, or something done together."""
    return is_reply() | (pl.col("direction") == "mutual").fill_null(value=False)


def is_meeting() -> pl.Expr:
    """Whether both sides gave it a time: a meeting, a demo or a visit."""
    return pl.col("kind").is_in(MEETING_KINDS)


def minutes() -> pl.Expr:
    """The recorded duration, else a usual one for the kind; whole minutes."""
    usual = pl.col("kind").replace_strict(
        MINUTES_PER_KIND, default=MINUTES_OTHERWISE, return_dtype=pl.Float64
    )
    return pl.col("duration_minutes").fill_null(usual).round()
