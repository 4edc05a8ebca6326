from pathlib import Path

import polars as pl
import pytest

from benchmarks.grid.pieces import edition, open_folder, piece, write_frame, write_json


def tree(root: Path) -> Path:
    for name in ("features/book.py", "models/policy.toml", "bucketlist/oracle.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("first\n")
    (root / "benchmarks" / "grid").mkdir(parents=True)
    (root / "benchmarks" / "grid" / "document.py").write_text("first\n")
    (root / "bucketlist" / "cli.py").write_text("first\n")
    return root


@pytest.mark.parametrize("file", ["features/book.py", "models/policy.toml", "bucketlist/oracle.py"])
def test_the_edition_changes_with_what_a_result_depends_on(tmp_path: Path, file: str) -> None:
    before = edition(tree(tmp_path))

    (tmp_path / file).write_text("second\n")

    assert edition(tmp_path) != before


@pytest.mark.parametrize("file", ["benchmarks/grid/document.py", "bucketlist/cli.py"])
def test_the_edition_stays_when_only_the_telling_changes(tmp_path: Path, file: str) -> None:
    before = edition(tree(tmp_path))

    (tmp_path / file).write_text("second\n")

    assert edition(tmp_path) == before


def test_a_piece_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    path = tmp_path / "oracle" / "first.parquet"
    piece(path, lambda: pl.DataFrame({"a": [1]}))

    again = piece(path, lambda: pl.DataFrame({"a": [2]}))

    assert again["a"].to_list() == [1]


def test_a_piece_that_was_cut_short_is_not_taken_for_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", cut)
        with pytest.raises(KeyboardInterrupt):
            write_frame(tmp_path / "first.parquet", pl.DataFrame({"a": [1]}))

    found = piece(tmp_path / "first.parquet", lambda: pl.DataFrame({"a": [2]}))

    assert found["a"].to_list() == [2]


def test_pieces_of_another_edition_are_thrown_away(tmp_path: Path) -> None:
    folder = tmp_path / "cell"
    open_folder(folder, "one")
    piece(folder / "first.parquet", lambda: pl.DataFrame({"a": [1]}))

    kept = open_folder(folder, "one")
    is_kept = (folder / "first.parquet").is_file()
    thrown = open_folder(folder, "two")

    assert not kept
    assert is_kept
    assert thrown
    assert not (folder / "first.parquet").exists()


def test_a_folder_without_an_edition_is_not_trusted(tmp_path: Path) -> None:
    folder = tmp_path / "cell"
    piece(folder / "first.parquet", lambda: pl.DataFrame({"a": [1]}))

    assert open_folder(folder, "one")
    assert not (folder / "first.parquet").exists()


def test_a_result_with_a_number_that_json_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path / "cell.json", {"share": float("nan")})

    assert not (tmp_path / "cell.json").exists()
