"""Bucket forecasts: the chain of heads and its baselines, fitted at one origin, tested after it."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID, OWNER_REP_ID
from features.snapshot import known_at
from models.baseline import (
    FREQUENCY_EDGES,
    NONE,
    RECENCY_EDGES,
    age_edges,
    band,
    fit_rates,
    fit_transition,
    known_rates,
)
from models.bayes import fit_bayes
from models.booster import fit_boosters
from models.bucket import BucketModel, Kind
from models.head import Head
from models.policy import BUCKETS, LabelPolicy
from training.components import expected_columns, fit_components
from training.fit import fit_bucket
from training.folds import Fold
from training.forecasts import FitPlan, Forecasts, one_hot
from training.heads import FitError, Grower
from training.labels import bucket_labels
from training.matrix import Examples
from training.multiclass import MULTICLASS, fit_joint, told_jointly
from training.purchases import AGE, RECENCY, REPEATS, fit_purchases, purchases
from training.scores import BUCKET_COLUMNS
from training.tuning import tune_bucket

CHAINS: tuple[Kind, ...] = ("lightgbm", "blend", "logistic")
"""Kinds that stand on the nested heads alone; the logistic is a baseline as well."""
CANDIDATES: tuple[Kind, ...] = (*CHAINS, "ensemble")
"""Kinds that can be served; an ensemble is there where every bucket has a row to learn from."""

CLASS_OF: Mapping[str, str] = dict(zip(BUCKET_COLUMNS, BUCKETS, strict=True))
BUYING_BANDS = 10
_NO_STAGE = "an account has no stage; it is a baseline of deals"
_NO_PROBABILITY = "a CRM's own probability is about deals"


@dataclass(frozen=True, slots=True, eq=False)
class BucketPast:
    """What baselines may know of each account row, computed once for all folds.

    Attributes:
        rows: same rows as the examples: previous (label of the window before, "none" without
            one), and of orders recency_band, frequency_band and what `purchases` counts.
        by_name: baselines that depend on as_of only, by name.
        not_applicable: baseline → why it is not there.
    """

    rows: pl.DataFrame
    by_name: Mapping[str, pl.DataFrame]
    not_applicable: Mapping[str, str]


def bucket_past(
    book: Book,
    examples: Examples,
    *,
    horizon: timedelta,
    policy: LabelPolicy,
    calendar: Calendar,
) -> BucketPast:
    """Describe each row by labels and orders that were certain before its as_of.

    The label of the window before is read off the whole log: a row that was recorded late counts
    in it. That can only help the baseline which the models have to beat.
    """
    keys = examples.rows.select(ENTITY_ID, AS_OF)
    shifted = keys.with_columns(pl.col(AS_OF) - horizon)
    before = bucket_labels(
        book, shifted.lazy(), horizon=horizon, policy=policy, calendar=calendar
    ).select(ENTITY_ID, pl.col(AS_OF) + horizon, pl.col("label").alias("previous"))
    rows = keys.join(before, on=[ENTITY_ID, AS_OF], how="left", maintain_order="left")
    rows = rows.with_columns(pl.col("previous").fill_null(NONE))
    not_applicable = {
        "stage_age": _NO_STAGE,
        "crm_probability": _NO_PROBABILITY,
    }
    if book.has("invoices"):
        orders = _orders(book, keys, calendar)
        rows = rows.join(orders, on=[ENTITY_ID, AS_OF], how="left", maintain_order="left")
    else:
        not_applicable["recency_frequency"] = "the source has no orders or invoices"
    outcomes = _labelled(examples.rows).with_columns((pl.col(AS_OF) + horizon).alias("known_at"))
    by_name = {"customer_rate": _known(examples.rows, outcomes, ACCOUNT_ID)}
    if examples.rows[OWNER_REP_ID].null_count() < examples.rows.height:
        by_name["owner_rate"] = _known(examples.rows, outcomes, OWNER_REP_ID)
    else:
        not_applicable["owner_rate"] = "no owner is known as of any past moment"
    return BucketPast(rows, by_name, not_applicable)


def forecast_buckets(
    examples: Examples, past: BucketPast, fold: Fold, *, horizon: timedelta, plan: FitPlan
) -> Forecasts:
    """Fit at the origin on windows that had ended, and predict every account of the test block.

    What the components say of each row stands among `rows`, as columns `expected_…`. With trials,
    the settings are those of a search in the training rows.

    Raises:
        FitError: when no row before the origin answers a head's question.
    """
    everything = replace(examples, rows=examples.rows.with_columns(past.rows[_added(past)]))
    train = everything.where(
        pl.col(AS_OF).is_in(list(fold.train_as_ofs)) & (pl.col(AS_OF) + horizon <= fold.origin)
    )
    is_tested = everything.rows[AS_OF].is_in(list(fold.test_as_ofs))
    test = everything.where(pl.col(AS_OF).is_in(list(fold.test_as_ofs)))
    tuned = {}
    if plan.trials:
        tuned = {fold.origin: tune_bucket(train, horizon=horizon, plan=plan)}
        plan = replace(plan, settings=tuned[fold.origin].settings)
    fitted = fit_candidates(train, plan=plan)
    by_model = {name: model.predict(test.X) for name, model in fitted.items()}
    if "ensemble" in fitted and fitted["ensemble"].joint is not None:
        by_model[MULTICLASS] = told_jointly(fitted["ensemble"].joint, test.X)
    by_model |= _tables(_labelled(train.rows), test.rows, horizon=horizon)
    by_model |= {name: frame.filter(is_tested) for name, frame in past.by_name.items()}
    expected = expected_columns(fit_components(train, plan=plan), test.X)
    rows = test.rows.hstack(expected).with_columns(
        pl.lit(fold.origin).alias("origin"),
        pl.col(ENTITY_ID).is_in(train.rows[ENTITY_ID].unique().to_list()).alias("is_known"),
        pl.lit(1.0).alias("weight"),
    )
    return Forecasts(rows, by_model, BUCKET_COLUMNS, past.not_applicable, tuned)


def fit_candidates(train: Examples, *, plan: FitPlan) -> dict[str, BucketModel]:
    """Fit every servable kind at once: trees and logistic are those inside the blend.

    An ensemble is absent where a bucket has no row.
    """
    blend = fit_kind(train, "blend", plan=plan)
    trees = trees_of(blend)
    found = {"lightgbm": trees, "blend": blend, "logistic": logistic_of(blend)}
    with suppress(FitError):
        found["ensemble"] = _joined(trees, train, plan=plan)
    return found


def fit_kind(
    train: Examples, kind: str, *, plan: FitPlan, grow: Grower = fit_boosters
) -> BucketModel:
    """Fit one of the kinds that can be served; `grow` grows the boosters of its nested heads.

    Raises:
        FitError: for an ensemble where a bucket has no row.
        ValueError: for another kind.
    """
    if kind not in CANDIDATES:
        raise ValueError(f"expected a kind out of {list(CANDIDATES)}, got {kind!r}")
    if kind == "ensemble":
        return _joined(fit_kind(train, "lightgbm", plan=plan, grow=grow), train, plan=plan)
    return fit_bucket(
        train.X,
        train.rows,
        features=train.features,
        kind=kind,
        seed=plan.seed,
        threads=plan.threads,
        grow=grow,
        settings=plan.settings,
    )


def _joined(trees: BucketModel, train: Examples, *, plan: FitPlan) -> BucketModel:
    return replace(trees, kind="ensemble", joint=fit_joint(train, plan=plan))


def trees_of(blend: BucketModel) -> BucketModel:
    """The blend without its logistic."""
    walk, pain, a_list = (_without_logistic(h) for h in (blend.walk, blend.pain, blend.a_list))
    return replace(blend, kind="lightgbm", walk=walk, pain=pain, a_list=a_list)


def logistic_of(blend: BucketModel) -> BucketModel:
    """The blend without its boosters."""
    walk, pain, a_list = (_without_boosters(h) for h in (blend.walk, blend.pain, blend.a_list))
    return replace(blend, kind="logistic", walk=walk, pain=pain, a_list=a_list)


def _without_logistic(head: Head) -> Head:
    return replace(head, logistic=None) if head.boosters else head


def _without_boosters(head: Head) -> Head:
    return replace(head, boosters=()) if head.logistic is not None else head


def _added(past: BucketPast) -> list[str]:
    return [name for name in past.rows.columns if name not in (ENTITY_ID, AS_OF)]


def _labelled(rows: pl.DataFrame) -> pl.DataFrame:
    mature = rows.filter(pl.col("label_mature") & pl.col("label").is_not_null())
    return mature.with_columns(one_hot("label", CLASS_OF))


def _known(rows: pl.DataFrame, outcomes: pl.DataFrame, by: str) -> pl.DataFrame:
    return known_rates(rows, outcomes, by=by, classes=BUCKET_COLUMNS)


def _tables(
    train: pl.DataFrame, test: pl.DataFrame, *, horizon: timedelta
) -> dict[str, pl.DataFrame]:
    """Baselines that are counted on the fold's training rows."""
    found = {
        "constant": fit_rates(train, classes=BUCKET_COLUMNS).predict(test),
        "persistence": fit_transition(train, classes=BUCKET_COLUMNS, before="previous").predict(
            test
        ),
        "naive_bayes": _bayes(train, test),
    }
    if "recency_band" in train.columns:
        found["recency_frequency"] = _buying(train, test, horizon=horizon)
    return found


