"""Fiscal periods, day ends and the organisation's time zone."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import polars as pl


@dataclass(frozen=True, slots=True)
class Calendar:
    """The organisation's calendar.

    Attributes:
        time_zone: IANA name; days begin and end there.
        fiscal_year_start_month: 1 to 12.
    """

    time_zone: str = "UTC"
    fiscal_year_start_month: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.fiscal_year_start_month <= 12:
            raise ValueError(
                f"expected fiscal_year_start_month 1 to 12, got {self.fiscal_year_start_month}"
            )
        ZoneInfo(self.time_zone)

    def midnight(self, day: date) -> datetime:
        """00:00 of that day in the organisation's zone, as UTC."""
        local = datetime.combine(day, time(), tzinfo=ZoneInfo(self.time_zone))
        return local.astimezone(UTC)

    def day_of(self, moment: datetime) -> date:
        """The organisation's day in which the moment falls."""
        return moment.astimezone(ZoneInfo(self.time_zone)).date()

    def month_end_of(self, day: date) -> date:
        """The last day of the calendar month."""
        return (day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)

    def quarter_end_of(self, day: date) -> date:
        """The last day of the fiscal quarter that contains the day.

        >>> Calendar(fiscal_year_start_month=2).quarter_end_of(date(2026, 1, 15))
        datetime.date(2026, 1, 31)
        """
        months_left = 2 - (day.month - self.fiscal_year_start_month) % 3
        first = day.replace(day=1)
        for _ in range(months_left):
            first = (first + timedelta(days=32)).replace(day=1)
        return self.month_end_of(first)

    def local_day(self, moment: pl.Expr) -> pl.Expr:
        """The organisation's day of a UTC moment; Date."""
        return moment.dt.convert_time_zone(self.time_zone).dt.date()

    def start_of(self, day: pl.Expr) -> pl.Expr:
        """00:00 of a Date in the organisation's zone; Datetime UTC.

        A midnight that the zone skips (clocks going forward) moves to the first moment after it.
        """
        naive = day.cast(pl.Datetime("us"))
        zoned = naive.dt.replace_time_zone(
            self.time_zone, ambiguous="earliest", non_existent="null"
        )
        later = (naive + pl.duration(hours=1)).dt.replace_time_zone(
            self.time_zone, ambiguous="earliest", non_existent="null"
        )
        return pl.coalesce(zoned, later).dt.convert_time_zone("UTC")

    def end_of(self, day: pl.Expr) -> pl.Expr:
        """The last microsecond of a Date: when a value with a day only is known; UTC."""
        return self.start_of(day.dt.offset_by("1d")) - pl.duration(microseconds=1)

    def quarter_end(self, day: pl.Expr) -> pl.Expr:
        """The last day of the fiscal quarter of a Date; Date."""
        month = day.dt.month().cast(pl.Int32)
        left = 2 - (month - self.fiscal_year_start_month) % 3
        return day.dt.offset_by(pl.format("{}mo", left)).dt.month_end()

    def quarter_start(self, day: pl.Expr) -> pl.Expr:
        """The first day of the fiscal quarter of a Date; Date."""
        return self.quarter_end(day).dt.month_start().dt.offset_by("-2mo")

    def year_end(self, day: pl.Expr) -> pl.Expr:
        """The last day of the fiscal year of a Date; Date."""
        month = day.dt.month().cast(pl.Int32)
        left = 11 - (month - self.fiscal_year_start_month) % 12
        return day.dt.offset_by(pl.format("{}mo", left)).dt.month_end()

    def fiscal_quarter(self, day: pl.Expr) -> pl.Expr:
        """1 to 4; Int32."""
        month = day.dt.month().cast(pl.Int32)
        return ((month - self.fiscal_year_start_month) % 12) // 3 + 1
