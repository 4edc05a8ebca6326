"""The forecast category and the probability that stood in the CRM, and how they moved."""

from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from tests.factories import Cell, Row
from tests.features.reference.arithmetic import total
from tests.features.reference.days import between
from tests.features.reference.registry import of_deal
from tests.features.reference.rows import Known, parsed

STEPS = (
    ("omitted", "notforecasted"),
    ("pipeline",),
    ("bestcase", "upside", "mostlikely"),
    ("commit", "committed", "forecast"),
    ("closed", "closedwon", "won"),
)


def _step(category: Cell) -> float | None:
    """The step of the letters of a category, in lower case."""
    letters = "".join(sign for sign in str(category or "") if sign.isalpha()).lower()
    return next((step for step, names in enumerate(STEPS) if letters in names), None)


@of_deal
def forecast_step(deal: str, as_of: datetime, known: Known) -> float | None:
    return _step(known.deal_value(deal, "forecast_category"))


def _steps_gained(deal: str, known: Known) -> list[float]:
    changes = known.deal_changes(deal, "forecast_category")
    steps = [(_step(row.get("old")), _step(row.get("new"))) for row in changes]
    return [new - old for old, new in steps if old is not None and new is not None]


@of_deal
def forecast_raised(deal: str, as_of: datetime, known: Known) -> float:
    return len([gained for gained in _steps_gained(deal, known) if gained > 0])


@of_deal
def forecast_lowered(deal: str, as_of: datetime, known: Known) -> float:
    return len([gained for gained in _steps_gained(deal, known) if gained < 0])


@lru_cache(maxsize=8)
def _by_column(known: Known) -> Known:
    """The same, with the changes of a probability under the name of its column.

    The contract's history calls the field `probability`.
    """
    rows = dict(known.world.rows)
    history: list[Row] = []
    for row in rows.get("opportunity_changes", []):
        is_probability = row["field"] == "probability"
        history.append({**row, "field": "crm_probability"} if is_probability else row)
    return replace(known.world, rows={**rows, "opportunity_changes": history}).at(known.as_of)


@of_deal
def crm_probability(deal: str, as_of: datetime, known: Known) -> float | None:
    return _by_column(known).deal_value(deal, "crm_probability")


def _moved(deal: str, known: Known, days: int) -> float:
    moved: list[float] = []
    for row in _by_column(known).deal_changes(deal, "crm_probability"):
        old, new = (parsed(row.get(side), "Float64") for side in ("old", "new"))
        if between(row["changed_at"], known.as_of, 0, days) and old is not None and new is not None:
            moved += [new, -old]
    return total(moved)


@of_deal
def crm_probability_change_30d(deal: str, as_of: datetime, known: Known) -> float:
    return _moved(deal, known, 30)


@of_deal
def crm_probability_change_90d(deal: str, as_of: datetime, known: Known) -> float:
    return _moved(deal, known, 90)
