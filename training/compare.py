"""Compare: the gate between a challenger and service, with its reasons in words."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from models.policy import BUCKETS
from training.backtest import METRICS_FILE, SCORES_FILE
from training.config import Part
from training.intervals import Codes, Floats, Gain, paired_gain
from training.judgement import row_losses
from training.ladder import CURVES
from training.metrics import BINS, calibration_bins
from training.scores import BUCKET_COLUMNS, WON, judged_buckets, judged_deals

Decision = Literal["promote", "refuse", "not_enough_evidence"]

SHARED_ORIGINS = 3
EXCESS_ECE_WORSE_BY = 0.01
BIAS_AT_MOST = 0.03
REFRESH_WORSE_BY = 0.005
NOT_CHECKED = (
    "segments that lose",
    "the firm walk-away bound",
    "decision utility",
    "whether reasons stay the same after a retrain",
    "latency",
)
STEP_BELOW: Mapping[str, str] = {
    "lightgbm": "logistic",
    "blend": "logistic",
    "ensemble": "logistic",
    "logistic": "customer_rate",
    **dict.fromkeys(CURVES, "stage_age"),
}
"""The step of the ladder that a served kind has to beat."""

_KEYS = ("entity_id", "as_of")


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What a version's backtest left behind."""

    scores: pl.DataFrame
    metrics: Mapping[str, object]

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts that were judged."""
        return tuple(part for part in ("bucket", "slip") if part in self.metrics)

    @property
    def recipe(self) -> str:
        """The experiment as one text, to see whether two recipes are the same."""
        return json.dumps(self.metrics["experiment"], sort_keys=True)

    def rows(self, part: Part) -> pl.DataFrame:
        """Judged rows of a part."""
        return judged_buckets(self.scores) if part == "bucket" else judged_deals(self.scores)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says, and why.

    Attributes:
        decision: promote, refuse, or not enough evidence for either.
        reasons: one sentence per check.
        not_checked: what this gate does not look at.
    """

    decision: Decision
    reasons: tuple[str, ...]
    not_checked: tuple[str, ...] = NOT_CHECKED

    def to_mapping(self) -> dict[str, object]:
        """As it stands in verdict.json."""
        return {
            "decision": self.decision,
            "reasons": list(self.reasons),
            "not_checked": list(self.not_checked),
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check."""

    decision: Decision
    reason: str


def evidence_in(folder: Path) -> Evidence:
    """Read what a backtest wrote.

    Raises:
        FileNotFoundError: when the folder lacks scores or metrics.
    """
    metrics = json.loads((folder / METRICS_FILE).read_text("utf-8"))
    return Evidence(pl.read_parquet(folder / SCORES_FILE), metrics)


def gate(challenger: Evidence, champion: Evidence | None = None, *, seed: int = 11) -> Verdict:
    """Decide whether the challenger may serve.

    The first champion has to beat the constant and the step of the ladder below it. A later one
    with another recipe has to beat the champion on the rows that both predicted out of time; one
    with the same recipe and newer data must not be worse.
    """
    findings = _leaks(challenger)
    for part in challenger.parts:
        if champion is None or part not in champion.parts:
            findings += _first(challenger, part, seed)
        else:
            findings += _against(challenger, champion, part, seed)
    missing = [] if champion is None else [p for p in champion.parts if p not in challenger.parts]
    findings += [
        Finding("refuse", f"{part}: the champion serves it, the challenger has no model for it")
        for part in missing
    ]
    decisions = {finding.decision for finding in findings}
    order: tuple[Decision, ...] = ("refuse", "not_enough_evidence", "promote")
    decision = next(kind for kind in order if kind in decisions)
    return Verdict(decision, tuple(finding.reason for finding in findings))


def _leaks(challenger: Evidence) -> list[Finding]:
    found = _mapping(challenger.metrics, "leak_gate")
    if found.get("verdict") == "passed":
        return [Finding("promote", "leak gate: passed")]
    return [Finding("refuse", f"leak gate: the future reached {found.get('leaking')}")]


def _first(challenger: Evidence, part: Part, seed: int) -> list[Finding]:
    """The constant and the ladder step below, on the challenger's own rows."""
    rows = challenger.rows(part)
    served = str(_mapping(challenger.metrics, part)["served"])
    own = _losses(rows, part, "")
    findings = []
    for rival in dict.fromkeys(("constant", STEP_BELOW[served])):
        prefix = f"baseline_{rival}_"
        if rows[prefix + _columns(part)[0]].null_count() == rows.height:
            text = f"{part}: {rival}, which {served} has to beat, is not applicable here"
            findings.append(Finding("promote", text))
            continue
        gain = paired_gain(own, _losses(rows, part, prefix), rows["account_id"], seed=seed)
        findings.append(_judged(gain, f"{part}: {served} against {rival}"))
    standing = _standing(challenger, part)
    if standing == "indicative":
        text = f"{part}: one or two origins are indicative only"
        findings.append(Finding("not_enough_evidence", text))
    return findings


def _against(challenger: Evidence, champion: Evidence, part: Part, seed: int) -> list[Finding]:
    """Both on the rows that both predicted out of time, with the same outcome."""
    other = champion.rows(part).select(*_KEYS, *_columns(part), _label(part))
    shared = challenger.rows(part).join(other, on=list(_KEYS), suffix="_champion")
    shared = shared.filter(pl.col(_label(part)) == pl.col(f"{_label(part)}_champion"))
    origins = shared["origin"].n_unique()
    if origins < SHARED_ORIGINS:
        text = f"{part}: {origins} shared origins, {SHARED_ORIGINS} are needed"
        return [Finding("not_enough_evidence", text)]
    gain = paired_gain(
        _losses(shared, part, ""),
        _losses(shared, part, "", suffix="_champion"),
        shared["account_id"],
        seed=seed,
    )
    what = f"{part}: challenger against champion on {shared.height} shared rows"
    if challenger.recipe == champion.recipe:
        return [_refreshed(gain, what)]
    return [_judged(gain, what), *_calibrated(shared, part)]


def _judged(gain: Gain, what: str) -> Finding:
    """Sure gain, sure loss, or neither."""
    figure = gain.figure
    if figure.value is None or figure.low is None or figure.high is None:
        return Finding("not_enough_evidence", f"{what}: no rows to compare")
    numbers = f"gain in log loss {figure.value:.4f} ({figure.low:.4f} to {figure.high:.4f})"
    if figure.low > 0:
        return Finding("promote", f"{what}: {numbers}, sure to be better")
    if figure.high < 0:
        return Finding("refuse", f"{what}: {numbers}, sure to be worse")
    return Finding("not_enough_evidence", f"{what}: {numbers}, not sure to be better")


def _refreshed(gain: Gain, what: str) -> Finding:
    """Same recipe, newer data: not worse by more than .005 or one standard error."""
    figure = gain.figure
    if figure.value is None or figure.low is None or figure.high is None:
        return Finding("not_enough_evidence", f"{what}: no rows to compare")
    allowed = max(REFRESH_WORSE_BY, (figure.high - figure.low) / (2 * 1.645))
    text = f"{what}, same recipe: gain {figure.value:.4f}, allowed down to -{allowed:.4f}"
    return Finding("promote" if figure.value >= -allowed else "refuse", text)


def _calibrated(shared: pl.DataFrame, part: Part) -> list[Finding]:
    """Calibration error not worse by more than .01, and little bias.

    The error that chance alone would show is about the same for both on the same rows, so that
    the difference of the plain errors is the difference of the excesses.
    """
    happened = _happened(shared, part)
    column = _columns(part)[0]
    own = _numbers(shared, [column])[:, 0]
    other = _numbers(shared, [f"{column}_champion"])[:, 0]
    worse = _ece(own, happened) - _ece(other, happened)
    bias = float(np.mean(own - happened))
    checks = (
        (worse <= EXCESS_ECE_WORSE_BY, f"calibration error {worse:+.4f} against the champion's"),
        (abs(bias) <= BIAS_AT_MOST, f"bias {bias:+.4f}, allowed {BIAS_AT_MOST} either way"),
    )
    return [Finding("promote" if ok else "refuse", f"{part}: {text}") for ok, text in checks]


def _ece(p: Floats, happened: Floats) -> float:
    gaps = np.bincount(calibration_bins(p), p - happened, minlength=BINS)
    return float(np.abs(gaps).sum() / p.size)


def _columns(part: Part) -> tuple[str, ...]:
    return BUCKET_COLUMNS if part == "bucket" else (WON,)


def _label(part: Part) -> str:
    return "label" if part == "bucket" else "label_won_by_committed"


def _happened(rows: pl.DataFrame, part: Part) -> Floats:
    answer = rows[_label(part)] == (BUCKETS[0] if part == "bucket" else True)
    return answer.cast(pl.Float64).to_numpy()


def _outcome(rows: pl.DataFrame, part: Part) -> Codes:
    if part == "slip":
        return rows[_label(part)].cast(pl.Int64).to_numpy()
    numbers = {bucket: number for number, bucket in enumerate(BUCKETS)}
    return rows["label"].replace_strict(numbers, return_dtype=pl.Int64).to_numpy()


def _losses(rows: pl.DataFrame, part: Part, prefix: str, suffix: str = "") -> Floats:
    """Log loss by row; where a baseline is silent it says what the constant says."""
    names = [f"{prefix}{column}{suffix}" for column in _columns(part)]
    if prefix:
        base = [f"baseline_constant_{column}" for column in _columns(part)]
        pairs = zip(names, base, strict=True)
        rows = rows.with_columns(
            pl.coalesce(name, constant).alias(name) for name, constant in pairs
        )
    return row_losses(_outcome(rows, part), _numbers(rows, names))


def _numbers(rows: pl.DataFrame, names: list[str]) -> Floats:
    return np.asarray(rows.select(names).to_numpy(), dtype=np.float64)


def _standing(challenger: Evidence, part: Part) -> str:
    by_part = _mapping(_mapping(challenger.metrics, "horizon"), "by_part")
    return str(_mapping(by_part, part).get("standing"))


def _mapping(of: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = of.get(name)
    return found if isinstance(found, Mapping) else {}
