"""`leaks`: does the future reach a feature or a forecast, and does anything look too good."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bucketlist.options import Crm, day_of, experiment_at, reading_of
from bucketlist.session import Session
from bucketlist.train import REFUSED

if TYPE_CHECKING:
    from rich.console import Console

    from features.feature import Entity
    from training.leak_hunt import Hunt

_PARTS: Mapping["Entity", str] = {"account": "bucket", "deal": "slip"}


class Which(StrEnum):
    """What is described."""

    ACCOUNT = "account"
    DEAL = "deal"
    BOTH = "both"


_ENTITIES: Mapping[Which, tuple["Entity", ...]] = {
    Which.ACCOUNT: ("account",),
    Which.DEAL: ("deal",),
    Which.BOTH: ("account", "deal"),
}


def leaks(  # noqa: PLR0913 - one parameter per option of the command
    context: typer.Context,
    crm: Crm,
    *,
    as_of: Annotated[
        list[str] | None,
        typer.Option(
            help="Moment of knowledge, YYYY-MM-DD; repeatable. The oldest, middle and newest "
            "tested moment unless given."
        ),
    ] = None,
    entity: Annotated[Which, typer.Option(help="account, deal or both")] = Which.BOTH,
    metrics: Annotated[
        Path | None,
        typer.Option(help="metrics.json of a backtest, to compare features with the model."),
    ] = None,
    experiment: Annotated[
        Path | None, typer.Option(help="Experiment file (TOML); the one that ships unless given.")
    ] = None,
    refit: Annotated[
        bool, typer.Option(help="Fit the newest origin twice, the second time with another future.")
    ] = True,
    shuffles: Annotated[
        bool, typer.Option(help="Fit the newest origin twenty times on labels dealt by chance.")
    ] = True,
) -> None:
    """Check that nothing known later reaches a feature or a forecast; exit 4 when something does.

    What was not known strictly before a moment is changed in eight ways, one by one and all at
    once, the features are built again, and every bit must be the same. The newest origin is
    fitted twice in the same manner. Then it is fitted on labels that were dealt by chance: no
    forecast may tell those. The mean AUC of 20 shuffles is a leak when it lies more than .02 and
    more than 3 standard errors, clustered by account, from one half, and again in 20 fresh ones.
    Warnings name what looks too good; they do not fail the run.

    Examples:
        bucketlist leaks --crm files:export
        bucketlist leaks --crm files:export --entity deal --as-of 2026-03-02 --as-of 2026-06-01
        bucketlist leaks --crm files:export --metrics backtest/metrics.json --no-refit --json
        bucketlist leaks --crm files:export --no-shuffles
    """
    from training.leak_hunt import Question, hunt  # noqa: PLC0415  keeps --help quick

    session: Session = context.obj
    question = Question(
        entities=_ENTITIES[entity],
        as_ofs=tuple(
            session.calendar.midnight(day_of(text, option="--as-of")) for text in as_of or ()
        ),
        model_aucs={} if metrics is None else _model_aucs(metrics),
        is_refit=refit,
        is_shuffled=shuffles,
    )
    recipe = experiment_at(experiment)
    book = reading_of(session, crm).book
    found = hunt(book, recipe, question, session.calendar, progress=session.say)
    fields = _fields(found)
    _print(session, found)
    session.result(fields)
    if not found.has_passed:
        raise typer.Exit(REFUSED)


def _fields(found: "Hunt") -> dict[str, object]:
    from training.disturbance import DISTURBANCES  # noqa: PLC0415

    return {
        "verdict": "passed" if found.has_passed else "failed",
        "disturbances": list(DISTURBANCES),
        "checked": [{**one._asdict(), "as_of": one.as_of.isoformat()} for one in found.checked],
        "leaking": [{**asdict(one), "as_of": one.as_of.isoformat()} for one in found.movements],
        "refit": {
            entity: {
                "origin": origin.isoformat(),
                "moved": [asdict(one) for one in found.shifts[entity]],
            }
            for entity, origin in found.refitted.items()
        },
        "shuffled_labels": {
            entity: [{**asdict(one), "is_finding": one.is_finding} for one in told]
            for entity, told in found.guesses.items()
        },
        "warnings": found.warnings,
        "left_out": found.left_out,
        "not_run": found.not_run,
    }


def _print(session: Session, found: "Hunt") -> None:
    from rich.console import Console  # noqa: PLC0415

    # With --json the standard output holds one document and nothing else.
    console = Console(stderr=session.is_json, highlight=False, markup=False, soft_wrap=True)
    console.print("Checked: features rebuilt after the future was changed")
    for one in found.checked:
        console.print(
            f"  {one.entity} {one.as_of:%Y-%m-%d}: {one.features} features, "
            f"{one.entities} {one.entity}s compared"
        )
    for entity, origin in found.refitted.items():
        console.print(f"  {entity} forecasts of the origin {origin:%Y-%m-%d}: fitted twice")
    told = [(entity, one) for entity, all_ in found.guesses.items() for one in all_]
    _list(console, "Shuffled labels: 0.50 is chance", (f"{e}: {one}" for e, one in told))
    _list(console, "Leaks", (str(one) for one in found.movements))
    _list(console, "Leaks", (f"{e}: {s}" for e, all_ in found.shifts.items() for s in all_))
    _list(console, "Leaks", (f"{e}: {one}" for e, one in told if one.is_finding))
    _list(console, "Warnings: explain them before the model is believed", found.warnings)
    out = (f"{e}.{n}: {why}" for e, names in found.left_out.items() for n, why in names.items())
    _list(console, "Not checked, because no training reads it", out)
    _list(console, "Not run", (f"{what}: {why}" for what, why in found.not_run.items()))
    if found.has_passed:
        verdict = "Passed: nothing moved when only the future did"
    else:
        verdict = "FAILED: what only the future knows reaches the models"
    console.print(f"{verdict} ({len(found.warnings)} warnings)")


def _list(console: "Console", title: str, lines: Iterable[str]) -> None:
    listed = list(lines)
    if listed:
        console.print(title)
        for line in listed:
            console.print(f"  {line}")


def _model_aucs(path: Path) -> dict["Entity", float]:
    """The served models' AUC as a backtest wrote it; a part that is not there is left out."""
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        found: dict[Entity, float] = {}
        for entity, part in _PARTS.items():
            if part in written:
                served = written[part]["served"]
                auc = written[part]["models"][served]["overall"]["auc"]["value"]
                if auc is not None:
                    found[entity] = float(auc)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise typer.BadParameter(
            f"expected a backtest's metrics.json in {path}, got {type(error).__name__}: {error}",
            param_hint="--metrics",
        ) from error
    return found
