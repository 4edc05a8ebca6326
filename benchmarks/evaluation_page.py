"""The evaluation page: docs/evaluation.md made out of the result files, and out of nothing else."""

from collections.abc import Mapping, Sequence
from typing import Any

from training.ladder import CURVES

Json = Mapping[str, Any]

MODELS = ("lightgbm", "blend", "ensemble", "multiclass", "binary", *CURVES)
"""Names in metrics.json that are no baselines."""

TITLES: Mapping[str, str] = {
    "online_retail": "Online Retail: a wholesaler's orders (real)",
    "receivables": "Accounts receivable: invoices and payments (fictional, coherent)",
    "bpi2012": "BPI Challenge 2012: a bank's loan applications (real, anonymised)",
}

QUESTIONS: Mapping[str, str] = {
    "bucket": "Which of the four buckets will the account be in, {weeks} weeks on?",
    "slip": "Will the deal be won by its committed date?",
}

INTRO = """\
# Evaluation on real data

Models beside every baseline, forward in time: each fit sees only what was known at its origin, \
and is tested on what came after it. Brackets hold 90 % intervals from a bootstrap over accounts. \
Log loss, Brier score and ECE: lower is better; AUC: higher is better, .5 is chance (with four \
buckets it is that of the first, the A-list). The last column is the paired difference in log \
loss: positive where the served model is better than that row, and certain only where the \
interval lies on one side of zero. Baselines are marked with a star.

The data are public, are not part of the project, and are fetched by whoever wants to run this:
`make evaluate DATA=DIR`, with one folder per set as named in `benchmarks/datasets/`. What the \
raw files become, and which outcome counts as won, is said at the top of each file there; the \
recipes are in `training/experiments/`.
"""


def page(results: Sequence[Json], missing: Sequence[str]) -> str:
    """The whole document, one section per result, the sets without a result named.

    Args:
        results: contents of the result files.
        missing: names of the sets that have none.
    """
    parts = [INTRO, *(section(result) for result in results)]
    if missing:
        named = ", ".join(f"`{name}`" for name in missing)
        parts.append(f"## Not evaluated\n\nNo data were there for {named}.\n")
    return "\n".join(parts)


def section(result: Json) -> str:
    """One data set: who wins, the table, and what stands behind it."""
    metrics = result["metrics"]
    part = "bucket" if "bucket" in metrics else "slip"
    found = metrics[part]
    lines = [
        f"## {TITLES.get(result['set'], result['set'])}",
        "",
        f"*{QUESTIONS[part].format(weeks=metrics['horizon']['weeks'])}*",
        "",
        f"**{verdict(found)}**",
        "",
        *_table(found),
        "",
        *_by_bucket(found),
        *_followed(found),
        *_by_age(found),
        *_background(result, part),
    ]
    return "\n".join(lines) + "\n"


def gains_section(gains: Json) -> str:
    """What the whole catalogue gains over the first one, with the same folds and seeds.

    Args:
        gains: contents of the result file of `benchmarks.catalogue_gain`.
    """
    told = [_sizes(gains["catalogues"][name]) for name in ("first", "whole")]
    intro = (
        f"The first catalogue held {told[0]} features; today's holds {told[1]}. Both are fitted "
        "at the same origins with the same seeds; features that both have are computed as they "
        "are today. Log loss over the same rows; the gain is the paired difference, positive "
        "where the whole catalogue is better, with its 90 % interval by account."
    )
    lines = [
        "",
        "## What the wider catalogue gains",
        "",
        intro,
        "",
        "| | model | features, first → whole | log loss, first | log loss, whole | gain |",
        "|---|---|---|---|---|---|",
    ]
    for name, found in gains["sets"].items():
        for part, of_part in found["parts"].items():
            sizes = f"{of_part['features']['first']} → {of_part['features']['whole']}"
            for row in of_part["models"]:
                cells = (
                    f"{name}, {part}",
                    row["model"],
                    sizes,
                    _figure(row["first"]),
                    _figure(row["whole"]),
                    _gain(row["gain"]),
                )
                lines.append(f"| {' | '.join(cells)} |")
    runs = "; ".join(
        f"{name} on {found['evaluated_on']} with lightgbm {found['versions']['lightgbm']}"
        for name, found in gains["sets"].items()
    )
    missing = [
        f"- Not compared: {name}, {part}: {why}."
        for name, found in gains["sets"].items()
        for part, why in found["missing"].items()
    ]
    return "\n".join([*lines, "", *missing, f"- Run: {runs}."]) + "\n"


