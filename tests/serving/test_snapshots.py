from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

import serving.publish
from serving.manifest import SnapshotError
from serving.parts import SCHEMAS, PartError
from serving.publish import Draft, clean, publish
from serving.rows import AccountRow, CurvePoint, DealRow, HistoryPoint, RepRow
from serving.settings import Settings
from serving.snapshots import Snapshot, folder_of, open_snapshot
from serving.store import scores
from serving.store.engine import Store

NOW = datetime(2026, 1, 1, 9, tzinfo=UTC)
DAY = date(2026, 1, 1)
REASON = {
    "concept": "engagement",
    "effect": "toward_a_list",
    "text": "4 replies in 90 days; similar accounts 2",
    "feature": "replies_90d",
    "value": 4.0,
    "peer_value": 2.0,
    "as_of": DAY,
}


def part(name: str, *rows: dict[str, object]) -> pl.DataFrame:
    schema = dict(SCHEMAS[name])
    return pl.DataFrame([{column: row.get(column) for column in schema} for row in rows], schema)


def account(account_id: str, owner: str | None, rank: int | None) -> dict[str, object]:
    cells = {"account_id": account_id, "owner_rep_id": owner, "rank_in_book": rank}
    told = {"currency": "USD", "status": "scored", "open_deals": 0, "kept_in_pursuit": False}
    return {**cells, **told, "reasons": [REASON]}


def deal(deal_id: str, account_id: str) -> dict[str, object]:
    cells = {"opportunity_id": deal_id, "account_id": account_id, "currency": "USD"}
    dates = {"status": "scored", "period_end": DAY, "month_end": DAY}
    return {**cells, **dates, "reasons": [REASON], "flags": ["no_commitment"]}


def parts(p: float = 0.5) -> dict[str, pl.DataFrame]:
    weeks = [(date(2026, 1, 8), p), (DAY, 0.0)]
    return {
        "accounts.parquet": part(
            "accounts.parquet",
            account("c", "ann", None),
            account("b", "ann", 1),
            account("a", "ann", 2),
            account("d", "bob", 1),
            account("e", None, None),
        ),
        "deals.parquet": part("deals.parquet", deal("d2", "a"), deal("d1", "a"), deal("d3", "b")),
        "curves.parquet": part(
            "curves.parquet",
            *(
                {"opportunity_id": deal_id, "on": on, "p_won": won, "p_lost": 0.1}
                for deal_id in ("d2", "d1")
                for on, won in weeks
            ),
        ),
        "history.parquet": part("history.parquet", {"account_id": "a", "on": DAY, "p": p}),
        "reps.parquet": part("reps.parquet", {"rep_id": "ann", "name": "Ann", "is_active": True}),
    }


def write_context(folder: Path) -> None:
    pl.DataFrame({"as_of": [NOW]}).write_parquet(folder / "base.parquet")


def draft(p: float = 0.5) -> Draft:
    return Draft(
        frames=parts(p),
        write_context=write_context,
        as_of=NOW,
        scored_at=NOW,
        observed_until=NOW,
        model_version=3,
        bundle_hash="b" * 64,
        contract_hash="c" * 64,
        currency="USD",
    )


@pytest.fixture
def snapshot(settings: Settings, store: Store) -> Snapshot:
    ref = publish(settings.home, store, draft=draft(), former=None, now=NOW)
    return open_snapshot(settings.home, ref)


def test_the_rows_have_the_columns_of_their_parts() -> None:
    assert [field.name for field in fields(AccountRow)] == list(SCHEMAS["accounts.parquet"])
    assert [field.name for field in fields(DealRow)] == list(SCHEMAS["deals.parquet"])
    assert [field.name for field in fields(RepRow)] == list(SCHEMAS["reps.parquet"])


