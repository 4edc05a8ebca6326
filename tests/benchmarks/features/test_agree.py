"""The peers that are here say the same as a plain loop over the definitions."""

from pathlib import Path

import polars as pl
import pytest

from benchmarks.features import loop
from benchmarks.features.agree import differences, disagreement, main
from benchmarks.features.awkward import AS_OFS, write_awkward
from benchmarks.features.core61 import MEASURES, NAMES
from benchmarks.features.peers import PEERS


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    folder: Path = tmp_path_factory.mktemp("awkward")
    write_awkward(folder)
    return loop.run(folder, AS_OFS)


@pytest.mark.parametrize("name", [name for name, peer in PEERS.items() if peer.has_features])
def test_a_peer_agrees_with_the_plain_loop_on_awkward_rows(name: str) -> None:
    peer = PEERS[name]
    why = peer.lacking()
    if why:
        pytest.skip(why)

    found = disagreement(peer)

    assert found == []


def test_the_awkward_rows_put_every_feature_to_the_test(expected: pl.DataFrame) -> None:
    varied = [name for name in NAMES if expected[name].drop_nulls().n_unique() > 2]

    assert varied == list(NAMES)


def test_an_account_without_rows_has_zeros_and_unknown_days(expected: pl.DataFrame) -> None:
    void = expected.filter(pl.col("account_id") == "void")

    for measure in MEASURES:
        told = set(void[measure.name])
        assert told == ({0.0} if measure.is_zero_without_rows else {None}), measure.name


def test_a_wrong_number_is_named_with_an_example(expected: pl.DataFrame) -> None:
    wrong = expected.with_columns(
        pl.when(pl.col("account_id") == "acme")
        .then(pl.col("touches_30d") + 1)
        .otherwise(pl.col("touches_30d"))
        .alias("touches_30d")
    )

    (found,) = differences(expected, wrong)

    assert (found.column, found.rows) == ("touches_30d", len(AS_OFS))
    assert found.example.startswith("acme at 2025-")


@pytest.mark.parametrize("value", [None, 7.0])
def test_a_number_where_none_is_known_is_a_difference(
    expected: pl.DataFrame, value: float | None
) -> None:
    other = expected.with_columns(pl.lit(value, pl.Float32).alias("days_since_reply"))

    assert [found.column for found in differences(expected, other)] == ["days_since_reply"]


def test_missing_and_doubled_rows_are_refused(expected: pl.DataFrame) -> None:
    with pytest.raises(ValueError, match=f"expected {expected.height} rows .* got 1"):
        differences(expected, expected.head(1))
    with pytest.raises(pl.exceptions.ComputeError, match="1:1"):
        differences(expected, pl.concat([expected, expected]))


def test_the_command_names_who_agrees_and_who_was_left_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = main(["--peers", "decode", "polars"])

    said = capsys.readouterr().out
    assert code == 0
    assert said == "decode: left out: it has no features\npolars: agrees\n"
