"""Passes: all of the mess over the tables of one world or one block of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import numpy as np
import polars as pl

from features.crm.synthetic.mess.currencies import currencies
from features.crm.synthetic.mess.duplicates import duplicates
from features.crm.synthetic.mess.gaps import gaps
from features.crm.synthetic.mess.groups import groups
from features.crm.synthetic.mess.params import MessParams

MESS_PARTS: Final = ("duplicates", "currencies", "gaps", "groups", "rates")
"""Every part draws from a stream of its own. New parts go to the end: the order is the seed."""


def apply_mess(
    streams: Mapping[str, np.random.Generator],
    tables: Mapping[str, pl.DataFrame],
    params: MessParams,
    *,
    end: datetime,
) -> dict[str, pl.DataFrame]:
    """Lay all of the mess over the tables.

    The order makes the parts independent. Groups come first, so that no second record is a parent
    or a daughter. Second records are new rows at the end of `accounts`, so that the later parts
    draw the same for all other accounts whether there are any or not. Gaps come last, because
    both groups and second records read what they take out.

    Args:
        streams: a generator for each of MESS_PARTS. "rates" must be seeded alike for all blocks
            of one world, the others by block.
        tables: contract tables by name; the optional ones may be missing.
        params: how much of everything.
        end: aware moment at which the history ends; nothing new is stamped at or after it.

    Raises:
        ValueError: for a missing stream or an end without a time zone.
    """
    missing = [part for part in MESS_PARTS if part not in streams]
    if missing:
        raise ValueError(f"expected streams {', '.join(MESS_PARTS)}, missing {', '.join(missing)}")
    if end.tzinfo is None:
        raise ValueError(f"expected an end with a time zone, got {end}")
    done = groups(streams["groups"], tables, params.groups)
    done = duplicates(streams["duplicates"], done, params.duplicates, end=end)
    done = currencies(
        streams["currencies"], done, params.currencies, rates=streams["rates"], end=end
    )
    return gaps(streams["gaps"], done, params.gaps)
