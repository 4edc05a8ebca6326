"""Nights whose files were damaged, and runs that were killed in the middle."""

from pathlib import Path

import pytest

from features import nights as code
from features.nights import Nights
from features.sealed import DamagedError
from tests.factories import activity, day
from tests.features.test_nights import DAYS, assert_as_rebuilt, folders, source


@pytest.mark.parametrize("step", ["describe", "facts", "sealed", "write_list"])
def test_a_run_that_is_killed_leaves_the_last_night_whole(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nights = Nights(tmp_path, DAYS)
    nights.advance(source(), day(0))
    later = source(1, activities=[activity(at=day(0.5))])

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(code, step, killed)
        with pytest.raises(KeyboardInterrupt):
            nights.advance(later, day(1))

    nights.verify()
    found = nights.advance(later, day(1))
    assert (found.described, found.whole) == (2, "")
    assert_as_rebuilt(found, later.book, day(1))
    assert len(folders(tmp_path)) == 2


@pytest.mark.parametrize("name", ["marks.parquet", "facts/closed.arrow", "*/rows.parquet"])
def test_a_file_of_another_size_is_refused(name: str, tmp_path: Path) -> None:
    nights = Nights(tmp_path, DAYS)
    nights.advance(source(), day(0))
    file = next(tmp_path.glob(f"*/{name}"))
    file.write_bytes(file.read_bytes()[:-1])

    with pytest.raises(DamagedError, match=file.name):
        nights.advance(source(1), day(1))


@pytest.mark.parametrize("name", ["marks.parquet", "accounts.parquet"])
def test_what_decides_who_is_described_is_compared_with_its_hash(name: str, tmp_path: Path) -> None:
    nights = Nights(tmp_path, DAYS)
    nights.advance(source(), day(0))
    _turn_a_bit(next(tmp_path.glob(f"*/{name}")))

    with pytest.raises(DamagedError, match="expected the hash"):
        nights.advance(source(1), day(1))


def test_a_turned_bit_anywhere_is_found_when_verified(tmp_path: Path) -> None:
    nights = Nights(tmp_path, DAYS)
    nights.advance(source(), day(0))
    nights.verify()
    _turn_a_bit(next(tmp_path.glob("*/*/rows.parquet")))

    with pytest.raises(DamagedError, match=r"rows\.parquet"):
        nights.verify()


def _turn_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
