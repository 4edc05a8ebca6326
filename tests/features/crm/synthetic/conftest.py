"""A small synthetic CRM that was lived through, and what may come of it from one moment on."""

import numpy as np
import pytest

from features.crm.synthetic.forward import Futures, History, live_through, run_forward
from features.crm.synthetic.forward_tables import Traces, past_traces
from tests.features.crm.small_world import PARAMS
from tests.features.crm.synthetic.forked import EARLIER, MOMENT, UNTIL_DAY, WORLDS


@pytest.fixture(scope="session")
def history() -> History:
    return live_through(PARAMS, [EARLIER, MOMENT])


@pytest.fixture(scope="session")
def past(history: History) -> Traces:
    return past_traces(history)


@pytest.fixture(scope="session")
def futures(history: History) -> Futures:
    rng = np.random.default_rng(3)
    return run_forward(rng, history, MOMENT, worlds=WORLDS, until_day=UNTIL_DAY)
