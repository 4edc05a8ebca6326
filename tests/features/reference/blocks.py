"""Weeks and months counted back from as_of: blocks of whole days, their older edge included."""

from collections.abc import Iterable
from datetime import datetime

from tests.factories import Row
from tests.features.reference.days import between


def block_of(moment: datetime, as_of: datetime, days: int, blocks: int) -> int | None:
    """Which of the `blocks` blocks of so many days a moment is in, 1 the newest; None beyond."""
    for block in range(1, blocks + 1):
        if between(moment, as_of, days * (block - 1), days * block):
            return block
    return None


def in_blocks(rows: Iterable[Row], as_of: datetime, days: int, blocks: int) -> list[list[Row]]:
    """The rows of each block, newest block first."""
    found: list[list[Row]] = [[] for _ in range(blocks)]
    for row in rows:
        block = block_of(row["occurred_at"], as_of, days, blocks)
        if block is not None:
            found[block - 1].append(row)
    return found
