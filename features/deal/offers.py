"""What was offered: quotes in time, how the price moved, and against the same customer's others."""

import polars as pl

from features.feature import Feature
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID, OPPORTUNITY_ID
from features.view import KEYS, View, days_since, exact_sum, feature, ratio

_QUOTED = pl.col("quoted_at")
_IS_OWN = pl.col(OPPORTUNITY_ID) == pl.col(ENTITY_ID)
_DAY = 86_400e6
_QUOTES = ("quotes",)
_PRICES = ("quotes.list_amount", "quotes.amount")
_AMOUNT = ("opportunities.amount", "opportunity_changes")
_CYCLE = ("quotes", "opportunities.outcome")
_NO_CYCLE = "no deal of its type was won yet"
_NO_MEDIAN = f"{_NO_CYCLE}, or their median is not above 0"
_DISCOUNT = (
    "A quote's discount is 1 - amount / list price, for quotes with an amount and a list price "
    "above 0"
)
_NEWEST = "newest by quoted_at, then quote_id"

FEATURES = (
    Feature(
        name="quotes_made",
        meaning="Quotes on the deal so far.",
        unit="count",
        concept="value",
        needs=_QUOTES,
        null_means="the CRM has no quotes",
        sentence="{value} quotes so far; similar deals {peer}",
        sentence_at_zero="no quote so far; similar deals {peer}",
    ),
    Feature(
        name="days_since_quote",
        meaning="Days from the newest quote on the deal to as_of.",
        unit="days",
        concept="value",
        needs=_QUOTES,
        null_means="no quote on the deal so far",
        sentence="last quoted {value} days ago; similar deals {peer}",
    ),
    Feature(
        name="discount_change",
        meaning="Discount of the newest quote less that of the first, both on the deal and among "
        f"those with a discount; {_NEWEST}. {_DISCOUNT}.",
        unit="share",
        concept="value",
        needs=_PRICES,
        null_means="fewer than two quotes with a discount on the deal so far",
        sentence="the discount moved by {value} since the first quote; similar deals {peer}",
        sentence_at_zero="the discount has not moved since the first quote",
        number_format="+.0%",
    ),
    Feature(
        name="first_quote_to_cycle",
        meaning="Days from the deal's creation to its first quote by quoted_at (at least 0) over "
        "the median days from creation to a win, deals of its type; at most 5.",
        unit="ratio",
        concept="value",
        needs=_CYCLE,
        null_means=f"no quote on the deal so far, {_NO_MEDIAN}",
        sentence="first quoted after {value} of the median days to a win; similar deals {peer}",
        number_format=".0%",
    ),
    Feature(
        name="is_quoted_early",
        meaning="1 when the days from creation to the first quote by quoted_at (at least 0) are at "
        "most a third of the median days from creation to a win, deals of its type; 0 when they "
        "are more, or when there is no quote and the deal is older than that third.",
        unit="flag",
        concept="value",
        needs=_CYCLE,
        null_means=f"no quote yet and it is early still, or {_NO_CYCLE}",
        sentence="price was discussed early",
        sentence_at_zero="price was not discussed early",
    ),
    Feature(
        name="quote_to_amount",
        meaning=f"Amount of the newest quote with an amount ({_NEWEST}) over the deal's amount as "
        "of as_of; from 0 to 5.",
        unit="ratio",
        concept="value",
        needs=("quotes.amount", *_AMOUNT),
        null_means="no quote with an amount so far, or the amount at the time is not known or "
        "not above 0",
        sentence="quoted at {value} of the deal's amount; similar deals {peer}",
        number_format=".0%",
        is_rep_editable=True,
    ),
    Feature(
        name="discount_to_account",
        meaning="Discount of the deal's newest quote with one less the mean of the discounts, each "
        f"to the nearest thousandth, of the quotes on other deals of the account; {_NEWEST}. "
        f"{_DISCOUNT}.",
        unit="share",
        concept="value",
        needs=_PRICES,
        null_means="no quote with a discount on the deal, or none on the account's other deals",
        sentence="the discount is {value} against this customer's other quotes",
        number_format="+.0%",
    ),
    Feature(
        name="is_billing_new",
        meaning="1 when the billing terms of the deal's newest quote with terms were on no quote "
        f"of the account's other deals, else 0; {_NEWEST}; terms compared as written.",
        unit="flag",
        concept="value",
        needs=("quotes.billing_terms",),
        null_means="no quote with billing terms on the deal, or on the account's other deals",
        sentence="billing terms this customer never had before",
        sentence_at_zero="billing terms this customer had before",
    ),
    Feature(
        name="amount_raises",
        meaning="Changes of the amount so far from a number to a higher one.",
        unit="count",
        concept="value",
        needs=_AMOUNT,
        null_means="the CRM keeps no history of amounts",
        sentence="the amount was raised {value} times; similar deals {peer}",
        is_rep_editable=True,
    ),
    Feature(
        name="amount_cuts",
        meaning="Changes of the amount so far from a number to a lower one.",
        unit="count",
        concept="value",
        needs=_AMOUNT,
        null_means="the CRM keeps no history of amounts",
        sentence="the amount was cut {value} times; similar deals {peer}",
        is_rep_editable=True,
    ),
)

