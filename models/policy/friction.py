"""Friction: the weighted mean of what makes an account hard to serve, from its five measures."""

import polars as pl

from models.policy.label import FrictionPolicy

MEASURES = {
    "late": "late_days",
    "discount": "discount_depth",
    "service": "service_load",
    "chase": "chase_ratio",
    "returns": "return_share",
}
"""Friction item → the column that holds its value; null where it is not available."""


def weighted(policy: FrictionPolicy, *, possible: int) -> list[pl.Expr]:
    """Friction and the count of its items, from the five measures.

    Args:
        policy: weights and caps.
        possible: how many items the CRM can ever have.
    """
    parts, weights, counts = [], [], []
    for item, name in MEASURES.items():
        rule = getattr(policy, item)
        share = (pl.col(name) / rule.cap).clip(upper_bound=1.0)
        parts.append(share * rule.weight)
        weights.append(pl.when(share.is_not_null()).then(rule.weight))
        counts.append(share.is_not_null().cast(pl.Int32))
    items = pl.sum_horizontal(counts)
    mean = pl.sum_horizontal(parts) / pl.sum_horizontal(weights)
    needed = 1 if possible == 1 else policy.items_at_least
    return [
        pl.when(items >= needed).then(mean).alias("friction"),
        items.alias("friction_items"),
    ]
