"""The order in which a CRM hands out its rows changes no bit of what touches say."""

from collections.abc import Callable
from datetime import timedelta
from random import Random

import polars as pl
import pytest

from features.account.cadence import cadence
from features.account.circle import circle
from features.account.effort import effort
from features.account.engagement import engagement
from features.account.exchange import exchange
from features.account.relationship import relationship
from features.view import View
from tests.factories import Row, account, activity, book, contact, contract, day, on
from tests.features.views import account_view, described

Group = Callable[[View], pl.LazyFrame]
GROUPS = (cadence, circle, effort, engagement, exchange, relationship)
ACCOUNTS = ("acme", "birch")


def touches(rng: Random) -> list[Row]:
    """Many rows on few moments, so that equal stamps are the rule."""
    return [
        activity(
            at=day(-rng.choice([1, 2, 14, 30, 31, 90, 104, 180, 360, 365, 379])),
            account_id=rng.choice(ACCOUNTS),
            kind=rng.choice(["email", "call", "voicemail", "meeting", "proposal"]),
            direction=rng.choice(["outbound", "outbound", "inbound", "mutual", None]),
            phase=rng.choice(["pre_sales", "sales", "post_sales", None]),
            contact_id=rng.choice(["ann", "bob", "cat", None]),
            rep_id=rng.choice(["rep-1", "rep-2"]),
            duration_minutes=rng.choice([None, 12.5, 47.25]),
            answered=rng.random() < 0.2,
            automated=rng.random() < 0.1,
            recorded_at=day(0) - timedelta(microseconds=rng.choice([0, 1, 1, 1])),
        )
        for _ in range(120)
    ]


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_rows_changes_no_bit(group: Group, seed: int) -> None:
    rng = Random(seed)
    rows = touches(rng)
    others = {
        "accounts": [account(name) for name in ACCOUNTS],
        "contacts": [contact("ann", left_at=day(-5)), contact("bob", account_id="birch")],
        "contracts": [contract(starts_on=on(-300), ends_on=on(60))],
    }
    shuffled = rng.sample(rows, len(rows))

    there = described(group, account_view(book(activities=rows, **others), day(0)))
    again = described(group, account_view(book(activities=shuffled, **others), day(0)))

    assert there.equals(again, null_equal=True)
    assert there.height == 2
