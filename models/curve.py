"""Curves: for each deal, won, lost and still open at every step of the grid."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.calendar import Calendar
from models.grid import Days, Grid, days_of
from models.matrix import Floats

_DAY = np.timedelta64(1, "D")
EVEN = (1.0,) * 7
"""The pace of a seller who closes on any day of the week alike."""
SLOW_DAYS, SLOW_BELOW, SLOW_FROM = 180, 0.15, 0.30
"""A slow buyer: P(won in so many days) below the one, by the end of the curve from the other on."""
QUANTILES = (("close_p25", 0.25), ("close_p50", 0.50), ("close_p75", 0.75))


@dataclass(frozen=True, slots=True)
class Curves:
    """Cumulative probabilities, one row per deal, known at the points of the grid.

    Between two points they rise by the pace of the week's days: where nothing is closed on a
    Sunday, nothing is expected of it.

    Attributes:
        as_of: the landmark's day. A deal that closes on that day has taken one day.
        days: elapsed days of the points; the first is 0, the end of the day before as_of.
        won: P(won by the point), shape (deals, points), never falling.
        lost: P(lost by the point).
        open: P(still open at the point); won + lost + open = 1.
        pace: what each day of the week takes of a week, Monday first; they sum to 7.
    """

    as_of: Days
    days: NDArray[np.int64]
    won: Floats
    lost: Floats
    open: Floats
    pace: tuple[float, ...] = EVEN

    def dates(self) -> Days:
        """The day at whose end each point lies, shape (deals, points)."""
        return np.asarray(self.as_of[:, None] + (self.days[None, :] - 1) * _DAY)

    def elapsed(self, dates: pl.Series) -> Floats:
        """Days from the landmark to the end of each date; NaN for null."""
        ends = days_of(dates.to_list())
        since = (ends - self.as_of).astype(np.float64) + 1.0
        return np.where(np.isnat(ends), np.nan, since)

    def won_by(self, days: Floats) -> Floats:
        """P(won by so many days), one per deal; 0 before the landmark, NaN beyond the grid."""
        return self._by(self.won, days)

    def lost_by(self, days: Floats) -> Floats:
        """P(lost by so many days), one per deal; 0 before the landmark, NaN beyond the grid."""
        return self._by(self.lost, days)

    def at(self, dates: pl.Series) -> pl.DataFrame:
        """p_won, p_lost and p_open at the end of one date per deal.

        Null where the date is null or lies beyond the grid.
        """
        days = self.elapsed(dates)
        won, lost = self.won_by(days), self.lost_by(days)
        found = pl.DataFrame({"p_won": won, "p_lost": lost, "p_open": 1.0 - won - lost})
        return found.with_columns(pl.all().fill_nan(None))

    def won_quantile(self, share: float) -> pl.Series:
        """The day by which that share of the wins within the grid has come; Date."""
        wanted = share * self.won[:, -1]
        above = np.clip((self.won < wanted[:, None]).sum(axis=1), 1, len(self.days) - 1)
        rows = np.arange(self.won.shape[0])
        low, high = self.won[rows, above - 1], self.won[rows, above]
        step = np.where(high > low, (wanted - low) / np.where(high > low, high - low, 1.0), 1.0)
        days = self.days[above - 1] + step * (self.days[above] - self.days[above - 1])
        # A hair is taken off before rounding up, so that a whole day stays that day.
        weeks = np.floor((days - 1e-9) / 7.0)
        ends = np.stack([self._paced(7.0 * weeks + day) for day in range(1, 7)])
        whole = 7 * weeks + 1 + (ends < days - 1e-9).sum(axis=0)
        whole = np.maximum(whole, 1.0).astype(np.int64)
        dates = self.as_of + (whole - 1) * _DAY
        dates = np.where(self.won[:, -1] > 0.0, dates, np.datetime64("NaT", "D"))
        return pl.Series("on", dates.astype("datetime64[D]"), dtype=pl.Date)

    def at_rows(self, places: NDArray[np.intp]) -> "Curves":
        """The curves at these places, in their order."""
        return replace(
            self,
            as_of=self.as_of[places],
            won=self.won[places],
            lost=self.lost[places],
            open=self.open[places],
        )

    def _by(self, curve: Floats, days: Floats) -> Floats:
        inside = self._paced(np.clip(np.nan_to_num(days), 0.0, float(self.days[-1])))
        above = np.clip(np.searchsorted(self.days, inside, side="left"), 1, len(self.days) - 1)
        rows = np.arange(curve.shape[0])
        low, high = curve[rows, above - 1], curve[rows, above]
        width = self.days[above] - self.days[above - 1]
        step = (inside - self.days[above - 1]) / width
        is_known = ~np.isnan(days) & (days <= self.days[-1])
        return np.where(is_known, low + step * (high - low), np.nan)

    def _paced(self, days: Floats) -> Floats:
        """Elapsed days as days of equal pace, one per deal; whole weeks stay what they are."""
        first = (self.as_of.astype(np.int64) + 3) % 7  # the first day of 1970 was a Thursday
        by_day = np.array(self.pace * 2)
        before = np.concatenate([[0.0], np.cumsum(by_day)])
        weeks, rest = np.divmod(days, 7.0)
        at = first + np.floor(rest).astype(np.int64)
        part = before[at] - before[first] + (rest - np.floor(rest)) * by_day[at]
        return np.asarray(7.0 * weeks + part)


def curves_of(
    as_of: Days, grid: Grid, close: Floats, win: Floats, *, pace: tuple[float, ...] = EVEN
) -> Curves:
    """Chain the steps: S_j = product of (1 - h), won += S h w, lost += S h (1 - w).

    Args:
        close: P(closes in the step | open at its start), shape (deals, steps).
        win: P(won | closes in the step), same shape.
        pace: what each day of the week takes of a week, Monday first; they sum to 7.

    Source: competing risks in discrete time, Tutz and Schmid 2016, chapter 8.
    """
    deals = close.shape[0]
    survival = np.hstack([np.ones((deals, 1)), np.cumprod(1.0 - close, axis=1)])
    closing = survival[:, :-1] * close
    start = np.zeros((deals, 1))
    return Curves(
        as_of=as_of,
        days=np.concatenate([[0], grid.end_days()]),
        won=np.hstack([start, np.cumsum(closing * win, axis=1)]),
        lost=np.hstack([start, np.cumsum(closing * (1.0 - win), axis=1)]),
        open=survival,
        pace=pace,
    )


def joined(parts: list[Curves]) -> Curves:
    """Curves of one grid, one below the other."""
    return Curves(
        as_of=np.concatenate([part.as_of for part in parts]),
        days=parts[0].days,
        won=np.concatenate([part.won for part in parts]),
        lost=np.concatenate([part.lost for part in parts]),
        open=np.concatenate([part.open for part in parts]),
        pace=parts[0].pace,
    )


def ends_of(state: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """as_of_on, committed_on, month_end and period_end of each deal, rows as in `state`.

    Month and fiscal quarter are those of the committed date, else of the as_of.
    """
    as_of_on = calendar.local_day(pl.col("as_of"))
    day = pl.coalesce(pl.col("committed_on"), as_of_on)
    return state.select(
        as_of_on=as_of_on,
        committed_on=pl.col("committed_on"),
        month_end=day.dt.month_end(),
        period_end=calendar.quarter_end(day),
    )


def read_off(curves: Curves, state: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """What a rep asks of a curve; rows as in `state` (as_of, committed_on).

    Returns:
        p_won_by_committed, slip_risk, p_won_by_month_end, p_won_by_period_end, p_lost and p_slip
        (both at the period end), close_p25, close_p50, close_p75, p_won_end, month_end,
        period_end, flags. Without a committed date p_won_by_committed is null; past it, 0. What
        lies beyond the grid is null and flagged `beyond_horizon`. A `slow_buyer` is hardly won
        within half a year and yet likely enough by the end of the curve: to nurture, not to press.
    """
    ends = ends_of(state, calendar)
    committed = curves.at(ends["committed_on"])
    month = curves.at(ends["month_end"])
    period = curves.at(ends["period_end"])
    beyond = (
        (committed["p_won"].is_null() & ends["committed_on"].is_not_null())
        | month["p_won"].is_null()
        | period["p_won"].is_null()
    )
    return ends.with_columns(
        p_won_by_committed=committed["p_won"],
        slip_risk=1.0 - committed["p_won"],
        p_won_by_month_end=month["p_won"],
        p_won_by_period_end=period["p_won"],
        p_lost=period["p_lost"],
        p_slip=period["p_open"],
        **{name: curves.won_quantile(share) for name, share in QUANTILES},
        p_won_end=pl.Series(curves.won[:, -1]),
        flags=_flags(beyond, _is_slow(curves)),
    ).drop("as_of_on", "committed_on")


def _is_slow(curves: Curves) -> pl.Series:
    """Where the grid ends within half a year, nobody can be told to be slow."""
    soon = curves.won_by(np.full(len(curves.as_of), float(SLOW_DAYS)))
    at_last = curves.won[:, -1]
    return pl.Series((soon < SLOW_BELOW) & (at_last >= SLOW_FROM), dtype=pl.Boolean)


def _flags(beyond: pl.Series, is_slow: pl.Series) -> pl.Expr:
    committed, as_of_on = pl.col("committed_on"), pl.col("as_of_on")
    found = pl.concat_list(
        pl.when(committed.is_null()).then(pl.lit("no_commitment")),
        pl.when(committed < as_of_on).then(pl.lit("past_commitment")),
        pl.when(pl.lit(beyond)).then(pl.lit("beyond_horizon")),
        pl.when(pl.lit(is_slow)).then(pl.lit("slow_buyer")),
    )
    return found.list.drop_nulls()
