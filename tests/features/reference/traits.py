"""What a deal is of and how it was last touched, as places in the vocabularies."""

from datetime import datetime

from tests.factories import Row
from tests.features.reference.kinds import KINDS, code, newest
from tests.features.reference.registry import of_deal
from tests.features.reference.rows import Known
from tests.features.reference.touches import is_touch, personal

TYPES = ("new", "expansion", "renewal")
SOURCES = ("web", "email", "phone", "event", "partner", "referral", "outbound", "customer")


def _rows(deal: str, known: Known) -> list[Row]:
    """Rows that name the deal; those of its account where the source never names one."""
    if known.world.has(("activities.opportunity_id",)):
        return personal(known.of_deal("activities", deal))
    return personal(known.of_account("activities", str(known.deals[deal]["account_id"])))


@of_deal
def deal_type(deal: str, as_of: datetime, known: Known) -> float | None:
    return code(known.deals[deal]["type"], TYPES)


@of_deal
def lead_source(deal: str, as_of: datetime, known: Known) -> float | None:
    return code(known.deals[deal]["lead_source"], SOURCES)


@of_deal
def newest_touch_kind(deal: str, as_of: datetime, known: Known) -> float | None:
    return newest(filter(is_touch, _rows(deal, known)), "kind", KINDS)
