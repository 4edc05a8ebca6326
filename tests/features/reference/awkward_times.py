"""Times around the moments of knowledge: on the edge of a window, equal, or recorded late."""

from datetime import date, datetime, timedelta
from random import Random

from tests.features.reference.days import DAY, Zone

EDGES = (0, 0, 30, 30, 60, 90, 91, 120, 180, 365, 456, 730)
INSTANT = timedelta(microseconds=1)


class Times:
    """Draws moments around the as_ofs: some lie on an edge, some are drawn twice.

    Attributes:
        closes: deal → the moment at which it closed.
    """

    def __init__(self, rng: Random, zone: Zone, as_ofs: tuple[datetime, ...]) -> None:
        self.rng, self.zone, self.as_ofs = rng, zone, as_ofs
        self.closes: dict[str, datetime] = {}
        self._drawn: list[datetime] = []

    def moment(self, oldest: float = 800) -> datetime:
        """A moment on an edge, one drawn before, a whole day, or any."""
        kind, as_of = self.rng.random(), self.rng.choice(self.as_ofs)
        if kind < 0.15 and self._drawn:
            return self.rng.choice(self._drawn)
        if kind < 0.4:
            back = self.rng.choice([edge for edge in EDGES if edge <= oldest])
            drawn = as_of - back * DAY + self.rng.choice((-1, 0, 0, 1)) * INSTANT
        elif kind < 0.6:
            drawn = as_of - self.rng.randint(-20, int(min(oldest, 100))) * DAY
        else:
            drawn = as_of - timedelta(seconds=self.rng.randint(-20 * 86_400, int(oldest * 86_400)))
        self._drawn.append(drawn)
        return drawn

    def stamp(self) -> datetime | None:
        """A moment, or none one time in three."""
        return self.moment() if self.rng.random() < 0.66 else None

    def day(self) -> date:
        """A day at an edge, or any."""
        today = self.zone.day_of(self.rng.choice(self.as_ofs))
        if self.rng.random() < 0.4:
            return today - self.rng.choice(EDGES) * DAY + self.rng.choice((-1, 0, 1)) * DAY
        return today - self.rng.randint(*self.rng.choice(((-90, 60), (0, 130), (0, 780)))) * DAY

    def recorded(self, happened: datetime | date | None) -> datetime | None:
        """Mostly with the row; else late, early, or exactly at an as_of."""
        kind = self.rng.random()
        if kind < 0.65 or happened is None:
            return None
        moment = self.zone.moment(happened)
        if kind < 0.8:
            return moment + self.rng.randint(0, 40) * DAY
        if kind < 0.9:
            return self.rng.choice(self.as_ofs) + self.rng.choice((-1, 0, 1)) * INSTANT
        return self.moment()
