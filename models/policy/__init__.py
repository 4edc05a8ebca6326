"""The constants of labels and decisions, and the rules that read them."""

from models.policy.decision import (
    EXPECTED_BOOKINGS,
    DecisionPolicy,
    confidence,
    display_bucket,
    is_kept_in_pursuit,
    renews_by_itself,
)
from models.policy.document import Policy, load_policy
from models.policy.friction import MEASURES, weighted
from models.policy.label import (
    BUCKETS,
    FrictionItem,
    FrictionPolicy,
    HoursPolicy,
    LabelPolicy,
    assign_label,
    is_walk_away,
)

__all__ = [
    "BUCKETS",
    "EXPECTED_BOOKINGS",
    "MEASURES",
    "DecisionPolicy",
    "FrictionItem",
    "FrictionPolicy",
    "HoursPolicy",
    "LabelPolicy",
    "Policy",
    "assign_label",
    "confidence",
    "display_bucket",
    "is_kept_in_pursuit",
    "is_walk_away",
    "load_policy",
    "renews_by_itself",
    "weighted",
]
