"""Champion: the model version in service, as a bundle under the home directory."""

import json
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from models.bundle import Bundle, BundleError, load_bundle, verify_bundle
from serving.disk import sync, sync_tree, temporary_in, write_whole

CHAMPION_FILE = "champion.json"
HASH = re.compile(r"[0-9a-f]{64}")


class BundleLoader(Protocol):
    """Opens a bundle's folder once it was verified and proven; raises when it is not sound."""

    def __call__(self, folder: Path, *, expected: str | None = None) -> Bundle:
        """The bundle in `folder`, whose hash is `expected` where that is given."""
        ...


class NoChampionError(LookupError):
    """No model version was ever promoted in this home."""


@dataclass(frozen=True, slots=True)
class ChampionFile:
    """What champion.json says: which version, which bundle, since when."""

    version: int
    bundle: str
    promoted_at: datetime


def bundle_folder(home: Path, bundle_hash: str) -> Path:
    """Where a bundle lies; ValueError for a text that is no SHA-256."""
    if not HASH.fullmatch(bundle_hash):
        raise ValueError(f"expected a SHA-256 in hex, got {bundle_hash[:80]!r}")
    return home / "bundles" / bundle_hash[:16]


def adopt_bundle(
    *,
    source_dir: Path,
    home: Path,
    version: int,
    promoted_at: datetime,
    load: BundleLoader = load_bundle,
) -> ChampionFile:
    """Copy a bundle into the home, prove that it works, and only then make it the champion.

    The copy is loaded, canary and all, under a temporary name: a damaged bundle never gets a
    name that serving looks at, and the former champion stays.

    Args:
        source_dir: the exported bundle; it is left as it is.
        home: gets the copy under bundles/ and champion.json.
        version: the registry's number.
        promoted_at: when, UTC.
        load: proves the copy.

    Raises:
        BundleError: when the bundle is not what its manifest says or its golden rows differ.
    """
    place = home / "bundles"
    place.mkdir(parents=True, exist_ok=True)
    copy = temporary_in(place)
    try:
        shutil.copytree(source_dir, copy, symlinks=True)
        bundle = load(copy)
        sync_tree(copy)
        _put_in_place(copy, home, bundle.hash)
    finally:
        shutil.rmtree(copy, ignore_errors=True)
    champion = ChampionFile(version, bundle.hash, promoted_at)
    fields = {
        "version": version,
        "bundle": bundle.hash,
        "promoted_at": promoted_at.astimezone(UTC).isoformat(),
    }
    write_whole(home / CHAMPION_FILE, (json.dumps(fields, indent=2) + "\n").encode("utf-8"))
    return champion


def read_champion(home: Path) -> ChampionFile:
    """What champion.json says.

    Raises:
        NoChampionError: when nothing was promoted yet.
        ValueError: when the file is not of its form.
    """
    path = home / CHAMPION_FILE
    try:
        fields = json.loads(path.read_bytes())
        return ChampionFile(
            int(fields["version"]),
            str(fields["bundle"]),
            datetime.fromisoformat(fields["promoted_at"]),
        )
    except FileNotFoundError:
        raise NoChampionError(
            f"expected a promoted model in {path}, found none: train, then promote a version"
        ) from None
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"expected version, bundle and promoted_at in {path}, found: {error!r}"
        ) from error


def load_champion(home: Path, load: BundleLoader = load_bundle) -> Bundle:
    """The champion's bundle, verified and proven by its canary.

    Raises:
        NoChampionError: when nothing was promoted yet.
        BundleError: when the bundle on disk is damaged.
    """
    champion = read_champion(home)
    return load(bundle_folder(home, champion.bundle), expected=champion.bundle)


def _put_in_place(copy: Path, home: Path, bundle_hash: str) -> None:
    """Rename the proven copy to its name, unless a sound one lies there already."""
    place = bundle_folder(home, bundle_hash)
    if place.exists():
        try:
            verify_bundle(place, expected=bundle_hash)
        except BundleError:
            former = temporary_in(place.parent)
            place.rename(former)
            shutil.rmtree(former)
        else:
            return
    copy.rename(place)
    sync(place.parent)
