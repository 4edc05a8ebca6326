"""Slip model: when a deal closes, whether it is then won, and so one win curve per deal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import polars as pl

from features.calendar import Calendar
from models.curve import EVEN, Curves, curves_of, ends_of, joined
from models.document import document
from models.grid import TARGET_NAMES, Days, Grid, days_of, target_calendar
from models.head import Head, HeadDocument, head_from_document
from models.logodds import logit, sigmoid
from models.matrix import Floats, Matrix, matrix_of
from models.outlook import Outlook, outlook_of
from models.reasons import Explanation
from models.route import Places

SlipKind = Literal["lightgbm", "logistic", "blend", "constant"]
FOLDER = "slip"
# Deals × steps worked on at once, so that what is held of them, some 40 MB, stays small and near.
_ROWS_AT_ONCE = 25_000
_EXPLAINED_AT_ONCE = 20_000
"""Deals; with 130 columns and three members about 400 MB."""


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
    pace: tuple[float, ...] = EVEN


@dataclass(frozen=True, slots=True)
class SlipModel:
    """Two questions per deal and step: does it close, and if so, is it won.

    Attributes:
        names: the deal's features, without the target week's calendar.
        baseline: log-odds of closing in each step over all deals; the close head adds to it.
        pace: what each day of the week takes of a week's closings, Monday first; they sum to 7.
    """

    kind: SlipKind
    names: tuple[str, ...]
    grid: Grid
    baseline: tuple[float, ...]
    close: Head
    win: Head
    pace: tuple[float, ...] = EVEN
    _closing: Outlook = field(init=False, repr=False, compare=False)
    _winning: Outlook = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.baseline) != self.grid.steps:
            raise ValueError(
                f"expected {self.grid.steps} baseline hazards, found {len(self.baseline)}"
            )
        if len(self.pace) != 7 or min(self.pace) <= 0.0 or abs(sum(self.pace) - 7.0) > 1e-9:
            raise ValueError(f"expected a pace above 0 by weekday, of sum 7, found {self.pace}")
        for head, name in ((self.close, "close"), (self.win, "win")):
            if head.name != name or head.names != (*self.names, *TARGET_NAMES):
                raise ValueError(f"expected head {name} over the deal's and the week's features")
        object.__setattr__(self, "_closing", outlook_of(self.close, len(self.names)))
        object.__setattr__(self, "_winning", outlook_of(self.win, len(self.names)))

    def curve(self, X: pl.DataFrame | Matrix, state: pl.DataFrame, calendar: Calendar) -> Curves:
        """The curve of every deal, rows as in X and `state` (as_of, committed_on)."""
        rows = matrix_of(X, self.names)
        as_of, committed = _moments(state, calendar, expected=rows.shape[0])
        # Deals that look ahead to the same weeks stand together: those are described once.
        order = np.lexsort((committed, as_of))
        parts = [
            self._curve(rows[lot], as_of[lot], committed[lot], calendar)
            for lot in _lots(order, _ROWS_AT_ONCE // self.grid.steps)
        ]
        return joined(parts).at_rows(np.argsort(order))

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
        pieces = [
            self._reasons(rows[lot], as_of[lot], committed[lot], step[lot], calendar)
            for lot in _lots(np.arange(len(rows)), _EXPLAINED_AT_ONCE)
        ]
        parts = np.concatenate([parts for parts, _ in pieces], axis=1)
        members = parts.shape[0]
        return Explanation(
            names=self.close.names,
            parts=parts,
            shares=np.full(members, 1.0 / members),
            base=np.concatenate([base for _, base in pieces]),
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
            pace=self.pace,
        )
        return described, {**close_texts, **win_texts}

    def _curve(self, rows: Matrix, as_of: Days, committed: Days, calendar: Calendar) -> Curves:
        starts = _starts(as_of, committed)
        weeks = target_calendar(as_of[starts], committed[starts], self.grid, calendar)
        odds = self._closing.log_odds(rows, weeks, starts) + np.asarray(self.baseline)
        win = sigmoid(self._winning.log_odds(rows, weeks, starts))
        return curves_of(as_of, self.grid, sigmoid(odds), win, pace=self.pace)

    def _reasons(
        self, rows: Matrix, as_of: Days, committed: Days, step: Places, calendar: Calendar
    ) -> tuple[Floats, Floats]:
        """Contributions, shape (members, deals, columns), and the base of each deal."""
        week = target_calendar(as_of, committed, self.grid, calendar)
        asked = np.hstack([rows, week[np.arange(rows.shape[0]), step]])
        members = max(len(self.close.shares()), len(self.win.shares()))
        close = self.close.levelled_contributions(asked, members)
        win = self.win.levelled_contributions(asked, members)
        close[:, :, -1] += np.asarray(self.baseline)[step]
        base, scale_close, scale_win = _product(close.mean(axis=0), win.mean(axis=0))
        parts = close * scale_close[None, :, None] + win * scale_win[None, :, None]
        return parts[:, :, :-1], base

    def _step_asked(self, state: pl.DataFrame, calendar: Calendar, as_of: Days) -> Places:
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
        pace=described.pace,
    )


def _moments(state: pl.DataFrame, calendar: Calendar, *, expected: int) -> tuple[Days, Days]:
    if state.height != expected:
        raise ValueError(f"expected one state per feature row, got {state.height} for {expected}")
    day = state.select(calendar.local_day(pl.col("as_of"))).to_series()
    return days_of(day.to_list()), days_of(state["committed_on"].to_list())


def _lots(places: Places, at_once: int) -> list[Places]:
    """The places in lots of so many, at least one each; one empty lot of none."""
    size = max(at_once, 1)
    return [places[start : start + size] for start in range(0, max(len(places), 1), size)]


def _starts(as_of: Days, committed: Days) -> Places:
    """Where a deal looks ahead to other weeks than the one before it."""
    moments = np.stack([as_of, committed]).astype(np.int64)  # a missing day equals another
    is_other = (moments[:, 1:] != moments[:, :-1]).any(axis=0)
    return np.flatnonzero(np.concatenate([np.ones(min(len(as_of), 1), dtype=bool), is_other]))


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
