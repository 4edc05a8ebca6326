"""LabelPolicy: what makes an outcome an A-list, a pain, a walk-away or a steady account."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from features.pursuit import PursuitRule
from models.policy.record import policy_hash, to_mapping

BUCKETS = ("a_list", "pain", "walk_away", "steady")
"""Wire names of the four buckets; ties between probabilities go to the earlier one."""


@dataclass(frozen=True, slots=True)
class HoursPolicy:
    """Hours that one activity costs when its duration was not recorded.

    `ticket` and `escalation` are per ticket opened and per escalation; `other` is for kinds that
    are not listed.
    """

    email: float = 0.25
    call: float = 0.25
    voicemail: float = 0.25
    task: float = 0.25
    meeting: float = 1.0
    demo: float = 1.0
    visit: float = 1.0
    proposal: float = 1.0
    contract: float = 1.0
    training: float = 1.0
    implementation: float = 1.0
    review: float = 1.0
    other: float = 0.25
    ticket: float = 0.6
    escalation: float = 2.0

    def __post_init__(self) -> None:
        for name, hours in to_mapping(self).items():
            if not 0.0 <= float(str(hours)) <= 24.0:
                raise ValueError(f"expected hours of {name} from 0 to 24, got {hours}")


@dataclass(frozen=True, slots=True)
class FrictionItem:
    """One thing that makes an account hard to serve.

    Attributes:
        weight: its part in the mean of the items available.
        cap: the value, in the item's own unit, from which it counts in full. A frozen number,
            never a quantile of the data.
    """

    weight: float
    cap: float

    def __post_init__(self) -> None:
        if not (self.weight > 0.0 and self.cap > 0.0):
            raise ValueError(
                f"expected weight and cap above 0, got weight {self.weight} and cap {self.cap}"
            )


@dataclass(frozen=True, slots=True)
class FrictionPolicy:
    """The friction items and when they may be used.

    Attributes:
        late: days from the due day to the payment, mean over invoices.
        discount: share off the list price, mean over deals and quotes.
        service: tickets and weighted escalations, a count.
        chase: outbound touches per reply.
        returns: credit notes as a share of orders.
        items_at_least: fewer available items than this leave friction missing, except in a CRM
            that can only ever have one.
        touches_at_least: outbound touches without which the chase item is not available.
        escalation_counts: tickets that one escalation stands for.
    """

    late: FrictionItem = FrictionItem(weight=0.30, cap=20.0)
    discount: FrictionItem = FrictionItem(weight=0.20, cap=0.20)
    service: FrictionItem = FrictionItem(weight=0.25, cap=8.0)
    chase: FrictionItem = FrictionItem(weight=0.25, cap=6.0)
    returns: FrictionItem = FrictionItem(weight=0.20, cap=0.20)
    items_at_least: int = 2
    touches_at_least: int = 3
    escalation_counts: float = 3.0

    def __post_init__(self) -> None:
        if not 1 <= self.items_at_least <= 5:
            raise ValueError(f"expected items_at_least 1 to 5, got {self.items_at_least}")
        if self.touches_at_least < 1 or self.escalation_counts < 0.0:
            raise ValueError(
                "expected touches_at_least of at least 1 and escalation_counts of at least 0, "
                f"got {self.touches_at_least} and {self.escalation_counts}"
            )


@dataclass(frozen=True, slots=True)
class LabelPolicy:
    """Every constant that a bucket label depends on.

    Attributes:
        pursuit: when an account counts as pursued.
        hours: hours per activity kind.
        friction: items of friction, their weights and caps.
        pain_at_least: friction from which an account is a pain, whatever its size.
        a_list_growth_at_least: growth that makes an A-list account.
        a_list_friction_below: friction that an A-list account stays under.
        growth_floor_share: the floor under the reference of growth, as a share of the book's
            median positive reference.
        growth_floor: that floor frozen as an amount; None: measured at the spine's first as_of.
        renewal_touches_at_most: outbound touches that an easy renewal may have cost …
        renewal_approach_days: … in so many days before it was due.
        strings_pushes: pushes of a close date in the window that mean being strung along.
        strings_gap_days: days without a reply that mean the same …
        strings_unanswered: … with so many unanswered touches in them.
    """

    pursuit: PursuitRule = field(default_factory=PursuitRule)
    hours: HoursPolicy = field(default_factory=HoursPolicy)
    friction: FrictionPolicy = field(default_factory=FrictionPolicy)
    pain_at_least: float = 0.42
    a_list_growth_at_least: float = 0.04
    a_list_friction_below: float = 0.36
    growth_floor_share: float = 0.10
    growth_floor: float | None = None
    renewal_touches_at_most: int = 6
    renewal_approach_days: int = 90
    strings_pushes: int = 2
    strings_gap_days: int = 45
    strings_unanswered: int = 3

    def __post_init__(self) -> None:
        if not 0.0 < self.a_list_friction_below <= self.pain_at_least <= 1.0:
            raise ValueError(
                "expected 0 < a_list_friction_below <= pain_at_least <= 1, "
                f"got {self.a_list_friction_below} and {self.pain_at_least}"
            )
        if not 0.0 < self.growth_floor_share <= 1.0:
            raise ValueError(
                f"expected growth_floor_share above 0 up to 1, got {self.growth_floor_share}"
            )
        if self.growth_floor is not None and not self.growth_floor > 0.0:
            raise ValueError(f"expected growth_floor above 0 or none, got {self.growth_floor}")
        for name in ("renewal_approach_days", "strings_pushes", "strings_gap_days"):
            if getattr(self, name) < 1:
                raise ValueError(f"expected {name} of at least 1, got {getattr(self, name)}")
        if self.renewal_touches_at_most < 0 or self.strings_unanswered < 1:
            raise ValueError(
                "expected renewal_touches_at_most of at least 0 and strings_unanswered of at "
                f"least 1, got {self.renewal_touches_at_most} and {self.strings_unanswered}"
            )

    def to_mapping(self) -> Mapping[str, object]:
        """Every constant, nested as in the TOML file."""
        return to_mapping(self)

    def policy_hash(self) -> str:
        """SHA-256 of the constants as canonical JSON, in hex."""
        return policy_hash(self.to_mapping())


def assign_label(policy: LabelPolicy) -> pl.Expr:
    """The bucket of a label row; null where it is masked or cannot be told.

    Precedence: walk-away (pursued, nothing won), pain (friction, whatever the size), A-list
    (growth or advocacy at little friction), steady. What is missing never ends as steady: without
    friction there is no label but walk-away; without growth none where growth would decide.

    Reads `is_exposed`, `is_active`, `is_won`, `friction`, `growth`, `is_advocate`.
    """
    friction, growth = pl.col("friction"), pl.col("growth")
    grows = growth >= policy.a_list_growth_at_least
    stands_out = grows.fill_null(value=False) | pl.col("is_advocate").fill_null(value=False)
    return (
        pl.when(is_walk_away())
        .then(pl.lit("walk_away"))
        .when(~(pl.col("is_exposed") | pl.col("is_active")) | friction.is_null())
        .then(pl.lit(None, pl.String))
        .when(friction >= policy.pain_at_least)
        .then(pl.lit("pain"))
        .when(friction >= policy.a_list_friction_below)
        .then(pl.lit("steady"))
        .when(stands_out)
        .then(pl.lit("a_list"))
        .when(growth.is_not_null())
        .then(pl.lit("steady"))
        .alias("label")
    )


def is_walk_away() -> pl.Expr:
    """Whether an account was pursued for nothing."""
    return pl.col("is_exposed") & ~pl.col("is_won")
