from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from serving.live import TRY_AGAIN_SECONDS, LiveSnapshot
from serving.parts import SCHEMAS
from serving.publish import Draft, publish
from serving.settings import Settings
from serving.snapshots import folder_of
from serving.store import scores
from serving.store.engine import Store, open_store

NOW = datetime(2026, 1, 1, 9, tzinfo=UTC)
OLD, NEW = "a" * 64, "b" * 64


@dataclass(frozen=True)
class Model:
    """Stands for a bundle: the holder asks it for nothing."""

    hash: str


@dataclass
class Loader:
    """Opens what is on disk and counts how often."""

    opened: int = 0

    def __call__(self, folder: Path, *, expected: str | None = None) -> Model:
        self.opened += 1
        text = (folder / "model").read_text()
        if text != expected:
            raise ValueError("the bundle is damaged")
        return Model(text)


@dataclass
class Clock:
    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


def put(home: Path, store: Store, bundle: str, *, hour: int = 9) -> scores.SnapshotRef:
    folder = home / "bundles" / bundle[:16]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model").write_text(bundle)
    former = scores.current(store)
    draft = Draft(
        frames={name: pl.DataFrame(schema=dict(schema)) for name, schema in SCHEMAS.items()},
        write_context=lambda _: None,
        as_of=NOW,
        scored_at=NOW.replace(hour=hour),
        observed_until=NOW,
        model_version=1,
        bundle_hash=bundle,
        contract_hash=OLD,
        currency="USD",
    )
    return publish(home, store, draft=draft, former=former and former.snapshot_id, now=NOW)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(bytes(content))


@pytest.fixture
def loader() -> Loader:
    return Loader()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def live(settings: Settings, store: Store, loader: Loader, clock: Clock) -> LiveSnapshot:
    return LiveSnapshot(settings.home, store, load=loader, clock=clock)


def test_before_the_first_publication_nothing_is_served_and_it_says_why(live) -> None:
    assert live.refresh() is False
    assert live.served is None
    assert "nothing is published yet" in live.problem


def test_snapshot_and_bundle_change_together(live, settings, store) -> None:
    put(settings.home, store, OLD)
    live.refresh()
    first = live.served
    put(settings.home, store, NEW, hour=10)

    is_changed = live.refresh()

    assert is_changed is True
    assert (first.bundle.hash, first.snapshot.ref.bundle_hash) == (OLD, OLD)
    assert (live.served.bundle.hash, live.served.snapshot.ref.bundle_hash) == (NEW, NEW)
    assert (live.served.is_stale, live.problem) == (False, None)


def test_a_bundle_that_stays_is_not_opened_again(live, settings, store, loader) -> None:
    put(settings.home, store, OLD)
    live.refresh()
    put(settings.home, store, OLD, hour=10)
    live.refresh()
    live.refresh()

    assert loader.opened == 1


def test_flipped_bytes_in_the_new_bundle_leave_the_old_pair_in_service(
    live, settings, store
) -> None:
    put(settings.home, store, OLD)
    live.refresh()
    new = put(settings.home, store, NEW, hour=10)
    flip(settings.home / "bundles" / NEW[:16] / "model")

    is_changed = live.refresh()

    assert is_changed is False
    assert live.served.snapshot.ref.bundle_hash == live.served.bundle.hash == OLD
    assert live.served.is_stale is True
    assert new.snapshot_id in live.problem
    assert "damaged" in live.problem


def test_flipped_bytes_in_the_new_snapshot_leave_the_old_pair_in_service(
    live, settings, store
) -> None:
    old = put(settings.home, store, OLD)
    live.refresh()
    new = put(settings.home, store, NEW, hour=10)
    flip(folder_of(settings.home, new.snapshot_id) / "accounts.parquet")

    live.refresh()

    assert live.served.snapshot.ref == old
    assert live.served.bundle.hash == OLD
    assert live.served.is_stale is True


def test_what_is_damaged_is_looked_at_again_after_a_while_and_taken_when_mended(
    live, settings, store, loader, clock
) -> None:
    put(settings.home, store, OLD)
    live.refresh()
    put(settings.home, store, NEW, hour=10)
    model = settings.home / "bundles" / NEW[:16] / "model"
    flip(model)
    live.refresh()
    model.write_text(NEW)

    live.refresh()
    at_once = live.served.bundle.hash
    clock.seconds = TRY_AGAIN_SECONDS
    live.refresh()

    assert at_once == OLD
    assert live.served.bundle.hash == NEW
    assert (live.served.is_stale, live.problem) == (False, None)


def test_damage_to_what_is_in_service_does_not_reach_memory(live, settings, store) -> None:
    ref = put(settings.home, store, OLD)
    live.refresh()
    flip(folder_of(settings.home, ref.snapshot_id) / "accounts.parquet")

    live.refresh()

    assert live.served.snapshot.ref == ref
    assert live.served.is_stale is False


def test_while_the_store_is_down_the_last_answers_are_served_as_stale(
    live, settings, store
) -> None:
    put(settings.home, store, OLD)
    live.refresh()
    nowhere = settings.home / "store.db"
    store.close()
    moved = nowhere.rename(settings.home / "away.db")
    nowhere.mkdir()

    live.refresh()
    while_down = (live.served.is_stale, live.problem)
    nowhere.rmdir()
    moved.rename(nowhere)
    live.refresh()

    assert while_down[0] is True
    assert "expected the store" in while_down[1]
    assert (live.served.is_stale, live.problem) == (False, None)


def test_a_server_that_starts_while_the_store_is_down_serves_what_was_last_good(
    live, settings, store, loader
) -> None:
    ref = put(settings.home, store, OLD)
    live.refresh()
    url = "postgresql+psycopg://joe@127.0.0.1:9/none"
    down = open_store(Settings(home=settings.home, database_url=url))
    started = LiveSnapshot(settings.home, down, load=loader)

    started.refresh()

    assert started.served is not None
    assert started.served.snapshot.ref == ref
    assert started.served.is_stale is True
    assert started.problem is not None


def test_a_note_of_the_last_good_that_lies_is_not_believed(live, settings, store, loader) -> None:
    put(settings.home, store, OLD)
    live.refresh()
    note = settings.home / "last-good.json"
    note.write_text(note.read_text().replace(OLD, NEW))
    url = "postgresql+psycopg://joe@127.0.0.1:9/none"
    down = open_store(Settings(home=settings.home, database_url=url))
    started = LiveSnapshot(settings.home, down, load=loader)

    started.refresh()

    assert started.served is None
    assert started.problem is not None


def test_a_request_keeps_the_pair_it_began_with(live, settings, store) -> None:
    old = put(settings.home, store, OLD)
    live.refresh()
    taken = live.served
    put(settings.home, store, NEW, hour=10)
    live.refresh()

    assert taken == replace(taken)
    assert taken.snapshot.ref == old
    assert taken.bundle.hash == OLD
