from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from training.scores import (
    SCORE_SCHEMA,
    judged_buckets,
    judged_deals,
    score_frame,
    write_scores,
)

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)


def deal(**cells: object) -> pl.DataFrame:
    row = {
        "entity": "deal",
        "entity_id": "d",
        "account_id": "a",
        "as_of": AS_OF,
        "label_mature": True,
        "weight": 1.0,
        "committed_on": date(2026, 2, 1),
        "p_won_by_committed": 0.4,
        "label_won_by_committed": True,
        **cells,
    }
    return pl.DataFrame([row])


def test_the_file_has_exactly_the_promised_columns_in_order() -> None:
    found = score_frame([deal()])

    assert dict(found.schema) == SCORE_SCHEMA
    assert found["p_pain"].null_count() == 1
    assert "baseline_persistence_p_a_list" in found.columns
    assert "baseline_stage_age_p_won_by_committed" in found.columns


def test_a_column_that_the_file_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="owner_rep_id"):
        score_frame([deal(owner_rep_id="r")])


def test_rows_are_sorted_whatever_their_order_was() -> None:
    found = score_frame([deal(entity_id="z"), deal(entity_id="a")])

    assert found["entity_id"].to_list() == ["a", "z"]


@pytest.mark.parametrize(
    "cells",
    [
        {"weight": 0.0},
        {"label_mature": False},
        {"label_won_by_committed": None},
        {"p_won_by_committed": None},
    ],
)
def test_a_deal_that_is_past_due_unripe_or_off_the_grid_is_not_judged(
    cells: dict[str, object],
) -> None:
    assert judged_deals(score_frame([deal()])).height == 1
    assert judged_deals(score_frame([deal(**cells)])).height == 0
    assert judged_buckets(score_frame([deal()])).height == 0


def test_the_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "scores.parquet"

    write_scores(score_frame([deal()]), path)

    assert [file.name for file in tmp_path.iterdir()] == ["scores.parquet"]
    assert pl.read_parquet(path).height == 1
