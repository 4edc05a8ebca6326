import polars as pl

from serving.peers import ENOUGH, peers_of


def book(*groups: tuple[int, str | None, float | None, str | None, float | None]):
    """Features, segments, sizes and stages of so many rows of each group."""
    rows = [group[1:] for group in groups for _ in range(group[0])]
    return pl.DataFrame(
        rows,
        schema={"segment": pl.String, "money": pl.Float64, "stage": pl.String, "x": pl.Float32},
        orient="row",
    )


def norms(of: pl.DataFrame, *asked: tuple[str | None, float | None, str | None]) -> list:
    """What is told beside each asked row."""
    peers = peers_of(
        of.select("x"), of["segment"], names=["x"], sizes=of["money"], stages=of["stage"]
    )
    rows = pl.DataFrame(
        asked,
        schema={"segment": pl.String, "money": pl.Float64, "stage": pl.String},
        orient="row",
    )
    beside = peers.beside(rows["segment"], sizes=rows["money"], stages=rows["stage"])
    return beside["x"].to_list()


def test_peers_share_segment_size_and_stage_where_there_are_enough():
    of = book(
        (ENOUGH, "mid", 5_000.0, "demo", 1.0),
        (ENOUGH, "mid", 5_000.0, "offer", 2.0),
        (ENOUGH, "mid", 50_000.0, "demo", 3.0),
        (ENOUGH, "big", 5_000.0, "demo", 4.0),
    )

    assert norms(of, ("mid", 9_999.0, "demo"), ("mid", 1_000.0, "offer")) == [1.0, 2.0]
    assert norms(of, ("mid", 10_000.0, "demo"), ("big", 5_000.0, "demo")) == [3.0, 4.0]


def test_too_few_peers_make_way_for_those_of_any_stage_then_any_size_then_the_book():
    few = ENOUGH - 1
    of = book(
        (few, "mid", 5_000.0, "demo", 1.0),
        (few, "mid", 5_000.0, "offer", 3.0),
        (few, "mid", 50_000.0, "demo", 9.0),
        (few, "big", 5_000.0, "demo", 9.0),
    )

    any_stage, any_size, whole_book = norms(
        of, ("mid", 5_000.0, "demo"), ("mid", 50_000.0, "demo"), ("big", 5_000.0, "demo")
    )

    assert any_stage == 2.0
    assert any_size == 3.0
    assert whole_book == 6.0


def test_peers_whose_value_is_not_known_do_not_count():
    of = book(
        (ENOUGH - 1, "mid", 5_000.0, "demo", 1.0),
        (5, "mid", 5_000.0, "demo", None),
        (2 * ENOUGH, "mid", 5_000.0, "offer", 2.0),
    )

    assert norms(of, ("mid", 5_000.0, "demo")) == [2.0]


def test_a_book_of_fewer_than_enough_has_no_norm():
    of = book((ENOUGH - 1, "mid", 5_000.0, "demo", 1.0))

    assert norms(of, ("mid", 5_000.0, "demo"), (None, None, None)) == [None, None]


def test_a_row_without_segment_is_read_beside_the_book_and_one_without_money_beside_its_segment():
    of = book((ENOUGH, "mid", 5_000.0, "demo", 1.0), (2 * ENOUGH, "mid", None, "demo", 3.0))

    assert norms(of, (None, 5_000.0, "demo"), ("mid", 0.0, "demo")) == [3.0, 3.0]
    assert norms(of, ("mid", 5_000.0, "demo")) == [1.0]


def test_without_sizes_and_stages_peers_share_the_segment():
    of = book((ENOUGH, "mid", 5_000.0, "demo", 1.0), (ENOUGH, "big", 5_000.0, "demo", 2.0))

    peers = peers_of(of.select("x"), of["segment"], names=["x"])

    assert peers.beside(pl.Series(["mid", "big"]))["x"].to_list() == [1.0, 2.0]


def test_nothing_brought_is_no_size_of_its_own():
    of = book((ENOUGH, "mid", 0.5, "demo", 1.0), (2 * ENOUGH, "mid", None, "demo", 3.0))

    assert norms(of, ("mid", 0.9, "demo"), ("mid", 0.0, "demo"), ("mid", -5.0, "demo")) == [
        1.0, 3.0, 3.0,
    ]  # fmt: skip
