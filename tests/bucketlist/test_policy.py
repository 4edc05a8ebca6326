"""The command `policy diff`: who would move, in words and as JSON, and what it refuses."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from bucketlist.cli import main
from bucketlist.policy import lines
from models.bundle import read_bundle, write_bundle
from serving.champion import adopt_bundle
from serving.movers import Movers
from serving.settings import Settings
from serving.snapshots import Snapshot, open_snapshot
from serving.store import scores
from serving.store.engine import open_store
from serving.store.migrations import upgrade
from tests.serving.desk import NOW, Desk, export, made_up_book

MILDER = "[label]\npain_at_least = 0.9\n"
Run = Callable[..., tuple[int, str, str]]


def published(home: Path, bundle: Path) -> Path:
    """A home in which that bundle has scored the made-up book."""
    settings = Settings(home=home)
    upgrade(settings)
    store = open_store(settings)
    adopt_bundle(source_dir=bundle, home=home, version=7, promoted_at=NOW, load=read_bundle)
    Desk(settings, store, made_up_book(), read_bundle(bundle)).score()
    store.close()
    return home


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(made_up_book(), tmp_path_factory.mktemp("exported") / "bundle")


@pytest.fixture(scope="module")
def home(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published(tmp_path_factory.mktemp("home"), exported)


@pytest.fixture(scope="module")
def snapshot(home: Path) -> Snapshot:
    store = open_store(Settings(home=home))
    ref = scores.current(store)
    store.close()
    assert ref is not None
    return open_snapshot(home, ref)


@pytest.fixture
def milder(tmp_path: Path) -> str:
    file = tmp_path / "milder.toml"
    file.write_text(MILDER)
    return str(file)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command: exit code, what it printed, what it said on stderr."""
    # a canary process takes longer than all the rest; the bundle's own tests send it
    monkeypatch.setattr("models.bundle.load_bundle", read_bundle)

    def command(home: Path, *words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["--home", str(home), "policy", "diff", *words])
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return command


def answer(run: Run, home: Path, *words: str) -> dict[str, Any]:
    code, out, _ = run(home, *words, "--json")
    assert code == 0
    found: dict[str, Any] = json.loads(out)
    return found


def test_without_a_publication_it_says_what_to_run_first(
    tmp_path: Path, milder: str, run: Run
) -> None:
    code, out, err = run(tmp_path / "empty", "served", milder)

    assert (code, out) == (1, "")
    assert "expected a published snapshot, found none: run `bucketlist score` first" in err


def test_a_model_without_past_periods_has_to_be_trained_anew(
    exported: Path, tmp_path: Path, milder: str, run: Run
) -> None:
    whole = read_bundle(exported)
    write_bundle(
        tmp_path / "plain",
        bucket=whole.bucket,
        slip=whole.slip,
        card=whole.card,
        contract=whole.contract,
        golden=replace(whole.golden, components=()),
        policy=whole.policy,
    )
    plain = published(tmp_path / "home", tmp_path / "plain")

    code, _, err = run(plain, "served", milder)

    assert code == 1
    assert "past periods to compare, version 7 has none: train and score again" in err


def test_the_same_policies_move_nobody(home: Path, run: Run) -> None:
    code, out, _ = run(home, "served", "served")

    assert code == 0
    assert out.strip() == "the two policies are the same: none of 50 accounts moves"


def test_a_milder_policy_is_told_with_its_constant_its_moves_and_its_movers(
    home: Path, milder: str, run: Run
) -> None:
    code, out, _ = run(home, "served", milder)

    told = out.splitlines()
    moves = [line for line in told if re.fullmatch(r"  \w+ → \w+: \d+", line)]
    movers = [line for line in told if " periods like it " in line]
    count = sum(int(line.rpartition(": ")[2]) for line in moves)
    assert code == 0
    assert told[:2] == ["label.pain_at_least: 0.42 → 0.9", f"{count} of 50 accounts move"]
    assert told[2:] == moves + movers
    assert len(movers) == count > 0
    assert any(": pain → " in line for line in movers)


def test_the_json_agrees_with_what_is_published(
    home: Path, milder: str, run: Run, snapshot: Snapshot
) -> None:
    found = answer(run, home, "served", milder)

    shown = {row.account_id: row for row in snapshot.book_of(None) if row.status == "scored"}
    before: dict[str, int] = {}
    for row in found["counts"]:
        before[row["before"]] = before.get(row["before"], 0) + row["accounts"]
    buckets = [row.bucket for row in shown.values()]
    assert found["constants"] == [{"name": "label.pain_at_least", "a": 0.42, "b": 0.9}]
    assert found["accounts"] == len(shown) == 50
    assert before == {bucket: buckets.count(bucket) for bucket in set(buckets)}
    changed = [row["accounts"] for row in found["counts"] if row["before"] != row["after"]]
    assert found["moved"] == len(found["accounts_moved"]) == sum(changed) > 0
    for row in found["accounts_moved"]:
        account = shown[row["account_id"]]
        assert (row["name"], row["before"]) == (account.name, account.bucket)
        assert row["similar"] == account.similar_accounts
    pains = [row for row in found["accounts_moved"] if row["before"] == "pain"]
    assert all(0 < row["relabelled"] <= shown[row["account_id"]].similar_hard for row in pains)
    assert pains


