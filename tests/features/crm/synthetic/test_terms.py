"""Terms: what is revised on the way is counted as it is told."""

import numpy as np

from features.crm.synthetic import deals as deal
from features.crm.synthetic.forward import History


def test_a_push_is_counted_for_every_move_of_the_date_to_a_later_day(history: History) -> None:
    deals, changes = history.pipeline.deals, history.pipeline.logs.changes
    old, new = changes.numbers("old"), changes.numbers("new")
    is_later = (changes["field"] == deal.CLOSE_DATE_FIELD) & (new > old)
    # The stamp of a close is the CRM's, not a push.
    is_later &= changes["moment"] != deals.closed[changes["deal"]]

    told = np.bincount(changes["deal"][is_later], minlength=deals.count)

    assert deals.pushes.max() >= 3
    assert np.array_equal(deals.pushes, told)


def test_a_discount_only_grows_and_the_quote_holds_it(history: History) -> None:
    deals, quotes = history.pipeline.deals, history.pipeline.logs.quotes
    percent = 100 * (1 - quotes.numbers("amount") / quotes.numbers("list_amount"))
    last = np.full(deals.count, np.nan)
    last[quotes["deal"]] = percent

    is_quoted = ~np.isnan(deals.discount)

    assert is_quoted.sum() > 100
    assert np.allclose(last[is_quoted], deals.discount[is_quoted], atol=0.05)
    order = np.lexsort((quotes["moment"], quotes["deal"]))
    same = np.diff(quotes["deal"][order]) == 0
    assert np.diff(percent[order])[same].min() > -0.1
