from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import polars as pl
import pytest
from pydantic import SecretStr

from features.account.engagement import FEATURES as ENGAGEMENT
from features.book import Book, make_book
from features.context import Context, build_context
from features.schema import TIME
from models.bundle import Bundle
from models.contract import ContractError
from serving.lease import LeaseHeldError, hold
from serving.manifest import manifest_from
from serving.parts import SCHEMAS
from serving.score import LEASE_FILE
from serving.settings import Settings
from serving.snapshots import Snapshot, folder_of
from serving.store import scores
from tests.serving.desk import CALENDAR, NOW, UNTIL, Desk


def part_hashes(home: Path, ref: scores.SnapshotRef) -> dict[str, str]:
    folder = folder_of(home, ref.snapshot_id)
    files = sorted(folder.rglob("*.parquet"))
    return {file.name: sha256(file.read_bytes()).hexdigest() for file in files}


def test_the_same_book_bundle_and_moment_give_the_same_bytes(
    desk: Desk, snapshot: Snapshot, home: Path
) -> None:
    first = snapshot.ref
    salt = Settings(home=home).pursuit_salt
    settings = desk.settings.model_copy(update={"salt": SecretStr(salt)})
    later = replace(desk, settings=settings).score(at=NOW + timedelta(hours=1))

    assert part_hashes(home, first) == part_hashes(settings.home, later)
    assert first.snapshot_id[-4:] == later.snapshot_id[-4:]
    assert first.snapshot_id[:15] == "20261121-021011"
    assert set(part_hashes(home, first)) >= set(SCHEMAS)


def test_the_context_is_stored_with_the_snapshot(
    snapshot: Snapshot, home: Path, book: Book
) -> None:
    folder = folder_of(home, snapshot.snapshot_id)

    stored = Context.read(folder / "context")

    assert stored.base.equals(build_context(book, [UNTIL], CALENDAR).base)
    assert (folder / "context" / "peers_account.parquet").is_file()


def test_the_manifest_says_what_the_answers_rest_on(
    snapshot: Snapshot, home: Path, bundle: Bundle
) -> None:
    text = (folder_of(home, snapshot.snapshot_id) / "manifest.json").read_bytes()

    manifest = manifest_from(text)

    rows = {part.name: part.rows for part in manifest.parts}
    assert (manifest.bundle_hash, manifest.model_version) == (bundle.hash, 7)
    assert manifest.contract_hash == bundle.contract.contract_hash()
    assert rows["accounts.parquet"] == 60
    assert rows["deals.parquet"] == snapshot.deals.height + snapshot.closed.height


def test_a_deal_that_is_over_has_its_status_and_no_number(snapshot: Snapshot, book: Book) -> None:
    over = book["opportunities"].filter(pl.col("closed_at") < UNTIL).collect()
    lately = over.filter(pl.col("closed_at") >= UNTIL - timedelta(days=365))
    older = over.filter(pl.col("closed_at") < UNTIL - timedelta(days=365))

    row = snapshot.deal(lately["opportunity_id"][0])

    assert row is not None
    assert (row.status, row.slip_risk, row.p_lost, row.close_p50) == ("closed", None, None, None)
    assert (row.reasons, row.flags, snapshot.curve(row.opportunity_id)) == ((), (), ())
    assert row.month_end <= row.period_end
    assert snapshot.closed["opportunity_id"].to_list() == sorted(lately["opportunity_id"])
    assert snapshot.deal(older["opportunity_id"][0]) is None
    assert row not in snapshot.deals_of(row.account_id)
    assert sum(snapshot.accounts["open_deals"]) == snapshot.deals.height


def test_a_deal_that_closes_at_the_moment_of_scoring_is_still_open(desk: Desk) -> None:
    at = {"at": UNTIL, "before": UNTIL - timedelta(microseconds=1)}
    tables = dict(desk.book.tables)
    some = tables["opportunities"].filter(pl.col("closed_at") < UNTIL).head(2).collect()
    ids = dict(zip(at, some["opportunity_id"], strict=True))
    ends = pl.col("opportunity_id").replace_strict(
        {ids[name]: at[name] for name in at}, default=None, return_dtype=TIME
    )
    tables["opportunities"] = tables["opportunities"].with_columns(
        closed_at=pl.coalesce(ends, "closed_at")
    )

    opened = replace(desk, book=replace(desk.book, tables=tables)).opened()

    statuses = {name: getattr(opened.deal(ids[name]), "status", None) for name in at}
    assert statuses == {"at": "scored", "before": "closed"}


def test_a_book_without_deals_invoices_and_reps_is_scored_all_the_same(
    desk: Desk, book: Book
) -> None:
    bare = make_book({"accounts": book["accounts"]}, observed_until=UNTIL)

    opened = replace(desk, book=bare).opened()

    assert set(opened.accounts["status"]) == {"not_in_pursuit"}
    assert opened.accounts["value"].null_count() == opened.accounts.height
    assert opened.deals.is_empty()
    assert opened.reps == ()


def test_a_model_of_other_features_is_refused_before_anything_is_written(
    desk: Desk, bundle: Bundle
) -> None:
    first = replace(bundle.contract.account[0], unit="furlongs")
    contract = replace(bundle.contract, account=(first, *bundle.contract.account[1:]))

    with pytest.raises(ContractError, match="furlongs"):
        replace(desk, bundle=replace(bundle, contract=contract)).score()

    assert scores.current(desk.store) is None
    assert not (desk.settings.home / "snapshots").exists()


def test_a_model_that_was_trained_without_some_features_is_welcome(
    desk: Desk, bundle: Bundle
) -> None:
    left_out = {feature.name for feature in ENGAGEMENT}
    columns = tuple(one for one in bundle.contract.account if one.name not in left_out)

    lean = replace(bundle, contract=replace(bundle.contract, account=columns))

    assert replace(desk, bundle=lean).opened().accounts.height == 60


def test_two_runs_at_once_are_one_too_many(desk: Desk) -> None:
    with hold(desk.settings.home / LEASE_FILE), pytest.raises(LeaseHeldError):
        desk.score()
