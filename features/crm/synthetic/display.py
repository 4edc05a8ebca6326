"""Display: what reps show of a deal, which is not always where it stands.

Sandbaggers show an early stage and forecast low, to surprise; reps with happy ears show a late
stage and forecast high, because they heard a yes.
"""

import numpy as np

from features.crm.synthetic import deals as deal
from features.crm.synthetic.pipeline import Pipeline
from features.crm.synthetic.reps import HAPPY_EARS, PLAIN, SANDBAGGER
from features.crm.synthetic.steps import Floats, Ints

HIDES = 0.65
"""Probability that a sandbagger does not show a step forward."""
RUNS_AHEAD = 0.50
"""Probability that happy ears show the stage after the next."""
_PIPELINE, _COMMIT = deal.FORECASTS.index("pipeline"), deal.FORECASTS.index("commit")
_BY_STAGE = np.array([0, 0, 1, 2, deal.FORECASTS.index("closed"), deal.FORECASTS.index("omitted")])
_SHIFT = {PLAIN: 0, SANDBAGGER: -1, HAPPY_EARS: 1}
_SLIPS = 0.12
"""Probability that a category is one off for no reason at all."""


def shown_stage(
    rng: np.random.Generator, pipeline: Pipeline, step: int, moved: tuple[Ints, Ints]
) -> Ints:
    """The stage that is shown for each deal that moves to a new open stage, never an earlier one.

    Args:
        rng: source of chance.
        pipeline: the deals before the move.
        step: the current step.
        moved: deal and its true new stage.
    """
    which, stage = moved
    deals, reps = pipeline.deals, pipeline.world.reps
    style = reps.team.style[reps.owner[step, deals.account[which]]]
    draw = rng.random(len(which))
    before = deals.shown[which]
    ahead = np.where((style == HAPPY_EARS) & (draw < RUNS_AHEAD), stage + 1, stage)
    shown = np.where((style == SANDBAGGER) & (draw < HIDES), before, ahead)
    return np.maximum(before, np.minimum(shown, deal.NEGOTIATE))


def forecast(rng: np.random.Generator, pipeline: Pipeline, shown: Ints, owner: Ints) -> Floats:
    """The forecast category that the owner gives a deal at a shown stage, as an index."""
    style = pipeline.world.reps.team.style[owner]
    shift = np.array([_SHIFT[one] for one in sorted(_SHIFT)])[style]
    chance = rng.random(len(shown))
    shift = shift + (chance < _SLIPS / 2) - (chance > 1.0 - _SLIPS / 2)
    judged = np.clip(_BY_STAGE[shown] + shift, _PIPELINE, _COMMIT)
    category: Floats = np.where(shown >= deal.WON, _BY_STAGE[shown], judged).astype(np.float64)
    return category
