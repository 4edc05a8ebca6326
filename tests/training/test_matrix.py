from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features.book import make_book
from features.build import account_features
from features.catalogue import ACCOUNT, DEAL
from features.context import build_context
from features.snapshot import account_spine
from models.policy import LabelPolicy
from training.labels import bucket_labels
from training.matrix import Asked, account_examples, deal_examples, unsafe

MOMENTS = (datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 9, 1, tzinfo=UTC))
ASKED = Asked(MOMENTS, timedelta(weeks=13))


def test_each_row_of_x_stands_beside_its_own_label(company: Any) -> None:
    examples = account_examples(company.book, ASKED, company.calendar)
    spine = account_spine(company.book, MOMENTS).collect().reverse()
    context = build_context(company.book, MOMENTS, company.calendar)
    X = account_features(company.book, spine.lazy(), context, company.calendar)
    labels = bucket_labels(
        company.book, spine.lazy(), horizon=ASKED.horizon,
        policy=LabelPolicy(), calendar=company.calendar,
    )  # fmt: skip

    keys = ["entity_id", "as_of"]
    assert_frame_equal(examples.rows.select(keys), X.sort(keys).select(keys))
    assert_frame_equal(examples.X, X.sort(keys).select(examples.X.columns))
    assert_frame_equal(examples.rows.select("label"), labels.sort(keys).select("label"))


def test_a_feature_of_one_entity_can_be_left_out_of_it_alone(company: Any) -> None:
    names = ("account.touches_31_90d", "deal.replies_31_90d")
    asked = Asked(MOMENTS, timedelta(weeks=13), exclude=names)

    accounts = account_examples(company.book, asked, company.calendar)
    deals = deal_examples(company.book, asked, company.calendar)

    assert accounts.left_out["touches_31_90d"] == "left out by the experiment"
    assert deals.left_out["replies_31_90d"] == "left out by the experiment"
    assert "replies_31_90d" in accounts.X.columns
    assert "touches_31_90d" in deals.X.columns


def test_x_holds_the_catalogue_in_order_without_what_is_left_out(company: Any) -> None:
    asked = Asked(MOMENTS, timedelta(weeks=13), exclude=("amount_log", DEAL[0].name))

    found = deal_examples(company.book, asked, company.calendar)

    assert found.X.columns == [f.name for f in DEAL if f.name not in found.left_out]
    assert found.left_out[DEAL[0].name] == "left out by the experiment"
    assert set(found.X.dtypes) == {pl.Float32()}


def test_contracts_without_an_opportunity_are_deals_only_when_asked_for(company: Any) -> None:
    asked = Asked(MOMENTS)

    alone = deal_examples(company.book, asked, company.calendar)
    together = deal_examples(company.book, replace(asked, with_contracts=True), company.calendar)

    is_contract = pl.col("entity_id").str.starts_with("contract:")
    theirs = together.where(is_contract)
    ours = together.where(~is_contract)
    assert set(theirs.rows["type"]) == {"renewal"}
    assert theirs.rows["owner_rep_id"].null_count() < theirs.rows.height
    assert theirs.rows["committed_on"].null_count() == 0
    assert alone.rows.select(is_contract.any()).item() is False
    assert_frame_equal(ours.rows, alone.rows)
    assert_frame_equal(ours.X, alone.X, check_exact=True)


def test_a_feature_whose_past_is_not_kept_is_left_out_and_said(company: Any) -> None:
    kept = {
        name: frame
        for name, frame in company.book.tables.items()
        if name not in {"opportunity_changes", "account_changes"}
    }
    book = make_book(kept, observed_until=company.book.observed_until)

    found = unsafe(book, (*ACCOUNT, *DEAL))

    assert found
    assert all("has no change history" in why for why in found.values())
    assert unsafe(company.book, (*ACCOUNT, *DEAL)) == {}


@pytest.mark.parametrize("moment", MOMENTS)
def test_rows_are_chosen_by_moment_without_losing_their_features(
    company: Any, moment: datetime
) -> None:
    whole = account_examples(company.book, ASKED, company.calendar)

    found = whole.at([moment])

    assert found.X.height == found.rows.height > 0
    assert set(found.rows["as_of"].unique()) == {moment}
