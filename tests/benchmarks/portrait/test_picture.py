import io
from collections.abc import Callable
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from PIL import Image

from benchmarks.portrait.fact import Lacking
from benchmarks.portrait.picture import png, write_png
from benchmarks.portrait.portrait import Portrait
from tests.benchmarks.portrait.drawn import portrait, without_deals


def words_on(drawn: Portrait, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every text on the sheet, one line each."""
    sheets: list[Figure] = []
    save = Figure.savefig

    def keep(sheet: Figure, *values: object, **named: object) -> None:
        sheets.append(sheet)
        save(sheet, *values, **named)

    monkeypatch.setattr(Figure, "savefig", keep)
    png(drawn)
    (sheet,) = sheets
    texts = [*sheet.texts, *(text for axes in sheet.axes for text in axes.texts)]
    return "\n".join(text.get_text().replace("\n", " ") for text in texts)


def test_the_same_portrait_gives_the_same_bytes_without_clock_or_program() -> None:
    first, again = png(portrait()), png(portrait())

    assert first == again
    with Image.open(io.BytesIO(first)) as image:
        assert image.size == (1400, 1000)
        assert set(image.info) <= {"dpi"}
    assert len(first) < 200_000


@pytest.mark.parametrize("make", [portrait, without_deals], ids=["whole", "without deals"])
def test_name_description_size_and_seed_stand_on_top(
    make: Callable[[], Portrait], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = words_on(make(), monkeypatch)

    assert "calm" in words
    assert "A company in which little happens." in words
    assert "60 accounts  ·  2 years  ·  5,360 rows  ·  seed 7" in words


def test_every_panel_says_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = portrait()

    words = words_on(drawn, monkeypatch).replace("\N{NO-BREAK SPACE}", " ")

    for fact in (drawn.funnel, drawn.pushes, drawn.quarter_weeks, drawn.lateness):
        assert fact.headline in words
    assert drawn.labels.headline in words
    assert drawn.misses.headline in words


def test_a_panel_without_tables_says_so_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    words = words_on(without_deals(), monkeypatch)

    assert words.count("no deals in this regime") == 4


def test_a_world_without_anything_can_be_drawn(tmp_path: Path) -> None:
    lacking = Lacking("nothing in this regime")
    bare = without_deals()

    path = write_png(
        portrait(funnel=bare.funnel, lateness=lacking, labels=lacking, activities=lacking),
        tmp_path / "worlds",
    )

    assert path.name == "calm.png"
    assert path.stat().st_size > 1_000
