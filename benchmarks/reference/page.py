"""The section of docs/evaluation.md on the reference labels, made out of the result file alone."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]

NAME = "reference labels"
"""Of the section's marks in the page."""

FILE = "reference_labels.json"
"""Where the results are, beside those of the sets."""

TOLERANCE = 0.01
"""By so much an AUC may lie below the reference's."""

REFIT = "logistic"

INTRO = f"""\
## On the reference labels

Figures of an earlier study of the same public sets, asked again: its labels, its splits, its test \
rows. What was printed then is its best AUC and its best log loss. Which columns its models read \
is not known; "fitted again" is a logistic on a plain table of ours (recency, frequency and money \
of the orders, or how invoices were paid so far) on the same rows, so that differences are paired. \
Our recipe (features, kind of head, alone or half and half in log-odds with that logistic) is \
chosen by log loss on earlier splits inside the training past, never on the test rows. AUC is kept \
when it lies at most {TOLERANCE} below. Brackets hold 90 % intervals from a bootstrap over \
accounts; a gain in log loss above zero is in our favour. `python -m benchmarks.reference_labels`.
"""

NOTES = """\
- A top share counts the accounts of one moment; without revenue nobody is in it. Revenue leaves \
credit notes out, net revenue takes them off.
- The split by month is the reference's: the last invoices of its training windows fall due after \
the first test moment. Invoices asked at their issue are learnt from once their due day is over.
- Receivables: the whole catalogue and the payment features alone had been seen on the test rows \
when recipes with the reference were added, and when invoices came to be learnt from after their \
due day only; the choice among recipes is that of the earlier splits. More moments to learn from, \
more weight on the newest, a stronger ridge and the reference's columns beside ours were tried on \
the earlier splits only; none came out 0.001 better than the chosen. Other plain tables moved the \
log loss of the reference fitted again by more than it differs from ours.
"""


def section(found: Json) -> str:
    """The whole section.

    Args:
        found: contents of the result file.
    """
    questions = [
        (dataset, question)
        for dataset, told in found["sets"].items()
        for question in told["questions"]
    ]
    head = (
        "set", "label", "rows, base rate", "printed: AUC / log loss", "fitted again", "ours",
        "gain in log loss", "difference in AUC", "beside the printed", "beside the fitted again",
    )  # fmt: skip
    runs = "; ".join(
        f"{dataset} on {told['evaluated_on']} with lightgbm {told['versions']['lightgbm']}"
        for dataset, told in found["sets"].items()
    )
    lines = [
        INTRO,
        _line(head),
        "|" + "---|" * len(head),
        *(_line(_row(dataset, question)) for dataset, question in questions),
        "",
        *(_recipes(question) for _, question in questions),
        NOTES + f"- Run: {runs}.",
    ]
    return "\n".join(lines) + "\n"


def beside_printed(question: Json) -> str:
    """Whether our AUC is kept and our log loss lies below, as against the printed figures."""
    printed, ours = question["printed"], chosen(question)
    words = [_kept(ours["auc"]["value"] - printed["auc"])]
    if printed["log_loss"] is not None:
        is_below = ours["log_loss"]["value"] < printed["log_loss"]
        words.append("log loss below" if is_below else "**log loss above**")
    return ", ".join(words)


def beside_refit(question: Json) -> str:
    """The same as against the logistic fitted again, and whether the log loss is certain."""
    against = chosen(question)["against"][REFIT]
    gain = against["gain"]
    is_sure = gain["low"] > 0 or gain["high"] < 0
    side = "log loss below" if gain["value"] > 0 else "**log loss above**"
    certainty = "certain" if is_sure else "not certain"
    return f"{_kept(against['auc_difference']['value'])}, {side} ({certainty})"


def chosen(question: Json) -> Json:
    """The recipe with the lowest log loss on the earlier splits."""
    recipes: Sequence[Json] = question["recipes"]
    return min(recipes, key=lambda recipe: recipe["earlier_log_loss"])


def _kept(difference: float) -> str:
    return "AUC kept" if difference >= -TOLERANCE else "**AUC missed**"


def _row(dataset: str, question: Json) -> Iterator[str]:
    printed, ours = question["printed"], chosen(question)
    refit = ours["against"][REFIT]
    loss = "–" if printed["log_loss"] is None else f"{printed['log_loss']:.3f}"
    yield dataset
    yield question["name"]
    yield f"{question['rows']:,}, {question['base_rate']['test']:.3f}"
    yield f"{printed['auc']:.3f} / {loss}"
    yield _pair(refit)
    yield f"{_pair(ours)}: {_called(ours)}"
    yield _with_interval(refit["gain"])
    yield _with_interval(refit["auc_difference"])
    yield beside_printed(question)
    yield beside_refit(question)


def _recipes(question: Json) -> str:
    """What else was looked at, and how the choice was made."""
    best = chosen(question)
    others = "; ".join(
        f"{_called(recipe)} {_pair(recipe)} (earlier {recipe['earlier_log_loss']:.3f})"
        for recipe in question["recipes"]
        if recipe is not best
    )
    rules = "; ".join(
        f"{name} {_pair(told)}" for name, told in best["against"].items() if name != REFIT
    )
    splits = question["earlier_splits"]
    return (
        f"- {question['name'][0].upper()}{question['name'][1:]}: {question['train_rows']:,} rows "
        f"to learn from, base rate {question['base_rate']['train']:.3f}; "
        f"{len(question['standings'])} recipes held against each other on {splits} earlier "
        f"split{'' if splits == 1 else 's'}; chosen with log loss {best['earlier_log_loss']:.3f} "
        f"there. Not chosen, on the test rows: {others}. {rules[0].upper()}{rules[1:]}."
    )


def _called(recipe: Json) -> str:
    company = "" if recipe["company"] == "alone" else f", {recipe['company']}"
    return f"{recipe['kind']}, {recipe['table']}{company}"


def _pair(told: Json) -> str:
    return f"{told['auc']['value']:.3f} / {told['log_loss']['value']:.3f}"


def _with_interval(figure: Json) -> str:
    return f"{figure['value']:+.3f} ({figure['low']:+.3f} to {figure['high']:+.3f})"


def _line(cells: Iterator[str] | Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