def test_the_way_back_moves_the_same_accounts(home: Path, milder: str, run: Run) -> None:
    there = answer(run, home, "served", milder)["accounts_moved"]
    back = answer(run, home, milder, "served")["accounts_moved"]

    def ways(rows: list[dict[str, Any]], first: str, second: str) -> set[tuple[str, str, str]]:
        return {(row["account_id"], row[first], row[second]) for row in rows}

    assert ways(there, "before", "after") == ways(back, "after", "before")


def test_only_the_accounts_of_the_rep_that_is_asked_for_are_told(
    home: Path, milder: str, run: Run, snapshot: Snapshot
) -> None:
    everyone = answer(run, home, "served", milder)["accounts_moved"]
    rep = everyone[0]["owner_rep_id"]

    found = answer(run, home, "served", milder, "--rep", rep)

    mine = [row for row in everyone if row["owner_rep_id"] == rep]
    scored = snapshot.accounts.filter(pl.col("status") == "scored", pl.col("owner_rep_id") == rep)
    assert found["accounts_moved"] == mine
    assert 0 < len(mine) < len(everyone)
    assert found["accounts"] == scored.height


def test_a_rep_without_scored_accounts_is_refused_by_name(
    home: Path, milder: str, run: Run
) -> None:
    code, _, err = run(home, "served", milder, "--rep", "nobody")

    assert code == 1
    assert "expected scored accounts of rep nobody, found none" in err


def test_a_file_that_is_not_there_is_refused(home: Path, run: Run) -> None:
    code, _, err = run(home, "served", "nowhere.toml")

    assert code == 2
    assert "policy file" in err
    assert "nowhere.toml" in err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[label]\npain_atleast = 0.5\n", "unknown key 'pain_atleast', nearest pain_at_least"),
        ("[label]\npain_at_least = 0.1\n", "expected 0 < a_list_friction_below <= pain_at_least"),
        ("[label.pursuit]\nexposed_weeks = 9\n", "found label.pursuit.exposed_weeks: that changes"),
        ("[label]\ngrowth_floor = 7.0\n", "found label.growth_floor: that changes what is"),
    ],
)
def test_a_policy_that_cannot_be_read_or_told_is_refused_in_words(
    home: Path, tmp_path: Path, run: Run, text: str, words: str
) -> None:
    file = tmp_path / "odd.toml"
    file.write_text(text)

    code, out, err = run(home, "served", str(file))

    assert (code, out) == (1, "")
    assert words in err


def movers() -> Movers:
    """Two policies under which three accounts of a thousand move."""
    row = {"name": "Acme", "owner_rep_id": "ann", "before": "pain", "after": "steady"}
    sure = {"p_before": 0.3, "p_after": 0.456, "relabelled": 12, "similar": 120}
    return Movers(
        (("label.growth_floor", None, 5.0), ("label.pain_at_least", 0.42, 0.5)),
        pl.DataFrame(
            [("pain", "pain", 4), ("pain", "steady", 3), ("steady", "steady", 1_993)],
            schema=["before", "after", "accounts"],
            orient="row",
        ),
        pl.DataFrame(
            [
                {"account_id": "A1", **row, **sure},
                {"account_id": "A2", **row, **sure, "name": None},
                {"account_id": "A3", **row, **sure},
            ]
        ),
    )


def test_the_lines_name_constants_moves_and_the_surest_movers() -> None:
    way = "pain → steady, P(steady) 0.30 → 0.46"
    why = f"{way}; of 120 periods like it 12 are now steady"

    assert lines(movers(), accounts=2_000, show=2) == [
        "label.growth_floor: none → 5.0",
        "label.pain_at_least: 0.42 → 0.5",
        "3 of 2,000 accounts move",
        "  pain → steady: 3",
        f"  A1 Acme: {why}",
        f"  A2 A2: {why}",
        "  … and 1 more: --show 3, or --json for all",
    ]


def test_no_account_is_named_where_none_is_asked_for_and_all_where_there_is_room() -> None:
    none, all_of_them = (lines(movers(), accounts=2_000, show=show) for show in (0, 3))

    assert none[-1] == "  pain → steady: 3"
    assert all_of_them[-1].startswith("  A3 Acme: ")


def test_policies_that_differ_but_move_nobody_say_both() -> None:
    found = replace(movers(), moved=movers().moved.clear())

    told = lines(found, accounts=2_000, show=5)

    assert told[2] == "0 of 2,000 accounts move"
