"""Calibration: probabilities made bolder or more careful, and shifted between classes.

Source: Guo, Pleiss, Sun & Weinberger 2017, On Calibration of Modern Neural Networks (vector
scaling with one temperature).
"""

from dataclasses import dataclass

import numpy as np

from models.document import document
from models.matrix import Floats

_LEAST = 1e-9


@document
@dataclass(frozen=True, slots=True)
class Calibration:
    """A map of log-probabilities.

    Attributes:
        temperature: above 1 makes every answer more careful, below 1 bolder.
        bias: added to the log of each class, in the order of the columns.
    """

    temperature: float
    bias: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.temperature > 0.0:
            raise ValueError(f"expected a temperature above 0, got {self.temperature}")

    def apply(self, p: Floats) -> Floats:
        """Probabilities (rows, classes) of the same shape; each row sums to 1.

        >>> Calibration(1.0, (0.0, 0.0)).apply(np.array([[0.25, 0.75]])).round(9).tolist()
        [[0.25, 0.75]]
        """
        logs = np.log(np.maximum(p, _LEAST)) / self.temperature + np.asarray(self.bias)
        odds = np.exp(logs - logs.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))
