"""Damages copies of a sound bundle in a hundred ways and tries to load each.

LightGBM's parser is replaced by one that ends the process: should a damaged file ever reach it,
this program dies and its caller sees that.
"""

import json
import os
import random
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import models.components
import models.head
from models.bundle import BundleError, load_bundle, read_bundle, verify_bundle

Damage = Callable[[Path, random.Random], None]


class ReachedParserError(Exception):
    pass


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def flip_a_bit(folder: Path, chance: random.Random) -> None:
    path = chance.choice(files_of(folder))
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def truncate(folder: Path, chance: random.Random) -> None:
    path = chance.choice(files_of(folder))
    content = path.read_bytes()
    path.write_bytes(content[: chance.randrange(len(content))])


def swap_heads(folder: Path, chance: random.Random) -> None:
    one, other = chance.sample(sorted(folder.glob("*/*.txt")), 2)
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def lose_a_file(folder: Path, chance: random.Random) -> None:
    chance.choice(files_of(folder)).unlink()


def add_a_file(folder: Path, chance: random.Random) -> None:
    name = chance.choice(
        [
            "bucket/walk-9.txt",
            "components/hours-0.txt",
            "notes.txt",
            "slip/.hidden",
            "model.pkl",
            "a/b.txt",
        ]
    )
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"tree\n")


def edit_the_manifest(folder: Path, chance: random.Random) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    name = chance.choice(sorted(manifest["files"]))
    match chance.randrange(5):
        case 0:
            del manifest["files"][name]
        case 1:
            manifest["files"][name]["size"] += 1
        case 2:
            manifest["files"][name]["sha256"] = "0" * 64
        case 3:
            manifest["files"]["../" + name] = manifest["files"].pop(name)
        case _:
            manifest["signed"] = True
    path.write_text(json.dumps(manifest, indent=1) + "\n")


def respell_the_manifest(folder: Path, chance: random.Random) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()), indent=chance.randrange(2, 5)))


def link_out(folder: Path, chance: random.Random) -> None:
    path = chance.choice(files_of(folder))
    outside = folder.parent / f"{folder.name}.outside"
    shutil.copy(path, outside)
    path.unlink()
    path.symlink_to(outside)


def blow_up(folder: Path, chance: random.Random) -> None:
    with chance.choice(files_of(folder)).open("r+b") as file:
        file.truncate(10 * 2**30)  # sparse: takes no room


KINDS: tuple[tuple[Damage, int], ...] = (
    (flip_a_bit, 30),
    (truncate, 20),
    (swap_heads, 12),
    (lose_a_file, 12),
    (add_a_file, 8),
    (edit_the_manifest, 10),
    (respell_the_manifest, 2),
    (link_out, 4),
    (blow_up, 2),
)


def has_reached_parser(folder: Path) -> bool:
    def raising(text: str) -> None:
        raise ReachedParserError

    put_for_the_parser(raising)
    try:
        read_bundle(folder)
    except ReachedParserError:
        return True
    return False


def put_for_the_parser(stand_in: Callable[[str], object]) -> None:
    models.head.booster_from_text = stand_in
    models.components.booster_from_text = stand_in


def main(sound: Path, place: Path) -> None:
    reached = has_reached_parser(sound)
    put_for_the_parser(lambda text: os.abort())
    chance = random.Random(20260105)
    refused, accepted = 0, []
    for kind, times in KINDS:
        for turn in range(times):
            mutant = place / f"{kind.__name__}-{turn}"
            shutil.copytree(sound, mutant)
            kind(mutant, chance)
            for attempt in (verify_bundle, load_bundle):
                try:
                    attempt(mutant)
                    accepted.append(f"{attempt.__name__} {mutant.name}")
                except BundleError:
                    refused += attempt is load_bundle
            shutil.rmtree(mutant)
    told = {
        "refused": refused,
        "accepted": accepted,
        "sound bundle reached the parser": reached,
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
