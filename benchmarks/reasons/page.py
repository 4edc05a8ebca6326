"""Page: docs/reasons.md from the result file alone."""

from collections.abc import Mapping
from typing import Any, TypeAlias

Found: TypeAlias = Mapping[str, Any]
TEXT = """\
# Reasons: do they add up, do they stay, are they true?

Written by `python -m benchmarks.reasons --page docs/reasons.md`; do not edit. Synthetic \
worlds of {accounts} accounts, seeds {seeds}, as of {as_of}: a check of the machinery, not of \
a customer's data.

## They add up

The contributions of a score and its base are its log-odds (exact TreeSHAP; of several members \
the average; a deal's reasons are about closing in one week and being won). The largest \
deviation over {account_rows:,} account rows and {deal_rows:,} deal rows, where 1e-6 is \
allowed:

| head | largest deviation |
|---|---|
{gaps}

## They stay

A model fitted on what was certain a quarter earlier, and one fitted now, explain the same \
accounts and deals as of now; the three strongest concepts of each row, as shared of all \
(Jaccard), mean with its 90 % interval by account. A concept is told from {min_contribution} of \
log-odds with one sign in all members. With hysteresis, one that was told before with the same \
effect stays down to 20 % less, and keeps its place unless another is stronger by as much. The \
goal after a retrain is {goal:.2f}. The labels of both models are measured with one growth floor.

| compared | rows | Jaccard | without hysteresis | all three the same |
|---|---|---|---|---|
{stays}

Why they move, without hysteresis: where the fourth concept comes within 20 % of the third, a \
trifle swaps them; where the bucket changes, another question is explained.

| compared | near ties: share | Jaccard | no near tie: Jaccard | bucket moved: share | Jaccard \
| bucket kept: Jaccard |
|---|---|---|---|---|---|---|
{why}

`of nine seeds`: three times the members in the average. `told of one bucket`: both models \
explain the bucket that the newer one displays, so that what is left is the fit itself.

Also tried on these worlds: hysteresis that lifts every concept told before by a quarter, the \
five of them alike. It leaves the third and the fourth as near to one another as they were: \
lightgbm 0.801, blend 0.773, logistic 0.799, slip 0.880 after a retrain.

## They are true

{sentences} sentences of the published reasons, half about accounts and half about deals, are \
read by a reader who has only the words ([`reader.py`](../benchmarks/reasons/reader.py)): \
number, unit, window and date by the grammar of the sentence, the question by its words. The \
question is counted again in plain Python, row by row from the contract tables \
([`tests/features/reference`](../tests/features/reference)), and must agree to the precision \
that the sentence shows.

{outcomes}; {questions} different questions. A sentence that cannot be read counts as a failure.

{examples}

What similar accounts and deals show is counted again as well, in {norms} of them: the median of \
those who share segment, size and stage, 30 or more, else of a larger group.

To do it again: `python -m benchmarks.reasons --page docs/reasons.md`.
"""


def page(result: Found) -> str:
    """The document."""
    sentences = result["sentences"]
    by_name = {stays["name"]: stays for stays in result["stays"]}
    published = [name for name in by_name if not name.endswith(PLAIN)]
    outcomes = ", ".join(f"{count} {name}" for name, count in sentences["outcomes"].items())
    return TEXT.format(
        accounts=result["accounts"],
        seeds=", ".join(map(str, result["seeds"])),
        as_of=result["as_of"],
        account_rows=result["rows"][0],
        deal_rows=result["rows"][1],
        gaps="\n".join(f"| {name} | {gap:.1e} |" for name, gap in result["gaps"].items()),
        min_contribution=result["min_contribution"],
        goal=result["goal"],
        stays="\n".join(_stays(by_name[name], by_name[name + PLAIN]) for name in published),
        why="\n".join(_why(name, by_name[name + PLAIN]) for name in published),
        sentences=sentences["sentences"],
        outcomes=outcomes,
        questions=sentences["questions"],
        norms=sentences["norms"],
        examples="\n".join(f"* {text}" for text in sentences["examples"]),
    )


PLAIN = ", no hysteresis"


def _stays(stays: Found, plain: Found) -> str:
    return (
        f"| {stays['name']} | {stays['rows']:,} | {_interval(stays['jaccard'])} | "
        f"{_interval(plain['jaccard'])} | {stays['same']:.0%} |"
    )


def _why(name: str, plain: Found) -> str:
    tied, others = plain["near_ties"], plain["others"]
    moved, kept = plain["bucket_moved"], plain["bucket_kept"]
    return (
        f"| {name} | {tied['share']:.0%} | {_number(tied['jaccard'])} | "
        f"{_number(others['jaccard'])} | {moved['share']:.0%} | {_number(moved['jaccard'])} | "
        f"{_number(kept['jaccard'])} |"
    )


def _interval(told: list[float | None]) -> str:
    value, low, high = map(_number, told)
    return f"{value} ({low} to {high})"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
