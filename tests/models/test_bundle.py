import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from features.calendar import Calendar
from models.bundle import BundleError, load_bundle, read_bundle, verify_bundle, write_bundle
from models.components import ComponentHead
from models.golden import GoldenDeals, golden_rows
from models.layout import manifest_of
from models.policy import Policy

MUTANTS = Path(__file__).parent / "mutants.py"


def copy_of(folder: Path, to: Path) -> Path:
    shutil.copytree(folder, to)
    return to


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }


def written(parts, folder: Path, **changed: object) -> str:
    """The bundle of the tests, written with other parts."""
    names = ("bucket", "slip", "card", "contract", "golden", "components", "analogs")
    sound = {name: getattr(parts, name) for name in names}
    return write_bundle(folder, **{**sound, "policy": Policy(), **changed})


def test_a_loaded_bundle_predicts_bit_by_bit_what_was_written(parts, bundle_folder):
    bundle = load_bundle(bundle_folder, limit=timedelta(seconds=60))

    assert bundle.bucket.predict(parts.X).equals(parts.bucket.predict(parts.X))
    calendar = parts.golden._calendar()
    again = bundle.slip.curve(parts.X, parts.state, calendar)
    assert (again.won == parts.slip.curve(parts.X, parts.state, calendar).won).all()
    assert bundle.components.predict(parts.X).equals(parts.components.predict(parts.X))
    assert bundle.analogs.to_document() == parts.analogs.to_document()
    assert bundle.card.contract_hash == parts.contract.contract_hash()
    assert bundle.policy == Policy()


def test_writing_twice_gives_the_same_hash_and_never_overwrites(parts, bundle_folder, tmp_path):
    again = tmp_path / "again"
    write = {
        "bucket": parts.bucket,
        "slip": parts.slip,
        "card": parts.card,
        "contract": parts.contract,
        "golden": parts.golden,
        "policy": Policy(),
        "components": parts.components,
        "analogs": parts.analogs,
    }

    first = write_bundle(again, **write)

    assert first == verify_bundle(bundle_folder)
    with pytest.raises(BundleError, match="not there yet"):
        write_bundle(again, **write)
    assert [path.name for path in tmp_path.iterdir()] == ["again"]


def test_a_hundred_damaged_bundles_are_refused_before_lightgbm_sees_a_byte(bundle_folder, tmp_path):
    # In a process of its own, where the parser is replaced by one that ends the process.
    run = subprocess.run(
        [sys.executable, str(MUTANTS), str(bundle_folder), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert run.returncode == 0, run.stderr[-2000:]
    told = json.loads(run.stdout)
    assert told["refused"] == 100
    assert told["accepted"] == []
    assert told["sound bundle reached the parser"] is True


def test_heads_swapped_under_a_rewritten_manifest_are_caught_by_the_hash_and_by_the_canary(
    bundle_folder, tmp_path
):
    folder = copy_of(bundle_folder, tmp_path / "swapped")
    before = verify_bundle(folder)
    one, other = folder / "bucket/walk-0.txt", folder / "bucket/pain-0.txt"
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)
    (folder / "manifest.json").write_text(manifest_of(contents(folder)).to_json())

    with pytest.raises(BundleError, match="expected bundle"):
        verify_bundle(folder, expected=before)
    with pytest.raises(BundleError, match=r"golden\.json: expected answers within 1e-9"):
        load_bundle(folder, limit=timedelta(seconds=60))


def test_text_that_ends_the_process_ends_only_the_canary(bundle_folder, tmp_path):
    folder = copy_of(bundle_folder, tmp_path / "evil")
    path = folder / "bucket/walk-0.txt"
    path.write_bytes(path.read_bytes().replace(b"leaf_value=", b"leaf_valve="))
    (folder / "manifest.json").write_text(manifest_of(contents(folder)).to_json())

    with pytest.raises(BundleError, match="canary"):
        load_bundle(folder, limit=timedelta(seconds=60))


def test_a_canary_that_does_not_come_back_in_time_refuses_the_bundle(bundle_folder):
    with pytest.raises(BundleError, match=r"within 0\.01 s"):
        load_bundle(bundle_folder, limit=timedelta(seconds=0.01))


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("card.json", b'"bucket_kind": "blend"', b'"bucket_kind": "logistic"'),
        ("card.json", b'"contract_hash": "', b'"contract_hash": "0'),
        ("contract.json", b'"Float32"', b'"Float64"'),
        ("bucket.json", b'"replies"', b'"answers"'),
        ("slip.json", b"slip/close-0.txt", b"slip/close-9.txt"),
        ("bucket.json", b'"kind": "blend"', b'"kind": "blend", "more": 1'),
        ("slip.json", b'"constant": null', b'"constant": NaN'),
        ("policy.json", b'"walk_away_at_least": 0.4', b'"walk_away_at_least": 0.5'),
        ("components.json", b'"replies"', b'"answers"'),
        ("components.json", b"components/growth-0.txt", b"components/growth-9.txt"),
        ("components.json", b'"scale": 5000.0', b'"scale": Infinity'),
        ("components.json", b'"growth": {', b'"hours": {'),
        ("analogs.json", b'"growth"', b'"luck"'),
        ("analogs.json", b'"possible_items": 1', b'"possible_items": "one"'),
        ("analogs.json", b'"possible_items": 1', b'"possible_items": 1, "more": 2'),
    ],
)
def test_files_that_contradict_one_another_are_refused_without_parsing(
    bundle_folder, tmp_path, monkeypatch, file, old, new
):
    folder = copy_of(bundle_folder, tmp_path / "odd")
    path = folder / file
    assert old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new))
    (folder / "manifest.json").write_text(manifest_of(contents(folder)).to_json())
    for room in ("models.head", "models.components"):
        monkeypatch.setattr(f"{room}.booster_from_text", lambda _: pytest.fail("parsed"))

    with pytest.raises(BundleError):
        verify_bundle(folder)


