"""Parts: the Parquet files of a snapshot, each with its schema and its order of rows."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import polars as pl

from features.schema import DAY, FLAG, NUMBER, TEXT
from models.loss_reason import WAYS

COUNT = pl.Int32()
REASON = pl.Struct(
    {
        "concept": TEXT,
        "effect": TEXT,
        "text": TEXT,
        "feature": TEXT,
        "value": NUMBER,
        "peer_value": NUMBER,
        "as_of": DAY,
    }
)
REASONS = pl.List(REASON)

ACCOUNTS: Mapping[str, pl.DataType] = MappingProxyType(
    {
        "account_id": TEXT,
        "name": TEXT,
        "owner_rep_id": TEXT,
        "segment": TEXT,
        "value": NUMBER,
        "currency": TEXT,
        "status": TEXT,
        "bucket": TEXT,
        "subtype": TEXT,
        "confidence": TEXT,
        "p_a_list": NUMBER,
        "p_pain": NUMBER,
        "p_walk_away": NUMBER,
        "p_steady": NUMBER,
        "p_self_renewer": NUMBER,
        "similar_accounts": COUNT,
        "similar_won": COUNT,
        "similar_grew": COUNT,
        "similar_hard": COUNT,
        "rank_in_book": COUNT,
        "book_size": COUNT,
        "expires_on": DAY,
        "kept_in_pursuit": FLAG,
        "reasons": REASONS,
        "slip_risk_max": NUMBER,
        "slip_on": DAY,
        "open_deals": COUNT,
        "trend": TEXT,
        "missing": TEXT,
    }
)
DEALS: Mapping[str, pl.DataType] = MappingProxyType(
    {
        "opportunity_id": TEXT,
        "account_id": TEXT,
        "account_name": TEXT,
        "name": TEXT,
        "owner_rep_id": TEXT,
        "type": TEXT,
        "stage": TEXT,
        "amount": NUMBER,
        "currency": TEXT,
        "status": TEXT,
        "committed_on": DAY,
        "period_end": DAY,
        "month_end": DAY,
        "p_won_by_committed": NUMBER,
        "slip_risk": NUMBER,
        "p_won_by_month_end": NUMBER,
        "p_won_by_period_end": NUMBER,
        "p_lost": NUMBER,
        "p_slip": NUMBER,
        "close_p25": DAY,
        "close_p50": DAY,
        "close_p75": DAY,
        "reasons": REASONS,
        "flags": pl.List(TEXT),
        "likely_loss": WAYS,
        "loss_basis": TEXT,
        "loss_coverage": NUMBER,
    }
)
CURVES: Mapping[str, pl.DataType] = MappingProxyType(
    {"opportunity_id": TEXT, "on": DAY, "p_won": NUMBER, "p_lost": NUMBER}
)
HISTORY: Mapping[str, pl.DataType] = MappingProxyType({"account_id": TEXT, "on": DAY, "p": NUMBER})
REPS: Mapping[str, pl.DataType] = MappingProxyType(
    {"rep_id": TEXT, "name": TEXT, "manager_id": TEXT, "is_active": FLAG}
)

SCHEMAS: Mapping[str, Mapping[str, pl.DataType]] = MappingProxyType(
    {
        "accounts.parquet": ACCOUNTS,
        "deals.parquet": DEALS,
        "curves.parquet": CURVES,
        "history.parquet": HISTORY,
        "reps.parquet": REPS,
    }
)
KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "accounts.parquet": ("account_id",),
        "deals.parquet": ("opportunity_id",),
        "curves.parquet": ("opportunity_id", "on"),
        "history.parquet": ("account_id", "on"),
        "reps.parquet": ("rep_id",),
    }
)


ROUNDING = 1e-9
"""How far beyond 0 or 1 the arithmetic of a model may carry a probability."""


class PartError(ValueError):
    """A part of a snapshot that does not have the form it promises."""


def check_part(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Check columns, dtypes and their order, and that no key comes twice; nothing is cast.

    Returns:
        The frame sorted by its key.

    Raises:
        PartError: naming the part, what was expected and what was found.
    """
    expected = dict(SCHEMAS[name])
    found = dict(frame.schema)
    if list(found.items()) != list(expected.items()):
        wrong = [column for column in expected if found.get(column) != expected[column]]
        extra = [column for column in found if column not in expected]
        raise PartError(
            f"part {name}: expected columns {list(expected)}, "
            f"wrong or missing {wrong}, unknown {extra}"
        )
    keys = list(KEYS[name])
    doubled = frame.height - frame.select(keys).unique().height
    if doubled:
        raise PartError(f"part {name}: expected every {keys} once, found {doubled} too many")
    return frame.sort(keys)


def bounded(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Put probabilities that rounding carried beyond 0 or 1 back onto the bound.

    Raises:
        PartError: with the first that is further out, or no number at all.
    """
    for name in names:
        outside = frame[name].is_between(-ROUNDING, 1.0 + ROUNDING).not_().arg_true()
        if outside.len():
            row = int(outside[0])
            raise PartError(f"row {row}: expected {name} in [0, 1], found {frame[name][row]}")
    return frame.with_columns(pl.col(names).clip(0.0, 1.0))


def empty_part(name: str) -> pl.DataFrame:
    """The part with its columns and no row."""
    return pl.DataFrame(schema=dict(SCHEMAS[name]))
