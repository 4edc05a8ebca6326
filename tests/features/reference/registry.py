"""The reference of every feature, by entity and name: one plain function each."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

from tests.features.reference.rows import Known

Reference: TypeAlias = Callable[[str, datetime, Known], float | None]

ACCOUNT: dict[str, Reference] = {}
DEAL: dict[str, Reference] = {}


def of_account(function: Reference) -> Reference:
    """Make a function the reference of the account feature of its name."""
    return _registered(ACCOUNT, function)


def of_deal(function: Reference) -> Reference:
    """Make a function the reference of the deal feature of its name."""
    return _registered(DEAL, function)


def _registered(among: dict[str, Reference], function: Reference) -> Reference:
    if function.__name__ in among:
        raise ValueError(f"expected one reference of {function.__name__}, got a second one")
    among[function.__name__] = function
    return function
