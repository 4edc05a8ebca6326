"""Backtest: walk forward through both parts and put every number where scripts look for it."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.schema import AS_OF, ENTITY_ID
from models.policy import BUCKETS, Policy, load_policy
from training.bucket_contest import bucket_contest
from training.config import Experiment, Part
from training.contest import Contest
from training.folds import Horizon, NotEnoughDataError
from training.intervals import Mask
from training.leaks import (
    LeakGate,
    Probe,
    feature_warnings,
    model_warnings,
    moved_features,
    probe_moments,
)
from training.matrix import Examples
from training.scores import score_frame, write_scores
from training.slip_contest import slip_contest
from training.span import span_of
from training.walk import Progress

SCHEMA = 1
SCORES_FILE, METRICS_FILE, REPORT_FILE = "scores.parquet", "metrics.json", "report.html"


@dataclass(frozen=True, slots=True, eq=False)
class BacktestResult:
    """What the walk-forward found.

    Attributes:
        experiment: the recipe.
        contests: part → its contest; a part without its data is absent.
        missing: part → why it could not be run.
        scores: every out-of-time prediction.
        metrics: the content of metrics.json.
        leak_gate: whether the future reached a feature.
        seconds: step → how long it took.
    """

    experiment: Experiment
    contests: Mapping[Part, Contest]
    missing: Mapping[Part, str]
    scores: pl.DataFrame
    metrics: Mapping[str, object]
    leak_gate: LeakGate
    seconds: Mapping[str, float] = field(default_factory=dict)


def walk_forward(
    book: Book, experiment: Experiment, calendar: Calendar, *, progress: Progress
) -> BacktestResult:
    """Run both parts, or the one that the experiment asks for, and check for leaks.

    Raises:
        NotEnoughDataError: when the only part asked for, or both, lack their data.
    """
    seconds: dict[str, float] = {}
    policy = load_policy(experiment.policy)
    contests, missing = _contests(
        book, experiment, policy, calendar=calendar, progress=_timed(progress, seconds)
    )
    started = time.perf_counter()
    gate = leak_gate(book, experiment, contests, calendar=calendar)
    seconds["leak gate"] = time.perf_counter() - started
    verdict = "passed" if gate.has_passed else f"FAILED: {', '.join(gate.leaking)}"
    progress(f"leak gate {verdict} ({len(gate.warnings)} warnings)")
    scores = score_frame([contest.scores for contest in contests.values()])
    return BacktestResult(
        experiment=experiment,
        contests=contests,
        missing=missing,
        scores=scores,
        metrics=metrics_of(book, experiment, contests, missing, gate, calendar),
        leak_gate=gate,
        seconds=seconds,
    )


def write_backtest(result: BacktestResult, out: Path) -> None:
    """Write scores.parquet and metrics.json into `out`; each is there whole or not at all."""
    out.mkdir(parents=True, exist_ok=True)
    write_scores(result.scores, out / SCORES_FILE)
    unfinished = out / f".{METRICS_FILE}"
    unfinished.write_text(json.dumps(result.metrics, indent=2, default=str), encoding="utf-8")
    unfinished.replace(out / METRICS_FILE)


def leak_gate(
    book: Book, experiment: Experiment, contests: Mapping[Part, Contest], *, calendar: Calendar
) -> LeakGate:
    """Disturb the future at two moments per part, and name what looks too good."""
    checked: dict[str, str] = {}
    leaking: list[str] = []
    warnings: list[str] = []
    for part, contest in contests.items():
        entity = contest.examples.entity
        names = tuple(feature.name for feature in contest.examples.features)
        tested = [moment for fold in contest.plan.folds for moment in fold.test_as_ofs]
        for number, moment in enumerate(probe_moments(tested)):
            probe = Probe(entity, moment, names, experiment.commitment)
            moved = moved_features(book, probe, calendar, seed=experiment.seeds.bootstrap + number)
            leaking += [f"{entity}.{name}" for name in moved]
            checked[f"{entity} {moment:%Y-%m-%d}"] = f"{len(names)} features"
        standings = contest.judgement.standings
        aucs = {name: standing.overall.auc.value for name, standing in standings.items()}
        warnings += model_warnings(part, aucs)
        warnings += feature_warnings(_judged_examples(contest), _answers(contest))
    return LeakGate(checked, tuple(dict.fromkeys(leaking)), tuple(warnings))


def metrics_of(
    book: Book,
    experiment: Experiment,
    contests: Mapping[Part, Contest],
    missing: Mapping[Part, str],
    gate: LeakGate,
    calendar: Calendar,
) -> dict[str, object]:
    """The content of metrics.json, schema 1."""
    found: dict[str, object] = {"schema": SCHEMA}
    for part, contest in contests.items():
        found[part] = contest.to_mapping()
    found["leak_gate"] = gate.to_mapping()
    found["data_used"] = data_used(book, contests, missing, calendar)
    found["experiment"] = experiment.to_mapping()
    first = next(iter(contests.values()))
    found["horizon"] = {
        **horizon_mapping(first.plan.horizon),
        "by_part": {part: horizon_mapping(one.plan.horizon) for part, one in contests.items()},
    }
    return found


def data_used(
    book: Book, contests: Mapping[Part, Contest], missing: Mapping[Part, str], calendar: Calendar
) -> dict[str, object]:
    """Row counts, the span of the log, and per part what was described, judged and left out."""
    span = span_of(book, calendar)
    counts = pl.collect_all([frame.select(pl.len()) for frame in book.tables.values()])
    tables = {name: int(n.item()) for name, n in zip(book.tables, counts, strict=True)}
    found: dict[str, object] = {
        "tables": {name: rows for name, rows in tables.items() if rows},
        "first_event": span.first_event.isoformat(),
        "observed_until": span.observed_until.isoformat(),
        "weeks": round(span.weeks, 1),
        "missing": dict(missing),
    }
    for part, contest in contests.items():
        column = "label" if part == "bucket" else "label_period"
        shares = contest.judged.rows[column].drop_nulls().value_counts(normalize=True, sort=True)
        described: dict[str, object] = {
            "rows": contest.examples.rows.height,
            "entities": contest.examples.rows[ENTITY_ID].n_unique(),
            "predicted_rows": contest.scores.height,
            "judged_rows": contest.judged.rows.height,
            "origins": [fold.origin.isoformat() for fold in contest.plan.folds],
            "as_ofs": len(contest.plan.grid),
            "features": [feature.name for feature in contest.examples.features],
            "left_out": dict(contest.examples.left_out),
            "outcome_shares": dict(shares.iter_rows()),
            "firm": {bucket: asdict(cut) for bucket, cut in contest.firm.cuts.items()},
            "firm_bookings": contest.firm.bookings and asdict(contest.firm.bookings),
        }
        if part == "slip":
            past = contest.scores.filter(pl.col("weight") == 0).height
            described["past_or_no_commitment"] = past
        found[part] = described
    return found


def horizon_mapping(horizon: Horizon) -> dict[str, object]:
    """The chosen horizon with its ladder."""
    return {
        "weeks": horizon.weeks,
        "days": horizon.weeks * 7,
        "is_auto": horizon.is_auto,
        "standing": horizon.standing,
        "warm_up_weeks": horizon.chosen.warm_up_weeks,
        "ladder": [
            {
                "horizon_weeks": step.horizon_weeks,
                "weeks_for_6_origins": step.weeks_for_full,
                "weeks_for_3_origins": step.weeks_for_short,
                "weeks_for_1_origin": step.weeks_for_one,
                "weeks_found": round(step.weeks_found, 1),
                "origins_found": step.origins_found,
            }
            for step in horizon.steps
        ],
    }


def _contests(
    book: Book, experiment: Experiment, policy: Policy, *, calendar: Calendar, progress: "_Timer"
) -> tuple[dict[Part, Contest], dict[Part, str]]:
    contests: dict[Part, Contest] = {}
    missing: dict[Part, str] = {}
    for part in experiment.heads:
        run: Callable[..., Contest] = bucket_contest if part == "bucket" else slip_contest
        try:
            contests[part] = run(book, experiment, policy, calendar=calendar, progress=progress.say)
        except NotEnoughDataError as error:
            if len(experiment.heads) == 1:
                raise
            missing[part] = str(error)
            progress.say(f"{part} is left out: {error}")
        progress.lap(part)
    if not contests:
        raise NotEnoughDataError("; ".join(f"{part}: {why}" for part, why in missing.items()))
    return contests, missing


@dataclass(slots=True)
class _Timer:
    """Progress that also notes how long each step took, by the line that ends it.

    Origins are fitted two at a time: the seconds of one are those since the line before it.
    """

    progress: Progress
    seconds: dict[str, float]
    lapped: float
    told: float

    def say(self, line: str) -> None:
        now = time.perf_counter()
        self.seconds[f"… {_step(line)}"] = now - self.told
        self.told = now
        self.progress(line)

    def lap(self, step: str) -> None:
        now = time.perf_counter()
        self.seconds[step] = now - self.lapped
        self.lapped = self.told = now


def _step(line: str) -> str:
    """What a line of progress is about.

    >>> _step("bucket 1/6  origin 2025-02-01  1450 rows, log loss lightgbm 0.987")
    'bucket 1/6, origin 2025-02-01'
    >>> _step("bucket: 1450 rows of 40 accounts, 177 features")
    'bucket: 1450 rows of 40 accounts'
    """
    if "  " in line:
        return ", ".join(line.split("  ")[:2])
    return ": ".join(line.split(": ")[:2]).split(",", maxsplit=1)[0]


def _timed(progress: Progress, seconds: dict[str, float]) -> _Timer:
    now = time.perf_counter()
    return _Timer(progress, seconds, now, now)


def _judged_examples(contest: Contest) -> Examples:
    keys = contest.judged.rows.select(ENTITY_ID, AS_OF)
    rows = contest.examples.rows.with_row_index("_row").select("_row", ENTITY_ID, AS_OF)
    chosen = keys.join(rows, on=[ENTITY_ID, AS_OF], how="left", maintain_order="left")["_row"]
    examples = contest.examples
    return Examples(
        examples.entity,
        examples.X[chosen],
        examples.rows[chosen],
        examples.features,
        examples.left_out,
    )


def _answers(contest: Contest) -> dict[str, Mask]:
    if contest.part == "slip":
        return {"won by the committed date": np.asarray(contest.outcome == 1)}
    return {bucket: np.asarray(contest.outcome == number) for number, bucket in enumerate(BUCKETS)}
