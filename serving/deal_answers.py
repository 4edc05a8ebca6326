"""Deal answers: win curve, slip risk, close dates and reasons of every open deal."""

from dataclasses import dataclass

import polars as pl

from features.build import deal_features
from features.catalogue import features_of
from features.schema import ACCOUNT_ID, ENTITY_ID, OPPORTUNITY_ID, OWNER_REP_ID
from features.snapshot import deal_spine, deal_state
from models.curve import Curves, ends_of, read_off
from models.reasons import reasons_column, top_reasons
from models.slip import SlipModel
from models.zombie import with_zombies, zombie_days
from serving.parts import DEALS, REASONS, bounded, empty_part
from serving.peers import SEGMENT, Peers, peers_of
from serving.scene import Scene, check_rows

CHANCES = (
    "p_won_by_committed",
    "slip_risk",
    "p_won_by_month_end",
    "p_won_by_period_end",
    "p_lost",
    "p_slip",
)
READ_OFF = (
    *CHANCES,
    "close_p25",
    "close_p50",
    "close_p75",
    "flags",
)
LOSS = ("likely_loss", "loss_basis", "loss_coverage")


@dataclass(frozen=True, slots=True, eq=False)
class DealAnswers:
    """What is published of the open deals.

    Attributes:
        deals: part deals.parquet.
        curves: part curves.parquet.
        peers: the norms beside which the reasons were told; stored with the context.
    """

    deals: pl.DataFrame
    curves: pl.DataFrame
    peers: Peers


def deal_answers(scene: Scene) -> DealAnswers:
    """Describe every deal open at the scene's as_of and read its win curve."""
    names = [feature.name for feature in features_of("deal")]
    spine = deal_spine(scene.book, [scene.as_of]).sort(ENTITY_ID).collect().lazy()
    features = deal_features(scene.book, spine, scene.context, scene.calendar)
    facts = _facts(scene, spine)
    check_rows(features, facts[OPPORTUNITY_ID])
    peers = peers_of(
        features, facts[SEGMENT], names=names, sizes=facts["amount"], stages=facts["stage"]
    )
    model = scene.bundle.slip
    if model is None or facts.is_empty():
        return DealAnswers(_unscored(scene, facts), empty_part("curves.parquet"), peers)
    curves = model.curve(features, facts, scene.calendar)
    read = with_zombies(
        read_off(curves, facts, scene.calendar),
        facts,
        days=zombie_days(facts, scene.context),
        calendar=scene.calendar,
    )
    read = bounded(read, CHANCES)
    deals = facts.with_columns(
        pl.lit("scored").alias("status"),
        *(read[name] for name in ("month_end", "period_end", *READ_OFF)),
        _reasons(scene, model, features, facts=facts, peers=peers),
        *_loss(scene, features),
    )
    return DealAnswers(_as_part(deals), _points(curves, facts[OPPORTUNITY_ID]), peers)


def _facts(scene: Scene, spine: pl.LazyFrame) -> pl.DataFrame:
    """What the CRM says of each deal, sorted as the spine; also as_of and the segment."""
    owners = scene.book["opportunities"].select(
        pl.col(OPPORTUNITY_ID).alias(ENTITY_ID),
        "name",
        pl.col("currency").fill_null(scene.currency),
        pl.col(OWNER_REP_ID).alias("owner_today"),
    )
    accounts = scene.book["accounts"].select(
        ACCOUNT_ID, pl.col("name").alias("account_name"), SEGMENT
    )
    state = deal_state(scene.book, spine, scene.calendar)
    return (
        state.drop("period_end")
        .join(owners, on=ENTITY_ID, how="left")
        .join(accounts, on=ACCOUNT_ID, how="left")
        # who owns the deal is needed to show it at all, also where the CRM keeps no history
        .with_columns(
            pl.coalesce(OWNER_REP_ID, "owner_today").alias(OWNER_REP_ID),
            pl.col("type").cast(pl.String),
        )
        .sort(ENTITY_ID)
        .rename({ENTITY_ID: OPPORTUNITY_ID})
        .collect()
    )


def _unscored(scene: Scene, facts: pl.DataFrame) -> pl.DataFrame:
    """The same rows with their dates, and nothing that only a model can say."""
    ends = ends_of(facts, scene.calendar)
    return _as_part(
        facts.with_columns(
            pl.lit("not_enough_evidence").alias("status"),
            ends["month_end"],
            ends["period_end"],
            *(pl.lit(None, DEALS[name]).alias(name) for name in READ_OFF if name != "flags"),
            pl.lit([], DEALS["flags"]).alias("flags"),
            pl.lit([], REASONS).alias("reasons"),
            *(pl.lit(None, DEALS[name]).alias(name) for name in LOSS),
        )
    )


def _reasons(
    scene: Scene,
    model: SlipModel,
    features: pl.DataFrame,
    *,
    facts: pl.DataFrame,
    peers: Peers,
) -> pl.Series:
    told = top_reasons(
        model.explain(features, facts, scene.calendar),
        features,
        features=features_of("deal"),
        as_of=[scene.today] * features.height,
        peers=peers.beside(facts[SEGMENT], sizes=facts["amount"], stages=facts["stage"]),
        shown=scene.shown_of("deal", features[ENTITY_ID]),
        manner=scene.manner,
    )
    return reasons_column(told)


def _loss(scene: Scene, features: pl.DataFrame) -> tuple[pl.Series | pl.Expr, ...]:
    """`LOSS` of every deal; null where no lost deal of the book said why."""
    model = scene.bundle.loss_reason
    if model is None:
        return tuple(pl.lit(None, DEALS[name]).alias(name) for name in LOSS)
    basis = "deal" if model.is_fitted else "book"
    return (
        model.likeliest(features).alias("likely_loss"),
        pl.lit(basis).alias("loss_basis"),
        pl.lit(model.coverage).alias("loss_coverage"),
    )


def _points(curves: Curves, ids: pl.Series) -> pl.DataFrame:
    """Every point of the grid of every deal, one row each."""
    points = len(curves.days)
    curve = pl.DataFrame(
        {
            OPPORTUNITY_ID: ids.gather(
                pl.int_range(ids.len(), eager=True).repeat_by(points).explode()
            ),
            "on": pl.Series(curves.dates().ravel(), dtype=pl.Date),
            "p_won": curves.won.ravel(),
            "p_lost": curves.lost.ravel(),
        }
    )
    return bounded(curve, ("p_won", "p_lost"))


def _as_part(deals: pl.DataFrame) -> pl.DataFrame:
    return deals.select(list(DEALS))
