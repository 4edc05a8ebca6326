"""Slip tables: a win curve by slice, and the days it named, as HTML in the report's manner."""

from collections.abc import Iterator, Mapping
from html import escape

from training.close_dates import CloseDates
from training.intervals import Figure
from training.report_tables import interval, named, number, table
from training.slip_slices import Slice

SLICE_NAMES: Mapping[str, str] = {
    "all": "all judged rows",
    "by_age": "age of the deal",
    "by_days_left": "days to the end of the period",
    "by_type": "type of deal",
    "by_segment": "segment",
}
_PROMISED: tuple[tuple[str, str, float], ...] = (
    ("by_p25", "by the first quartile’s day", 0.25),
    ("by_p50", "by the median’s day", 0.50),
    ("by_p75", "by the third quartile’s day", 0.75),
    ("between", "between the first’s and the third’s", 0.50),
)
TOLERANCE = 0.05
"""What came may lie so far from what was promised."""


def slip_slices_table(slices: Mapping[str, Mapping[str, Slice]], *, served: str, rival: str) -> str:
    """Both forecasts on every slice; a slice with one value says nothing and is left out.

    Args:
        slices: as `slip_slices` returns them.
        served: what the curve is called.
        rival: what it is held against.
    """
    other = named(rival)
    heads = (
        "slice", "rows", "accounts", "won", "log loss", f"log loss, {other}", "gain", "AUC",
        f"AUC, {other}", "bias", f"bias, {other}",
    )  # fmt: skip
    note = f"<p class='note'>{escape(named(served))} beside {escape(other)}, on the same rows.</p>"
    return note + table(heads, _slice_rows(slices, len(heads)))


def close_dates_table(found: CloseDates) -> str:
    """What the curve's quartiles promised of the wins, and what came."""
    if not found.wins:
        return "<p>No deal was won out of time, so nothing is said of the days named.</p>"
    rows = (
        f'<tr><th scope="row">{escape(words)}</th><td>{promised:.2f}</td>'
        f"{interval(getattr(found, name))}<td>{_verdict(getattr(found, name), promised)}</td></tr>"
        for name, words, promised in _PROMISED
    )
    note = (
        f"<p class='note'>{found.wins:,} times a deal that was then won was described, deals of "
        f"{found.accounts:,} accounts, watched for up to {found.watched_days:,} days; "
        f"{number(found.width_days.value, 0)} days lie between the quartiles on average. A win is "
        "weighed by how few deals were watched for as long as it took.</p>"
    )
    return note + table(("won", "promised", "came", f"within {TOLERANCE:.2f}"), rows)


def _slice_rows(slices: Mapping[str, Mapping[str, Slice]], width: int) -> Iterator[str]:
    for name, parts in slices.items():
        if len(parts) < 2:
            continue
        title = escape(SLICE_NAMES.get(name, name))
        yield f'<tr><th colspan="{width}" scope="rowgroup">{title}</th></tr>'
        yield from (_slice_row(value, one) for value, one in parts.items())


def _slice_row(value: str, one: Slice) -> str:
    return (
        f"<tr><td>{escape(value)}</td><td>{one.rows:,}</td><td>{one.accounts:,}</td>"
        f"<td>{number(one.prevalence.value, 2)}</td>{interval(one.served.log_loss)}"
        f"{interval(one.rival.log_loss)}{interval(one.gain)}{interval(one.served.auc)}"
        f"{interval(one.rival.auc)}{interval(one.served.bias)}{interval(one.rival.bias)}</tr>"
    )


def _verdict(came: Figure, promised: float) -> str:
    if came.value is None:
        return "–"
    return "yes" if abs(came.value - promised) <= TOLERANCE else "no"
