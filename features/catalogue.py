"""The catalogue: every feature of an account and of a deal, in the order of its columns.

`python -m features.catalogue` prints the page docs/features.md.
"""

import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace

from features.account import (
    advocacy,
    cadence,
    circle,
    contracts,
    discounts,
    effort,
    engagement,
    exchange,
    firmographics,
    growth,
    kinds,
    next_steps,
    orders,
    outcomes,
    payment,
    pipeline,
    pursuit,
    relationship,
    renewal,
    season,
    service,
    spend,
    usage,
)
from features.book import Book
from features.deal import (
    covenants,
    coverage,
    customer,
    forecast,
    momentum,
    moves,
    offers,
    owner_history,
    people,
    period,
    pricing,
    pushing,
    rhythm,
    stage,
    timing,
    traits,
    workload,
)
from features.feature import Entity, Feature
from features.schema import TABLES

DTYPE = "Float32"

ACCOUNT_CONTEXT_PREFIX = "account_"

ACCOUNT: tuple[Feature, ...] = (
    *firmographics.FEATURES,
    *spend.FEATURES,
    *growth.FEATURES,
    *payment.FEATURES,
    *engagement.FEATURES,
    *cadence.FEATURES,
    *exchange.FEATURES,
    *effort.FEATURES,
    *service.FEATURES,
    *relationship.FEATURES,
    *circle.FEATURES,
    *renewal.FEATURES,
    *pursuit.FEATURES,
    *advocacy.FEATURES,
    *orders.FEATURES,
    *usage.FEATURES,
    *contracts.FEATURES,
    *season.FEATURES,
    *outcomes.FEATURES,
    *pipeline.FEATURES,
    *discounts.FEATURES,
    *next_steps.FEATURES,
    *kinds.FEATURES,
)

ACCOUNT_CONTEXT = (
    "growth_year",
    "usage_trend",
    "days_late_365d",
    "silence_days",
    "escalations_365d",
    "days_to_renewal",
    "renewal_lateness_days",
    "overdue_now",
    "open_tickets",
    "reply_rate_90d",
)
"""Features of the account that every deal of it also carries."""


def _its(sentence: str) -> str:
    return f"its account: {sentence}" if sentence else ""


def _of_account(names: Sequence[str]) -> Iterator[Feature]:
    by_name = {feature.name: feature for feature in ACCOUNT}
    for name in names:
        feature = by_name[name]
        yield replace(
            feature,
            name=f"{ACCOUNT_CONTEXT_PREFIX}{name}",
            meaning=f"Of the deal's account: {feature.meaning[0].lower()}{feature.meaning[1:]}",
            sentence=_its(feature.sentence),
            sentence_at_zero=_its(feature.sentence_at_zero),
            sentence_below_zero=_its(feature.sentence_below_zero),
            direction={},
        )


DEAL: tuple[Feature, ...] = (
    *stage.FEATURES,
    *momentum.FEATURES,
    *people.FEATURES,
    *pricing.FEATURES,
    *covenants.FEATURES,
    *timing.FEATURES,
    *owner_history.FEATURES,
    *rhythm.FEATURES,
    *coverage.FEATURES,
    *pushing.FEATURES,
    *moves.FEATURES,
    *forecast.FEATURES,
    *offers.FEATURES,
    *period.FEATURES,
    *customer.FEATURES,
    *workload.FEATURES,
    *traits.FEATURES,
    *_of_account(ACCOUNT_CONTEXT),
)


def features_of(entity: Entity) -> tuple[Feature, ...]:
    """The catalogue of one entity, in the order of its columns."""
    return ACCOUNT if entity == "account" else DEAL


def switched_off(entity: Entity, book: Book) -> dict[str, tuple[str, ...]]:
    """Features that are null throughout this book, each with the source columns it lacks."""
    missing = {feature.name: book.missing(feature.needs) for feature in features_of(entity)}
    return {name: needs for name, needs in missing.items() if needs}


def contract_hash(features: Sequence[Feature]) -> str:
    """SHA-256 over what a model relies on: names, order, dtypes, units, directions, words."""
    contract = [
        [feature.name, DTYPE, feature.unit, sorted(feature.direction.items()), *_words(feature)]
        for feature in features
    ]
    text = json.dumps(contract, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _words(feature: Feature) -> list[tuple[str, ...]]:
    """The vocabulary where there is one: a number's hash is what it was before categories."""
    return [feature.vocabulary] if feature.vocabulary else []


def page() -> str:
    """The text of docs/features.md."""
    return "\n".join([*_introduction(), *_entity("account"), *_entity("deal"), *_rules(), ""])


def _introduction() -> list[str]:
    return [
        "# Features",
        "",
        "Written by `python -m features.catalogue`; do not edit.",
        "",
        (
            "Every feature is a Float32 column, known strictly before `as_of`. Null means that it "
            "is not known; a count is zero only where nothing happened. A feature whose source "
            "columns are missing is null for every row and is listed by `bucketlist check`. A "
            "category is a code: the place of the word in the list beside its unit, from 0; the "
            "last one, other, stands for every word that the list does not know."
        ),
    ]


def _entity(entity: Entity) -> list[str]:
    features = features_of(entity)
    return [
        "",
        f"## {entity.title()}: {len(features)} features",
        "",
        "| feature | meaning | unit | concept | needs | null means | typed by a rep | direction |",
        "|---|---|---|---|---|---|---|---|",
        *(_line(feature) for feature in features),
    ]


def _line(feature: Feature) -> str:
    directions = ", ".join(f"{head} {sign:+d}" for head, sign in sorted(feature.direction.items()))
    cells = (
        f"`{feature.name}`",
        feature.meaning,
        f"{feature.unit}: {', '.join(feature.words)}" if feature.words else feature.unit,
        feature.concept.replace("_", " "),
        ", ".join(f"`{need}`" for need in feature.needs),
        feature.null_means,
        "yes" if feature.is_rep_editable else "",
        directions,
    )
    return f"| {' | '.join(cells)} |"


def _rules() -> list[str]:
    return [
        "",
        "## When a cell is known",
        "",
        (
            "`row`: with its row, at the later of its moment and `recorded_at`. `history`: past "
            "values come from the change history. `now`: a current value without history, never "
            "a feature. The name of a column: with that stamp. A day without an hour is known "
            "when it has ended."
        ),
        "",
        "| table | moment | column: rule |",
        "|---|---|---|",
        *(
            f"| {table.name} | {table.moment or ''} | "
            f"{', '.join(f'{column.name}: {column.known_at}' for column in table.columns)} |"
            for table in TABLES.values()
        ),
    ]


if __name__ == "__main__":
    sys.stdout.write(page())
