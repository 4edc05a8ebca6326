import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from benchmarks import oracle_check
from benchmarks.foretold import TARGETS
from benchmarks.oracle_check import Size, check_regime, faults, main, slip_auc
from benchmarks.portrait.regimes import World
from bucketlist.oracle import OracleMoments, Question
from features.crm.synthetic import regime


def pairs(world: World, *, bias: float = 0.0, targets: tuple[str, ...]) -> pl.DataFrame:
    """Well-calibrated probabilities, or probabilities that are `bias` too low."""
    rng = np.random.default_rng(world.params.seed)
    rows = 600
    p = rng.beta(1.0, 1.6, rows * len(targets)) * 0.9
    return pl.DataFrame(
        {
            "target": np.repeat(targets, rows),
            "account": [f"{world.params.seed}/{number}" for _ in targets for number in range(rows)],
            "predicted": p,
            "happened": rng.random(p.size) < p + bias,
        }
    )


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The worlds that the oracle was asked about; its answers are pairs made by chance."""
    calls: list[tuple[str, int]] = []

    def answer(world: World, draws: int, **_: Any) -> pl.DataFrame:
        calls.append((world.regime, world.params.seed))
        has_deals = world.regime != "transactional"
        targets = tuple(TARGETS) if has_deals else tuple(TARGETS)[:4]
        bias = 0.1 if world.regime == "gaming" else 0.0
        return pairs(world, bias=bias, targets=targets)

    def unmade(name: str, *, accounts: int, seed: int) -> World:
        return World(name, "", regime(name, accounts=accounts, seed=seed), {})

    monkeypatch.setattr(oracle_check, "foretold_and_happened", answer)
    monkeypatch.setattr(oracle_check, "open_world", unmade)
    return calls


def never(
    world: World, moments: OracleMoments, question: Question, say: Callable[[str], None]
) -> pl.DataFrame:
    """An oracle that must not be asked."""
    raise AssertionError(world.regime)


def run_in(folder: Path, *words: str) -> int:
    return main([*words, "--accounts", "20", "--results", str(folder)], foretell=never)


def test_the_worlds_of_a_regime_are_pooled_before_they_are_judged(
    asked: list[tuple[str, int]],
) -> None:
    found = check_regime("tiny", Size(2, 20, 5), foretell=never, say=lambda _: None)

    assert asked == [("tiny", 101), ("tiny", 102)]
    assert found["seeds"] == [101, 102]
    assert {inner["rows"] for inner in found["targets"].values()} == {1200}
    assert set(found["targets"]) == set(TARGETS)


def test_an_oracle_that_keeps_its_word_passes_and_a_biased_one_does_not(
    tmp_path: Path, asked: list[tuple[str, int]], capsys: pytest.CaptureFixture[str]
) -> None:
    good = run_in(tmp_path, "--regime", "tiny")
    said = capsys.readouterr().out
    bad = run_in(tmp_path, "--regime", "tiny", "gaming")

    assert (good, bad) == (0, 1)
    assert "kept" in said
    assert "LEFT" not in said
    assert "fault: won_by_committed: group" in capsys.readouterr().out


def test_a_regime_with_a_result_is_asked_again_only_when_told_to(
    tmp_path: Path, asked: list[tuple[str, int]]
) -> None:
    run_in(tmp_path, "--regime", "tiny", "--worlds", "1")
    once = list(asked)
    run_in(tmp_path, "--regime", "tiny", "--worlds", "1")
    still = list(asked)
    run_in(tmp_path, "--regime", "tiny", "--worlds", "1", "--again")

    assert once == still == [("tiny", 101)]
    assert len(asked) == 2


def test_the_result_file_is_the_same_each_time(
    tmp_path: Path, asked: list[tuple[str, int]]
) -> None:
    texts = []
    for folder in ("first", "second"):
        run_in(tmp_path / folder, "--regime", "tiny")
        texts.append((tmp_path / folder / "tiny.json").read_text())

    assert texts[0] == texts[1]
    found = json.loads(texts[0])
    assert list(found) == sorted(found)
    assert str(tmp_path) not in texts[0]


def test_a_regime_without_deals_says_so_and_can_pass(
    tmp_path: Path, asked: list[tuple[str, int]], capsys: pytest.CaptureFixture[str]
) -> None:
    code = run_in(tmp_path, "--regime", "transactional")

    found = json.loads((tmp_path / "transactional.json").read_text())
    assert code == 0
    assert found["slip_auc"] is None
    assert found["targets"]["won_by_committed"] is None
    assert "no deals in this regime" in capsys.readouterr().out


def test_an_unknown_regime_is_refused_with_the_known_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run_in(tmp_path, "--regime", "calm")

    assert code == 2
    assert "got calm" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.77, "got 0.770"), (0.91, "got 0.910"), (None, "not defined"), (0.85, None)],
)
def test_the_auc_of_slip_has_its_bounds(value: float | None, words: str | None) -> None:
    found = faults({"targets": {}, "slip_auc": {"value": value, "low": value, "high": value}})

    assert len(found) == (words is not None)
    assert words is None or words in found[0]


def test_the_auc_counts_a_tie_as_one_half() -> None:
    rows = pl.DataFrame(
        {
            "target": "won_by_committed",
            "account": ["1/a", "1/b", "1/c", "1/d"],
            "predicted": [0.2, 0.5, 0.5, 0.9],
            "happened": [False, False, True, True],
        }
    )

    found = slip_auc(rows)

    assert found is not None
    assert found["value"] == pytest.approx(3.5 / 4)


def test_a_size_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="worlds, accounts and draws of 1 or more"):
        Size(worlds=0)
