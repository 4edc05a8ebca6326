"""Ledgers whose files were damaged, and entries that were killed in the middle."""

from pathlib import Path

import pytest
from polars.testing import assert_frame_equal

from features import ledger as code
from features.ledger import Ledger
from features.schema import ACCOUNT_ID
from features.sealed import DamagedError
from tests.factories import activity, day, invoice
from tests.features.test_ledger import begun, changes


def test_an_entry_that_is_killed_leaves_the_ledger_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = begun(tmp_path)
    before = ledger.marks
    fresh = changes(invoices=[invoice(at=day(-3))])

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(code, "write_list", killed)
        with pytest.raises(KeyboardInterrupt):
            ledger.enter(fresh)

    again = Ledger(tmp_path)
    assert_frame_equal(again.marks, before)
    assert again.enter(fresh).to_list() == ["acme"]
    assert again.part()["invoices"].collect().height == 1


def test_a_ledger_that_is_begun_anew_leaves_nothing_of_the_one_before(tmp_path: Path) -> None:
    begun(tmp_path).enter(changes(invoices=[invoice(at=day(-3))]))

    again = begun(tmp_path, invoices=[invoice(at=day(-3), account_id="bolt")])

    assert len(list(tmp_path.glob("[0-9]*"))) == 1
    assert again.part()["invoices"].collect()[ACCOUNT_ID].to_list() == ["bolt"]


@pytest.mark.parametrize("name", ["accounts.parquet", "shared/stages.parquet"])
def test_an_index_that_is_damaged_is_refused_at_once(tmp_path: Path, name: str) -> None:
    begun(tmp_path)
    file = next(tmp_path.glob("[0-9]*")) / name
    _turn_a_bit(file)

    with pytest.raises(DamagedError, match=name.rsplit("/", maxsplit=1)[-1]):
        Ledger(tmp_path)


def test_rows_of_another_size_are_refused_at_once_and_others_when_verified(
    tmp_path: Path,
) -> None:
    ledger = begun(tmp_path, activities=[activity(at=day(-1))])
    ledger.verify()
    file = next(tmp_path.glob("[0-9]*")) / "activities.cells"

    _turn_a_bit(file)
    with pytest.raises(DamagedError, match=r"activities\.cells"):
        Ledger(tmp_path).verify()
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(DamagedError, match="bytes"):
        Ledger(tmp_path)


def _turn_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
