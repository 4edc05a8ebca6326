"""Report: one page that stands alone, for a reader who wants to see how it was done."""

import json
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from pathlib import Path

from training import report_tables as tables
from training.ablation import ABLATIONS
from training.backtest import BacktestResult
from training.contest import Contest
from training.ladder import CURVES
from training.report_plots import REFERENCE, figures
from training.report_tables import named, number
from training.slip_contest import SLICE_RIVAL
from training.slip_tables import close_dates_table, slip_slices_table

_QUESTION = {
    "bucket": "Can it be told today into which bucket an account will fall in the next "
    "{weeks} weeks: A-list, pain, walk-away or steady?",
    "slip": "Can it be told today whether an open deal will be won by its committed date?",
}
_TITLE = {"bucket": "Buckets of accounts", "slip": "Slip of deals"}
_STANDING = {
    "full": "",
    "short history": "Short history: 3 to 5 origins carry this, so intervals say less than usual.",
    "indicative": "Indicative only: one or two origins. Do not promote on this without a reason.",
}


def write_report(result: BacktestResult, path: Path) -> None:
    """Write the page whole or not at all; it needs nothing beside it."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(page(result), encoding="utf-8")
    unfinished.replace(path)


def page(result: BacktestResult) -> str:
    """The page as HTML."""
    css = files("training").joinpath("report.css").read_text("utf-8")
    used = _section(result.metrics, "data_used")
    parts = "".join(_part(contest) for contest in result.contests.values())
    missing = "".join(
        f'<section><h2>{_TITLE[part]}</h2><div class="answer loses"><p>Not run: {escape(why)}</p>'
        "</div></section>"
        for part, why in result.missing.items()
    )
    links = "".join(f'<a href="#{part}">{_TITLE[part]}</a>' for part in result.contests)
    name = escape(result.experiment.name)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Backtest: {name}</title><style>{css}</style></head><body><main>
<header><p class="kicker">Backtest · recipe “{name}” · log from {_day(used, "first_event")} to
{_day(used, "observed_until")}, {escape(str(used["weeks"]))} weeks</p>
<h1>What the models knew before it happened</h1>
<p>Every number below is out of time: the model was fitted on what was known strictly before an
origin and judged on what came after it. Brackets are 90 % intervals from resampling whole
accounts. The gain is the rival’s log loss less the served model’s, on the same rows.</p>
<nav>{links}<a href="#leaks">Leak gate</a><a href="#data">Data used</a>
<a href="#recipe">Recipe and time</a></nav></header>
{parts}{missing}{_leaks(result)}{_data(result, used)}{_recipe(result)}
</main></body></html>
"""


def sentence(contest: Contest) -> str:
    """The outcome in plain words; what loses is said to lose."""
    judgement = contest.judgement
    rivals = {name: gain for name, gain in judgement.gains.items() if _is_baseline(contest, name)}
    best = min(rivals, key=lambda name: judgement.standings[name].overall.log_loss.value or 9.0)
    gain = rivals[best]
    served = named(judgement.served)
    served = served[0].upper() + served[1:]
    own = judgement.standings[judgement.served].overall.log_loss
    other = judgement.standings[best].overall.log_loss
    numbers = (
        f"log loss {number(own.value)} against {number(other.value)}, a gain of "
        f"{number(gain.figure.value)} ({number(gain.figure.low)} to {number(gain.figure.high)})"
    )
    if gain.is_sure:
        share = "" if gain.share is None else f", {gain.share:.0%} less"
        return (
            f"Yes: {served} beats every baseline, of which {named(best)} is the best; "
            f"{numbers}{share}.{_against(contest, best)}"
        )
    if (gain.figure.value or 0.0) > 0:
        return f"Perhaps: {served} comes out ahead of {named(best)}, but not surely so; {numbers}."
    return f"No: {served} loses to {named(best)}; {numbers}."


def _against(contest: Contest, best: str) -> str:
    """A second sentence about the baseline that the part has to beat, unless it is the best."""
    reference = REFERENCE[contest.part]
    gain = contest.judgement.gains.get(reference)
    if gain is None or reference == best or gain.share is None:
        return ""
    return f" Its log loss is {gain.share:.0%} below that of {named(reference)}."


def _is_baseline(contest: Contest, name: str) -> bool:
    """Rivals that are not themselves a kind of the model that could be served."""
    kinds = {"lightgbm", "blend", "ensemble", "multiclass", "binary", *CURVES, *ABLATIONS}
    return name not in kinds | {contest.judgement.served}


