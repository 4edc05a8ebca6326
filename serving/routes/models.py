"""Models: the card of the version in service."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from models.card import ModelCard
from serving.deps import AnyCaller, ServedNow
from serving.live import Served
from serving.schemas import Body

router = APIRouter(prefix="/v1/models", tags=["models"])


class Measure(Body):
    """One out-of-time figure of the model or of a baseline, with its 90 % interval."""

    part: str = Field(description="bucket or slip.")
    model: str
    metric: str
    value: float | None
    low: float | None
    high: float | None


class Result(Body):
    """Who won, on data that came after those it learned from."""

    part: str = Field(description="bucket or slip.")
    winner: str = Field(description="Lowest log loss.")
    served: str = Field(description="What this version serves.")
    sentence: str


class Threshold(Body):
    """From which probability a flag is firm."""

    bucket: str
    at_least: float = Field(description="Probability, 0 to 1.")
    bookings_below: float | None = Field(
        description="Expected bookings a firm walk-away lies below, base currency; null asks none."
    )


class Remark(Body):
    """Something that could not be had, and why."""

    name: str
    why: str


class ChampionCard(Body):
    """What the version in service is, what it was judged on, what it must not be used for."""

    model_version: int
    bundle: str = Field(description="SHA-256.")
    trained_at: datetime
    experiment: str
    observed_until: datetime = Field(description="Outcomes up to here were used, UTC.")
    accounts: int = Field(description="Accounts learned from, count.")
    deals: int = Field(description="Deals learned from, count.")
    account_rows: int = Field(description="Pairs of account and day, count.")
    deal_rows: int = Field(description="Pairs of deal and day, count.")
    data_digest: str
    policy_hash: str
    contract_hash: str
    horizon_weeks: int | None = Field(description="Weeks; null without a bucket model.")
    bucket_kind: str | None
    slip_kind: str | None
    thresholds: list[Threshold]
    results: list[Result]
    measures: list[Measure]
    not_applicable: list[Remark]
    switched_off: list[Remark] = Field(description="Features, with what the data lack for them.")
    badges: list[str]
    notes: list[str]
    fair_use: str


@router.get("/champion")
def read_champion(served: ServedNow, caller: AnyCaller) -> ChampionCard:
    """The card of the model behind the answers that are served now."""
    del caller
    return champion_card(served)


def champion_card(served: Served) -> ChampionCard:
    """The card as a body; it holds no secret and no row of any account."""
    card: ModelCard = served.bundle.card
    data = card.data_used
    return ChampionCard(
        model_version=served.snapshot.model_version,
        bundle=served.bundle.hash,
        trained_at=card.trained_at,
        experiment=card.experiment,
        observed_until=data.observed_until,
        accounts=data.accounts,
        deals=data.deals,
        account_rows=data.account_rows,
        deal_rows=data.deal_rows,
        data_digest=data.digest,
        policy_hash=card.policy_hash,
        contract_hash=card.contract_hash,
        horizon_weeks=card.horizon_weeks,
        bucket_kind=card.bucket_kind,
        slip_kind=card.slip_kind,
        thresholds=[
            Threshold(
                bucket=name,
                at_least=p,
                bookings_below=card.bookings_below if name == "walk_away" else None,
            )
            for name, p in sorted(card.tau.items())
        ],
        results=_results(card),
        measures=_measures(card),
        not_applicable=[Remark(name=n, why=w) for n, w in sorted(card.not_applicable.items())],
        switched_off=[
            Remark(name=n, why=f"needs {', '.join(w)}")
            for n, w in sorted(card.switched_off.items())
        ],
        badges=list(card.badges),
        notes=list(card.notes),
        fair_use=card.fair_use,
    )


def _results(card: ModelCard) -> list[Result]:
    return [
        Result(part=part, winner=contest.winner, served=contest.served, sentence=contest.sentence)
        for part, contest in sorted(card.contests.items())
    ]


def _measures(card: ModelCard) -> list[Measure]:
    return [
        Measure(
            part=part,
            model=model,
            metric=metric,
            value=figure.value,
            low=figure.low,
            high=figure.high,
        )
        for part, contest in sorted(card.contests.items())
        for model, figures in sorted(contest.metrics.items())
        for metric, figure in sorted(figures.items())
    ]