_COUNTS = ("quotes_made", "amount_raises", "amount_cuts")
_MOST = 5.0


def offers(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    cycles = view.context.types.lazy().select(
        AS_OF, "type", pl.col("won_cycle_days_median").alias("cycle")
    )
    waited = (pl.col("first_at") - pl.col("created_at")).dt.total_microseconds().clip(0) / _DAY
    third = pl.col("cycle") / 3.0
    is_early = pl.when(waited.is_not_null()).then(waited <= third)
    is_late = pl.when(waited.is_null() & (pl.col("age_days") > third)).then(pl.lit(0.0))
    told = (
        view.spine.select(*KEYS, AS_OF, "type", "created_at", "age_days", "amount")
        .join(cycles, on=[AS_OF, "type"], how="left")
        .join(_quotes(view), on=KEYS, how="left")
        .join(_amount_changes(view), on=KEYS, how="left")
        .with_columns(
            feature(ratio(waited, pl.col("cycle")).clip(0, _MOST), "first_quote_to_cycle"),
            feature(pl.coalesce(is_early.cast(pl.Float64), is_late), "is_quoted_early"),
            feature(ratio(pl.col("quoted"), pl.col("amount")).clip(0, _MOST), "quote_to_amount"),
        )
        .select(*KEYS, *(entry.name for entry in FEATURES))
    )
    return view.beside(told, zeros=_COUNTS)


def _quotes(view: View) -> pl.LazyFrame:
    """The quotes of the deal beside those of the account's other deals."""
    has_depth = (pl.col("list_amount") > 0) & pl.col("amount").is_not_null()
    depth = pl.when(has_depth).then(1.0 - pl.col("amount") / pl.col("list_amount"))
    own, others = (pl.col("depth").filter(which).drop_nulls() for which in (_IS_OWN, ~_IS_OWN))
    terms = pl.col("billing_terms")
    newest = terms.filter(_IS_OWN).drop_nulls().last().over(*KEYS).alias("terms")
    is_other = ~_IS_OWN & terms.is_not_null()
    is_same = (terms == pl.col("terms")).filter(is_other)
    return (
        view.known("quotes", by=ACCOUNT_ID)
        .sort("quoted_at", "quote_id")
        .with_columns(depth.alias("depth"), newest)
        .group_by(*KEYS)
        .agg(
            feature(_IS_OWN.sum(), "quotes_made"),
            feature(days_since(_QUOTED).filter(_IS_OWN).min(), "days_since_quote"),
            feature(pl.when(own.count() > 1).then(own.last() - own.first()), "discount_change"),
            feature(own.last() - ratio(exact_sum(others), others.count()), "discount_to_account"),
            feature(
                pl.when(is_other.any() & pl.col("terms").first().is_not_null()).then(
                    ~is_same.any()
                ),
                "is_billing_new",
            ),
            _QUOTED.filter(_IS_OWN).min().alias("first_at"),
            pl.col("amount").filter(_IS_OWN).drop_nulls().last().alias("quoted"),
        )
    )


def _amount_changes(view: View) -> pl.LazyFrame:
    new, old = (pl.col(side).cast(pl.Float64, strict=False) for side in ("new", "old"))
    return (
        view.known("opportunity_changes")
        .filter(pl.col("field") == "amount")
        .group_by(*KEYS)
        .agg(feature((new > old).sum(), "amount_raises"), feature((new < old).sum(), "amount_cuts"))
    )
