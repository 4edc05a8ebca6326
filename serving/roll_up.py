"""Roll-up: what an account's open deals and its owner's book add to the account's answer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from features.schema import ACCOUNT_ID, OWNER_REP_ID
from serving.parts import COUNT
from serving.rows import AccountRow, DealRow


def deals_by_account(deals: pl.DataFrame) -> pl.DataFrame:
    """Count the open deals and pick the one most likely to slip.

    Args:
        deals: part deals.parquet.

    Returns:
        account_id, open_deals, slip_risk_max, slip_on (committed date of that deal; of equal
        risks the earliest date, then the first id).
    """
    worst = pl.col("committed_on").sort_by(
        "slip_risk",
        "committed_on",
        "opportunity_id",
        descending=[True, False, False],
        nulls_last=True,
    )
    return deals.group_by(ACCOUNT_ID).agg(
        pl.len().cast(COUNT).alias("open_deals"),
        pl.col("slip_risk").max().alias("slip_risk_max"),
        pl.when(pl.col("slip_risk").max().is_not_null()).then(worst.first()).alias("slip_on"),
    )


def with_deals(row: AccountRow, deals: Sequence[DealRow]) -> AccountRow:
    """The account as these open deals alone make it look.

    What is published counts every open deal, also those of colleagues; who may not see a deal
    must not learn of it from the account either.

    Args:
        row: as published.
        deals: of the account, those that the reader may see.
    """
    known = [(deal.slip_risk, deal) for deal in deals if deal.slip_risk is not None]
    if not known:
        return replace(row, open_deals=len(deals), slip_risk_max=None, slip_on=None)
    risk, worst = min(known, key=lambda pair: _worst_first(*pair))
    return replace(row, open_deals=len(deals), slip_risk_max=risk, slip_on=worst.committed_on)


@dataclass(frozen=True, slots=True)
class AtRisk:
    """What open deals may fail to bring by the days they are promised for; in one currency.

    Attributes:
        amount: sum of amount times P(not won by the committed day); None where no deal has both.
        promised: sum of the amounts of the same deals.
        without_amount: deals without an amount in the currency; they are in no sum.
        without_risk: deals with an amount and without a slip risk (no committed day, beyond the
            curve, not scored); they are in no sum either.
    """

    amount: float | None
    promised: float | None
    without_amount: int
    without_risk: int

    @property
    def share(self) -> float | None:
        """Of the promised amount, 0 to 1; None where nothing is promised."""
        if self.amount is None or not self.promised:
            return None
        # a sum of parts may be larger than the whole by its last bit
        return min(self.amount / self.promised, 1.0)


def at_risk(deals: Iterable[DealRow], *, currency: str) -> AtRisk:
    """Add up what is at risk in these deals, of an account or of a whole book.

    An amount that is not known is counted and not taken for nothing; nor is one of another
    currency added as if it were of this one. A deal whose day has passed is at risk in full.

    Args:
        deals: open ones, those that the reader may see.
        currency: ISO 4217, of the sums.
    """
    asked = tuple(deals)
    valued = [
        (deal.amount, deal.slip_risk)
        for deal in asked
        if deal.amount is not None and deal.currency == currency
    ]
    known = [(amount, risk) for amount, risk in valued if risk is not None]
    return AtRisk(
        amount=sum(amount * risk for amount, risk in known) if known else None,
        promised=sum(amount for amount, _ in known) if known else None,
        without_amount=len(asked) - len(valued),
        without_risk=len(valued) - len(known),
    )


def promised_within(deals: Iterable[DealRow], period_end: date) -> tuple[DealRow, ...]:
    """The deals with a committed day in the fiscal quarter that ends on this day.

    Their `AtRisk.share` is the part of the quarter's promised amount that is at risk; a day of
    the quarter that has passed without a close still counts.
    """
    return tuple(
        deal for deal in deals if deal.committed_on is not None and deal.period_end == period_end
    )


def ranks(accounts: pl.DataFrame) -> pl.DataFrame:
    """Place each scored account in its owner's book by P(A-list), then by id.

    Args:
        accounts: account_id, owner_rep_id, p_a_list (null unless scored).

    Returns:
        account_id, rank_in_book (1 first), book_size; accounts without an owner or a score are
        absent.
    """
    return (
        accounts.filter(pl.col("p_a_list").is_not_null() & pl.col(OWNER_REP_ID).is_not_null())
        .sort("p_a_list", ACCOUNT_ID, descending=[True, False])
        .select(
            ACCOUNT_ID,
            (pl.int_range(pl.len()).over(OWNER_REP_ID) + 1).cast(COUNT).alias("rank_in_book"),
            pl.len().over(OWNER_REP_ID).cast(COUNT).alias("book_size"),
        )
    )


def _worst_first(risk: float, deal: DealRow) -> tuple[float, date, str]:
    """The order of `deals_by_account`."""
    return -risk, deal.committed_on or date.max, deal.opportunity_id
