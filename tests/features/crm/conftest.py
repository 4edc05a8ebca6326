"""The small synthetic CRM that several test files look at, made once per file."""

import pytest

from features.crm.synthetic import make_world
from tests.features.crm.small_world import PARAMS, World


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(PARAMS)
