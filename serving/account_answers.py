"""Account answers: bucket, confidence, reasons and trend of every account of the book."""

from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from features.build import account_features
from features.catalogue import features_of
from features.context import build_context
from features.pursuit import ENDS_AT, KNOWN_BEFORE, STARTS_AT, pursuit
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID, OWNER_REP_ID, TEXT, TIME
from features.snapshot import account_spine, account_state
from models.bucket import BucketModel
from models.policy import (
    BUCKETS,
    EXPECTED_BOOKINGS,
    confidence,
    display_bucket,
    is_kept_in_pursuit,
    renews_by_itself,
)
from models.reasons import reasons_column, top_reasons
from serving.likeness import COUNTS, likeness, neighbours_frame, self_renewal
from serving.parts import ACCOUNTS, REASONS, bounded, empty_part
from serving.peers import SEGMENT, Peers, peers_of
from serving.scene import Scene, check_rows
from serving.trend import history, trend, weekly
from serving.worth import account_value

SCORED = "scored"
NO_MODEL = "not_enough_evidence"
SPOKEN_FOR = "spoken_for"
"""The bucket that the model speaks of in reasons and history: of a self-renewer, steady."""

PROBABILITIES = tuple(f"p_{bucket}" for bucket in BUCKETS)


@dataclass(frozen=True, slots=True, eq=False)
class AccountAnswers:
    """What is published of the accounts, before deals and ranks are added.

    Attributes:
        answers: one row per account known at as_of, sorted by account_id.
        past: part history.parquet.
        peers: the norms beside which the reasons were told; stored with the context.
        neighbours: entity_id and its past periods; None for a model without analogs.
    """

    answers: pl.DataFrame
    past: pl.DataFrame
    peers: Peers
    neighbours: pl.DataFrame | None = None


def account_answers(scene: Scene) -> AccountAnswers:
    """Describe, predict and explain every account known at the scene's as_of."""
    names = [feature.name for feature in features_of("account")]
    spine = account_spine(scene.book, [scene.as_of]).sort(ENTITY_ID).collect()
    features = account_features(scene.book, spine.lazy(), scene.context, scene.calendar)
    facts = _facts(scene, spine.lazy())
    check_rows(features, facts[ACCOUNT_ID])
    peers = peers_of(features, facts[SEGMENT], names=names, sizes=facts["value"])
    is_scored = (facts["status"] == SCORED).to_numpy()
    judged, neighbours = _judge(
        scene, features.filter(is_scored), facts.filter(is_scored), peers=peers
    )
    past = _past(scene, judged)
    answers = facts.join(
        judged.drop(AS_OF, SPOKEN_FOR),
        left_on=ACCOUNT_ID,
        right_on=ENTITY_ID,
        how="left",
        maintain_order="left",
    )
    answers = answers.join(trend(past), on=ACCOUNT_ID, how="left", maintain_order="left")
    return AccountAnswers(
        answers.with_columns(
            pl.col("kept_in_pursuit").fill_null(value=False),
            pl.col("reasons").fill_null(pl.lit([], REASONS)),
        ),
        past,
        peers,
        neighbours,
    )


def _facts(scene: Scene, spine: pl.LazyFrame) -> pl.DataFrame:
    """account_id, name, owner_rep_id, segment, value, status, missing; sorted as the spine."""
    today = scene.book["accounts"].select(
        pl.col(ACCOUNT_ID).alias(ENTITY_ID), pl.col(OWNER_REP_ID).alias("owner_today")
    )
    facts = (
        account_state(scene.book, spine)
        .join(today, on=ENTITY_ID, how="left")
        .join(account_value(scene.book, spine, scene.calendar), on=[ENTITY_ID, AS_OF], how="left")
        .join(_status(scene, spine), on=ENTITY_ID, how="left")
        # who owns the account is needed to show it at all, also where the CRM keeps no history
        .with_columns(pl.coalesce(OWNER_REP_ID, "owner_today").alias(OWNER_REP_ID))
        .sort(ENTITY_ID)
    )
    why = scene.why_missing("bucket")
    return facts.select(
        pl.col(ENTITY_ID).alias(ACCOUNT_ID),
        "name",
        OWNER_REP_ID,
        SEGMENT,
        "value",
        "status",
        pl.when(pl.col("status") == NO_MODEL).then(pl.lit(why)).alias("missing"),
    ).collect()


def _status(scene: Scene, spine: pl.LazyFrame) -> pl.LazyFrame:
    """entity_id, status: whether there is a model, and someone works the account or it lives."""
    if scene.bundle.bucket is None:
        return spine.select(ENTITY_ID, pl.lit(NO_MODEL).alias("status"))
    days = scene.horizon_days
    if days is None:
        raise ValueError("expected the card of a bucket model to name its horizon, found none")
    starts_at = scene.as_of - timedelta(days=days)
    windows = spine.with_columns(
        pl.lit(starts_at, TIME).alias(STARTS_AT),
        pl.col(AS_OF).alias(ENDS_AT),
        pl.col(AS_OF).alias(KNOWN_BEFORE),
    )
    is_in_pursuit = pl.col("is_exposed") | pl.col("is_active")
    status = pl.when(is_in_pursuit).then(pl.lit(SCORED)).otherwise(pl.lit("not_in_pursuit"))
    return pursuit(scene.book, windows).select(ENTITY_ID, status.alias("status"))


