"""Order: the places of rows by owner and moment."""

import numpy as np
import numpy.typing as npt
import polars as pl

_KEY_BITS = 64
_MOST_ROWS = 2**32 - 1
"""Rows up to which a place is a UInt32, half the memory that every fetch has to read."""


def in_order(owner: pl.Series, moment: pl.Series) -> pl.Series:
    """The places of rows by owner and moment; a null moment comes first, equal rows as given.

    Owner and moment are packed into one number where both fit: to sort numbers alone is several
    times faster than to sort by two columns.

    Args:
        owner: codes, without nulls.
        moment: stamps of the same rows.

    Returns:
        UInt32, Int64 above 2^32 rows.
    """
    key = _packed(owner, moment)
    if key is None:
        rows = pl.DataFrame({"owner": owner, "moment": moment})
        by_both = pl.arg_sort_by("owner", "moment", maintain_order=True)
        return rows.select(by_both).to_series()
    order = np.argsort(key)
    _settle(order, np.sort(key))
    return pl.Series(order.astype(np.uint32) if len(order) <= _MOST_ROWS else order)


def in_groups(owner: npt.NDArray[np.uint64], code: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """The places of rows such that those of one owner and code stand together, as given.

    As many bits of the code as there is room for are packed between owner and place; where two
    codes of an owner share them, the rows are sorted in full.

    Args:
        owner: numbers from 0 on.
        code: hashes, the same for the same thing.
    """
    places = np.arange(len(code), dtype=np.uint64)
    place_bits = len(code).bit_length()
    bits = _KEY_BITS - place_bits - int(owner.max(initial=0)).bit_length()
    if bits > 0:
        short = code >> np.uint64(_KEY_BITS - bits)
        key = (owner << np.uint64(bits) | short) << np.uint64(place_bits) | places
        key.sort()
        order = (key & np.uint64((1 << place_bits) - 1)).astype(np.int64)
        group = key >> np.uint64(place_bits)
        is_same = code[order[1:]] == code[order[:-1]]
        if not ((group[1:] == group[:-1]) & ~is_same).any():
            return order
    return np.lexsort((code, owner))


def _packed(owner: pl.Series, moment: pl.Series) -> npt.NDArray[np.uint64] | None:
    """Owner and moment as one number, None where 64 bits do not hold them."""
    codes = owner.to_numpy().astype(np.uint64)
    lowest = moment.min()
    if lowest is None:
        return codes
    since = (moment - lowest).dt.total_microseconds() + 1
    later = since.fill_null(0).to_numpy().astype(np.uint64)
    bits = int(later.max()).bit_length()
    if int(codes.max()).bit_length() + bits > _KEY_BITS:
        return None
    return codes << np.uint64(bits) | later


def _settle(order: npt.NDArray[np.int64], key: npt.NDArray[np.uint64]) -> None:
    """Put rows of equal keys as they were given; a sort that keeps them so is twice as slow.

    Args:
        order: places by key, changed in place.
        key: sorted.
    """
    is_equal = key[1:] == key[:-1]
    if not is_equal.any():
        return
    among = np.zeros(len(key), np.bool_)
    among[1:] = is_equal
    among[:-1] |= is_equal
    places = np.flatnonzero(among)
    order[places] = order[places][np.lexsort((order[places], key[places]))]