def test_the_vocabulary_of_a_category_travels_with_the_model(parts, tmp_path):
    kind = replace(parts.contract.deal[0], unit="category", vocabulary=("email", "call"))
    contract = replace(parts.contract, deal=(kind, *parts.contract.deal[1:]))
    folder = tmp_path / "coded"
    write_bundle(
        folder,
        bucket=parts.bucket,
        slip=parts.slip,
        card=parts.card,
        contract=contract,
        golden=parts.golden,
        policy=Policy(),
    )

    assert read_bundle(folder).contract == contract

    path = folder / "contract.json"
    assert b'"email"' in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(b'"email"', b'"fax"'))
    (folder / "manifest.json").write_text(manifest_of(contents(folder)).to_json())
    with pytest.raises(BundleError, match=r"card\.json: expected contract_hash"):
        read_bundle(folder)


def test_a_folder_that_became_a_link_is_refused(bundle_folder, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(bundle_folder)

    with pytest.raises(BundleError, match="expected a folder"):
        verify_bundle(link)


def test_a_bundle_of_one_part_is_whole(parts, tmp_path):
    golden = golden_rows(Calendar(), slip=parts.slip, deals=GoldenDeals(parts.X, parts.state))

    write_bundle(
        tmp_path / "slip",
        bucket=None,
        slip=parts.slip,
        card=replace(parts.card, bucket_kind=None, horizon_weeks=None),
        contract=parts.contract,
        golden=golden,
        policy=Policy(),
    )

    assert load_bundle(tmp_path / "slip", limit=timedelta(seconds=60)).bucket is None


def test_a_model_that_does_not_give_its_golden_answers_is_not_written(parts, tmp_path):
    wrong = replace(parts.golden, bucket=parts.golden.bucket[::-1])

    with pytest.raises(BundleError, match="golden"):
        write_bundle(
            tmp_path / "wrong",
            bucket=parts.bucket,
            slip=parts.slip,
            card=parts.card,
            contract=parts.contract,
            golden=wrong,
            policy=Policy(),
        )

    assert list(tmp_path.iterdir()) == []


def test_components_that_do_not_give_their_golden_answers_are_not_written(parts, tmp_path):
    heads = {**parts.components.heads, "growth": ComponentHead(None, constant=0.3)}
    other = replace(parts.components, heads=heads)

    with pytest.raises(BundleError, match=r"golden\.json: expected answers within 1e-9"):
        written(parts, tmp_path / "other", components=other)
    with pytest.raises(BundleError, match=r"golden\.json: expected answers within 1e-9"):
        written(parts, tmp_path / "none", golden=replace(parts.golden, components=()))

    assert list(tmp_path.iterdir()) == []


def test_a_component_that_is_gone_is_not_the_answer_nothing(parts, tmp_path):
    heads = {**parts.components.heads, "hours": ComponentHead(None, constant=0.0)}
    more = replace(parts.components, heads=heads)

    with pytest.raises(BundleError, match=r"golden\.json: expected answers within 1e-9"):
        written(parts, tmp_path / "more", components=more)


def test_components_swapped_under_a_rewritten_manifest_are_caught_by_the_canary(
    bundle_folder, tmp_path
):
    folder = copy_of(bundle_folder, tmp_path / "swapped")
    one, other = folder / "components/growth-0.txt", folder / "components/bookings-0.txt"
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)
    (folder / "manifest.json").write_text(manifest_of(contents(folder)).to_json())

    with pytest.raises(BundleError, match=r"golden\.json: expected answers within 1e-9"):
        load_bundle(folder, limit=timedelta(seconds=60))


def test_past_periods_without_the_components_that_place_them_are_refused(parts, tmp_path):
    golden = replace(parts.golden, components=())

    with pytest.raises(BundleError, match=r"analogs\.json: expected a components\.json beside it"):
        written(parts, tmp_path / "placeless", golden=golden, components=None)


def test_past_periods_on_an_axis_that_the_components_do_not_tell_are_refused(parts, tmp_path):
    heads = {name: head for name, head in parts.components.heads.items() if name != "growth"}
    fewer = replace(parts.components, heads=heads)

    with pytest.raises(BundleError, match=r"analogs\.json: expected axes beyond it \[\], .*growth"):
        written(parts, tmp_path / "fewer", components=fewer)


def test_past_periods_whose_columns_do_not_fit_together_are_refused_when_read(
    bundle_folder, tmp_path
):
    folder = copy_of(bundle_folder, tmp_path / "shorter")
    path = folder / "analogs.json"
    told = json.loads(path.read_text())
    told["flags"]["is_won"].pop()
    path.write_text(json.dumps(told))
    (folder / "manifest.json").write_text(manifest_of(contents(folder)).to_json())

    with pytest.raises(BundleError, match=r"shorter: expected facts of one length"):
        read_bundle(folder)


def test_a_bundle_without_components_and_past_periods_is_whole(parts, tmp_path):
    golden = replace(parts.golden, components=())

    written(parts, tmp_path / "plain", golden=golden, components=None, analogs=None)

    bundle = read_bundle(tmp_path / "plain")
    assert (bundle.components, bundle.analogs) == (None, None)
    assert bundle.bucket.predict(parts.X).equals(parts.bucket.predict(parts.X))
