"""Log-odds: the scale on which heads are averaged, offset and explained."""

import numpy as np

from models.matrix import Floats


def sigmoid(log_odds: Floats) -> Floats:
    """Probability of log-odds, without overflow.

    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    tail = np.exp(-np.abs(log_odds))
    return np.asarray(np.where(log_odds >= 0.0, 1.0, tail) / (1.0 + tail))


def logit(probability: Floats) -> Floats:
    """Log-odds of a probability strictly between 0 and 1."""
    return np.asarray(np.log(probability) - np.log1p(-probability))
