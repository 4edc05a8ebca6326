"""What the rep forecast: the category and the CRM's own probability, as they stood and moved."""

import polars as pl

from features.feature import Feature
from features.view import KEYS, View, feature, in_window

_AT = pl.col("changed_at")
_BILLION = 1e9
_CATEGORY = ("opportunities.forecast_category", "opportunity_changes")
_PROBABILITY = ("opportunities.crm_probability", "opportunity_changes")
_NO_CATEGORIES = "the CRM keeps no history of forecast categories"
_NO_PROBABILITIES = "the CRM keeps no history of probabilities"

RANKS = {
    "omitted": 0,
    "notforecasted": 0,
    "pipeline": 1,
    "bestcase": 2,
    "upside": 2,
    "mostlikely": 2,
    "commit": 3,
    "committed": 3,
    "forecast": 3,
    "closed": 4,
    "closedwon": 4,
    "won": 4,
}
"""The steps of a forecast, by the category's letters in lower case; other names have no step."""

_STEPS = (
    "Steps by the letters of the category in lower case: omitted, notforecasted 0; pipeline 1; "
    "bestcase, upside, mostlikely 2; commit, committed, forecast 3; closed, closedwon, won 4"
)

FEATURES = (
    Feature(
        name="forecast_step",
        meaning=f"Step of the forecast category as of as_of. {_STEPS}.",
        unit="step",
        concept="momentum",
        needs=_CATEGORY,
        null_means="the category at the time is not known, or has no step",
        sentence="forecast at step {value} of 4; similar deals {peer}",
        number_format=",.1f",
        is_rep_editable=True,
    ),
    Feature(
        name="forecast_raised",
        meaning=f"Changes so far of the forecast category to a higher step. {_STEPS}.",
        unit="count",
        concept="momentum",
        needs=_CATEGORY,
        null_means=_NO_CATEGORIES,
        sentence="forecast raised {value} times; similar deals {peer}",
        sentence_at_zero="forecast never raised; similar deals {peer} times",
        is_rep_editable=True,
    ),
    Feature(
        name="forecast_lowered",
        meaning=f"Changes so far of the forecast category to a lower step. {_STEPS}.",
        unit="count",
        concept="momentum",
        needs=_CATEGORY,
        null_means=_NO_CATEGORIES,
        sentence="forecast lowered {value} times; similar deals {peer}",
        sentence_at_zero="forecast never lowered; similar deals {peer} times",
        is_rep_editable=True,
    ),
    Feature(
        name="crm_probability",
        meaning="The probability that stood in the CRM at as_of, 0 to 1.",
        unit="share",
        concept="momentum",
        needs=_PROBABILITY,
        null_means="the probability at the time is not known",
        sentence="the CRM said {value}; similar deals {peer}",
        number_format=".0%",
        is_rep_editable=True,
    ),
    *(
        Feature(
            name=f"crm_probability_change_{days}d",
            meaning=f"Sum of new less old over the changes of the CRM's probability from {days} "
            "days before as_of on, by changed_at; a change without both numbers counts nothing.",
            unit="share",
            concept="momentum",
            needs=_PROBABILITY,
            null_means=_NO_PROBABILITIES,
            sentence=f"the CRM's probability moved by {{value}} in {days} days; similar deals "
            "{peer}",
            sentence_at_zero=f"the CRM's probability has not moved in {days} days",
            number_format="+.0%",
            is_rep_editable=True,
        )
        for days in (30, 90)
    ),
)

_SUMS = (
    "forecast_raised",
    "forecast_lowered",
    "crm_probability_change_30d",
    "crm_probability_change_90d",
)


def step(category: str) -> pl.Expr:
    """The step of a column of category names; null for a name without one."""
    letters = pl.col(category).str.to_lowercase().str.replace_all("[^a-z]", "")
    return letters.replace_strict(RANKS, default=None, return_dtype=pl.Int64)


def probability_change(days: int) -> pl.Expr:
    """New less old over the changes of the last `days` days."""
    new, old = (pl.col(side).cast(pl.Float64, strict=False) for side in ("new", "old"))
    is_probability = pl.col("field").is_in(["probability", "crm_probability"])
    changed = (new - old).filter(is_probability & in_window(_AT, 0, days))
    return (changed * _BILLION).round().cast(pl.Int64).sum() / _BILLION  # exact in every order


def forecast(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    raised = step("new") - step("old")
    is_category = pl.col("field") == "forecast_category"
    changes = (
        view.known("opportunity_changes")
        .group_by(*KEYS)
        .agg(
            feature((is_category & (raised > 0)).sum(), "forecast_raised"),
            feature((is_category & (raised < 0)).sum(), "forecast_lowered"),
            feature(probability_change(30), "crm_probability_change_30d"),
            feature(probability_change(90), "crm_probability_change_90d"),
        )
    )
    category = view.value("forecast_category").select(
        *KEYS, feature(step("forecast_category"), "forecast_step")
    )
    probability = view.value("crm_probability").select(
        *KEYS, feature(pl.col("crm_probability"), "crm_probability")
    )
    told = (
        view.spine.select(*KEYS)
        .join(category, on=KEYS, how="left")
        .join(probability, on=KEYS, how="left")
        .join(changes, on=KEYS, how="left")
        .select(*KEYS, *(entry.name for entry in FEATURES))
    )
    return view.beside(told, zeros=_SUMS)
