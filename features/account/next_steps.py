"""Whether the account keeps what it agreed to: next steps (covenants) over all its deals."""

import polars as pl

from features.feature import Feature
from features.schema import AS_OF, OPPORTUNITY_ID
from features.view import KEYS, View, feature, in_window, ratio

_IS_MET = pl.col("met_at").is_not_null()
_DUE = pl.col("due_on")
_NEEDS = ("covenants.due_on", "covenants.met_at")

FEATURES = (
    Feature(
        name="next_steps_agreed_365d",
        meaning="Next steps agreed in the last 365 days (of 24 hours, exactly 365 included), over "
        "all deals of the account, closed ones too.",
        unit="count",
        concept="covenants",
        needs=("covenants",),
        null_means="the CRM has no agreed next steps",
        sentence="{value} next steps agreed in a year; similar accounts {peer}",
        sentence_at_zero="no next step agreed in a year; similar accounts {peer}",
    ),
    Feature(
        name="next_steps_overdue",
        meaning="Agreed next steps of the deals open at as_of that are due on a day before the day "
        "of as_of and not met before as_of; days in the organisation's zone.",
        unit="count",
        concept="covenants",
        needs=_NEEDS,
        null_means="the CRM does not say when next steps are due and met",
        sentence="{value} next steps are overdue; similar accounts {peer}",
        sentence_at_zero="no next step is overdue; similar accounts {peer}",
    ),
    Feature(
        name="next_steps_met_share",
        meaning="Share met before as_of of the next steps agreed so far, over all deals, that are "
        "met before as_of or due on a day before the day of as_of; days in the organisation's "
        "zone.",
        unit="share",
        concept="covenants",
        needs=_NEEDS,
        null_means="no agreed next step was due or met yet",
        sentence="kept {value} of the agreed next steps; similar accounts {peer}",
        number_format=".0%",
    ),
    Feature(
        name="next_steps_late_share",
        meaning="Of the next steps met before as_of that have a due day, over all deals, the share "
        "met on a day after it; days in the organisation's zone.",
        unit="share",
        concept="covenants",
        needs=_NEEDS,
        null_means="no next step with a due day was met yet",
        sentence="kept {value} of its next steps late; similar accounts {peer}",
        sentence_at_zero="never late with a next step; similar accounts {peer} of the times",
        number_format=".0%",
    ),
)


def next_steps(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    is_past = (view.calendar.local_day(pl.col(AS_OF)) > _DUE).fill_null(value=False)
    is_late = view.calendar.local_day(pl.col("met_at")) > _DUE
    agreed = view.known("covenants").with_columns(
        is_past.alias("is_past"), is_late.alias("is_late")
    )
    met = _IS_MET.sum()
    decided = (pl.col("is_past") | _IS_MET).sum()
    late = pl.col("is_late")
    told = agreed.group_by(*KEYS).agg(
        feature(in_window(pl.col("agreed_at"), 0, 365).sum(), "next_steps_agreed_365d"),
        feature(ratio(met, decided), "next_steps_met_share"),
        feature(ratio(late.sum(), late.count()), "next_steps_late_share"),
    )
    joined = told.join(_overdue(view, agreed), on=KEYS, how="left")
    return view.beside(joined, zeros=("next_steps_agreed_365d", "next_steps_overdue"))


def _overdue(view: View, agreed: pl.LazyFrame) -> pl.LazyFrame:
    """KEYS, next_steps_overdue, of the deals open at as_of."""
    is_open = (
        view.known("opportunities")
        .filter(pl.col("closed_at").is_null())
        .select(*KEYS, OPPORTUNITY_ID)
    )
    return (
        agreed.join(is_open, on=[*KEYS, OPPORTUNITY_ID], how="semi")
        .group_by(*KEYS)
        .agg(feature((pl.col("is_past") & ~_IS_MET).sum(), "next_steps_overdue"))
    )
