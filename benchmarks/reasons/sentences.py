"""Sentences: reasons drawn from a published book, read by their words and recounted."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from random import Random

import polars as pl

from benchmarks.reasons.norms import Member, is_norm_true, members, norm
from benchmarks.reasons.reader import Entity, UnreadError, read
from benchmarks.reasons.recount import is_true, ledger_of, recounted
from benchmarks.reasons.trial import NOW, Trial
from features.catalogue import ACCOUNT, DEAL
from features.schema import ACCOUNT_ID, ENTITY_ID, OPPORTUNITY_ID
from models.bucket import BucketModel
from models.bundle import Bundle
from models.card import DataUsed, ModelCard
from models.contract import contract_of
from models.golden import GoldenRows
from models.reasons import Manner, Reason, dated
from models.slip import SlipModel
from serving.account_answers import account_answers
from serving.deal_answers import deal_answers
from serving.scene import Scene
from tests.features.reference.days import Zone
from tests.features.reference.rows import Known

CURRENCY = "USD"
DRAWN = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One published reason, with whom it is about."""

    entity: Entity
    account: str
    deal: str
    text: str

    @property
    def who(self) -> Mapping[str, str]:
        """The ids by what they are of."""
        return {"account": self.account, "deal": self.deal}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one sentence: true, false or unread."""

    entity: Entity
    text: str
    outcome: str
    question: str = ""
    told: str = ""
    counted: str = ""


def published(trial: Trial, bucket: BucketModel, slip: SlipModel) -> list[Line]:
    """Every reason of every account and open deal, as the parts of a snapshot hold them."""
    used = DataUsed(NOW, "", {}, account_rows=0, accounts=0, deal_rows=0, deals=0)
    weeks = trial.plan.horizon.weeks
    card = ModelCard(1, NOW, "reasons", used, "", "", weeks, bucket.kind, slip.kind)
    golden = GoldenRows("UTC", 1)
    bundle = Bundle("", card, contract_of(ACCOUNT, DEAL), trial.policy, golden, bucket, slip)
    scene = Scene(trial.book, bundle, trial.context, NOW, trial.calendar, CURRENCY, "salt")
    accounts = _lines(account_answers(scene).answers, "account", deal="")
    deals = _lines(deal_answers(scene).deals, "deal", deal=OPPORTUNITY_ID)
    return [*accounts, *deals]


def judged(
    trial: Trial, lines: list[Line], count: int, say: Callable[[str], None]
) -> list[Verdict]:
    """Draw so many sentences, half about accounts and half about deals, and recount each."""
    chance = Random(trial.seed)
    halves = [[line for line in lines if line.entity == entity] for entity in ("account", "deal")]
    drawn = [line for half in halves for line in chance.sample(half, min(count // 2, len(half)))]
    zone = Zone(trial.calendar.time_zone, trial.calendar.fiscal_year_start_month)
    ledger = ledger_of(trial.tables, until=NOW, zone=zone)
    known: dict[datetime, Known] = {}
    alike: dict[Entity, list[Member]] = {}
    verdicts = []
    for number, line in enumerate(drawn, 1):
        try:
            claim = read(line.text, line.entity)
        except UnreadError as error:
            verdicts.append(Verdict(line.entity, line.text, "unread", told=str(error)))
            continue
        moment = zone.start_of(claim.on)
        at = known.get(moment) or known.setdefault(moment, ledger.at(moment))
        found = recounted(claim, line.who, at)
        outcome = "true" if is_true(claim, found) else "false"
        counts = str(found)
        if claim.peer is not None:
            if line.entity not in alike:
                alike[line.entity] = members(line.entity, _everyone(trial, line.entity), at)
            usual = norm(claim, line.who, alike[line.entity], at)
            counts = f"{found}, similar ones {usual}"
            outcome = outcome if is_norm_true(claim, usual) else f"{outcome}, norm false"
        told = claim.word or f"{claim.value:g}"
        verdicts.append(Verdict(line.entity, line.text, outcome, claim.question, told, counts))
        if number % 50 == 0:
            say(f"world {trial.seed}: {number} of {len(drawn)} sentences recounted")
    return verdicts


def counted(verdicts: list[Verdict]) -> dict[str, object]:
    """How many of each outcome, over how many questions, and those that are not true."""
    return {
        "sentences": len(verdicts),
        "questions": len({(verdict.entity, verdict.question) for verdict in verdicts}),
        "norms": sum("similar ones" in verdict.counted for verdict in verdicts),
        "outcomes": dict(Counter(verdict.outcome for verdict in verdicts)),
        "not_true": [asdict(verdict) for verdict in verdicts if verdict.outcome != "true"],
        "examples": [verdict.text for verdict in verdicts if verdict.outcome == "true"][::25],
    }


def _lines(part: pl.DataFrame, entity: Entity, *, deal: str) -> list[Line]:
    manner = Manner()
    return [
        Line(entity, row[ACCOUNT_ID], row[deal] if deal else "", dated(Reason(**told), manner))
        for row in part.iter_rows(named=True)
        for told in row["reasons"]
    ]


def _everyone(trial: Trial, entity: Entity) -> list[dict[str, str]]:
    """The ids of all of whom answers are published."""
    if entity == "account":
        return [{"account": who, "deal": ""} for who in trial.accounts_now[ENTITY_ID]]
    pairs = trial.deals_now.select(ACCOUNT_ID, ENTITY_ID).rows()
    return [{"account": account, "deal": deal} for account, deal in pairs]
