"""Log: what happened in the world, gathered batch by batch into columns."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]


class Log:
    """An append-only table of NumPy columns; every batch has one array per column."""

    __slots__ = ("_batches", "columns")

    def __init__(self, *columns: str) -> None:
        self.columns = columns
        self._batches: list[tuple[Array, ...]] = []

    def add(self, *batch: Array) -> None:
        """Append one batch, arrays in the order of `columns`.

        Raises:
            ValueError: when the batch has another number of columns, or uneven lengths.
        """
        sizes = {len(array) for array in batch}
        if len(batch) != len(self.columns) or len(sizes) != 1:
            raise ValueError(
                f"expected {len(self.columns)} columns {self.columns} of one length, "
                f"got {len(batch)} of lengths {sorted(sizes)}"
            )
        if sizes != {0}:
            self._batches.append(batch)

    def __getitem__(self, column: str) -> npt.NDArray[np.int64]:
        """A column of whole numbers: indices, days, moments, flags as 0 and 1."""
        return self._gather(column).astype(np.int64)

    def numbers(self, column: str) -> npt.NDArray[np.float64]:
        """A column of fractional numbers: amounts, percentages."""
        return self._gather(column).astype(np.float64)

    def _gather(self, column: str) -> Array:
        place = self.columns.index(column)
        if not self._batches:
            return np.empty(0)
        return np.concatenate([batch[place] for batch in self._batches])
