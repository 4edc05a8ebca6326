"""The order in which a CRM hands out its rows changes no bit of what money and service say."""

from random import Random

import pytest

from features.account.advocacy import advocacy
from features.account.contracts import contracts
from features.account.discounts import discounts
from features.account.growth import growth
from features.account.next_steps import next_steps
from features.account.orders import orders
from features.account.outcomes import outcomes
from features.account.payment import payment
from features.account.pipeline import pipeline
from features.account.season import season
from features.account.service import service
from features.account.spend import spend
from features.account.usage import usage
from features.book import Book
from features.build import Group
from tests.factories import book, day
from tests.features.random_world import Rows, draw
from tests.features.views import account_view, described

GROUPS = (
    *(advocacy, contracts, discounts, growth, next_steps, orders, outcomes),
    *(payment, pipeline, season, service, spend, usage),
)
CROWD = 6


def crowded(seed: int) -> Rows:
    """Worlds laid over each other, with cents, so that sums have something to round."""
    worlds = [draw(seed + number) for number in range(CROWD)]
    rows = worlds[0] | {
        name: [line for world in worlds for line in world[name]]
        for name in ("invoices", "tickets", "contracts", "referrals", "covenants", "quotes")
    }
    for number, line in enumerate(rows["invoices"] + rows["quotes"]):
        line["amount"] = float(line["amount"] or 0.0) + number / 100
    return rows


def shuffled(rows: Rows, seed: int) -> Book:
    """The same rows in another order; the histories keep theirs, as every source writes them."""
    rng = Random(seed)
    kept = {name for name in rows if name.endswith("_changes")}
    others = {name: rng.sample(rows[name], len(rows[name])) for name in rows if name not in kept}
    return book(**(rows | others))


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
@pytest.mark.parametrize("seed", [0, 100])
def test_the_order_of_rows_changes_no_bit(group: Group, seed: int) -> None:
    rows = crowded(seed)

    there = described(group, account_view(book(**rows), day(0)))
    again = described(group, account_view(shuffled(rows, seed), day(0)))

    assert there.equals(again, null_equal=True)
    assert there.height > 0
