"""Use of an account, metric by metric: a period counts when its day has ended.

Means and changes are exact fractions of values in thousandths, and become floats at the end.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from fractions import Fraction

from tests.factories import Row
from tests.features.reference.days import between, days_from
from tests.features.reference.registry import of_account
from tests.features.reference.rows import Known


def _metrics(account: str, known: Known) -> list[list[Row]]:
    """The known periods of each metric."""
    rows = known.of_account("usage", account)
    names = sorted({row["metric"] for row in rows})
    return [[row for row in rows if row["metric"] == name] for name in names]


def _in_days(rows: Iterable[Row], known: Known, newest: int, oldest: int) -> list[Row]:
    """Periods whose day ended more than `newest` and at most `oldest` days before as_of."""
    return [
        row
        for row in rows
        if between(known.zone.moment(row["period_on"]), known.as_of, newest, oldest)
    ]


def _values(rows: Iterable[Row], known: Known, newest: int, oldest: int) -> list[Fraction]:
    """The values of such periods, to the nearest thousandth."""
    return [
        Fraction(round(Fraction(str(row["value"])) * 1_000), 1_000)
        for row in _in_days(rows, known, newest, oldest)
    ]


def _mean(values: Sequence[Fraction]) -> Fraction | None:
    return sum(values, Fraction(0)) / len(values) if values else None


def _averaged(
    account: str, known: Known, of_metric: Callable[[list[Row]], Fraction | None]
) -> float | None:
    """The mean of what is said of each metric; None when nothing is said of any."""
    said = [of_metric(rows) for rows in _metrics(account, known)]
    average = _mean([number for number in said if number is not None])
    return None if average is None else float(average)


def _change(
    account: str, known: Known, now: tuple[int, int], before: tuple[int, int]
) -> float | None:
    def of_metric(rows: list[Row]) -> Fraction | None:
        new, old = _mean(_values(rows, known, *now)), _mean(_values(rows, known, *before))
        if new is None or old is None or old <= 0:
            return None
        return min(max(new / old - 1, Fraction(-1)), Fraction(5))

    return _averaged(account, known, of_metric)


@of_account
def usage_change_14d(account: str, as_of: datetime, known: Known) -> float | None:
    return _change(account, known, (0, 14), (14, 70))


@of_account
def usage_change_90d(account: str, as_of: datetime, known: Known) -> float | None:
    return _change(account, known, (0, 90), (90, 180))


@of_account
def usage_change_year(account: str, as_of: datetime, known: Known) -> float | None:
    return _change(account, known, (0, 90), (365, 455))


@of_account
def usage_swing_180d(account: str, as_of: datetime, known: Known) -> float | None:
    def of_metric(rows: list[Row]) -> Fraction | None:
        values = _values(rows, known, 0, 180)
        middle = _mean(values)
        apart = None if middle is None else _mean([abs(value - middle) for value in values])
        return None if middle is None or apart is None or middle <= 0 else apart / middle

    return _averaged(account, known, of_metric)


@of_account
def usage_to_peak(account: str, as_of: datetime, known: Known) -> float | None:
    def of_metric(rows: list[Row]) -> Fraction | None:
        now = _mean(_values(rows, known, 0, 30))
        peak = max(_values(rows, known, 0, 365), default=Fraction(0))
        return None if now is None or peak <= 0 else now / peak

    return _averaged(account, known, of_metric)


@of_account
def usage_silence_days(account: str, as_of: datetime, known: Known) -> float | None:
    used = [row["period_on"] for row in known.of_account("usage", account) if row["value"] > 0]
    return days_from(known.zone.moment(max(used)), as_of) if used else None


@of_account
def metrics_dropped(account: str, as_of: datetime, known: Known) -> float:
    dropped = 0
    for rows in _metrics(account, known):
        used = [row for row in rows if row["value"] > 0]
        dropped += bool(_in_days(used, known, 90, 180)) and not _in_days(used, known, 0, 90)
    return dropped
