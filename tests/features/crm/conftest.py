"""The small synthetic CRM that several test files look at, clean and messy, made once."""

import pytest

from features.crm.synthetic import make_world
from tests.features.crm.small_world import MESSY, PARAMS, World


@pytest.fixture(scope="session")
def world() -> World:
    return make_world(PARAMS)


@pytest.fixture(scope="session")
def messy() -> World:
    return make_world(MESSY)
