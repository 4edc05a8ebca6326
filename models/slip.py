"""Slip model: when a deal closes, whether it is then won, and so one win curve per deal."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from features.calendar import Calendar
from models.curve import Curves, curves_of, ends_of, joined
from models.document import document
from models.grid import TARGET_NAMES, Days, Grid, days_of, target_calendar
from models.head import Head, HeadDocument, head_from_document
from models.logodds import logit, sigmoid
from models.matrix import Floats, Matrix, matrix_of
from models.reasons import Explanation

SlipKind = Literal["lightgbm", "constant"]
FOLDER = "slip"
# Deals × steps held at once: with 40 columns about 60 MB, LightGBM's own copy included.
_ROWS_AT_ONCE = 200_000


@document
@dataclass(frozen=True, slots=True)
class SlipDocument:
    """`slip.json`."""

    kind: SlipKind
    names: tuple[str, ...]
    grid: Grid
    baseline: tuple[float, ...]
    close: HeadDocument
    win: HeadDocument


@dataclass(frozen=True, slots=True)
class SlipModel:
    """Two questions per deal and step: does it close, and if so, is it won.

    Attributes:
        names: the deal's features, without the target week's calendar.
        baseline: log-odds of closing in each step over all deals; the close head adds to it.
    """

    kind: SlipKind
    names: tuple[str, ...]
    grid: Grid
    baseline: tuple[float, ...]
    close: Head
    win: Head

    def __post_init__(self) -> None:
        if len(self.baseline) != self.grid.steps:
            raise ValueError(
                f"expected {self.grid.steps} baseline hazards, found {len(self.baseline)}"
            )
        for head, name in ((self.close, "close"), (self.win, "win")):
            if head.name != name or head.names != (*self.names, *TARGET_NAMES):
                raise ValueError(f"expected head {name} over the deal's and the week's features")

    def curve(self, X: pl.DataFrame | Matrix, state: pl.DataFrame, calendar: Calendar) -> Curves:
        """The curve of every deal, rows as in X and `state` (as_of, committed_on)."""
        rows = matrix_of(X, self.names)
        as_of, committed = _moments(state, calendar, expected=rows.shape[0])
        at_once = max(1, _ROWS_AT_ONCE // self.grid.steps)
        starts = range(0, max(rows.shape[0], 1), at_once)
        return joined(
            [
                self._curve(
                    rows[start : start + at_once],
                    as_of[start : start + at_once],
                    committed[start : start + at_once],
                    calendar,
                )
                for start in starts
            ]
        )

    def explain(
        self, X: pl.DataFrame | Matrix, state: pl.DataFrame, calendar: Calendar
    ) -> Explanation:
        """What speaks for and against a win in one step: the committed date's, else the period's.

        The explained number is the log-odds of `P(closes) P(won | closes)` in that step. The
        contributions of either head are scaled by how much the product's log-odds move when that
        head goes from its base to its value, averaged over the two orders of going; so they
        add up exactly. Shapley over the two heads, then in proportion within each.
        """
        rows = matrix_of(X, self.names)
        as_of, committed = _moments(state, calendar, expected=rows.shape[0])
        step = self._step_asked(state, calendar, as_of)
        week = target_calendar(as_of, committed, self.grid, calendar)
        asked = np.hstack([rows, week[np.arange(rows.shape[0]), step]])
        members = max(len(self.close.shares()), len(self.win.shares()))
        close = self.close.levelled_contributions(asked, members)
        win = self.win.levelled_contributions(asked, members)
        close[:, :, -1] += np.asarray(self.baseline)[step]
        base, scale_close, scale_win = _product(close.mean(axis=0), win.mean(axis=0))
        parts = close * scale_close[None, :, None] + win * scale_win[None, :, None]
        return Explanation(
            names=self.close.names,
            parts=parts[:, :, :-1],
            shares=np.full(members, 1.0 / members),
            base=base,
            raises=("lowers_slip",) * rows.shape[0],
            lowers=("raises_slip",) * rows.shape[0],
        )

    def to_document(self) -> tuple[SlipDocument, dict[str, str]]:
        """The model as JSON, and the text of each booster by file name."""
        close, close_texts = self.close.to_document(FOLDER)
        win, win_texts = self.win.to_document(FOLDER)
        described = SlipDocument(
            kind=self.kind,
            names=self.names,
            grid=self.grid,
            baseline=self.baseline,
            close=close,
            win=win,
        )
        return described, {**close_texts, **win_texts}

    def _curve(self, rows: Matrix, as_of: Days, committed: Days, calendar: Calendar) -> Curves:
        week = target_calendar(as_of, committed, self.grid, calendar)
        deals, steps, width = week.shape
        long = np.hstack([np.repeat(rows, steps, axis=0), week.reshape(deals * steps, width)])
        odds = self.close.log_odds(long).reshape(deals, steps) + np.asarray(self.baseline)
        win = sigmoid(self.win.log_odds(long)).reshape(deals, steps)
        return curves_of(as_of, self.grid, sigmoid(odds), win)

    def _step_asked(
        self, state: pl.DataFrame, calendar: Calendar, as_of: Days
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        """The step of the committed date, or of the period end when that is missing or past."""
        ends = ends_of(state, calendar)
        day = ends.select(
            pl.when(pl.col("committed_on") >= pl.col("as_of_on"))
            .then(pl.col("committed_on"))
            .otherwise(pl.col("period_end"))
        ).to_series()
        elapsed = (days_of(day.to_list()) - as_of).astype(np.int64) + 1
        return np.clip(np.searchsorted(self.grid.end_days(), elapsed), 0, self.grid.steps - 1)


def slip_from_document(described: SlipDocument, texts: Mapping[str, str]) -> SlipModel:
    """The model that `slip.json` describes; `texts` hold verified LightGBM text."""
    names = (*described.names, *TARGET_NAMES)
    return SlipModel(
        kind=described.kind,
        names=described.names,
        grid=described.grid,
        baseline=described.baseline,
        close=head_from_document(described.close, texts, names=names),
        win=head_from_document(described.win, texts, names=names),
    )


def _moments(state: pl.DataFrame, calendar: Calendar, *, expected: int) -> tuple[Days, Days]:
    if state.height != expected:
        raise ValueError(f"expected one state per feature row, got {state.height} for {expected}")
    day = state.select(calendar.local_day(pl.col("as_of"))).to_series()
    return days_of(day.to_list()), days_of(state["committed_on"].to_list())


def _product(close: Floats, win: Floats) -> tuple[Floats, Floats, Floats]:
    """Base and per-head scale of logit(sigmoid(close) sigmoid(win)), per row."""
    close_base, win_base = close[:, -1], win[:, -1]
    close_odds, win_odds = close.sum(axis=1), win.sum(axis=1)
    start = _both(close_base, win_base)
    end = _both(close_odds, win_odds)
    by_close, by_win = _both(close_odds, win_base), _both(close_base, win_odds)
    moved_close = 0.5 * ((by_close - start) + (end - by_win))
    moved_win = 0.5 * ((by_win - start) + (end - by_close))
    return (
        start,
        _scale(moved_close, close_odds - close_base),
        _scale(moved_win, win_odds - win_base),
    )


def _both(close: Floats, win: Floats) -> Floats:
    # Kept off 0 and 1, where log-odds are infinite.
    return logit(np.clip(sigmoid(close) * sigmoid(win), 1e-12, 1.0 - 1e-12))


def _scale(moved: Floats, distance: Floats) -> Floats:
    is_still = np.abs(distance) < 1e-9
    return np.where(is_still, 1.0, moved / np.where(is_still, 1.0, distance))
