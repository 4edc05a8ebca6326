"""The segment of an account, and how its deals went."""

from datetime import datetime

from tests.features.reference.rates import closed_deals, median_cycle
from tests.features.reference.registry import of_account
from tests.features.reference.rows import Known


@of_account
def segment_won_cycle_days(account: str, as_of: datetime, known: Known) -> float | None:
    segment = known.account_value(account, "segment")
    if segment is None:
        return None
    return median_cycle([deal for deal in closed_deals(known) if deal.segment == segment])
