"""Outcomes of the future window: bucket labels of accounts, slip labels of deals."""

from training.labels.bucket import bucket_labels
from training.labels.coverage import possible_friction
from training.labels.growth import growth_floor
from training.labels.slip import slip_labels

__all__ = ["bucket_labels", "growth_floor", "possible_friction", "slip_labels"]
