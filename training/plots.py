"""Plots: the report's figures as SVG text, drawn from the judged forecasts."""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from training.intervals import Codes, Figure, Floats, Mask
from training.metrics import BINS, calibration_bins

INK, QUIET, LINE, GROUND = "#1a1c1e", "#62686f", "#e2e2de", "#ffffff"
ACCENT, SOFT = "#2456c7", "#a9b0b8"
BUCKET_COLOURS: Mapping[str, str] = {
    "a_list": "#1b6a43",
    "pain": "#c07a17",
    "walk_away": "#6b737c",
    "steady": "#7fa3d8",
}
SLIP_COLOURS: Mapping[str, str] = {"won": "#1b6a43", "slip": "#c07a17", "lost": "#6b737c"}
STYLE: Mapping[str, object] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "bucketlist",
    "font.family": "sans-serif",
    "font.sans-serif": ["system-ui", "Segoe UI", "Helvetica Neue", "Arial", "DejaVu Sans"],
    "font.size": 9.0,
    "axes.edgecolor": LINE,
    "axes.labelcolor": QUIET,
    "axes.titlesize": 9.5,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#efefec",
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "legend.frameon": False,
    "figure.facecolor": GROUND,
}


def forest(rows: Sequence[tuple[str, Figure]], *, label: str, strong: str) -> str:
    """A dot and a 90 % whisker per model, the best on top; `strong` names the served one."""
    known = [(name, found) for name, found in rows if found.value is not None]
    known.sort(key=lambda row: row[1].value or 0.0, reverse=True)
    with _drawing(5.6, 0.62 + 0.28 * len(known)) as (drawing, axes):
        for place, (name, found) in enumerate(known):
            colour = ACCENT if name == strong else SOFT
            axes.plot(_whisker(found), [place, place], color=colour, lw=2.2)
            axes.plot([_number(found.value)], [place], "o", color=colour, ms=6)
            axes.annotate(
                f"{found.value:.3f}", (found.high or 0.0, place), (6, -3),
                textcoords="offset points", color=INK if name == strong else QUIET,
            )  # fmt: skip
        axes.set_yticks(range(len(known)), [name.replace("_", " ") for name, _ in known])
        axes.margins(x=0.12)
        axes.set_xlabel(label)
        axes.grid(visible=False, axis="y")
        return _svg(drawing)


def lines_over_origins(by_model: Mapping[str, Mapping[str, Figure]], *, strong: str) -> str:
    """Log loss at every origin, one line per model, with the served model's interval."""
    with _drawing(5.6, 2.9) as (drawing, axes):
        for name, found in by_model.items():
            origins = np.arange(len(found))
            values = [_number(one.value) for one in found.values()]
            is_strong = name == strong
            colour = ACCENT if is_strong else SOFT
            axes.plot(origins, values, "o-", color=colour, lw=2 if is_strong else 1.2, ms=4)
            axes.annotate(
                name.replace("_", " "), (origins[-1], values[-1]), (7, -3),
                textcoords="offset points", color=INK if is_strong else QUIET,
            )  # fmt: skip
            if is_strong:
                low = [_number(one.low) for one in found.values()]
                high = [_number(one.high) for one in found.values()]
                axes.fill_between(origins, low, high, color=ACCENT, alpha=0.10, lw=0)
        axes.set_ylabel("log loss")
        axes.margins(x=0.05)
        first = next(iter(by_model.values()), {})
        axes.set_xticks(range(len(first)), [origin[:7] for origin in first])
        axes.set_xlim(-0.2, len(first) - 1 + 0.34 * len(first))
        return _svg(drawing)


def calibration(curves: Mapping[str, tuple[Floats, Mask]], colours: Mapping[str, str]) -> str:
    """Observed share against predicted probability in ten bins, one panel per outcome.

    The bars below show how many rows each bin holds.
    """
    width = 11.4 if len(curves) > 1 else 5.6
    with _drawing(width, 3.1, columns=len(curves)) as (drawing, first):
        for axes, (name, (p, happened)) in zip(drawing.axes, curves.items(), strict=True):
            colour = colours.get(name, ACCENT)
            bins = calibration_bins(p)
            size = np.bincount(bins, minlength=BINS)
            shown = size >= 5
            said = np.bincount(bins, p, minlength=BINS)[shown] / size[shown]
            seen = np.bincount(bins, happened.astype(float), minlength=BINS)[shown] / size[shown]
            spread = 1.64 * np.sqrt(np.clip(seen * (1 - seen), 0.01, None) / size[shown])
            axes.plot([0, 1], [0, 1], color=LINE, lw=1.2)
            axes.vlines(said, np.clip(seen - spread, 0, 1), np.clip(seen + spread, 0, 1),
                        color=colour, lw=1, alpha=0.5)  # fmt: skip
            axes.plot(said, seen, "o-", color=colour, ms=4, lw=1.4)
            centres = (np.arange(BINS) + 0.5) / BINS
            axes.bar(centres, 0.16 * size / max(size.max(), 1), width=0.085, color=colour,
                     alpha=0.22)  # fmt: skip
            axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", title=name.replace("_", " "))
            axes.set_xticks([0, 0.5, 1])
            axes.set_yticks([0, 0.5, 1])
        first.set_ylabel("observed share")
        drawing.supxlabel("predicted probability", fontsize=9, color=QUIET)
        return _svg(drawing)


