from dataclasses import replace

import polars as pl
import pytest

from features.book import Book
from models.bundle import Bundle
from models.curve import Curves, read_off
from models.slip import SlipModel
from models.zombie import LEAST_WON, TIMES_AS_OLD
from serving import deal_answers
from serving.parts import PartError
from serving.snapshots import Snapshot
from tests.serving.desk import UNTIL, Desk


def test_a_curve_never_falls_and_won_lost_and_open_fill_the_whole(snapshot: Snapshot) -> None:
    curves = snapshot.curves.with_columns(
        (1.0 - pl.col("p_won") - pl.col("p_lost")).alias("p_open")
    )

    for _, points in curves.group_by("opportunity_id"):
        assert (points["p_won"].diff().drop_nulls() >= -1e-12).all()
        assert (points["p_lost"].diff().drop_nulls() >= -1e-12).all()
    assert curves["p_open"].min() >= -1e-9
    assert curves["opportunity_id"].n_unique() == snapshot.deals.height


def test_slip_is_what_the_curve_leaves_at_the_committed_date(snapshot: Snapshot) -> None:
    committed = snapshot.deals.filter(pl.col("p_won_by_committed").is_not_null())
    period = committed.filter(pl.col("p_won_by_period_end").is_not_null())
    whole = period.select("p_won_by_period_end", "p_lost", "p_slip").sum_horizontal()
    past = committed.filter(pl.col("committed_on") < UNTIL.date())

    assert period.height > 3
    assert past.height > 0
    assert (committed["slip_risk"] - (1 - committed["p_won_by_committed"])).abs().max() < 1e-12
    assert (whole - 1.0).abs().max() < 1e-9
    assert (past["slip_risk"] == 1.0).all()


def test_zombies_are_those_far_older_than_deals_of_their_type_that_were_won(
    snapshot: Snapshot, book: Book
) -> None:
    deals = book["opportunities"].with_columns(pl.col("type").cast(pl.String)).collect()
    won = deals.filter((pl.col("outcome") == "won") & (pl.col("closed_at") < UNTIL))
    days = (pl.col("closed_at") - pl.col("created_at")).dt.total_microseconds() / 86_400e6
    decile = days.quantile(0.9, "linear").alias("decile")
    by_type = won.group_by("type").agg(decile, pl.len().alias("won"))
    of_all = won.select(decile).item()
    scored = snapshot.deals.filter(pl.col("status") == "scored")
    created = deals.select("opportunity_id", "created_at")
    told = scored.join(by_type, on="type", how="left").join(created, on="opportunity_id")
    ends_at = pl.max_horizontal(
        pl.col("period_end").cast(pl.Datetime("us", "UTC")) + pl.duration(days=1), pl.lit(UNTIL)
    )
    age = (ends_at - pl.col("created_at")).dt.total_microseconds() / 86_400e6
    peers = pl.when(pl.col("won") >= LEAST_WON).then("decile").otherwise(of_all)
    expected = told.filter(age > TIMES_AS_OLD * peers)

    is_zombie = pl.col("flags").list.contains("zombie")
    found = told.filter(is_zombie)

    assert won.height >= LEAST_WON
    assert 0 < found.height < scored.height
    assert found["opportunity_id"].to_list() == expected["opportunity_id"].to_list()
    assert (found["p_slip"].drop_nulls() == 0.0).all()


def test_without_a_slip_model_deals_keep_their_dates_and_have_no_curve(
    desk: Desk, bundle: Bundle
) -> None:
    opened = replace(desk, bundle=replace(bundle, slip=None)).opened()

    assert set(opened.deals["status"]) == {"not_enough_evidence"}
    assert opened.deals["slip_risk"].null_count() == opened.deals.height
    assert opened.deals["period_end"].null_count() == 0
    assert opened.curves.is_empty()
    assert opened.accounts["slip_risk_max"].null_count() == 60


@pytest.mark.parametrize(("far", "is_rounding"), [(1e-17, True), (9e-10, True), (1e-6, False)])
def test_a_chance_of_a_deal_beyond_its_bound_is_rounding_or_an_error(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, far: float, *, is_rounding: bool
) -> None:
    def read(*given: object) -> pl.DataFrame:
        known = pl.col("p_slip").is_not_null()
        return read_off(*given).with_columns(p_slip=pl.when(known).then(pl.lit(-far)))

    monkeypatch.setattr(deal_answers, "read_off", read)

    if is_rounding:
        assert desk.opened().deals["p_slip"].min() == 0.0
    else:
        with pytest.raises(PartError, match=r"expected p_slip in \[0, 1\], found"):
            desk.score()


def test_a_curve_is_kept_within_its_bounds(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    curve = SlipModel.curve

    def shifted(self: SlipModel, *given: object) -> Curves:
        curves = curve(self, *given)
        return replace(curves, lost=curves.lost - 1e-17 - curves.lost.min())

    monkeypatch.setattr(SlipModel, "curve", shifted)

    assert desk.opened().curves["p_lost"].min() == 0.0
