"""Picture: one world on one sheet, six panels under a title."""

import io
import textwrap
from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.lines import Line2D
from PIL import Image

from benchmarks.portrait.fact import Fact, Lacking
from benchmarks.portrait.panels import draw
from benchmarks.portrait.portrait import Portrait
from training.plots import INK, LINE, QUIET, STYLE

WIDTH, HEIGHT, DPI = 14.0, 10.0, 100
"""Inches and dots per inch: 1400 by 1000 pixels."""

LOOK: Mapping[str, object] = {
    **STYLE,
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same picture everywhere
    "font.size": 9.5,
    "xtick.major.size": 0.0,
    "ytick.major.size": 0.0,
    "xtick.minor.size": 0.0,
}
LEFT, RIGHT, GAP = 0.072, 0.94, 0.092
ROWS = (0.52, 0.082)
PANEL_HEIGHT = 0.26
STRIP = 0.055
"""Height of the strip of activities under the committed dates."""

TITLE_LETTERS = 44
COLOURS = 256


def png(portrait: Portrait) -> bytes:
    """The sheet as a PNG without clock, host or program in it."""
    with mpl.rc_context(dict(LOOK)):
        sheet = Drawing(figsize=(WIDTH, HEIGHT), dpi=DPI)
        _head(sheet, portrait)
        panels = (
            ("Funnel of closed deals", portrait.funnel),
            ("Pushes of the committed date", portrait.pushes),
            ("Wins in the quarter", portrait.quarter_weeks),
            ("Payment", portrait.lateness),
            ("What became of accounts in 26 weeks, by month", portrait.labels),
        )
        for place, (kicker, fact) in enumerate(panels):
            x, y, width = _box(place)
            _panel(sheet, (x, y, width, PANEL_HEIGHT), kicker, fact)
        _dates_and_activities(sheet, portrait)
        _foot(sheet)
        buffer = io.BytesIO()
        sheet.savefig(buffer, format="png")
        return _small(buffer)


def write_png(portrait: Portrait, folder: Path) -> Path:
    """Write the sheet as `<regime>.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{portrait.regime}.png"
    path.write_bytes(png(portrait))
    return path


def _small(whole: io.BytesIO) -> bytes:
    """The same picture with 256 colours, a third of the bytes, and no word about its program."""
    buffer = io.BytesIO()
    with Image.open(whole) as image:
        image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(
            buffer, format="png", optimize=True
        )
    return buffer.getvalue()


def _balanced(text: str, letters: int) -> str:
    """The text in as few lines as fit, all of about one length: no word stands alone."""
    text = text.replace(" %", "\N{NO-BREAK SPACE}%")
    count = len(textwrap.wrap(text, letters))
    fitting = [
        width for width in range(10, letters + 1) if len(textwrap.wrap(text, width)) == count
    ]
    return textwrap.fill(text, min(fitting, default=letters))


def _head(sheet: Drawing, portrait: Portrait) -> None:
    sheet.text(0.028, 0.957, portrait.regime.replace("_", " "), fontsize=23, color=INK,
               fontweight="bold", va="center")  # fmt: skip
    sheet.text(0.028, 0.918, _balanced(portrait.description, 150), fontsize=11.5, color=QUIET,
               va="center", linespacing=1.4)  # fmt: skip
    size = (
        f"{portrait.accounts:,} accounts  ·  {portrait.years:g} years  ·  "
        f"{sum(portrait.rows.values()):,} rows  ·  seed {portrait.seed}"
    )
    sheet.text(0.972, 0.957, size, fontsize=11, color=QUIET, ha="right", va="center")
    sheet.add_artist(Line2D([0.028, 0.972], [0.888, 0.888], color=LINE, lw=1.2))


def _foot(sheet: Drawing) -> None:
    words = (
        "A synthetic company. Funnel, pushes and wins: closed new deals and expansions, without "
        "renewals; a hollow dot stands for fewer than 20 deals."
    )
    sheet.text(0.028, 0.022, words, fontsize=8.5, color=QUIET, va="center")


def _box(place: int) -> tuple[float, float, float]:
    """Left, bottom and width of a panel, counted by rows."""
    width = (RIGHT - LEFT - 2 * GAP) / 3
    return LEFT + (place % 3) * (width + GAP), ROWS[place // 3], width


def _panel(sheet: Drawing, box: tuple[float, float, float, float], kicker: str, fact: Fact) -> Axes:
    """A panel with its title above: what it is in grey, what is seen in ink."""
    x, y, _, height = box
    left = x - 0.044  # titles stand where the labels of the axis begin
    top = y + height
    sheet.text(left, top + 0.082, kicker, fontsize=9.5, color=QUIET, va="center")
    if not isinstance(fact, Lacking):
        sheet.text(left, top + 0.070, _balanced(fact.headline, TITLE_LETTERS), fontsize=11.5,
                   color=INK, fontweight="bold", va="top", linespacing=1.3)  # fmt: skip
    axes = sheet.add_axes(box)
    draw(fact, axes)
    return axes


def _dates_and_activities(sheet: Drawing, portrait: Portrait) -> None:
    """The sixth panel: committed dates above, the volume of activities below."""
    x, y, width = _box(5)
    raised = y + STRIP + 0.05
    box = (x, raised, width, PANEL_HEIGHT - STRIP - 0.05)
    above = _panel(sheet, box, "Open deals, every second Monday", portrait.misses)
    strip = sheet.add_axes((x, y, width, STRIP))
    draw(portrait.activities, strip)
    if isinstance(portrait.activities, Lacking):
        return
    strip.set_title(portrait.activities.headline, fontsize=9, color=QUIET, pad=4)
    if not isinstance(portrait.misses, Lacking):
        above.set_xlim(strip.get_xlim())
        above.tick_params(labelbottom=False)
