from pathlib import Path

import pytest

from features import sealed
from features.sealed import DamagedError, check, clear, new_folder, read_list, write_list


def folder_with(tmp_path: Path, **files: str) -> Path:
    folder = new_folder(tmp_path)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def test_files_that_are_as_they_were_written_pass(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, a="one", b="two")
    (folder / "inner").mkdir()
    (folder / "inner" / "c").write_text("three")

    seals = sealed.sealed(folder)

    assert set(seals) == {"a", "b", "inner/c"}
    check(folder, seals, deep=seals)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, a="one")
    seals = sealed.sealed(folder)
    (folder / "a").unlink()

    with pytest.raises(DamagedError, match=r"expected the file .*a, found none"):
        check(folder, seals)


def test_a_shorter_file_is_refused_without_a_look_at_its_content(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, a="one")
    seals = sealed.sealed(folder)
    (folder / "a").write_text("on")

    with pytest.raises(DamagedError, match="expected 3 bytes, found 2"):
        check(folder, seals)


def test_another_content_of_the_same_size_is_refused_where_hashes_are_compared(
    tmp_path: Path,
) -> None:
    folder = folder_with(tmp_path, a="one")
    seals = sealed.sealed(folder)
    (folder / "a").write_text("two")

    check(folder, seals)
    with pytest.raises(DamagedError, match="expected the hash"):
        check(folder, seals, deep=["a"])


def test_a_list_reads_as_it_was_written(tmp_path: Path) -> None:
    write_list(tmp_path / "list.json", {"b": [1, "two"], "a": None})

    assert read_list(tmp_path / "list.json") == {"b": [1, "two"], "a": None}


def test_a_run_that_is_killed_while_it_writes_leaves_the_list_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "list.json"
    write_list(file, {"night": 1})

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sealed.os, "fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        write_list(file, {"night": 2})

    assert read_list(file) == {"night": 1}


@pytest.mark.parametrize("text", ['{"hash": "0", "told": {"a": 1}}', "{", "[]", '{"told": {}}'])
def test_a_list_that_was_not_written_so_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "list.json"
    file.write_text(text)

    with pytest.raises(DamagedError, match=r"list\.json"):
        read_list(file)


def test_a_new_folder_never_is_one_that_a_killed_run_left(tmp_path: Path) -> None:
    left = folder_with(tmp_path, a="half")

    assert new_folder(tmp_path).name > left.name


def test_only_numbered_folders_that_are_not_named_are_removed(tmp_path: Path) -> None:
    first, second = new_folder(tmp_path), new_folder(tmp_path)
    (tmp_path / "notes").mkdir()

    clear(tmp_path, [second.name])

    assert (first.exists(), second.exists(), (tmp_path / "notes").exists()) == (False, True, True)
