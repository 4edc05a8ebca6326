"""Golden rows: inputs with the answers the model gave when it was written."""

from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np
import polars as pl

from features.calendar import Calendar
from models.bucket import BucketModel
from models.components import ComponentModel
from models.document import document
from models.matrix import Floats, Matrix, matrix_of
from models.slip import SlipModel

ROWS = 16
Numbers = tuple[tuple[float | None, ...], ...]
_UNKNOWN = -1e9
"""Stands for a component that cannot be told; no component expects anything near it."""


@document
@dataclass(frozen=True, slots=True)
class GoldenRows:
    """A few accounts and deals; null is a value that is not known.

    Attributes:
        bucket: p_a_list, p_pain, p_walk_away, p_steady per account.
        won: P(won by each step's end) per deal.
        lost: P(lost by each step's end) per deal.
        components: the components per account, null where this CRM cannot tell one.
    """

    time_zone: str
    fiscal_year_start_month: int
    accounts: Numbers = ()
    bucket: tuple[tuple[float, ...], ...] = ()
    deals: Numbers = ()
    as_of: tuple[datetime, ...] = ()
    committed_on: tuple[date | None, ...] = ()
    won: tuple[tuple[float, ...], ...] = ()
    lost: tuple[tuple[float, ...], ...] = ()
    components: Numbers = ()

    def largest_difference(
        self,
        bucket: BucketModel | None,
        slip: SlipModel | None,
        components: ComponentModel | None = None,
    ) -> float:
        """How far the models are from the answers they gave; infinite where shapes differ."""
        worst = 0.0
        if bucket is not None:
            said = bucket.predict(_matrix(self.accounts, len(bucket.names))).to_numpy()
            worst = max(worst, _gap(said, self.bucket))
        if components is not None:
            told = components.predict(_matrix(self.accounts, len(components.names))).to_numpy()
            worst = max(worst, _gap(np.nan_to_num(told, nan=_UNKNOWN), _filled(self.components)))
        if slip is not None:
            state = pl.DataFrame(
                {"as_of": self.as_of, "committed_on": self.committed_on},
                schema={"as_of": pl.Datetime("us", "UTC"), "committed_on": pl.Date},
            )
            curves = slip.curve(_matrix(self.deals, len(slip.names)), state, self._calendar())
            worst = max(worst, _gap(curves.won, self.won), _gap(curves.lost, self.lost))
        return worst

    def _calendar(self) -> Calendar:
        return Calendar(self.time_zone, self.fiscal_year_start_month)


@dataclass(frozen=True, slots=True)
class GoldenDeals:
    """Deals to draw golden rows from: features, and as_of with committed_on."""

    X: pl.DataFrame
    state: pl.DataFrame


def golden_rows(
    calendar: Calendar,
    *,
    bucket: BucketModel | None = None,
    components: ComponentModel | None = None,
    accounts: pl.DataFrame | None = None,
    slip: SlipModel | None = None,
    deals: GoldenDeals | None = None,
) -> GoldenRows:
    """Up to 16 rows of each entity, spread evenly over those given, with today's answers.

    Raises:
        ValueError: a model without rows to hold it to.
    """
    if bucket is not None and (accounts is None or accounts.height == 0):
        raise ValueError("expected account rows for the bucket model, found none")
    if slip is not None and (deals is None or deals.X.height == 0):
        raise ValueError("expected deal rows for the slip model, found none")
    asked: Matrix = np.empty((0, 0), dtype=np.float32)
    said: Floats = np.empty((0, 0))
    told: Floats = np.empty((0, 0))
    if bucket is not None and accounts is not None:
        asked = matrix_of(accounts[_spread(accounts.height)], bucket.names)
        said = bucket.predict(asked).to_numpy()
        if components is not None:
            told = components.predict(asked).to_numpy()
    golden = GoldenRows(
        time_zone=calendar.time_zone,
        fiscal_year_start_month=calendar.fiscal_year_start_month,
        accounts=_numbers(asked),
        bucket=_answers(said),
        components=_numbers(told),
    )
    return golden if slip is None or deals is None else _with_deals(golden, slip, deals)


def _with_deals(golden: GoldenRows, slip: SlipModel, deals: GoldenDeals) -> GoldenRows:
    calendar = Calendar(golden.time_zone, golden.fiscal_year_start_month)
    rows = _spread(deals.X.height)
    asked, state = matrix_of(deals.X[rows], slip.names), deals.state[rows]
    curves = slip.curve(asked, state, calendar)
    return replace(
        golden,
        deals=_numbers(asked),
        as_of=tuple(state["as_of"].to_list()),
        committed_on=tuple(state["committed_on"].to_list()),
        won=_answers(curves.won),
        lost=_answers(curves.lost),
    )


def _spread(height: int) -> list[int]:
    return sorted({int(place) for place in np.linspace(0, height - 1, min(ROWS, height))})


def _numbers(rows: Matrix | Floats) -> Numbers:
    return tuple(tuple(None if np.isnan(value) else float(value) for value in row) for row in rows)


def _answers(rows: Floats) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(value) for value in row) for row in rows)


def _filled(rows: Numbers) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(_UNKNOWN if value is None else value for value in row) for row in rows)


def _matrix(rows: Numbers, width: int) -> Matrix:
    table = [[np.nan if value is None else value for value in row] for row in rows]
    return np.array(table, dtype=np.float32).reshape(len(rows), width)


def _gap(said: Floats, golden: tuple[tuple[float, ...], ...]) -> float:
    wanted = np.array(golden, dtype=np.float64)
    if said.shape != wanted.shape or wanted.size == 0:
        return float("inf")
    gap = float(np.max(np.abs(said - wanted)))
    return gap if np.isfinite(gap) else float("inf")