def test_what_was_published_is_found_again(snapshot: Snapshot) -> None:
    found = snapshot.account("a")
    open_deal = snapshot.deal("d1")

    assert found is not None
    assert open_deal is not None
    assert (found.owner_rep_id, found.rank_in_book) == ("ann", 2)
    assert found.reasons[0].text == REASON["text"]
    assert open_deal.flags == ("no_commitment",)
    assert snapshot.rep("ann") == RepRow("ann", "Ann", None, is_active=True)
    assert snapshot.model_version == 3


def test_what_is_not_there_is_none_or_empty(snapshot: Snapshot) -> None:
    assert snapshot.account("x") is None
    assert snapshot.deal("x") is None
    assert snapshot.rep("x") is None
    assert snapshot.curve("d3") == ()
    assert snapshot.history("b") == ()
    assert snapshot.deals_of("d") == ()
    assert snapshot.book_of(["nobody"]) == ()


def test_a_book_is_in_the_order_of_its_ranks_and_the_unranked_come_last(
    snapshot: Snapshot,
) -> None:
    mine = [row.account_id for row in snapshot.book_of(["ann"])]
    everything = [row.account_id for row in snapshot.book_of(None)]

    assert mine == ["b", "a", "c"]
    assert sorted(everything) == ["a", "b", "c", "d", "e"]


def test_curves_and_histories_are_in_the_order_of_their_days(snapshot: Snapshot) -> None:
    assert snapshot.curve("d1") == (
        CurvePoint(DAY, 0.0, 0.1),
        CurvePoint(date(2026, 1, 8), 0.5, 0.1),
    )
    assert snapshot.history("a") == (HistoryPoint(DAY, 0.5),)
    assert [row.opportunity_id for row in snapshot.deals_of("a")] == ["d1", "d2"]


def test_both_forms_of_a_salesforce_id_are_the_same_account(
    settings: Settings, store: Store
) -> None:
    frames = parts()
    ids = pl.Series(["001A0000006Vm9r", "b", "a", "d", "e"])
    frames["accounts.parquet"] = frames["accounts.parquet"].with_columns(account_id=ids)
    ref = publish(settings.home, store, draft=replace(draft(), frames=frames), former=None, now=NOW)

    opened = open_snapshot(settings.home, ref)

    assert opened.account("001A0000006Vm9rIAC") == opened.account("001A0000006Vm9r")
    assert opened.account("001A0000006Vm9rIAC") is not None


@pytest.mark.parametrize("snapshot_id", ["../../etc", "20260101-090000-zzzz", "", "a" * 300])
def test_a_text_that_is_no_snapshot_id_is_no_place_on_disk(tmp_path: Path, snapshot_id) -> None:
    with pytest.raises(SnapshotError, match="snapshot id"):
        folder_of(tmp_path, snapshot_id)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("damage", [flip, cut, Path.unlink], ids=lambda one: one.__name__)
@pytest.mark.parametrize("name", [*SCHEMAS, "manifest.json", "context/base.parquet"])
def test_a_damaged_snapshot_is_refused(settings: Settings, store: Store, name, damage) -> None:
    ref = publish(settings.home, store, draft=draft(), former=None, now=NOW)
    damage(folder_of(settings.home, ref.snapshot_id) / name)

    with pytest.raises(SnapshotError):
        open_snapshot(settings.home, ref)


def test_a_part_that_is_a_link_is_refused(settings: Settings, store: Store) -> None:
    ref = publish(settings.home, store, draft=draft(), former=None, now=NOW)
    path = folder_of(settings.home, ref.snapshot_id) / "reps.parquet"
    path.rename(settings.home / "copy")
    path.symlink_to(settings.home / "copy")

    with pytest.raises(SnapshotError, match="symbolic link"):
        open_snapshot(settings.home, ref)


def test_a_file_too_many_is_refused(settings: Settings, store: Store) -> None:
    ref = publish(settings.home, store, draft=draft(), former=None, now=NOW)
    (folder_of(settings.home, ref.snapshot_id) / "more.parquet").write_bytes(b"")

    with pytest.raises(SnapshotError, match=r"unknown \['more.parquet'\]"):
        open_snapshot(settings.home, ref)


