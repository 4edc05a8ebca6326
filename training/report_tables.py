"""Report tables: numbers with their intervals as HTML, everything from outside escaped."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from html import escape

from training.contest import Contest
from training.folds import Horizon
from training.intervals import Figure
from training.judgement import Judgement, Standing
from training.metrics import Metrics

MODEL_NAMES: Mapping[str, str] = {
    "lightgbm": "LightGBM, 3 heads",
    "blend": "logistic + LightGBM blend",
    "ensemble": "LightGBM, nested questions + four classes at once",
    "hazard": "win curve (competing hazards)",
    "hazard_logistic": "win curve of regressions",
    "hazard_blend": "win curve, both by half",
    "binary": "won by its date, asked directly",
    "logistic": "logistic",
    "multiclass": "LightGBM, four classes at once",
    "hazard_closed_only": "win curve, taught by closed deals alone",
    "hazard_without_stage": "win curve without the stage",
    "hazard_without_typing": "win curve without what a rep types",
    "constant": "constant",
    "persistence": "persistence",
    "owner_rate": "owner’s past rate",
    "customer_rate": "customer’s own past rate",
    "stage_age": "stage × age × weeks ahead",
    "recency_frequency": "recency × frequency",
    "crm_probability": "the CRM’s own probability",
    "naive_bayes": "naive Bayes",
}
SLICE_NAMES: Mapping[str, str] = {
    "by_origin": "origin",
    "by_segment": "segment",
    "by_size": "invoiced in the year before, within the moment",
    "by_age": "age",
    "by_acquaintance": "account in the training rows?",
    "by_type": "type of deal",
}


def named(model: str) -> str:
    """How the report calls a model."""
    return MODEL_NAMES.get(model, model.replace("_", " "))


def number(value: float | None, digits: int = 3) -> str:
    """A number with a true minus sign; a dash where there is none.

    >>> number(-0.0312), number(None)
    ('−0.031', '–')
    """
    if value is None:
        return "–"
    text = f"{value:.{digits}f}"
    return text.replace("-", "−") if float(text) else text.replace("-", "")


def interval(found: Figure, digits: int = 3) -> str:
    """A cell: the value, and its 90 % interval below."""
    if found.value is None:
        return "<td>–</td>"
    low, high = number(found.low, digits), number(found.high, digits)
    return f"<td>{number(found.value, digits)}<i>{low} to {high}</i></td>"


def table(heads: Sequence[str], rows: Iterable[str], text_columns: Sequence[int] = ()) -> str:
    """A table in a box that scrolls sideways on small screens; rows are ready-made."""
    cells = "".join(
        f'<th class="text" scope="col">{escape(head)}</th>'
        if place in text_columns
        else f'<th scope="col">{escape(head)}</th>'
        for place, head in enumerate(heads)
    )
    body = "".join(rows)
    return (
        f'<div class="scroll"><table><thead><tr>{cells}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def models_table(judgement: Judgement) -> str:
    """Every model beside every baseline, the lowest log loss first."""
    heads = (
        "model", "log loss", "served model’s gain", "AUC", "average precision", "lift, top 20 %",
        "precision there", "Brier", "excess ECE", "bias",
    )  # fmt: skip
    order = sorted(
        judgement.standings, key=lambda name: judgement.standings[name].overall.log_loss.value or 9
    )
    return table(heads, (_model_row(name, judgement) for name in order))


def slices_table(served: Standing, rival: Standing, rival_name: str) -> str:
    """The served model on every slice, with the strongest rival's log loss beside it."""
    heads = ("slice", "rows", "accounts", "prevalence", "log loss", rival_name, "AUC", "bias")
    rows = []
    for name, parts in served.slices.items():
        if len(parts) < 2 and name != "by_origin":
            continue
        rows.append(f'<tr><th colspan="8" scope="rowgroup">{escape(SLICE_NAMES[name])}</th></tr>')
        rows += [
            _slice_row(value, found, rival.slices[name][value]) for value, found in parts.items()
        ]
    return table(heads, rows)


def classes_table(served: Standing) -> str:
    """Each bucket against the rest."""
    heads = ("bucket", "share", "AUC", "average precision", "lift in top 20 %", "ECE", "bias")
    rows = (
        f'<tr><th scope="row">{escape(name.replace("_", " "))}</th>{interval(found.prevalence)}'
        f"{interval(found.auc)}{interval(found.average_precision)}{interval(found.lift_at_k, 2)}"
        f"{interval(found.ece)}{interval(found.bias)}</tr>"
        for name, found in served.by_class.items()
    )
    return table(heads, rows)


def firm_table(contest: Contest) -> str:
    """From which probability on a bucket is firm, and what that was worth out of time."""
    rule, policy = contest.firm, contest.policy.decision
    if not rule.cuts:
        return (
            "<p>No bucket passed: at no cut was the precision sure to reach "
            f"{policy.firm_precision:.0%}, so nothing is called firm.</p>{_firm_money(contest)}"
        )
    heads = ("bucket", "firm from", "accounts", "precision", "lower bound (90 %)")
    rows = (
        f'<tr><th scope="row">{escape(bucket.replace("_", " "))}</th>'
        f"<td>{cut.threshold:.2f}</td><td>{cut.accounts}</td><td>{cut.precision:.0%}</td>"
        f"<td>{cut.lower_bound:.0%}</td></tr>"
        for bucket, cut in rule.cuts.items()
    )
    return table(heads, rows) + _firm_money(contest)