def _bayes(train: pl.DataFrame, test: pl.DataFrame) -> pl.DataFrame:
    """By what a record says of itself: segment, owner, age and size."""
    edges = {name: age_edges(train[name]) for name in ("age_days", "size")}
    banded = [band(pl.col(name), ends).alias(f"{name}_band") for name, ends in edges.items()]
    fields = ("segment", OWNER_REP_ID, "age_days_band", "size_band")
    fitted = fit_bayes(train.with_columns(banded), classes=BUCKET_COLUMNS, fields=fields)
    return fitted.predict(test.with_columns(banded))


def _buying(train: pl.DataFrame, test: pl.DataFrame, *, horizon: timedelta) -> pl.DataFrame:
    """By the chance of an order, as BG/NBD tells it from past orders; in bands of equal size.

    Where it cannot be fitted, by recency and frequency in bands.
    """
    newest = train.filter(pl.col(AS_OF) == train[AS_OF].max())
    model = fit_purchases(newest)
    if model is None:
        levels = (("recency_band",), ("recency_band", "frequency_band"))
        return fit_rates(train, classes=BUCKET_COLUMNS, levels=levels).predict(test)
    weeks = horizon / timedelta(weeks=1)
    chance = [
        pl.Series("p_buys", model.p_buys(rows, weeks)).fill_nan(None) for rows in (train, test)
    ]
    shares = [
        chance[0].drop_nulls().quantile(place / BUYING_BANDS) for place in range(1, BUYING_BANDS)
    ]
    edges = tuple(sorted({float(edge) for edge in shares if edge is not None}))
    banded = [
        rows.with_columns(p).with_columns(band(pl.col("p_buys"), edges).alias("buying_band"))
        for rows, p in zip((train, test), chance, strict=True)
    ]
    table = fit_rates(banded[0], classes=BUCKET_COLUMNS, levels=(("buying_band",),))
    return table.predict(banded[1])


def _orders(book: Book, keys: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Of the positive invoices known at as_of: their bands and what `purchases` counts."""
    since = (pl.col(AS_OF) - pl.col("issued_at")).dt.total_seconds() / 86_400
    known = known_at(keys.lazy(), book, "invoices", calendar=calendar).filter(pl.col("amount") > 0)
    summed = known.group_by(ENTITY_ID, AS_OF).agg(
        since.min().alias("recency"),
        (since <= 365.0).sum().cast(pl.Float64).alias("frequency"),
    )
    days = known.select(ENTITY_ID, AS_OF, calendar.local_day(pl.col("issued_at")).alias("_day"))
    counted = purchases(days.collect(), AS_OF, ENTITY_ID, "_day")
    return (
        summed.collect()
        .join(counted, on=[ENTITY_ID, AS_OF], how="left")
        .select(
            ENTITY_ID,
            AS_OF,
            *(REPEATS, RECENCY, AGE),
            band(pl.col("recency"), RECENCY_EDGES).alias("recency_band"),
            band(pl.col("frequency"), FREQUENCY_EDGES).alias("frequency_band"),
        )
    )
