"""Recipes: how a win curve is learnt from the applications known on the day of the cut."""

from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

import numpy as np
import polars as pl

from benchmarks.bpi.rows import FIRST_KNOWN, HAS_OFFER, LEARNT, ON, WITHIN_DAYS
from features.calendar import Calendar
from models.grid import Grid
from models.slip import SlipKind, SlipModel
from training.fit import fit_slip
from training.intervals import Floats
from training.matrix import Examples

MODEL_SEED = 7
THREADS = 1

KINDS: tuple[SlipKind, ...] = tuple(kind for kind in get_args(SlipKind) if kind != "constant")
"""Every kind of curve that can be served."""

OFFERS = ("quotes_made", "days_since_quote", "first_quote_to_cycle", "is_quoted_early")
ANSWERS = (
    "replies_30d",
    "replies_31_90d",
    "reply_latency_days",
    "inbound_share_90d",
    "account_silence_days",
)
AMOUNTS = ("log_amount", "amount_to_won", "amount_trend", "is_priced")
_CALLED = {
    OFFERS: "offers",
    ANSWERS: "answers",
    AMOUNTS: "amounts",
    (*OFFERS, *ANSWERS, *AMOUNTS): "offers, answers and amounts",
}
"""Features of the same raw events, by what a table calls them."""

Deals = Literal["with an offer", "all open"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """One way of learning the curve.

    Attributes:
        kind: of its heads.
        deals: which applications are learnt from.
        since: the first Monday learnt from.
        grid: the steps wished for; None is the product's own.
        without: features left out.
    """

    kind: SlipKind
    deals: Deals
    since: date
    grid: Grid | None = None
    without: tuple[str, ...] = ()

    def __str__(self) -> str:
        """What a table calls it."""
        said = [f"{self.kind}, {self.deals}, since {self.since:%d %b}"]
        if self.grid is not None:
            said.append(f"steps that end in week {' and '.join(str(e) for e in self.grid.ends)}")
        if self.without:
            said.append(f"without {_CALLED.get(self.without, ', '.join(self.without))}")
        return ", ".join(said)


def recipes() -> tuple[Recipe, ...]:
    """What the earlier splits choose from: kinds by rows, and other steps and features."""
    by_rows = [
        Recipe(kind, deals, since)
        for kind in KINDS
        for deals in ("with an offer", "all open")
        for since in (FIRST_KNOWN, LEARNT[0])
    ]
    first: Recipe = by_rows[0]
    others = [
        Recipe(first.kind, first.deals, first.since, grid=Grid((1, 2))),
        Recipe(first.kind, first.deals, first.since, grid=Grid((2,))),
        Recipe(first.kind, first.deals, first.since, without=OFFERS),
        Recipe(first.kind, first.deals, first.since, without=ANSWERS),
        Recipe(first.kind, first.deals, first.since, without=AMOUNTS),
        Recipe(first.kind, first.deals, first.since, without=(*OFFERS, *ANSWERS, *AMOUNTS)),
    ]
    return (*by_rows, *others)


def curve_of(known: Examples, recipe: Recipe, cut: date, calendar: Calendar) -> SlipModel:
    """The curve as it would have been learnt on the day of the cut, every deal censored there.

    Raises:
        FitError: when no deal closed before the cut.
    """
    is_learnt = (pl.col(ON) >= recipe.since) & (pl.col(ON) < cut)
    if recipe.deals == "with an offer":
        is_learnt &= pl.col(HAS_OFFER)
    train = known.where(is_learnt)
    height = train.rows.height
    features = tuple(
        feature
        for feature in train.features
        if feature.name not in recipe.without and train.X[feature.name].null_count() < height
    )
    return fit_slip(
        train.X,
        train.rows,
        features=features,
        calendar=calendar,
        seed=MODEL_SEED,
        threads=THREADS,
        cut=cut,
        grid=recipe.grid,
        kind=recipe.kind,
    )


def soon(model: SlipModel, asked: Examples, calendar: Calendar) -> dict[str, Floats]:
    """Label → its probability by row: CIF of the wins, and of wins and losses, at two weeks."""
    curves = model.curve(asked.X.select(model.names), asked.rows, calendar)
    days = np.full(asked.rows.height, float(WITHIN_DAYS))
    won = curves.won_by(days)
    return {"is_won_soon": won, "is_decided_soon": won + curves.lost_by(days)}
