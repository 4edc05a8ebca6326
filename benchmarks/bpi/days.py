"""Days: whether applications were won by the quartiles of the days that their curves named."""

from datetime import date

import polars as pl

from benchmarks.bpi.recipes import Recipe, curve_of
from benchmarks.bpi.rows import HAS_OFFER, ON
from features.calendar import Calendar
from models.curve import read_off
from training.close_dates import QUANTILES, close_dates
from training.matrix import Examples

DRAW_SEED = 11
CUTS = (date(2011, 11, 28), date(2011, 12, 26), date(2012, 1, 23))
"""A curve a month, as the shipped experiment has it; the last Mondays see few of their wins."""


def named_days(
    examples: Examples, recipe: Recipe, calendar: Calendar, *, cuts: tuple[date, ...] = CUTS
) -> dict[str, object]:
    """Fit at each cut, name the days of the applications with an offer from it to the next.

    Raises:
        FitError: when no deal closed before a cut.
    """
    parts = []
    ends: tuple[date | None, ...] = (*cuts[1:], None)
    for cut, after in zip(cuts, ends, strict=True):
        is_asked = (pl.col(ON) >= cut) & pl.col(HAS_OFFER)
        asked = examples.where(is_asked if after is None else is_asked & (pl.col(ON) < after))
        model = curve_of(examples.where(pl.col(ON) < cut), recipe, cut, calendar)
        curves = model.curve(asked.X.select(model.names), asked.rows, calendar)
        named = read_off(curves, asked.rows, calendar).select(QUANTILES)
        ends_on = pl.Series("curve_ends_on", curves.dates()[:, -1], dtype=pl.Date)
        as_of_on = pl.col(ON).alias("as_of_on")
        parts.append(asked.rows.with_columns(as_of_on, ends_on, *named.get_columns()))
    rows = pl.concat(parts)
    return {
        "recipe": str(recipe),
        "cuts": [f"{cut:%Y-%m-%d}" for cut in cuts],
        "rows": rows.height,
        **close_dates(rows, seed=DRAW_SEED).to_mapping(),
    }
