"""Release: the final fit of both parts on everything known, with its card and golden rows."""

import hashlib
import io
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.catalogue import switched_off
from features.schema import AS_OF, ENTITY_ID
from models.analogs import Analogs
from models.booster import fit_boosters
from models.bucket import BucketModel
from models.bundle import write_bundle
from models.card import Contest as CardContest
from models.card import DataUsed, ModelCard
from models.card import Figure as CardFigure
from models.components import ComponentModel
from models.contract import FeatureContract, contract_of
from models.golden import GoldenDeals, golden_rows
from models.loss_reason import LossReasonModel
from models.policy import Policy, load_policy
from models.slip import SlipModel
from training.backtest import BacktestResult
from training.bucket_forecasts import fit_kind
from training.components import fit_components
from training.contest import Contest
from training.fit import fit_slip
from training.forecasts import FitPlan
from training.heads import Grower
from training.intervals import Figure
from training.ladder import CURVES, closed_deals, rung_of
from training.loss_reason import fit_loss_reason, lost_deals, sentence_of
from training.matrix import Examples
from training.report import sentence
from training.settings import AS_SIZED, Settings
from training.tuning import tune_bucket
from training.walk import Progress


def _unsaid(_: str) -> None:
    """Progress that nobody follows."""


@dataclass(frozen=True, slots=True, eq=False)
class Release:
    """A version before it has a number.

    Attributes:
        bucket: None when the part was not run.
        slip: None when the part was not run.
        accounts: rows that the bucket model learnt from.
        deals: rows that the slip model learnt from.
        card: without a version number.
        contract: the catalogue's columns.
        policy: with the growth floor that was used.
        components: None when the bucket part was not run.
        analogs: None when the bucket part was not run.
        loss_reason: None when the slip part was not run, or no lost deal has a reason.
    """

    bucket: BucketModel | None
    slip: SlipModel | None
    accounts: Examples | None
    deals: Examples | None
    card: ModelCard
    contract: FeatureContract
    policy: Policy
    components: ComponentModel | None = None
    analogs: Analogs | None = None
    loss_reason: LossReasonModel | None = None


def make_release(
    book: Book,
    result: BacktestResult,
    calendar: Calendar,
    *,
    trained_at: datetime,
    grow: Grower = fit_boosters,
    progress: Progress = _unsaid,
) -> Release:
    """Fit what the backtest chose once more, now on everything that is certain.

    `grow` grows the boosters of the bucket chain and of the win curve; those of the components
    and of a search for settings, which are small, grow here. `progress` takes what a search found.
    """
    experiment = result.experiment
    plan = FitPlan(experiment.seeds.models, experiment.threads, experiment.tuning.trials)
    notes: tuple[str, ...] = ()
    accounts = deals = bucket = slip = components = analogs = loss_reason = None
    policy = load_policy(experiment.policy)
    if "bucket" in result.contests:
        contest = result.contests["bucket"]
        policy = contest.policy
        accounts = contest.examples.where(pl.col("label_mature"))
        settings, notes = _settings(contest, accounts, plan=plan, progress=progress)
        fits = replace(plan, settings=settings)
        bucket = fit_kind(accounts, contest.judgement.served, plan=fits, grow=grow)
        if contest.calibration is not None:
            bucket = replace(bucket, calibration=contest.calibration.final)
        components = fit_components(accounts, plan=plan)
        analogs = contest.analogs
    if "slip" in result.contests:
        cut = calendar.day_of(book.observed_until)
        deals = result.contests["slip"].examples.where(pl.col(AS_OF) < calendar.midnight(cut))
        slip = fit_slip(
            deals.X,
            deals.rows,
            features=deals.features,
            calendar=calendar,
            seed=plan.seed,
            threads=plan.threads,
            cut=cut,
            kind=CURVES[result.contests["slip"].judgement.served],
            grow=grow,
        )
        loss_reason = fit_loss_reason(
            deals,
            lost_deals(book, calendar),
            folds=result.contests["slip"].plan.folds,
            calendar=calendar,
            cut=cut,
            plan=plan,
        )
    # what the data switched off is no part of the promise that scoring has to keep
    contract = contract_of(
        () if accounts is None else accounts.features, () if deals is None else deals.features
    )
    used = _data_used(book, accounts, deals)
    card = _card(book, result, used, contract=contract, trained_at=trained_at)
    said = () if loss_reason is None else (sentence_of(loss_reason),)
    card = replace(card, notes=(*card.notes, *said, *notes))
    return Release(
        bucket, slip, accounts, deals, card, contract, policy, components, analogs, loss_reason
    )