def test_a_part_of_another_form_is_not_published(settings: Settings, store: Store) -> None:
    frames = {**parts(), "reps.parquet": pl.DataFrame({"rep_id": ["ann"]})}

    with pytest.raises(PartError, match=r"reps.parquet: .* wrong or missing \['name'"):
        publish(settings.home, store, draft=replace(draft(), frames=frames), former=None, now=NOW)

    assert scores.current(store) is None


def test_an_account_that_comes_twice_is_not_published(settings: Settings, store: Store) -> None:
    frames = parts()
    frames["accounts.parquet"] = pl.concat([frames["accounts.parquet"]] * 2)

    with pytest.raises(PartError, match="found 5 too many"):
        publish(settings.home, store, draft=replace(draft(), frames=frames), former=None, now=NOW)


def test_equal_answers_have_equal_bytes_and_ids(tmp_path: Path, settings: Settings, store) -> None:
    first = publish(settings.home, store, draft=draft(), former=None, now=NOW)
    again = publish(settings.home, store, draft=draft(), former=first.snapshot_id, now=NOW)
    other = publish(settings.home, store, draft=draft(0.6), former=first.snapshot_id, now=NOW)

    assert first == again
    assert first.snapshot_id.startswith("20260101-090000-")
    assert other.snapshot_id != first.snapshot_id


class Killed(BaseException):
    """The process ends here."""


BEFORE, AFTER = "before", "after"
STEPS = ("write_synced", "sync_tree", "_write_context", "_rename", "sync")


def faults() -> Iterator[tuple[str, int, str]]:
    """Before and after every write, flush, rename and commit of one publication."""
    for step, times in zip(STEPS, (6, 1, 1, 1, 1), strict=True):
        for number in range(times):
            yield step, number, BEFORE
            yield step, number, AFTER
    yield "scores.publish", 0, BEFORE


@pytest.mark.parametrize(("step", "number", "moment"), list(faults()))
def test_whenever_a_run_is_killed_readers_keep_the_old_and_the_next_run_cleans_up(
    settings: Settings, store: Store, monkeypatch, step: str, number: int, moment: str
) -> None:
    old = publish(settings.home, store, draft=draft(), former=None, now=NOW)
    target, name = (
        (serving.publish.scores, "publish") if step == "scores.publish" else (serving.publish, step)
    )
    real = getattr(target, name)
    calls = iter(range(100))

    def dying(*args, **kwargs):
        is_now = next(calls) == number
        if is_now and moment == BEFORE:
            raise Killed
        result = real(*args, **kwargs)
        if is_now:
            raise Killed
        return result

    monkeypatch.setattr(target, name, dying)
    with pytest.raises(Killed):
        publish(settings.home, store, draft=draft(0.7), former=old.snapshot_id, now=NOW)
    monkeypatch.undo()

    place = settings.home / "snapshots"
    assert scores.current(store) == old
    assert open_snapshot(settings.home, old).account("a") is not None
    removed = clean(settings.home, store)
    assert len(removed) == 1
    assert [folder.name for folder in place.iterdir()] == [old.snapshot_id]
    new = publish(settings.home, store, draft=draft(0.7), former=old.snapshot_id, now=NOW)
    assert open_snapshot(settings.home, new).history("a") == (HistoryPoint(DAY, 0.7),)


def test_cleaning_leaves_every_published_snapshot(settings: Settings, store: Store) -> None:
    first = publish(settings.home, store, draft=draft(), former=None, now=NOW)
    publish(settings.home, store, draft=draft(0.6), former=first.snapshot_id, now=NOW)

    assert clean(settings.home, store) == ()
    assert len(list((settings.home / "snapshots").iterdir())) == 2
