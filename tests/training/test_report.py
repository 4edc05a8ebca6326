import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from training.backtest import BacktestResult
from training.report import page, sentence, write_report
from training.report_tables import number

VOID = {"meta", "br", "path", "use", "rect", "line", "circle", "image"}


class Balance(HTMLParser):
    """Notes tags that are closed in the wrong order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


@pytest.fixture(scope="module")
def html(walked: tuple[BacktestResult, list[str]]) -> str:
    return page(walked[0])


def test_the_page_needs_nothing_beside_it(html: str) -> None:
    assert not re.search(r"<script|<link|<img|@import|url\((?!#)", html)
    assert not re.search(r"(src|href)=\"https?:", html)


def test_the_page_is_well_formed(html: str) -> None:
    found = Balance()
    found.feed(html)

    assert (found.wrong, found.open) == ([], [])


def test_every_model_stands_in_its_table(
    html: str, walked: tuple[BacktestResult, list[str]]
) -> None:
    for contest in walked[0].contests.values():
        assert sentence(contest).split(";", maxsplit=1)[0][:20] in html
    for name in ("persistence", "stage × age × weeks ahead", "owner’s past rate", "constant"):
        assert name in html
    assert html.count("<figure") == 12
    assert html.count("<svg") == 12


def test_what_loses_is_said_to_lose(walked: tuple[BacktestResult, list[str]]) -> None:
    contest = walked[0].contests["slip"]
    gains = {
        name: replace(
            gain,
            figure=replace(gain.figure, value=-0.2, low=-0.3, high=-0.1),
        )
        for name, gain in contest.judgement.gains.items()
    }

    found = sentence(replace(contest, judgement=replace(contest.judgement, gains=gains)))

    assert found.startswith("No: ")
    assert "loses to" in found


def test_text_from_outside_cannot_become_markup(
    walked: tuple[BacktestResult, list[str]],
) -> None:
    result = walked[0]
    named = replace(
        result,
        experiment=replace(result.experiment, name="<script>x</script>"),
        missing={"slip": "<b>no</b>"},
    )

    found = page(named)

    assert "<script>" not in found
    assert "&lt;b&gt;no" in found


def test_the_page_is_written_whole(
    walked: tuple[BacktestResult, list[str]], tmp_path: Path
) -> None:
    write_report(walked[0], tmp_path / "report.html")

    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


def test_numbers_have_a_true_minus_and_no_negative_zero() -> None:
    assert number(-0.0004) == "0.000"
    assert number(-1.5, 1) == "−1.5"