def _sizes(size: Json) -> str:
    return f"{size['account']} account and {size['deal']} deal"


def verdict(found: Json) -> str:
    """One plain sentence: who wins, by how much, and whether that is certain.

    The served model is held against the best baseline. Where a baseline is what is served, the
    sentence says that it beat the models.
    """
    served = found["served"]
    losses = {
        name: model["overall"]["log_loss"]["value"] for name, model in found["models"].items()
    }
    rivals = [name for name in losses if name != served and name not in MODELS]
    if served not in MODELS:
        rivals = [name for name in losses if name in MODELS] or rivals
    best = min(rivals, key=lambda name: losses[name])
    gain = found["gains"][best]
    rival = f"the best baseline, {best}" if served in MODELS else f"the best model, {best}"
    size = f"{abs(gain['value']):.3f}"
    low, high = sorted((abs(gain["low"]), abs(gain["high"])))
    sure = f"{size} (90 % interval {low:.3f} to {high:.3f})"
    if gain["low"] > 0:
        share = f", {gain['share']:.1%} less" if gain["share"] is not None else ""
        return f"{_name(served)} wins: its log loss lies below that of {rival}, by {sure}{share}."
    if gain["high"] < 0:
        return f"{_name(served)} loses: its log loss lies above that of {rival}, by {sure}."
    side = "below" if gain["value"] > 0 else "above"
    return (
        f"Nobody wins for certain: the log loss of {served} lies {side} that of {rival}, by "
        f"{size}, and the 90 % interval of its gain, {gain['low']:+.3f} to {gain['high']:+.3f}, "
        "contains zero."
    )


def _name(model: str) -> str:
    return f"The {model} {'model' if model in MODELS else 'baseline'}"


def _table(found: Json) -> list[str]:
    served = found["served"]
    names = sorted(found["models"], key=lambda name: _loss(found, name))
    lines = [
        "| | log loss | AUC | Brier | ECE | served model against it |",
        "|---|---|---|---|---|---|",
    ]
    for name in names:
        overall = found["models"][name]["overall"]
        shown = name if name in MODELS else f"{name} *"
        cells = [_figure(overall[key]) for key in ("log_loss", "auc", "brier", "ece")]
        gain = found["gains"].get(name)
        against = "served" if name == served else _gain(gain)
        lines.append(f"| {shown} | {' | '.join(cells)} | {against} |")
    overall = found["models"][served]["overall"]
    lines += ["", f"{overall['n']:,} predictions about {overall['accounts']:,} accounts."]
    if found["not_applicable"]:
        reasons = "; ".join(f"{name}: {why}" for name, why in found["not_applicable"].items())
        lines[-1] += f" Not applicable: {reasons}."
    return lines


def _by_bucket(found: Json) -> list[str]:
    """How well the served model tells each bucket from the rest."""
    classes = found["models"][found["served"]].get("by_class", {})
    if not classes:
        return []
    told = ", ".join(f"{name} {_figure(metrics['auc'])}" for name, metrics in classes.items())
    return [f"AUC of {found['served']} by bucket, each against the rest: {told}.", ""]