def _judge(
    scene: Scene, features: pl.DataFrame, facts: pl.DataFrame, *, peers: Peers
) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """Everything published of the scored accounts but their past; and their neighbours."""
    model = scene.bundle.bucket
    if model is None or features.is_empty():
        return _nothing_judged(), None
    policy = scene.policy
    components, card = scene.bundle.components, scene.bundle.card
    expected = None if components is None else components.predict(features)
    bookings = pl.lit(None, pl.Float64) if expected is None else expected["bookings"]
    judged = _predicted(model, features).with_columns(bookings.alias(EXPECTED_BOOKINGS))
    judged = judged.with_columns(
        display_bucket(policy), confidence(policy, card.tau, bookings_below=card.bookings_below)
    ).with_columns(pl.col("bucket").alias(SPOKEN_FOR))
    judged, neighbours = _likened(scene, features, judged, expected=expected)
    is_walk_away = pl.col("bucket") == "walk_away"
    kept = is_kept_in_pursuit(judged[ENTITY_ID], scene.period, scene.salt, share=policy.kept_share)
    return judged.with_columns(
        pl.when(is_walk_away).then(pl.lit(scene.period_end)).alias("expires_on"),
        (is_walk_away & pl.lit(kept)).alias("kept_in_pursuit"),
        _reasons(
            scene,
            model,
            features,
            beside=peers.beside(facts[SEGMENT], sizes=facts["value"]),
            judged=judged,
        ),
    ), neighbours


def _likened(
    scene: Scene, features: pl.DataFrame, judged: pl.DataFrame, *, expected: pl.DataFrame | None
) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """With p_self_renewer, subtype and the counts of similar periods; and the neighbours.

    A steady account that will renew by itself becomes a walk-away of that kind.
    """
    bundle = scene.bundle
    if expected is None or bundle.analogs is None or scene.horizon_days is None:
        unknown = {name: ACCOUNTS[name] for name in ("p_self_renewer", "subtype", *COUNTS)}
        return judged.with_columns(pl.lit(None, kind).alias(n) for n, kind in unknown.items()), None
    found = likeness(bundle.analogs, judged.select(PROBABILITIES).hstack(expected), bundle.policy)
    alone = self_renewal(features, expected["self_renewer"], horizon_days=scene.horizon_days)
    judged = judged.hstack(found.counts).with_columns(alone, found.subtype)
    renews = renews_by_itself(scene.policy)
    judged = judged.with_columns(
        pl.when(renews).then(pl.lit("walk_away")).otherwise("bucket").alias("bucket"),
        pl.when(renews).then(pl.lit("leaning")).otherwise("confidence").alias("confidence"),
        pl.when(renews)
        .then(pl.lit("self_renewer"))
        .when(pl.col("bucket") == "walk_away")
        .then("subtype")
        .alias("subtype"),
    )
    return judged, neighbours_frame(judged[ENTITY_ID], found.neighbours)


def _predicted(model: BucketModel, features: pl.DataFrame) -> pl.DataFrame:
    """entity_id, as_of and the four probabilities, each in [0, 1]."""
    predicted = features.select(ENTITY_ID, AS_OF).hstack(model.predict(features))
    return bounded(predicted, PROBABILITIES)


def _reasons(
    scene: Scene,
    model: BucketModel,
    features: pl.DataFrame,
    *,
    beside: pl.DataFrame,
    judged: pl.DataFrame,
) -> pl.Series:
    explanation = model.explain(features, judged[SPOKEN_FOR].to_list())
    told = top_reasons(
        explanation,
        features,
        features=features_of("account"),
        as_of=[scene.today] * features.height,
        peers=beside,
        shown=scene.shown_of("account", features[ENTITY_ID]),
        manner=scene.manner,
    )
    return reasons_column(told)


def _past(scene: Scene, judged: pl.DataFrame) -> pl.DataFrame:
    """The twelve weekly probabilities of the bucket that each account shows today."""
    model = scene.bundle.bucket
    if model is None or judged.is_empty():
        return empty_part("history.parquet")
    *before, _ = weekly(scene.as_of, scene.calendar)
    # describing only the scored accounts changes no statistic: those are in the context
    spine = account_spine(scene.book, before).join(
        judged.select(ENTITY_ID).lazy(), on=ENTITY_ID, how="semi"
    )
    context = build_context(scene.book, before, scene.calendar)
    features = account_features(scene.book, spine.collect().lazy(), context, scene.calendar)
    then = _predicted(model, features)
    weeks = pl.concat([then, judged.select(then.columns)])
    shown = judged.select(pl.col(ENTITY_ID).alias(ACCOUNT_ID), pl.col(SPOKEN_FOR).alias("bucket"))
    return history(weeks, shown, scene.calendar)


def _nothing_judged() -> pl.DataFrame:
    """The columns of `_judge` without a row."""
    columns = (
        "bucket", "confidence", *PROBABILITIES, "p_self_renewer", *COUNTS, "subtype",
        "expires_on", "kept_in_pursuit", "reasons",
    )  # fmt: skip
    known = {name: ACCOUNTS[name] for name in columns}
    return pl.DataFrame(schema={ENTITY_ID: TEXT, AS_OF: TIME, SPOKEN_FOR: TEXT, **known})
