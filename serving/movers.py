"""Movers: the accounts that would be shown in another bucket under another policy."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from features.schema import ACCOUNT_ID
from models.analogs import Analogs, Neighbours
from models.policy import BUCKETS, Policy, display_bucket, renews_by_itself
from models.policy.relabel import differences
from models.rebucket import labels_of, rebucketed

PROBABILITIES = tuple(f"p_{bucket}" for bucket in BUCKETS)


@dataclass(frozen=True, slots=True, eq=False)
class Published:
    """The scored accounts of one snapshot with what is needed to re-bucket them.

    Attributes:
        accounts: account_id, name, owner_rep_id, the four probabilities and p_self_renewer; only
            accounts that were scored.
        neighbours: same rows, as `Analogs.nearest` found them.
        analogs: of the model behind the snapshot.
        served: its policy.
    """

    accounts: pl.DataFrame
    neighbours: Neighbours
    analogs: Analogs
    served: Policy


@dataclass(frozen=True, slots=True, eq=False)
class Movers:
    """Two policies side by side.

    Attributes:
        constants: dotted name, value in the first and in the second policy, where they differ.
        counts: before, after, accounts: how many are shown where; those that stay among them.
        moved: account_id, name, owner_rep_id, before, after, p_before, p_after (of the bucket
            after, under each policy), relabelled (similar periods that newly have that label) and
            similar (periods looked at); the surest first.
    """

    constants: tuple[tuple[str, object, object], ...]
    counts: pl.DataFrame
    moved: pl.DataFrame


def movers(published: Published, first: Policy, second: Policy) -> Movers:
    """Who is shown where under each policy, and what moves them.

    A policy without a growth floor of its own keeps the one that the model was trained with.

    Raises:
        PolicyBeyondReachError: when a policy differs from the model's in more than thresholds.
    """
    served = published.served
    policies = tuple(_with_floor(policy, served) for policy in (first, second))
    told = [_told(published, policy) for policy in policies]
    before, after = (_shown(frame, policy) for frame, policy in zip(told, policies, strict=True))
    frame = published.accounts.select(ACCOUNT_ID, "name", "owner_rep_id").with_columns(
        before.alias("before"), after.alias("after")
    )
    counts = frame.group_by("before", "after").agg(pl.len().alias("accounts"))
    frame = frame.with_columns(
        pl.Series("p_before", _probability(told[0], after)),
        pl.Series("p_after", _probability(told[1], after)),
        pl.Series("relabelled", _relabelled(published, policies, before, after)),
        pl.lit(published.neighbours.shape[1]).alias("similar"),
    )
    moved = frame.filter(pl.col("before") != pl.col("after")).sort(
        "p_after", ACCOUNT_ID, descending=[True, False]
    )
    return Movers(
        differences(policies[0].to_mapping(), policies[1].to_mapping()),
        counts.sort("before", "after"),
        moved,
    )


def _with_floor(policy: Policy, served: Policy) -> Policy:
    if policy.label.growth_floor is not None:
        return policy
    return replace(policy, label=replace(policy.label, growth_floor=served.label.growth_floor))


def _told(published: Published, policy: Policy) -> pl.DataFrame:
    p = rebucketed(
        published.accounts,
        published.neighbours,
        published.analogs,
        served=published.served.label,
        asked=policy.label,
    )
    return p.with_columns(published.accounts["p_self_renewer"])


def _shown(told: pl.DataFrame, policy: Policy) -> pl.Series:
    """The displayed bucket; a steady account that renews by itself is a walk-away."""
    frame = told.with_columns(display_bucket(policy.decision))
    shown = pl.when(renews_by_itself(policy.decision)).then(pl.lit("walk_away")).otherwise("bucket")
    return frame.select(shown).to_series()


def _probability(told: pl.DataFrame, buckets: pl.Series) -> pl.Series:
    """The probability of one bucket for each row."""
    frame = told.with_columns(buckets.alias("asked"))
    return frame.select(
        pl.coalesce(
            pl.when(pl.col("asked") == bucket).then(pl.col(f"p_{bucket}")) for bucket in BUCKETS
        )
    ).to_series()


def _relabelled(
    published: Published, policies: tuple[Policy, ...], before: pl.Series, after: pl.Series
) -> pl.Series:
    """Of the similar periods of each mover, those that newly have the label it is now shown in."""
    numbers = {bucket: number for number, bucket in enumerate(BUCKETS)}
    old, new = (labels_of(published.analogs, policy.label) for policy in policies)
    gained = np.where(old != new, new, -1)
    shown = after.replace_strict(numbers, return_dtype=pl.Int64).to_numpy()
    found = np.zeros(before.len(), dtype=np.int64)
    differs = np.flatnonzero((before != after).to_numpy())
    near = gained[published.neighbours[differs]]
    found[differs] = (near == shown[differs, None]).sum(axis=1)
    return pl.Series(found)
