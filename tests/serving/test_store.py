import multiprocessing
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import insert, text, update
from sqlalchemy.exc import IntegrityError

from serving.lease import LeaseHeldError, hold
from serving.settings import Settings
from serving.store import audit, scores
from serving.store.engine import Store, StoreDownError, open_store
from serving.store.migrations import newest, revision, upgrade
from serving.store.tables import AUDIT, CURRENT_SNAPSHOT, METADATA

NOW = datetime(2026, 1, 1, 9, 30, 15, 123456, tzinfo=UTC)
HASH = "a" * 64


def ref(snapshot_id: str) -> scores.SnapshotRef:
    return scores.SnapshotRef(snapshot_id, NOW, NOW, 1, HASH, HASH, HASH)


def test_the_tables_are_those_that_the_program_reads(any_store: Store) -> None:
    with any_store.reading() as connection:
        context = MigrationContext.configure(connection)
        differences = compare_metadata(context, METADATA)

    assert differences == []
    assert revision(any_store) == newest()


def test_eight_processes_may_start_at_once(any_settings: Settings) -> None:
    starter = multiprocessing.get_context("forkserver")
    starter.set_forkserver_preload(["serving.store.migrations"])

    with starter.Pool(8) as pool:
        found = pool.map(upgrade, [any_settings] * 8, chunksize=1)

    assert found == [newest()] * 8


def test_the_pointer_moves_to_what_was_published(any_store: Store) -> None:
    assert scores.current(any_store) is None

    scores.publish(any_store, ref("one"), former=None, now=NOW)
    scores.publish(any_store, ref("two"), former="one", now=NOW)

    assert scores.current(any_store) == ref("two")
    assert scores.published_ids(any_store) == {"one", "two"}
    assert scores.find(any_store, "one") == ref("one")


@pytest.mark.parametrize("former", [None, "zero"])
def test_who_did_not_see_the_newest_pointer_publishes_nothing(
    any_store: Store, former: str | None
) -> None:
    scores.publish(any_store, ref("one"), former=None, now=NOW)

    with pytest.raises(scores.PublishConflictError, match="found one"):
        scores.publish(any_store, ref("two"), former=former, now=NOW)

    assert scores.current(any_store) == ref("one")
    assert scores.published_ids(any_store) == {"one"}


def test_of_many_publishers_at_once_one_wins(any_store: Store) -> None:
    def attempt(number: int) -> bool:
        try:
            scores.publish(any_store, ref(f"id-{number}"), former=None, now=NOW)
        except scores.PublishConflictError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        won = list(pool.map(attempt, range(6)))

    current = scores.current(any_store)
    assert won.count(True) == 1
    assert current is not None
    assert scores.published_ids(any_store) == {current.snapshot_id}


def test_an_id_with_other_content_is_refused(store: Store) -> None:
    scores.publish(store, ref("one"), former=None, now=NOW)

    with pytest.raises(scores.PublishConflictError, match="other content"):
        scores.publish(store, replace(ref("one"), bundle_hash="b" * 64), former="one", now=NOW)


def test_there_is_never_a_second_pointer(any_store: Store) -> None:
    with pytest.raises(IntegrityError), any_store.writing() as connection:
        connection.execute(insert(CURRENT_SNAPSHOT).values(only_row=2, snapshot_id=None))


def test_a_moment_comes_back_as_it_went_in_on_every_database(any_store: Store) -> None:
    scores.publish(any_store, ref("one"), former=None, now=NOW)

    current = scores.current(any_store)

    assert current is not None
    assert current.as_of == NOW
    assert current.as_of.tzinfo == UTC


def test_a_moment_without_a_zone_is_refused(store: Store) -> None:
    naive = replace(ref("one"), as_of=NOW.replace(tzinfo=None))

    with pytest.raises(Exception, match="time zone"):
        scores.publish(store, naive, former=None, now=NOW)


def test_a_write_that_fails_half_way_leaves_nothing(store: Store) -> None:
    def write_half() -> None:
        with store.writing() as connection:
            audit.append(connection, audit.Entry("machine", "half", NOW))
            raise InterruptedError

    with pytest.raises(InterruptedError):
        write_half()

    assert audit.entries(store) == ()


def test_sqlite_waits_for_another_writer_and_readers_do_not(settings: Settings) -> None:
    upgrade(settings)
    store = open_store(settings)
    with store.reading() as connection:
        mode = connection.execute(text("PRAGMA journal_mode")).scalar()
        patience = connection.execute(text("PRAGMA busy_timeout")).scalar()

    with store.writing() as writer:
        audit.append(writer, audit.Entry("machine", "slow", NOW))
        seen_meanwhile = audit.entries(store)

    assert (mode, patience) == ("wal", 5000)
    assert seen_meanwhile == ()
    assert len(audit.entries(store)) == 1
    store.close()


def test_a_store_that_is_gone_is_named_without_its_password(tmp_path: Path) -> None:
    url = "postgresql+psycopg://joe:hunter2@127.0.0.1:9/none"
    store = open_store(Settings(home=tmp_path, database_url=url))

    with pytest.raises(StoreDownError, match=r"127\.0\.0\.1:9/none") as refusal:
        store.ping()

    assert "hunter2" not in str(refusal.value)


def test_the_chain_of_the_audit_holds_until_an_entry_is_touched(any_store: Store) -> None:
    for number in range(5):
        with any_store.writing() as connection:
            audit.append(connection, audit.Entry("machine", "counted", NOW, {"number": number}))

    assert [entry.details["number"] for entry in audit.entries(any_store)] == [0, 1, 2, 3, 4]
    with any_store.writing() as connection:
        connection.execute(update(AUDIT).where(AUDIT.c.number == 3).values(who="someone else"))
    with pytest.raises(audit.AuditBrokenError, match="entry 3"):
        audit.entries(any_store)


def test_an_entry_that_was_taken_out_is_missed(store: Store) -> None:
    for _ in range(3):
        with store.writing() as connection:
            audit.append(connection, audit.Entry("machine", "counted", NOW))
    with store.writing() as connection:
        connection.execute(AUDIT.delete().where(AUDIT.c.number == 2))

    with pytest.raises(audit.AuditBrokenError, match="entry 2"):
        audit.entries(store)


def test_many_writers_at_once_make_one_chain(any_store: Store) -> None:
    def write(_: int) -> None:
        with any_store.writing() as connection:
            audit.append(connection, audit.Entry("machine", "counted", NOW))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(12)))

    assert len(audit.entries(any_store)) == 12


def test_a_lease_is_held_by_one_and_free_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "lease"

    with hold(path), pytest.raises(LeaseHeldError, match="another run"), hold(path):
        pass

    with hold(path):
        pass


def test_the_default_store_is_a_file_in_the_home(store: Store, settings: Settings) -> None:
    store.ping()

    with sqlite3.connect(settings.home / "store.db") as connection:
        (found,) = connection.execute("SELECT COUNT(*) FROM current_snapshot").fetchone()
    connection.close()

    assert found == 1