def _firm_money(contest: Contest) -> str:
    """What a firm walk-away may be expected to book, and what such accounts had booked."""
    money, policy = contest.firm.bookings, contest.policy.decision
    if money is None:
        return "<p>Nothing was booked, so walk-aways are not held to any sum of money.</p>"
    allowed = f"{policy.firm_forgone:.1%} of all bookings"
    if money.below == 0.0:
        return f"<p>At no sum were walk-aways sure to bring at most {allowed}: none is firm.</p>"
    return (
        f"<p>A firm walk-away is expected to book less than {money.below:,.0f} in the window. "
        f"All walk-aways below that sum brought {money.forgone:.1%} of bookings "
        f"(at most {money.upper_bound:.1%} with {policy.firm_confidence:.0%} confidence; "
        f"{allowed} may be forgone).</p>"
    )


DECISION_NAMES: Mapping[str, str] = {
    "bookings_by_value": "bookings in the top 20 % of each book, by expected bookings",
    "bookings_by_a_list": "the same, by P(A-list)",
    "bookings_by_size": "the same, by what was invoiced in the year before",
    "bookings_at_best": "the same, by what came: the most anybody could",
    "growth_by_a_list": "growth in the top 20 % of each book, by P(A-list)",
    "hours_released": "hours that firm walk-aways had taken",
    "bookings_forgone": "bookings that firm walk-aways had brought",
    "hours_freed_by_advice": "hours that all walk-aways had taken, firm or not",
    "bookings_forgone_by_advice": "bookings that all walk-aways had brought, firm or not",
    "utility": "mean utility of what is shown",
    "utility_of_steady": "of showing every account as steady",
    "flip_rate": "accounts shown in another bucket than a month before",
}


def decisions_table(contest: Contest) -> str:
    """What following the buckets would have brought, freed and forgone."""
    if contest.decisions is None:
        return ""
    rows = (
        f'<tr><th scope="row">{escape(DECISION_NAMES[entry.name])}</th>'
        f"{interval(getattr(contest.decisions, entry.name))}</tr>"
        for entry in fields(contest.decisions)
    )
    return table(("of all rows judged", "share or mean"), rows)


def utility_table(contest: Contest) -> str:
    """What each model would have been worth by the policy's table, the best first."""
    order = sorted(contest.utilities, key=lambda name: -(contest.utilities[name].value or -9.0))
    rows = (
        f'<tr><th scope="row">{escape(named(name))}</th>{interval(contest.utilities[name])}</tr>'
        for name in order
    )
    return table(("model", "mean utility of what it would show"), rows)


def ladder(horizon: Horizon) -> str:
    """Weeks that each horizon needs for 6, 3 and 1 origins, against what was found."""
    heads = ("horizon, weeks", "for 6 origins", "for 3", "for 1", "weeks found", "origins found")
    rows = (
        f'<tr class="{"served" if step.horizon_weeks == horizon.weeks else ""}">'
        f'<th scope="row">{step.horizon_weeks}</th><td>{step.weeks_for_full}</td>'
        f"<td>{step.weeks_for_short}</td><td>{step.weeks_for_one}</td>"
        f"<td>{step.weeks_found:.0f}</td><td>{step.origins_found}</td></tr>"
        for step in horizon.steps
    )
    return table(heads, rows)


def reasons_table(reasons: Mapping[str, str], what: str) -> str:
    """Names with the reason why they are not there."""
    if not reasons:
        return f"<p>Every {escape(what)} is there.</p>"
    rows = (
        f'<tr><th scope="row">{escape(named(name))}</th><td class="text">{escape(why)}</td></tr>'
        for name, why in reasons.items()
    )
    return table((what, "why not"), rows, text_columns=(1,))


def counts_table(heads: tuple[str, str], counts: Mapping[str, object]) -> str:
    """Two columns: a name and a count or a duration."""
    rows = (
        f'<tr><th scope="row">{escape(str(name))}</th><td>{escape(_count(value))}</td></tr>'
        for name, value in counts.items()
    )
    return table(heads, rows)


def _model_row(name: str, judgement: Judgement) -> str:
    found = judgement.standings[name].overall
    tags = '<span class="tag">served</span>' if name == judgement.served else ""
    if name == judgement.winner:
        tags += '<span class="tag best">lowest log loss</span>'
    gain = judgement.gains.get(name)
    won = "<td>–</td>" if gain is None else interval(gain.figure)
    tags = f"<br>{tags}" if tags else ""
    style = ' class="served"' if name == judgement.served else ""
    return (
        f'<tr{style}><th scope="row">{escape(named(name))}{tags}</th>{interval(found.log_loss)}'
        f"{won}{interval(found.auc)}{interval(found.average_precision)}"
        f"{interval(found.lift_at_k, 2)}{interval(found.precision_at_k, 2)}"
        f"{interval(found.brier)}{interval(found.excess_ece)}{interval(found.bias)}</tr>"
    )


def _slice_row(value: str, found: Metrics, rival: Metrics) -> str:
    return (
        f"<tr><td>{escape(value)}</td><td>{found.n:,}</td><td>{found.accounts:,}</td>"
        f"<td>{number(found.prevalence.value, 2)}</td>{interval(found.log_loss)}"
        f"<td>{number(rival.log_loss.value)}</td>{interval(found.auc)}{interval(found.bias)}</tr>"
    )


def _count(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
