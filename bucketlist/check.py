"""`check`: can these data be trusted, and are there enough of them."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bucketlist.options import Crm
from bucketlist.session import Session

if TYPE_CHECKING:
    from rich.console import Console

    from features.checks import Expectation, Finding, Requirement
    from features.crm.source import Reading
    from features.quarantine import ReadReport


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """What a check found out about one reading.

    Attributes:
        findings: numbered remarks about whole tables.
        minimum: what each model needs against what is there.
        expected: how sure a precision in the top of the books can be at this size.
        switched_off: entity → feature → the source columns it lacks.
        quarantine: the file that holds the rows set aside.
        refusals: why no run may use these data; empty when one may.
    """

    findings: tuple["Finding", ...]
    minimum: tuple["Requirement", ...]
    expected: tuple["Expectation", ...]
    switched_off: dict[str, dict[str, tuple[str, ...]]]
    quarantine: Path
    refusals: tuple[str, ...]


def check(
    context: typer.Context,
    crm: Crm,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the report [default: HOME/reports/check]")
    ] = None,
) -> None:
    """Account for every row, list findings, and compare what models need with what is there."""
    from features.crm.source import SourceError  # noqa: PLC0415  keeps --help quick

    session: Session = context.obj
    try:
        reading = session.read(crm)
    except SourceError as error:
        raise typer.BadParameter(str(error), param_hint="--crm") from error
    check_reading(session, reading, out=out)


def check_reading(session: Session, reading: "Reading", *, out: Path | None = None) -> Checked:
    """Check what was read, write `check.json` and `quarantine.parquet`, and say it all.

    Raises:
        DataRefusedError: when too many rows were set aside, or no model could be trained. The
            report is written and printed before.
    """
    from features.quarantine import DataRefusedError, write_json  # noqa: PLC0415

    folder = out if out is not None else session.home / "reports" / "check"
    session.say("checking")
    checked = _checked(session, reading, folder)
    fields = _fields(reading.report, checked)
    write_json(folder / "check.json", fields)
    _print(session, reading.report, checked)
    session.say(f"report and quarantine are in {folder}")
    session.result(fields)
    if checked.refusals:
        raise DataRefusedError("; ".join(checked.refusals))
    return checked


def _checked(session: Session, reading: "Reading", folder: Path) -> Checked:
    from features.catalogue import switched_off  # noqa: PLC0415
    from features.checks import expected_precision, minimum_data, run  # noqa: PLC0415
    from features.quarantine import write_quarantine  # noqa: PLC0415

    minimum = minimum_data(reading.book)
    return Checked(
        findings=run(reading.book, reading.report, session.calendar),
        minimum=minimum,
        expected=expected_precision(reading.book),
        switched_off={
            "account": switched_off("account", reading.book),
            "deal": switched_off("deal", reading.book),
        },
        quarantine=write_quarantine(reading.report, folder),
        refusals=reading.report.refusals() or _no_model(minimum),
    )


def _no_model(minimum: Sequence["Requirement"]) -> tuple[str, ...]:
    """Why not one model could be trained; nothing when at least one could."""
    short: dict[str, list[Requirement]] = {one.model: [] for one in minimum}
    for one in minimum:
        if one.is_hard and not one.is_met:
            short[one.model].append(one)
    if not all(short.values()):
        return ()
    return tuple(
        f"model {model}: expected {one.required} {one.what}, found {one.found}"
        for model in sorted(short)
        for one in short[model]
    )


def _fields(report: "ReadReport", checked: Checked) -> dict[str, object]:
    return {
        **report.to_mapping(),
        "findings": [finding.to_mapping() for finding in checked.findings],
        "minimum_data": [{**asdict(one), "is_met": one.is_met} for one in checked.minimum],
        "precision_at_k": [asdict(one) for one in checked.expected],
        "switched_off": checked.switched_off,
        "quarantine": str(checked.quarantine),
        "refusals": list(checked.refusals),
    }


def _print(session: Session, report: "ReadReport", checked: Checked) -> None:
    from rich.console import Console  # noqa: PLC0415

    # With --json the standard output holds one document and nothing else.
    console = Console(stderr=session.is_json, highlight=False)
    _table(
        console,
        f"Rows of {report.source}",
        ["table", "in", "accepted", "quarantined", "duplicates"],
        (
            (one.table, one.rows_in, one.accepted, one.quarantined, one.duplicates)
            for one in report.counts
        ),
    )
    _faults(console, report)
    findings = (
        (one.code, one.table, one.column, f"{one.title}: {one.text}") for one in checked.findings
    )
    _table(console, "Findings", ["number", "table", "column", "what"], findings)
    needs = (
        (one.model, one.what, one.required, one.found, "yes" if one.is_met else "no")
        for one in checked.minimum
    )
    _table(console, "Minimum data", ["model", "what", "required", "found", "enough"], needs)
    for expectation in checked.expected:
        console.print(f"to expect: {expectation}", markup=False)
    off = (
        (entity, name, ", ".join(missing))
        for entity, features in checked.switched_off.items()
        for name, missing in features.items()
    )
    _table(console, "Features switched off", ["entity", "feature", "not in the data"], off)


def _faults(console: "Console", report: "ReadReport") -> None:
    from features.quarantine import tally  # noqa: PLC0415

    for title, faults in (("Quarantined", report.quarantined), ("Warnings", report.warnings)):
        rows = (
            (
                one["code"],
                one["table"],
                one["column"],
                one["rows"],
                one["first_line"],
                one["expected"],
            )
            for one in tally(faults)
        )
        _table(console, title, ["code", "table", "column", "rows", "first line", "expected"], rows)
    for table, columns in report.unknown_columns.items():
        console.print(f"not read: columns {', '.join(columns)} of {table}", markup=False)
    if report.unknown_files:
        console.print(f"not read: files {', '.join(report.unknown_files)}", markup=False)
    for note in report.notes:
        console.print(note, markup=False)


def _table(
    console: "Console", title: str, heads: list[str], rows: Iterable[tuple[object, ...]]
) -> None:
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    listed = [[("" if cell is None else str(cell)) for cell in row] for row in rows]
    if not listed:
        return
    table = Table(title=title, title_justify="left")
    for place, head in enumerate(heads):
        is_number = all(row[place].isdigit() for row in listed)
        table.add_column(head, justify="right" if is_number else "left", overflow="fold")
    for row in listed:
        # Text, not markup: names and values come from the data and may hold brackets.
        table.add_row(*map(Text, row))
    console.print(table)