def _part(contest: Contest) -> str:
    part, judgement, plan = contest.part, contest.judgement, contest.plan
    served = judgement.standings[judgement.served]
    rival = min(
        (name for name in judgement.standings if _is_baseline(contest, name)),
        key=lambda name: judgement.standings[name].overall.log_loss.value or 9.0,
    )
    overall = served.overall
    origins = ", ".join(f"{fold.origin:%d %b %Y}" for fold in plan.folds)
    question = _QUESTION[part].format(weeks=plan.horizon.weeks)
    standing = _STANDING[plan.horizon.standing]
    loses = "" if sentence(contest).startswith("Yes") else " loses"
    about = (
        "Log loss and Brier score are over all four buckets; AUC, average precision, lift, "
        "precision, calibration error and bias are A-list against the rest."
        if part == "bucket"
        else "The outcome is “won by the committed date as it stood then”. Deals whose date had "
        "already passed are certain to have slipped and are not judged."
    )
    firm = (
        f"<h3>When a bucket is called firm</h3>{tables.firm_table(contest)}"
        f"<h3>Each bucket against the rest</h3>{tables.classes_table(served)}"
        "<h3>What following the list would have meant</h3><p class='note'>Money, growth and hours "
        "of the label windows, by what was shown before them. What happened, not what was caused: "
        "an account that was let go might have bought for having been pursued.</p>"
        f"{tables.decisions_table(contest)}{tables.utility_table(contest)}"
        if part == "bucket"
        else ""
    )
    return f"""<section id="{part}"><h2>{_TITLE[part]}</h2>
<p>{question}</p><div class="answer{loses}"><p>{escape(sentence(contest))}</p></div>
<p class="note">{overall.n:,} judged rows of {overall.accounts:,} accounts at {len(plan.folds)}
origins: {origins}. One fit at each. {standing}</p>
<div class="figures">{_headline(contest, rival)}</div>
<h3>The model beside every baseline</h3><p class="note">{about}</p>
{tables.models_table(judgement)}
<div class="plots">{figures(contest, rival)}</div>{firm}
<h3>Where it is better and worse</h3>
{tables.slices_table(served, judgement.standings[rival], named(rival))}{_curves(contest)}
<h3>Baselines that do not apply</h3>
{tables.reasons_table(judgement.not_applicable, "baseline")}</section>"""


def _curves(contest: Contest) -> str:
    """The win curve by slice, and the days that it named; nothing for buckets."""
    if contest.close_dates is None:
        return ""
    slices = slip_slices_table(contest.slices, served=contest.judgement.served, rival=SLICE_RIVAL)
    return (
        f"<h3>The win curve by age, time to go, kind and value</h3>{slices}"
        f"<h3>The days it named</h3>{close_dates_table(contest.close_dates)}"
    )


def _headline(contest: Contest, rival: str) -> str:
    judgement = contest.judgement
    overall = judgement.standings[judgement.served].overall
    gain = judgement.gains[rival]
    share = "–" if gain.share is None else f"{gain.share:.1%}".replace("-", "−")
    lift, bias, excess = overall.lift_at_k, overall.bias, overall.excess_ece
    what = "A-list" if contest.part == "bucket" else "wins"
    cells = (
        (share, f"less log loss than {named(rival)}"),
        (number(overall.auc.value), f"AUC, {what} against the rest"),
        (f"{number(lift.value, 2)} ×", f"lift of {what} in the top 20 % of each book"),
        (number(excess.value), "calibration error beyond chance"),
        (number(bias.value), "bias, predicted less observed"),
    )
    return "".join(f"<div><b>{value}</b><span>{escape(text)}</span></div>" for value, text in cells)


def _leaks(result: BacktestResult) -> str:
    gate = result.leak_gate
    verdict = (
        "Passed: with everything from the probe moment on altered, every feature of the sampled "
        "rows stayed the same to the last bit."
        if gate.has_passed
        else f"FAILED: the future reached {', '.join(gate.leaking)}."
    )
    warnings = "".join(f"<li>{escape(text)}</li>" for text in gate.warnings)
    listed = f"<h3>Looks too good</h3><ul>{warnings}</ul>" if warnings else "<p>No warnings.</p>"
    checked = tables.counts_table(("probe", "compared"), dict(gate.checked))
    style = "" if gate.has_passed else " loses"
    return (
        f'<section id="leaks"><h2>Leak gate</h2><div class="answer{style}"><p>{escape(verdict)}'
        f"</p></div>{listed}<details><summary>Probes</summary>{checked}</details></section>"
    )


def _data(result: BacktestResult, used: Mapping[str, object]) -> str:
    rows = tables.counts_table(("table", "rows"), _section(used, "tables"))
    parts = []
    for part, contest in result.contests.items():
        examples, plan = contest.examples, contest.plan
        parts.append(
            f"<h3>{_TITLE[part]}: {examples.rows.height:,} described rows, "
            f"{len(examples.features)} features</h3>"
            f"<p class='note'>Horizon {plan.horizon.weeks} weeks"
            f"{', chosen by the ladder' if plan.horizon.is_auto else ', set by hand'}; warm-up "
            f"{plan.horizon.chosen.warm_up_weeks} weeks after the first event.</p>"
            f"{tables.ladder(plan.horizon)}"
            f"{tables.reasons_table(examples.left_out, 'feature')}"
        )
    return f'<section id="data"><h2>Data used</h2>{rows}{"".join(parts)}</section>'


def _recipe(result: BacktestResult) -> str:
    recipe = escape(json.dumps(result.experiment.to_mapping(), indent=2))
    seconds = tables.counts_table(("step", "seconds"), dict(result.seconds))
    return (
        f'<section id="recipe"><h2>Recipe and time</h2>{seconds}<details><summary>Experiment'
        f"</summary><pre>{recipe}</pre></details></section>"
    )


def _section(of: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = of[name]
    return found if isinstance(found, Mapping) else {}


def _day(used: Mapping[str, object], name: str) -> str:
    return escape(str(used[name])[:10])
