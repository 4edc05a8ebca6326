import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CalledProcessError

import pytest

from benchmarks.features.compare import Contest, compare, main
from benchmarks.features.core61 import NAMES
from benchmarks.features.page import placed, section, write_page
from benchmarks.features.peers import PEERS, Peer

AS_OF = datetime(2025, 1, 1, tzinfo=UTC)
LIMIT, POLARS = PEERS["decode"], PEERS["polars"]
HERE = Peer("duckdb", "words", "benchmarks.features.loop")
GONE = Peer("pandas", "words", "benchmarks.features.pandas_plain", needs=("no_such_module",))


class Runs:
    """Stands for processes: says how long each took, and remembers who ran."""

    def __init__(self, wrong: str = "", broken: str = "", rounds: int = 0) -> None:
        self.names: list[str] = []
        self._wrong, self._broken, self._rounds = wrong, broken, rounds

    def __call__(self, command: Sequence[str]) -> str:
        name = command[3]
        self.names.append(name)
        if name == self._broken and self.names.count(name) > self._rounds:
            raise CalledProcessError(1, list(command), stderr="Traceback\nMemoryError: none left")
        sums = {NAMES[0]: 1.0 + (name == self._wrong)}
        told = {
            "seconds": float(len(self.names)),
            "peak_mb": 10.0,
            "rows": 3,
            "sums": sums if PEERS[name].has_features else None,
            "versions": {"polars": "2.1.0"},
        }
        return json.dumps(told)


def contest(folder: Path, **kwargs: object) -> Contest:
    return Contest(folder, 10, (AS_OF,), **kwargs)


def test_peers_take_turns_and_the_first_round_is_not_counted(tmp_path: Path) -> None:
    runs = Runs()

    found = compare(contest(tmp_path, repeat=2), [LIMIT, POLARS], start=runs)

    assert runs.names == ["decode", "polars"] * 3
    assert found["peers"]["decode"]["seconds"] == [3.0, 5.0]
    assert found["peers"]["polars"]["seconds"] == [4.0, 6.0]


def test_a_peer_that_is_not_here_is_left_out_with_a_word(tmp_path: Path) -> None:
    found = compare(contest(tmp_path, repeat=1), [LIMIT, GONE], start=Runs())

    assert found["skipped"] == {"pandas": "no_such_module is not here"}


def test_a_peer_that_needs_older_packages_is_left_out_with_both_versions(tmp_path: Path) -> None:
    old = Peer("polars", "words", "benchmarks.features.polars_plain", newest=("polars", 1))

    found = compare(contest(tmp_path, repeat=1), [LIMIT, old], start=Runs())

    assert found["skipped"]["polars"].startswith("expected polars 1 at most, got 2.")


def test_a_peer_for_small_sizes_is_left_out_of_large_ones(tmp_path: Path) -> None:
    small = Peer("polars", "words", "benchmarks.features.polars_plain", most_accounts=9)

    found = compare(contest(tmp_path, repeat=1), [LIMIT, small], start=Runs())

    assert found["skipped"] == {"polars": "for 9 accounts at most"}


def test_a_peer_that_fails_is_named_and_not_tried_again(tmp_path: Path) -> None:
    runs = Runs(broken="polars")

    found = compare(contest(tmp_path, repeat=3), [LIMIT, POLARS], start=runs)

    assert runs.names.count("polars") == 1
    assert found["skipped"] == {"polars": "failed: MemoryError: none left"}
    assert list(found["peers"]) == ["decode"]


def test_a_peer_that_fails_in_a_later_round_has_no_figures(tmp_path: Path) -> None:
    runs = Runs(broken="polars", rounds=2)

    found = compare(contest(tmp_path, repeat=3), [LIMIT, POLARS], start=runs)

    assert runs.names.count("polars") == 3
    assert list(found["peers"]) == ["decode"]


def test_sums_that_differ_are_named(tmp_path: Path) -> None:
    found = compare(contest(tmp_path, repeat=1), [POLARS, HERE], start=Runs(wrong="duckdb"))

    assert found["differs"] == {"duckdb": [NAMES[0]]}


def test_a_peer_runs_in_the_environment_it_was_given(tmp_path: Path) -> None:
    asked = contest(tmp_path, pythons={"polars": "/other/python"})

    assert asked.command(POLARS)[0] == "/other/python"
    assert asked.command(LIMIT)[0] == sys.executable
    assert asked.why_not(Peer("polars", "words", "no_such_module")) is None


def test_no_runs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected at least 1 run and 1 as_of, got 0 and 1"):
        contest(tmp_path, repeat=0)


def test_one_command_makes_tables_results_and_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {name: tmp_path / name for name in ("tables", "results")}
    options = [word for name, path in places.items() for word in (f"--{name}", str(path))]
    page = tmp_path / "docs" / "benchmarks.md"

    code = main(["--accounts", "20", "--as-ofs", "1", "--repeat", "1", "--page", str(page),
                 "--peers", "decode", "polars", *options])  # fmt: skip

    assert code == 0
    result = json.loads((places["results"] / "20x1x3.json").read_text())
    assert result["peers"]["polars"]["rows"] == 20
    assert result["peers"]["polars"]["peak_mb"][0] > 10
    assert "20 accounts, 1 as-of moments 3 months apart" in page.read_text()
    assert (tmp_path / "docs" / "benchmarks" / "features.svg").read_text().startswith("<?xml")
    assert "polars" in capsys.readouterr().out


def test_the_page_shows_medians_and_ratios_to_the_limit(tmp_path: Path) -> None:
    result = compare(contest(tmp_path, repeat=2), [LIMIT, POLARS, GONE], start=Runs())

    text = section([{**result, "months": 3}], "benchmarks/features.svg")

    assert "| Polars, one streaming group_by per as_of | 5.00 | 4.00 – 6.00 | 1.2 × | 10 |" in text
    assert "Left out: pandas (no_such_module is not here)." in text


def test_a_peer_that_reads_more_is_held_against_a_limit_of_its_own(
    tmp_path: Path,
) -> None:
    peers = [LIMIT, PEERS["decode-all"], PEERS["catalogue"]]
    result = compare(contest(tmp_path, repeat=1), peers, start=Runs())
    result["peers"]["decode-all"]["seconds"] = [0.5]

    text = section([{**result, "months": 3}], "features.svg")

    assert f"| {PEERS['catalogue'].words} | 6.00 | 6.00 – 6.00 | 12.0 × | 10 |" in text


def test_the_page_names_both_versions_of_a_package(tmp_path: Path) -> None:
    result = compare(contest(tmp_path, repeat=1), [LIMIT, POLARS], start=Runs())
    result["peers"]["polars"]["versions"] = {"polars": "2.2.0"}

    text = section([{**result, "months": 3}], "features.svg")

    assert "Runs of each: 1. polars 2.1.0, polars 2.2.0." in text


def test_a_page_keeps_what_others_wrote() -> None:
    own = "<!-- features: begin -->\n{}<!-- features: end -->\n"
    before = f"# Benchmarks\n\nfirst\n{own}last\n".format("old\n")

    after = placed(before, "features", "new\n")

    assert after == f"# Benchmarks\n\nfirst\n{own}last\n".format("new\n")
    assert placed(after, "features", "new\n") == after
    assert placed(after, "nightly", "n\n").startswith(after)


def test_a_page_without_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected result files in"):
        write_page(tmp_path, tmp_path / "page.md")
