"""The law of the forward worlds is the law of the world itself."""

from dataclasses import replace

import pytest

from features.crm.synthetic.forward import History, live_through
from features.crm.synthetic.forward_tables import Traces, past_traces
from tests.features.crm.synthetic.kernel import MOMENT, PARAMS, gaps, under_other_rules

WORLDS = 4
MORE = 1.25
PURSUIT, CONTRACTS = PARAMS.pursuit, PARAMS.contracts
OF_DEALS = {"won over lost", "sales lost", "staged", "opened"}
"""What needs no traces to be counted."""


def more(rates: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(MORE * rate for rate in rates)


BENDS = {
    "won over lost": {
        "pursuit": replace(PURSUIT, win=more(PURSUIT.win)),
        "contracts": replace(CONTRACTS, renewal_win=more(CONTRACTS.renewal_win)),
    },
    "sales lost": {"pursuit": replace(PURSUIT, loss=more(PURSUIT.loss))},
    "staged": {"pursuit": replace(PURSUIT, advance=more(PURSUIT.advance))},
    "opened": {
        "pursuit": replace(
            PURSUIT,
            new_rate=MORE * PURSUIT.new_rate,
            expansion_rate=MORE * PURSUIT.expansion_rate,
        )
    },
    "outbound": {
        "activity": replace(PARAMS.activity, deal_touches=more(PARAMS.activity.deal_touches))
    },
    "mutual": {"activity": replace(PARAMS.activity, meetings=more(PARAMS.activity.meetings))},
    "bills": {"billing": replace(PARAMS.billing, orders=MORE * PARAMS.billing.orders)},
    "returns": {"billing": replace(PARAMS.billing, credit=MORE * PARAMS.billing.credit)},
    "tickets": {"service": replace(PARAMS.service, tickets=MORE * PARAMS.service.tickets)},
}
"""Measure that gives it away → a rule of the forward worlds changed by a quarter.

Cancellations are too rare for that: a quarter more of them is three to five standard errors.
"""


@pytest.fixture(scope="module")
def large() -> History:
    return live_through(PARAMS, [MOMENT])


@pytest.fixture(scope="module")
def traces(large: History) -> Traces:
    return past_traces(large)


def test_on_average_the_futures_hold_what_came(large: History, traces: Traces) -> None:
    found = gaps(large, traces, worlds=WORLDS, seed=1)

    for name, gap in found.items():
        assert abs(gap.came) > 0, name
        assert abs(gap.errors) < 4, (name, gap)


@pytest.mark.parametrize("measure", BENDS)
def test_a_rule_changed_by_a_quarter_is_seen(large: History, traces: Traces, measure: str) -> None:
    bent = under_other_rules(large, **BENDS[measure])

    found = gaps(bent, None if measure in OF_DEALS else traces, worlds=2, seed=1)

    assert abs(found[measure].errors) > 4, found[measure]
