"""Oracle of a cell: what the world itself says of the first test moments of each origin."""

from datetime import datetime

import polars as pl

from benchmarks.grid.backtest import CALENDAR, Terms, source_of
from bucketlist.oracle import OracleMoments, Question, frozen, oracle_frame
from features.crm.source import SyntheticSource
from training.config import Part
from training.walk import Progress

DRAWS = 400
"""Forward worlds per moment."""


def run_oracle(
    url: str, terms: Terms, part: Part, as_of: datetime, progress: Progress
) -> pl.DataFrame:
    """The oracle's probabilities of one part at one moment.

    Args:
        url: address of the world.
        terms: under which outcomes are labelled.
        part: bucket asks about accounts, slip about deals.
        as_of: a moment at which the world steps.
        progress: told how far the draws are.

    Returns:
        One row per account or deal, in the columns of oracle.parquet.
    """
    source = source_of(url)
    if not isinstance(source, SyntheticSource):
        raise TypeError(f"expected a synthetic world, got {url!r}")
    policy = frozen(terms.label_policy, terms.growth_floor or 0.0)
    moments = (as_of,)
    return oracle_frame(
        source.params,
        OracleMoments(
            accounts=moments if part == "bucket" else (),
            deals=moments if part == "slip" else (),
        ),
        Question(terms.horizon, policy, CALENDAR, DRAWS),
        progress=progress,
    )
