"""Trial: our recipes on a reference label, chosen on earlier splits, judged beside the rival."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import polars as pl

from benchmarks.reference.labels import LABEL
from benchmarks.reference.questions import Question, Split
from benchmarks.reference.ranking import ranking
from benchmarks.reference.rivals import rival
from features.book import Book
from features.build import account_features
from features.calendar import Calendar
from features.catalogue import features_of, switched_off
from features.context import build_context
from features.feature import Feature
from features.schema import AS_OF, ENTITY_ID
from models.bucket import Kind
from models.logodds import logit, sigmoid
from models.matrix import matrix_of
from training.heads import Craft, Sample, fit_head
from training.intervals import Floats, clusters_of, mean_figure, paired_gain
from training.matrix import unsafe
from training.metrics import log_losses

KINDS: tuple[Kind, ...] = ("logistic", "blend", "lightgbm")
WHOLE = "whole catalogue"
RIVAL = "rival_"
"""Before the names of the rival's columns, some of which the catalogue has too."""
MODEL_SEED, DRAW_SEED = 7, 11

Company = Literal["alone", "with the reference"]
COMPANIES: tuple[Company, ...] = ("alone", "with the reference")

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an answer is learnt.

    Attributes:
        table: what the features are called together.
        features: what the head reads.
        kind: of the head.
        company: alone, or half and half in log-odds with the reference's logistic.
    """

    table: str
    features: tuple[Feature, ...]
    kind: Kind
    company: Company


@dataclass(frozen=True, slots=True)
class Standing:
    """A recipe and its mean log loss over the rows of all earlier splits."""

    recipe: Recipe
    earlier_log_loss: float


def tried(book: Book, question: Question, calendar: Calendar) -> Json:
    """What a result file holds of one question: rows, rivals, ours, differences."""
    rows = described(book, question, calendar)
    standings = standings_of(rows, question, recipes_of(book, question))
    train, test = rows.filter(question.split.train), rows.filter(question.split.test)
    theirs = {
        "logistic": rival(train, test, rival_columns(rows)),
        f"rule: {question.rule.replace('_', ' ')}": rival(train, test, [RIVAL + question.rule]),
    }
    return {
        "name": question.name,
        "train_rows": train.height,
        "rows": test.height,
        "accounts": test[ENTITY_ID].n_unique(),
        "earlier_splits": len(question.earlier),
        "base_rate": {"train": train[LABEL].mean(), "test": test[LABEL].mean()},
        "printed": {"auc": question.printed.auc, "log_loss": question.printed.log_loss},
        "recipes": [
            judged(test, forecast(train, test, standing.recipe, question.overlap), theirs, standing)
            for standing in best_of_each(standings)
        ],
        "standings": [
            {
                "table": standing.recipe.table,
                "kind": standing.recipe.kind,
                "company": standing.recipe.company,
                "earlier_log_loss": standing.earlier_log_loss,
            }
            for standing in standings
        ],
    }


def described(book: Book, question: Question, calendar: Calendar) -> pl.DataFrame:
    """The rows of a question with the catalogue's and the rival's columns, in a fixed order."""
    rows = question.rows(book)
    spine = rows.select(ENTITY_ID, AS_OF).unique().sort(AS_OF, ENTITY_ID)
    as_ofs = spine[AS_OF].unique().sort().to_list()
    context = build_context(book, as_ofs, calendar)
    ours = account_features(book, spine.lazy(), context, calendar)
    theirs = question.rival(rows.lazy(), book["invoices"]).collect()
    keys = [ENTITY_ID, AS_OF]
    theirs = theirs.rename({name: RIVAL + name for name in theirs.columns if name not in keys})
    return (
        rows.join(ours, on=keys, how="left", validate="m:1")
        .join(theirs, on=keys, how="left", validate="m:1")
        .sort(*rows.columns)
    )


def recipes_of(book: Book, question: Question) -> tuple[Recipe, ...]:
    """Every kind on the whole catalogue and, where the question has a heading, on that alone.

    Each alone and with the reference.

    Directions are left off: they are stated about other outcomes.
    """
    catalogue = features_of("account")
    off = {*switched_off("account", book), *unsafe(book, catalogue)}
    known = [feature for feature in (*catalogue, *question.own) if feature.name not in off]
    free = tuple(replace(feature, direction={}) for feature in known)
    tables = {WHOLE: free}
    if question.concept is not None:
        narrow = tuple(feature for feature in free if feature.concept == question.concept)
        tables[f"{question.concept} features"] = narrow
    return tuple(
        Recipe(name, features, kind, company)
        for name, features in tables.items()
        for kind in KINDS
        for company in COMPANIES
    )


def standings_of(
    rows: pl.DataFrame, question: Question, recipes: Sequence[Recipe]
) -> tuple[Standing, ...]:
    """The recipes with their log loss on the earlier splits, the best first.

    The rows that the question is judged by are not looked at.
    """
    told = [Standing(recipe, _earlier_loss(rows, question, recipe)) for recipe in recipes]
    return tuple(sorted(told, key=lambda standing: standing.earlier_log_loss))


def best_of_each(standings: Sequence[Standing]) -> list[Standing]:
    """The best kind of each table and company; the first of them is the choice."""
    first: dict[tuple[str, Company], Standing] = {}
    for standing in standings:
        first.setdefault((standing.recipe.table, standing.recipe.company), standing)
    return list(first.values())


def forecast(train: pl.DataFrame, test: pl.DataFrame, recipe: Recipe, overlap: float) -> Floats:
    """Probabilities of the test rows by a recipe that learns from the training rows.

    A feature that no training row knows is left off.

    Raises:
        FitError: no training rows.
    """
    features = tuple(
        feature for feature in recipe.features if train[feature.name].null_count() < train.height
    )
    yes = train[LABEL].to_numpy()
    sample = Sample(
        X=train.select(feature.name for feature in features),
        y=yes,
        weight=np.ones(train.height),
        rarer=int(min(yes.sum(), train.height - yes.sum()) / overlap),
        overlap=overlap,
    )
    craft = Craft(recipe.kind, features, MODEL_SEED, 1)
    head = fit_head(sample, "win", craft)
    told = head.log_odds(matrix_of(test, head.names))
    if recipe.company == "with the reference":
        told = (told + logit(rival(train, test, rival_columns(train)))) / 2.0
    return sigmoid(told)


def rival_columns(rows: pl.DataFrame) -> list[str]:
    """The rival's columns among those of described rows."""
    return [name for name in rows.columns if name.startswith(RIVAL)]