def write_release(release: Release, folder: Path, calendar: Calendar) -> str:
    """Write the bundle into a new folder; returns its hash.

    Raises:
        BundleError: when the files contradict one another or the folder is there.
    """
    deals = release.deals
    golden = golden_rows(
        calendar,
        bucket=release.bucket,
        components=release.components,
        accounts=None if release.accounts is None else release.accounts.X,
        slip=release.slip,
        deals=None
        if deals is None
        else GoldenDeals(deals.X, deals.rows.select(AS_OF, "committed_on")),
    )
    return write_bundle(
        folder,
        bucket=release.bucket,
        slip=release.slip,
        card=release.card,
        contract=release.contract,
        golden=golden,
        policy=release.policy,
        components=release.components,
        analogs=release.analogs,
        loss_reason=release.loss_reason,
    )


def digest_of(book: Book) -> str:
    """SHA-256 over all tables, in hex: the same rows in the same order give the same."""
    digest = hashlib.sha256()
    for name in sorted(book.tables):
        frame = book[name].collect().rechunk()
        if frame.height == 0:
            continue
        buffer = io.BytesIO()
        frame.write_ipc(buffer, compression="uncompressed")
        digest.update(name.encode())
        digest.update(buffer.getbuffer())
    return digest.hexdigest()


def _settings(
    contest: Contest, accounts: Examples, *, plan: FitPlan, progress: Progress
) -> tuple[Settings, tuple[str, ...]]:
    """What the last fit takes, and for the card what the search in its own past came to."""
    if plan.trials == 0:
        return AS_SIZED, ()
    length, served = contest.plan.horizon.length, contest.judgement.served
    found = tune_bucket(accounts, horizon=length, plan=plan, kind=served)
    progress(f"bucket: tuning of the last fit, {found}")
    return found.settings, (f"bucket settings of the last fit: {found}",)


def _data_used(book: Book, accounts: Examples | None, deals: Examples | None) -> DataUsed:
    counts = pl.collect_all([frame.select(pl.len()) for frame in book.tables.values()])
    rows = {name: int(n.item()) for name, n in zip(book.tables, counts, strict=True)}
    return DataUsed(
        observed_until=book.observed_until,
        digest=digest_of(book),
        tables={name: count for name, count in rows.items() if count},
        account_rows=0 if accounts is None else accounts.rows.height,
        accounts=0 if accounts is None else accounts.rows[ENTITY_ID].n_unique(),
        deal_rows=0 if deals is None else deals.rows.height,
        deals=0 if deals is None else deals.rows[ENTITY_ID].n_unique(),
    )


def _card(
    book: Book,
    result: BacktestResult,
    used: DataUsed,
    *,
    contract: FeatureContract,
    trained_at: datetime,
) -> ModelCard:
    bucket, slip = result.contests.get("bucket"), result.contests.get("slip")
    is_learning = _is_learning(book)
    standings = {contest.plan.horizon.standing for contest in result.contests.values()}
    badges = [badge for badge in ("short history", "indicative") if badge in standings]
    policy = load_policy(result.experiment.policy) if bucket is None else bucket.policy
    return ModelCard(
        version=None,
        trained_at=trained_at,
        experiment=result.experiment.name,
        data_used=used,
        policy_hash=policy.policy_hash(),
        contract_hash=contract.contract_hash(),
        horizon_weeks=None if bucket is None else bucket.plan.horizon.weeks,
        bucket_kind=None if bucket is None else bucket.judgement.served,
        slip_kind=None if slip is None else CURVES[slip.judgement.served],
        tau={} if bucket is None or is_learning else bucket.firm.tau,
        bookings_below=None if bucket is None else bucket.firm.bookings_below,
        contests={part: _contest(found) for part, found in result.contests.items()},
        not_applicable={
            f"{part}.{name}": why
            for part, found in result.contests.items()
            for name, why in found.judgement.not_applicable.items()
        },
        switched_off={**switched_off("account", book), **switched_off("deal", book)},
        badges=(*badges, *(("learning",) if is_learning else ())),
        notes=_notes(result),
    )


def _is_learning(book: Book) -> bool:
    """Too few won or lost deals to call anything firm, in a CRM that has deals."""
    if not book.has("opportunities"):
        return False
    return rung_of(*closed_deals(book)).is_learning


def _notes(result: BacktestResult) -> tuple[str, ...]:
    missing = [f"{part} was not trained: {why}" for part, why in result.missing.items()]
    left_out = [
        f"{found.examples.entity} feature {name} is left out: {why}"
        for found in result.contests.values()
        for name, why in found.examples.left_out.items()
    ]
    return (*missing, *left_out, *result.leak_gate.warnings)


def _contest(contest: Contest) -> CardContest:
    judgement = contest.judgement
    shown = ("log_loss", "auc", "brier", "excess_ece", "bias", "lift_at_k")
    return CardContest(
        metrics={
            name: {figure: _figure(getattr(found.overall, figure)) for figure in shown}
            for name, found in judgement.standings.items()
        },
        winner=judgement.winner,
        served=judgement.served,
        sentence=sentence(contest),
    )


def _figure(found: Figure) -> CardFigure:
    return CardFigure(found.value, found.low, found.high)
