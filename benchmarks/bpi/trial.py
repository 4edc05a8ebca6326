"""Trial: recipes held against each other on earlier splits, the chosen one judged on the lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from benchmarks.bpi.plain import logistic
from benchmarks.bpi.recipes import Recipe, curve_of, soon
from benchmarks.bpi.rows import (
    EARLIER,
    LEARNT,
    QUESTIONS,
    REFERENCE,
    Question,
    Split,
    on_days,
)
from benchmarks.reference.ranking import ranking
from features.calendar import Calendar
from features.schema import ACCOUNT_ID
from training.intervals import Figure, Floats, clusters_of, mean_figure, paired_gain
from training.matrix import Examples
from training.metrics import log_losses

DRAW_SEED = 11

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Standing:
    """A recipe and, by label, its mean log loss over the rows of all earlier splits."""

    recipe: Recipe
    earlier: Mapping[str, float]

    @property
    def mean(self) -> float:
        """One curve answers both questions, so that both choose it."""
        return float(np.mean(list(self.earlier.values())))


def standings_of(
    examples: Examples,
    recipes: Sequence[Recipe],
    calendar: Calendar,
    *,
    earlier: Sequence[Split] = EARLIER,
) -> tuple[Standing, ...]:
    """The recipes with their log losses on the earlier splits, the best first.

    The rows by which the questions are judged are not looked at.
    """
    known = examples.where(pl.col("on") < REFERENCE.cut)
    told = [Standing(recipe, _earlier(known, recipe, calendar, earlier)) for recipe in recipes]
    return tuple(sorted(told, key=lambda standing: standing.mean))


def tried(examples: Examples, standings: Sequence[Standing], calendar: Calendar) -> Json:
    """What a result file holds of both lines: the best recipe beside the logistic fitted again."""
    model = curve_of(examples, standings[0].recipe, REFERENCE.cut, calendar)
    asked = examples.where(on_days(REFERENCE.judged))
    told = soon(model, asked, calendar)
    return {
        "train_rows": examples.where(on_days(LEARNT)).rows.height,
        "rows": asked.rows.height,
        "accounts": asked.rows[ACCOUNT_ID].n_unique(),
        "recipe": str(standings[0].recipe),
        "lines": [
            judged(
                question,
                asked.rows,
                ours=told[question.label],
                theirs=logistic(
                    examples, question.label, cut=REFERENCE.cut, judged=REFERENCE.judged
                ),
            )
            for question in QUESTIONS
        ],
        "earlier_splits": len(EARLIER),
        "standings": [
            {"recipe": str(standing.recipe), **standing.earlier} for standing in standings
        ],
    }


def judged(question: Question, rows: pl.DataFrame, *, ours: Floats, theirs: Floats) -> Json:
    """Both on the rows of one line: figures and paired differences, clustered by application."""
    happened, accounts = rows[question.label].to_numpy(), rows[ACCOUNT_ID]
    placed = ranking(happened, ours, theirs, accounts=accounts, seed=DRAW_SEED)
    answers = happened.astype(np.float64)
    losses, other = log_losses(answers, ours), log_losses(answers, theirs)
    clusters = clusters_of(accounts, seed=DRAW_SEED)

    def told(figure: Figure, p: Floats) -> Json:
        return {
            "auc": figure.to_mapping(),
            "log_loss": mean_figure(log_losses(answers, p), clusters).to_mapping(),
            "bias": mean_figure(p - answers, clusters).to_mapping(),
        }

    return {
        "name": question.name,
        "label": question.label,
        "base_rate": float(answers.mean()),
        "printed": {"auc": question.auc, "log_loss": question.log_loss},
        "ours": told(placed.ours, ours),
        "logistic": told(placed.theirs, theirs),
        "auc_difference": placed.difference.to_mapping(),
        "gain": paired_gain(losses, other, accounts, seed=DRAW_SEED).to_mapping(),
    }


def _earlier(
    known: Examples, recipe: Recipe, calendar: Calendar, earlier: Sequence[Split]
) -> dict[str, float]:
    losses: dict[str, list[Floats]] = {question.label: [] for question in QUESTIONS}
    for split in earlier:
        model = curve_of(known, recipe, split.cut, calendar)
        asked = known.where(on_days(split.judged))
        for label, p in soon(model, asked, calendar).items():
            losses[label].append(log_losses(asked.rows[label].to_numpy().astype(np.float64), p))
    return {label: float(np.concatenate(parts).mean()) for label, parts in losses.items()}