def judged(test: pl.DataFrame, ours: Floats, theirs: dict[str, Floats], standing: Standing) -> Json:
    """One recipe on the test rows: its figures, and the paired differences to each rival."""
    accounts, happened = test[ENTITY_ID], test[LABEL].to_numpy()
    losses = log_losses(happened, ours)
    clusters = clusters_of(accounts, seed=DRAW_SEED)
    against: Json = {}
    for name, p in theirs.items():
        placed = ranking(happened, ours, p, accounts=accounts, seed=DRAW_SEED)
        gain = paired_gain(losses, log_losses(happened, p), accounts, seed=DRAW_SEED)
        against[name] = {
            "auc": placed.theirs.to_mapping(),
            "log_loss": mean_figure(log_losses(happened, p), clusters).to_mapping(),
            "auc_difference": placed.difference.to_mapping(),
            "gain": gain.to_mapping(),
        }
    return {
        "table": standing.recipe.table,
        "kind": standing.recipe.kind,
        "company": standing.recipe.company,
        "earlier_log_loss": standing.earlier_log_loss,
        "auc": ranking(happened, ours, ours, accounts=accounts, seed=DRAW_SEED).ours.to_mapping(),
        "log_loss": mean_figure(losses, clusters).to_mapping(),
        "against": against,
    }


def _earlier_loss(rows: pl.DataFrame, question: Question, recipe: Recipe) -> float:
    losses = [_losses(rows, split, recipe, question.overlap) for split in question.earlier]
    return float(np.concatenate(losses).mean())


def _losses(rows: pl.DataFrame, split: Split, recipe: Recipe, overlap: float) -> Floats:
    train, test = rows.filter(split.train), rows.filter(split.test)
    return log_losses(test[LABEL].to_numpy(), forecast(train, test, recipe, overlap))
