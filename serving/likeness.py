"""Likeness: what became of past account-periods like each account, and what that says of it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.schema import ENTITY_ID
from models.analogs import Analogs, Neighbours
from models.policy import BUCKETS, Policy
from models.policy.relabel import subtype_of_walk_away
from models.rebucket import labels_of

NEIGHBOURS_FILE = "neighbours.parquet"
TIMING = "days_to_renewal"
SUBTYPES = ("strings_along", "lost", "wont_close")
"""Of several as frequent, the first is told."""

COUNTS = ("similar_accounts", "similar_won", "similar_grew", "similar_hard")


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """What the analogs say of each account.

    Attributes:
        counts: same rows: similar_accounts (past periods looked at), and of them similar_won,
            similar_grew (by the threshold of the A-list) and similar_hard (by that of pain).
        subtype: same rows: what most of the walked-away periods were; null without any.
        neighbours: same rows, the places of the periods.
    """

    counts: pl.DataFrame
    subtype: pl.Series
    neighbours: Neighbours


def likeness(analogs: Analogs, told: pl.DataFrame, policy: Policy) -> Likeness:
    """Look at the nearest past periods of each account.

    Args:
        analogs: the past periods.
        told: the four probabilities and the components of each account.
        policy: the model's own.
    """
    neighbours = analogs.nearest(told)
    facts = analogs.facts
    label = policy.label
    signs = {
        "similar_won": facts["is_won"].fill_null(value=False).to_numpy(),
        "similar_grew": _flags(facts, pl.col("growth") >= label.a_list_growth_at_least),
        "similar_hard": labels_of(analogs, label) == BUCKETS.index("pain"),
    }
    counts = pl.DataFrame(
        {
            "similar_accounts": np.full(told.height, neighbours.shape[1]),
            **{name: sign[neighbours].sum(axis=1) for name, sign in signs.items()},
        },
        schema=dict.fromkeys(COUNTS, pl.Int32()),
    )
    return Likeness(counts, _subtype(analogs, neighbours, policy), neighbours)


def neighbours_frame(accounts: pl.Series, found: Neighbours) -> pl.DataFrame:
    """entity_id and the places of its periods, as they are stored beside a snapshot."""
    width = found.shape[1]
    places = pl.Series("neighbours", found, dtype=pl.Array(pl.UInt16, width))
    return pl.DataFrame([accounts.alias(ENTITY_ID), places])


def read_neighbours(snapshot: Path) -> pl.DataFrame:
    """What `neighbours_frame` made, from the folder of a snapshot.

    Raises:
        LookupError: for a snapshot of a model without analogs.
    """
    file = snapshot / "context" / NEIGHBOURS_FILE
    if not file.is_file():
        raise LookupError(f"expected {NEIGHBOURS_FILE} in {snapshot.name}, found none: score again")
    return pl.read_parquet(file)


def self_renewal(features: pl.DataFrame, p: pl.Series, *, horizon_days: int) -> pl.Series:
    """P(self-renewer) where a contract of the account ends within the horizon, else null.

    The component has learnt from accounts with a renewal due; of others it says nothing.
    """
    if TIMING not in features.columns:
        return pl.Series("p_self_renewer", [None] * p.len(), dtype=pl.Float64)
    due = features[TIMING].is_between(0, horizon_days, closed="left").fill_null(value=False)
    asked = pl.DataFrame({"p": p, "due": due})
    told = pl.when("due").then(pl.col("p").clip(0.0, 1.0)).alias("p_self_renewer")
    return asked.select(told).to_series()


def _flags(facts: pl.DataFrame, condition: pl.Expr) -> NDArray[np.bool_]:
    flags = facts.select(condition.fill_null(value=False)).to_series().to_numpy()
    return np.asarray(flags, dtype=np.bool_)


def _subtype(analogs: Analogs, neighbours: Neighbours, policy: Policy) -> pl.Series:
    is_walk = labels_of(analogs, policy.label) == BUCKETS.index("walk_away")
    kinds = analogs.facts.select(subtype_of_walk_away()).to_series().to_numpy()
    votes = np.stack(
        [((kinds == name) & is_walk)[neighbours].sum(axis=1) for name in SUBTYPES], axis=1
    )
    most = pl.Series(votes.argmax(axis=1)).replace_strict(
        dict(enumerate(SUBTYPES)), return_dtype=pl.String
    )
    any_walk = pl.Series(votes.sum(axis=1) > 0)
    frame = pl.DataFrame({"subtype": most, "any": any_walk})
    return frame.select(pl.when("any").then("subtype").alias("subtype")).to_series()