FOLLOWED = {
    "bookings_by_value": "bookings in the top 20 % of each book, ranked by expected bookings",
    "bookings_by_size": "ranked by what was invoiced in the year before",
    "bookings_by_a_list": "ranked by P(A-list)",
    "bookings_at_best": "the most anybody could",
    "hours_released": "hours that firm walk-aways had taken",
    "bookings_forgone": "bookings that firm walk-aways had brought",
    "utility": "mean utility of what is shown",
    "utility_of_steady": "of showing every account as steady",
    "flip_rate": "accounts shown in another bucket than a month before",
}
"""What following the list would have meant, in the order told; what is not known is left out."""


def _followed(found: Json) -> list[str]:
    """Shares of money and hours by what was shown, and whether a calibration was kept."""
    decisions = found.get("decisions")
    if decisions is None:
        return []
    told = "; ".join(
        f"{words} {_figure(decisions[name])}"
        for name, words in FOLLOWED.items()
        if decisions[name]["value"] is not None
    )
    lines = [f"Had the list been followed (what happened, not what was caused): {told}."]
    calibration = found.get("calibration")
    if calibration is not None and calibration["gain"]["value"] is not None:
        kept = "is kept" if calibration["is_kept"] else "is not kept"
        lines.append(
            f"A calibration learnt on earlier forecasts {kept}: gain in log loss "
            f"{_gain(calibration['gain'])}."
        )
    return [" ".join(lines), ""]


def _by_age(found: Json) -> list[str]:
    """The served model by age of the deal, beside the best baseline: one number hides it."""
    served = found["served"]
    best = min(
        (name for name in found["models"] if name not in MODELS),
        key=lambda name: _loss(found, name),
    )
    ages = found["models"][served].get("by_age", {})
    if len(ages) < 2:
        return []
    lines = [
        f"| age of the deal | n | log loss, {served} | log loss, {best} * | AUC, {served} |",
        "|---|---|---|---|---|",
    ]
    for age, metrics in ages.items():
        other = found["models"][best]["by_age"][age]
        cells = [_figure(metrics["log_loss"]), _figure(other["log_loss"]), _figure(metrics["auc"])]
        lines.append(f"| {age} | {metrics['n']:,} | {' | '.join(cells)} |")
    return [*lines, ""]


def _background(result: Json, part: str) -> list[str]:
    metrics = result["metrics"]
    used = metrics["data_used"]
    tables = ", ".join(f"{rows:,} {name}" for name, rows in used["tables"].items())
    dropped = ", ".join(f"{rows:,} × {why}" for why, rows in result["dropped"].items() if rows)
    described = used[part]
    shares = ", ".join(f"{name} {share:.0%}" for name, share in described["outcome_shares"].items())
    gate = metrics["leak_gate"]
    warnings = "; ".join(gate["warnings"]) or "none"
    versions = ", ".join(f"{name} {number}" for name, number in result["versions"].items())
    left_out = f"; left out: {dropped}" if dropped else ""
    span = f"{used['first_event'][:10]} to {used['observed_until'][:10]}"
    standing = f"{len(described['origins'])} origins ({metrics['horizon']['standing']})"
    rows = f"{described['rows']:,} described rows, {len(described['features'])} features"
    return [
        f"- Data: {result['rows_in']:,} raw rows → {tables}{left_out}; {span}.",
        f"- Design: {standing}, {rows}; outcomes: {shares}.",
        f"- Leak gate: {gate['verdict']}; warnings: {warnings}.",
        f"- Run on {result['evaluated_on']} with {versions}.",
    ]


def _loss(found: Json, name: str) -> float:
    return float(found["models"][name]["overall"]["log_loss"]["value"])


def _figure(figure: Json) -> str:
    if figure["value"] is None:
        return "–"
    return f"{figure['value']:.3f} ({figure['low']:.3f}–{figure['high']:.3f})"


def _gain(gain: Json | None) -> str:
    if gain is None or gain["value"] is None:
        return "–"
    return f"{gain['value']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f})"
