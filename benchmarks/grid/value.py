"""Value: how much of the bookings the top of each rep's book holds, beside the oracle's choice.

Nobody can rank accounts by what they will book better than the mean of many futures does. The
share of the oracle is what the model's top 20 % of each book brought over what the oracle's did.
"""

from collections.abc import Mapping

import numpy as np
import polars as pl

from bucketlist.oracle import EXPECTED_BOOKINGS
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID, OWNER_REP_ID
from training.intervals import PAIRED_REPEATS, Codes, Floats, clusters_of, figure, ratio
from training.metrics import TOP_SHARE, book_codes, top_weights

SEED = 11
ORACLE = "oracle_bookings"


def captured(values: pl.DataFrame, oracle: pl.DataFrame) -> Mapping[str, object]:
    """Bookings captured by expected bookings: the model's, the oracle's and their ratio.

    Args:
        values: entity_id, account_id, as_of, owner_rep_id, bookings and expected_bookings of
            judged accounts.
        oracle: entity_id, as_of and its expected bookings, at the moments that are compared.

    Returns:
        rows, model, oracle and share, the latter three with a 90 % interval over accounts; or why
        there are none.
    """
    keys = [ENTITY_ID, AS_OF]
    foretold = oracle.select(*keys, pl.col(EXPECTED_BOOKINGS).alias(ORACLE))
    rows = (
        values.join(foretold, on=keys, validate="1:1")
        .drop_nulls([ORACLE, EXPECTED_BOOKINGS])
        .sort(keys)
    )
    bookings = rows["bookings"].cast(pl.Float64).fill_null(0.0).clip(lower_bound=0.0).to_numpy()
    if bookings.sum() <= 0.0:
        return {"rows": rows.height, "why": "nothing was booked at the moments compared"}
    books = book_codes(rows[AS_OF], rows[OWNER_REP_ID])
    model, best = (_top(rows[name], books) * bookings for name in (EXPECTED_BOOKINGS, ORACLE))
    clusters = clusters_of(rows[ACCOUNT_ID], seed=SEED, repeats=PAIRED_REPEATS)
    sums = clusters.resampled(np.stack([model, best, bookings], axis=1))
    whole = float(bookings.sum())
    return {
        "rows": rows.height,
        "model": figure(float(model.sum()) / whole, ratio(sums[:, 0], sums[:, 2])).to_mapping(),
        "oracle": figure(float(best.sum()) / whole, ratio(sums[:, 1], sums[:, 2])).to_mapping(),
        "share": figure(
            float(model.sum() / best.sum()), ratio(sums[:, 0], sums[:, 1])
        ).to_mapping(),
    }


def _top(rank: pl.Series, books: Codes) -> Floats:
    return top_weights(rank.to_numpy(), books, TOP_SHARE)
