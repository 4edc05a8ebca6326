"""Outcomes of the future window: bucket labels of accounts, slip labels of deals.

Amounts are sorted before they are summed: joins keep no order, and the last bits of a sum depend on
it, while the same book has to give the same labels.
"""

from training.labels.bucket import bucket_labels
from training.labels.coverage import possible_friction
from training.labels.growth import growth_floor
from training.labels.slip import slip_labels

__all__ = ["bucket_labels", "growth_floor", "possible_friction", "slip_labels"]