def gains(curves: Mapping[str, tuple[Floats, Codes]], *, strong: str, positive: str) -> str:
    """Share of all positives found in the top share of rows, one line per model."""
    with _drawing(5.6, 2.9) as (drawing, axes):
        axes.plot([0, 1], [0, 1], color=LINE, lw=1.2)
        for name, (p, happened) in curves.items():
            order = np.argsort(-p, kind="stable")
            found = np.cumsum(happened[order]) / max(int(happened.sum()), 1)
            share = np.arange(1, p.size + 1) / p.size
            is_strong = name == strong
            colour = ACCENT if is_strong else SOFT
            axes.plot(np.r_[0, share], np.r_[0, found], color=colour, lw=2 if is_strong else 1.3,
                      label=name.replace("_", " "))  # fmt: skip
        axes.axvline(0.2, color=QUIET, lw=0.8, ls=(0, (3, 3)))
        axes.set(xlim=(0, 1), ylim=(0, 1.01), xlabel="share of the rows, highest first")
        axes.set_ylabel(f"share of {positive} found")
        axes.legend(loc="lower right")
        return _svg(drawing)


def shares_over_time(
    months: Sequence[str],
    shares: Mapping[str, Floats],
    colours: Mapping[str, str],
    *,
    is_wide: bool = False,
) -> str:
    """How outcomes divide at every as_of; a jump here is a change of business or of records."""
    with _drawing(11.4 if is_wide else 5.6, 2.7) as (drawing, axes):
        bottom = np.zeros(len(months))
        places = np.arange(len(months))
        for name, share in shares.items():
            axes.bar(places, share, bottom=bottom, width=0.86, color=colours.get(name, SOFT),
                     label=name.replace("_", " "))  # fmt: skip
            bottom = bottom + share
        step = -(-len(months) // (12 if is_wide else 6))
        axes.set_xticks(places[::step], list(months)[::step])
        axes.set(ylim=(0, 1), ylabel="share of labelled rows")
        axes.grid(visible=False, axis="x")
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
        return _svg(drawing)


def steps(groups: Mapping[str, Mapping[str, Figure]], *, label: str, strong: str) -> str:
    """One figure by group (such as age), models side by side with their intervals."""
    names = list(groups)
    with _drawing(5.6, 2.7) as (drawing, axes):
        models = list(next(iter(groups.values()), {}))
        for number, model in enumerate(models):
            colour = ACCENT if model == strong else SOFT
            shift = (number - (len(models) - 1) / 2) * 0.16
            for place, group in enumerate(names):
                found = groups[group][model]
                axes.plot([place + shift] * 2, _whisker(found), color=colour, lw=1.6)
                mark = model.replace("_", " ") if place == 0 else None
                axes.plot(
                    [place + shift], [_number(found.value)], "o", color=colour, ms=5, label=mark
                )
        axes.set_xticks(range(len(names)), names)
        axes.set_ylabel(label)
        axes.grid(visible=False, axis="x")
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
        return _svg(drawing)


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _whisker(found: Figure) -> list[float]:
    return [_number(found.low), _number(found.high)]


@contextmanager
def _drawing(width: float, height: float, columns: int = 1) -> Iterator[tuple[Drawing, Axes]]:
    """A drawing of its own, without the global state of pyplot; sizes in inches."""
    with mpl.rc_context(dict(STYLE)):
        drawing = Drawing(figsize=(width, height), layout="constrained")
        axes = drawing.subplots(1, columns, sharey=True, squeeze=False)
        yield drawing, axes[0][0]


def _svg(drawing: Drawing) -> str:
    """The `<svg>` element alone: no declaration, no date, scaled by the page."""
    buffer = io.StringIO()
    drawing.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
