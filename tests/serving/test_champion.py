import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from models.bundle import Bundle, BundleError, read_bundle
from serving.champion import (
    NoChampionError,
    adopt_bundle,
    bundle_folder,
    load_champion,
    read_champion,
)
from serving.live import LiveSnapshot
from serving.settings import Settings
from serving.store.engine import Store
from tests.serving.desk import NOW, Desk


def test_a_promoted_bundle_is_served_after_it_was_proven(
    desk: Desk, settings: Settings, store: Store, exported: Path, bundle: Bundle
) -> None:
    told = adopt_bundle(
        source_dir=exported, home=settings.home, version=7, promoted_at=NOW, load=read_bundle
    )
    ref = desk.score()
    live = LiveSnapshot(settings.home, store, load=read_bundle)

    live.refresh()

    assert read_champion(settings.home) == told
    assert load_champion(settings.home, load=read_bundle).hash == bundle.hash
    assert live.served is not None
    assert (live.served.snapshot.ref, live.served.bundle.hash) == (ref, bundle.hash)


def test_a_damaged_bundle_is_not_adopted_and_the_former_stays(
    settings: Settings, exported: Path, bundle: Bundle, tmp_path: Path
) -> None:
    adopt_bundle(
        source_dir=exported, home=settings.home, version=7, promoted_at=NOW, load=read_bundle
    )
    broken = tmp_path / "broken"
    shutil.copytree(exported, broken)
    (broken / "bucket.json").write_bytes((broken / "bucket.json").read_bytes()[:-1])

    with pytest.raises(BundleError):
        adopt_bundle(
            source_dir=broken, home=settings.home, version=8, promoted_at=NOW, load=read_bundle
        )

    places = [place.name for place in (settings.home / "bundles").iterdir()]
    assert read_champion(settings.home).version == 7
    assert places == [bundle.hash[:16]]


def test_adopting_again_mends_what_was_damaged_on_disk(
    settings: Settings, exported: Path, bundle: Bundle
) -> None:
    def adopt() -> None:
        adopt_bundle(
            source_dir=exported, home=settings.home, version=7, promoted_at=NOW, load=read_bundle
        )

    adopt()
    card = bundle_folder(settings.home, bundle.hash) / "card.json"
    card.write_bytes(b"{}")

    adopt()

    assert load_champion(settings.home, load=read_bundle).hash == bundle.hash


def test_before_the_first_promotion_there_is_no_champion(tmp_path: Path) -> None:
    with pytest.raises(NoChampionError, match="train, then promote"):
        load_champion(tmp_path)


def test_a_bundle_without_a_number_has_that_of_its_promotion(
    desk: Desk, settings: Settings, bundle: Bundle, exported: Path
) -> None:
    unnumbered = replace(bundle, card=replace(bundle.card, version=None))
    adopt_bundle(
        source_dir=exported, home=settings.home, version=12, promoted_at=NOW, load=read_bundle
    )

    ref = replace(desk, bundle=unnumbered).score()

    assert ref.model_version == 12
    with pytest.raises(ValueError, match="found aaaa"):
        replace(desk, bundle=replace(unnumbered, hash="a" * 64)).score()
