"""Days, windows and fiscal quarters in plain Python, apart from the code's own calendar."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Zone:
    """Where days begin and end, and the month in which fiscal years begin."""

    name: str = "UTC"
    first_month: int = 1

    def start_of(self, day: date) -> datetime:
        """The first moment of a day, UTC."""
        return datetime.combine(day, time(), tzinfo=ZoneInfo(self.name)).astimezone(UTC)

    def end_of(self, day: date) -> datetime:
        """The last microsecond of a day, UTC."""
        return self.start_of(day + DAY) - timedelta(microseconds=1)

    def moment(self, stamp: datetime | date) -> datetime:
        """A stamp as it is; a day without an hour counts when it has ended."""
        return stamp if isinstance(stamp, datetime) else self.end_of(stamp)

    def day_of(self, moment: datetime) -> date:
        """The day in which a moment falls."""
        return moment.astimezone(ZoneInfo(self.name)).date()

    def quarter_end(self, day: date) -> date:
        """The last day of the fiscal quarter: walk on until the next day begins another one."""
        while True:
            following = day + DAY
            if following.day == 1 and (following.month - self.first_month) % 3 == 0:
                return day
            day = following


def between(moment: datetime | None, as_of: datetime, newest: int, oldest: int) -> bool:
    """Whether a moment is more than `newest` and at most `oldest` days of 24 hours before as_of."""
    return moment is not None and newest * DAY < as_of - moment <= oldest * DAY


def days_from(start: datetime | date, end: datetime | date) -> float:
    """Days, and parts of a day, from one stamp to another of the same kind."""
    return (end - start) / DAY
