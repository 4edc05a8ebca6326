"""Suspicions: what looks too good, or too empty, to be believed before it is explained."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from features.book import Book
from features.history import known_from
from features.schema import NOW, OPPORTUNITY_ID, ROW, TABLES
from training.intervals import Mask
from training.matrix import Examples

MODEL_AUC_AT_MOST = 0.90
FEATURE_AUC_AT_MOST = 0.80
SHARE_OF_MODEL_AT_MOST = 0.85
CORRELATION_AT_MOST = 0.60
FILL_GAP_AT_MOST = 0.30
LATE_SHARE_AT_MOST = 0.50
ROWS_AT_LEAST = 30
"""Rows below which a share says nothing."""


def feature_warnings(
    examples: Examples,
    answers: Mapping[str, Mask],
    model_aucs: Mapping[str, float] | None = None,
) -> list[str]:
    """Features that alone tell the outcome: AUC above .80, or most of what the model knows.

    Args:
        examples: out-of-time rows.
        answers: name of the answer → whether it holds, by row.
        model_aucs: name of the answer → the model's AUC. A feature that alone has over 85 % of
            what the model has above one half is named; one half itself is chance, no skill.
    """
    found = []
    for answer, is_true in answers.items():
        model = (model_aucs or {}).get(answer)
        for name in examples.X.columns:
            auc = single_auc(examples.X[name], is_true)
            if auc is None:
                continue
            auc = max(auc, 1.0 - auc)
            told = f"{examples.entity}: {name} alone tells {answer} with AUC {auc:.2f}"
            if auc > FEATURE_AUC_AT_MOST:
                found.append(f"{told}, above {FEATURE_AUC_AT_MOST:.2f}")
            elif model is not None and auc - 0.5 > SHARE_OF_MODEL_AT_MOST * max(model - 0.5, 0.0):
                found.append(
                    f"{told}, over {SHARE_OF_MODEL_AT_MOST:.0%} of the {model - 0.5:.2f} that the "
                    "model has above 0.50"
                )
    return found


def correlation_warnings(examples: Examples, answers: Mapping[str, Mask]) -> list[str]:
    """Features whose correlation with an answer is above .6 in size, where they are known."""
    found = []
    for answer, is_true in answers.items():
        for name in examples.X.columns:
            known = examples.X[name].is_not_null().to_numpy()
            values = examples.X[name].drop_nulls().cast(pl.Float64).to_numpy()
            truth = is_true[known].astype(np.float64)
            if values.size < ROWS_AT_LEAST or not values.std() or not truth.std():
                continue
            correlation = float(np.corrcoef(values, truth)[0, 1])
            if abs(correlation) > CORRELATION_AT_MOST:
                found.append(
                    f"{examples.entity}: {name} correlates with {answer} at {correlation:+.2f}, "
                    f"above {CORRELATION_AT_MOST:.2f} in size"
                )
    return found


def fill_warnings(examples: Examples, answers: Mapping[str, Mask]) -> list[str]:
    """Features that are filled more often by .3 or more where the answer holds, or where not."""
    found = []
    for answer, is_true in answers.items():
        if min(int(is_true.sum()), int((~is_true).sum())) < ROWS_AT_LEAST:
            continue
        for name in examples.X.columns:
            known = examples.X[name].is_not_null().to_numpy()
            with_it, without = float(known[is_true].mean()), float(known[~is_true].mean())
            if abs(with_it - without) > FILL_GAP_AT_MOST:
                found.append(
                    f"{examples.entity}: {name} is filled in {with_it:.0%} of the rows with "
                    f"{answer} and in {without:.0%} of the others, a gap above "
                    f"{FILL_GAP_AT_MOST:.0%}"
                )
    return found


def late_field_warnings(book: Book) -> list[str]:
    """Fields of deals that are mostly written once the outcome is known.

    A field with history is judged by its changes, one without by how much fuller it is in closed
    deals than in open ones. Cells that belong to the close (outcome, loss reason) are left out:
    their known-at rule says so.
    """
    deals = book["opportunities"].select(
        OPPORTUNITY_ID, "closed_at", *_plain_fields(), is_closed=pl.col("closed_at").is_not_null()
    )
    known = known_from(TABLES["opportunity_changes"])
    late = (
        book["opportunity_changes"]
        .join(deals.filter("is_closed"), on=OPPORTUNITY_ID)
        .group_by("field")
        .agg(pl.len().alias("changes"), (known >= pl.col("closed_at")).mean().alias("late"))
        .filter((pl.col("changes") >= ROWS_AT_LEAST) & (pl.col("late") > LATE_SHARE_AT_MOST))
        .sort("field")
        .collect()
    )
    found = [
        f"deal: field {field} is written after the outcome in {share:.0%} of its {count} changes"
        for field, count, share in late.select("field", "changes", "late").iter_rows()
    ]
    return found + _filled_late(deals)


def model_warnings(part: str, aucs: Mapping[str, float | None]) -> list[str]:
    """Models whose AUC is too good to be believed before it is explained."""
    return [
        f"{part}: {name} has AUC {auc:.3f}, above {MODEL_AUC_AT_MOST:.2f}: look for a leak first"
        for name, auc in aucs.items()
        if auc is not None and auc > MODEL_AUC_AT_MOST
    ]


def single_auc(values: pl.Series, is_true: Mask) -> float | None:
    """AUC of one column over the rows where it is known; None with fewer than 10 of a kind."""
    known = values.is_not_null().to_numpy()
    truth = is_true[known]
    positive, negative = int(truth.sum()), int((~truth).sum())
    if min(positive, negative) < 10:
        return None
    ranks = values.drop_nulls().rank("average").to_numpy()
    above = float(ranks[truth].sum()) - positive * (positive + 1) / 2
    return above / (positive * negative)


def _plain_fields() -> list[str]:
    """Columns of a deal that have neither history nor a stamp of their own."""
    spec = TABLES["opportunities"]
    return [
        column.name
        for column in spec.columns
        if column.known_at in {ROW, NOW} and not column.is_required and column.name != "recorded_at"
    ]


def _filled_late(deals: pl.LazyFrame) -> list[str]:
    shares = (
        deals.group_by("is_closed")
        .agg(
            pl.len().alias("deals"),
            *(pl.col(name).is_not_null().mean() for name in _plain_fields()),
        )
        .collect()
    )
    if shares.height < 2 or min(shares["deals"].to_list()) < ROWS_AT_LEAST:
        return []
    closed = shares.filter("is_closed").row(0, named=True)
    still = shares.filter(~pl.col("is_closed")).row(0, named=True)
    return [
        f"deal: field {name} is filled in {closed[name]:.0%} of the closed deals and in "
        f"{still[name]:.0%} of the open ones: mostly written after the outcome"
        for name in _plain_fields()
        if closed[name] - still[name] > FILL_GAP_AT_MOST
    ]
