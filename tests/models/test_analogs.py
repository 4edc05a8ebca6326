import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from models.analogs import (
    MOST,
    NEAREST,
    Analogs,
    AnalogsDocument,
    analogs_from_document,
    make_analogs,
    place_of,
)
from models.document import DocumentError, from_json, to_json
from models.policy.relabel import FACTS

COLUMNS = ("p_a_list", "p_pain", "p_walk_away", "p_steady")
AXES = ("walk", "pain", "a_list", "growth", "bookings")


def told(rows: int, *, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet([2.0, 1.0, 1.0, 3.0], size=rows)
    return pl.DataFrame(shares, schema=list(COLUMNS), orient="row").with_columns(
        pl.Series("growth", rng.normal(0.1, 0.4, rows)),
        pl.Series("bookings", rng.exponential(10_000.0, rows)),
    )


def facts(rows: int) -> pl.DataFrame:
    """As many periods; each has its number as its growth."""
    cells = {name: pl.Series([None] * rows, dtype=dtype) for name, dtype in FACTS.items()}
    return pl.DataFrame(cells, schema=FACTS).with_columns(
        pl.Series("growth", np.arange(rows, dtype=np.float64)),
        (pl.int_range(rows) % 2 == 0).alias("is_won"),
    )


def analogs(rows: int, *, seed: int = 1) -> Analogs:
    return make_analogs(told(rows, seed=seed), facts(rows), possible_items=3)


def place(row: dict[str, float]) -> list[float]:
    """Where the row lies, in plain Python."""

    def log_odds(share: float) -> float:
        return math.log(share / (1.0 - share))

    a_list, pain, walk, _ = (row[column] for column in COLUMNS)
    return [
        log_odds(walk),
        log_odds(pain / (1.0 - walk)),
        log_odds(a_list / (1.0 - walk - pain)),
        row["growth"],
        math.log1p(row["bookings"]),
    ]


def nearest_in_plain_python(
    past: pl.DataFrame, asked: pl.DataFrame, *, count: int
) -> list[list[int]]:
    periods = [place(row) for row in past.to_dicts()]
    spreads = [float(np.std(axis)) for axis in zip(*periods, strict=True)]
    found = []
    for row in asked.to_dicts():
        here = place(row)
        far = [
            math.dist(
                [a / s for a, s in zip(here, spreads, strict=True)],
                [b / s for b, s in zip(period, spreads, strict=True)],
            )
            for period in periods
        ]
        found.append(sorted(range(len(far)), key=far.__getitem__)[:count])
    return found


def test_the_nearest_are_those_that_plain_python_finds_in_the_same_order() -> None:
    past, asked = told(2_500, seed=1), told(15, seed=2)

    found = analogs(2_500).nearest(asked, count=300)

    assert analogs(2_500).axes == AXES
    assert found.tolist() == nearest_in_plain_python(past, asked, count=300)


def test_periods_equally_near_come_in_their_order_also_where_the_count_cuts_them() -> None:
    one, other = told(1, seed=1), told(1, seed=2)
    past = pl.concat([other, *[one] * 400, other])
    found = make_analogs(past, facts(402), possible_items=3).nearest(one, count=30)

    assert found.tolist() == [list(range(1, 31))]


def test_an_account_has_the_same_neighbours_alone_and_among_many() -> None:
    past, asked = analogs(3_000), told(400, seed=3)

    together = past.nearest(asked)
    alone = [past.nearest(asked[row]) for row in range(asked.height)]

    assert together.shape == (400, NEAREST)
    assert (np.concatenate(alone) == together).all()


@pytest.mark.parametrize(
    ("periods", "accounts", "shape"),
    [(7, 3, (3, 7)), (7, 0, (0, 7)), (0, 3, (3, 0)), (200, 0, (0, 120)), (200, 2, (2, 120))],
)
def test_there_are_never_more_neighbours_than_periods(
    periods: int, accounts: int, shape: tuple[int, int]
) -> None:
    found = analogs(periods).nearest(told(accounts, seed=2))

    assert found.shape == shape
    assert all(sorted(set(row)) == sorted(row) for row in found.tolist())


def test_an_axis_on_which_all_periods_are_alike_is_not_divided_by_nothing() -> None:
    past = told(50, seed=1).with_columns(pl.lit(0.25).alias("growth"))

    made = make_analogs(past, facts(50), possible_items=3)
    near, far = told(2, seed=2).with_columns(pl.Series("growth", [0.25, 0.25])).iter_slices(1)

    assert made.scales[AXES.index("growth")] == 1.0
    assert np.isfinite(made.places).all()
    assert made.nearest(near, count=5).tolist() != made.nearest(far, count=5).tolist()


def test_a_component_that_is_null_anywhere_is_no_axis_and_may_be_null_when_asked() -> None:
    past = told(50, seed=1)
    gap = past.with_columns(pl.when(pl.int_range(50) != 17).then("growth").alias("growth"))

    made = make_analogs(gap, facts(50), possible_items=3)
    asked = told(4, seed=2)
    without = asked.with_columns(pl.lit(None, pl.Float64).alias("growth"))

    assert made.axes == ("walk", "pain", "a_list", "bookings")
    assert made.nearest(without).tolist() == made.nearest(asked).tolist()


def test_money_and_hours_lie_on_a_logarithmic_axis_and_never_below_nothing() -> None:
    asked = told(3, seed=1).with_columns(
        pl.Series("bookings", [0.0, -50.0, math.e - 1.0]),
        pl.Series("hours", [0.0, math.e**2 - 1.0, -1.0]),
        pl.Series("growth", [-0.5, 0.0, 2.0]),
    )

    found = place_of(asked, ("growth", "bookings", "hours"))

    assert found == pytest.approx(np.array([[-0.5, 0, 0], [0, 0, 2], [2, 1, 0]]), abs=1e-6)


def test_a_certain_answer_lies_far_out_and_not_beyond_all_numbers() -> None:
    asked = pl.DataFrame(
        [(0.0, 0.0, 1.0, 0.0), (1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0)],
        schema=list(COLUMNS),
        orient="row",
    )

    found = place_of(asked, ("walk", "pain", "a_list"))

    assert np.isfinite(found).all()
    assert (found[[0, 2, 1], [0, 1, 2]] > 10.0).all()


def test_of_too_many_periods_an_even_share_is_kept_the_same_every_time() -> None:
    rows = 2 * MOST + 1
    past = told(rows, seed=1)

    made = make_analogs(past, facts(rows), possible_items=3)
    again = make_analogs(past, facts(rows), possible_items=3)

    kept = made.facts["growth"].to_list()
    gaps = set(np.diff(kept).tolist())
    assert (len(kept), kept[0], kept[-1]) == (MOST, 0.0, 2.0 * MOST)
    assert gaps <= {2.0, 3.0}
    assert made.places[-1] == pytest.approx(
        place_of(past[-1], AXES)[0] / np.array(made.scales), rel=1e-5
    )
    assert made.to_document() == again.to_document()


def test_what_a_sum_in_another_order_moves_is_not_written() -> None:
    growth = pl.Series("growth", [0.1 + 0.2, 1.0, -0.04])
    again = pl.Series("growth", [0.3, math.nextafter(1.0, 2.0), -0.04])
    past = told(3, seed=1)

    one, other = (
        make_analogs(past, facts(3).with_columns(column), possible_items=3)
        for column in (growth, again)
    )

    assert growth.to_list() != again.to_list()
    assert one.to_document() == other.to_document()
    assert one.facts["growth"].to_list() == [0.3, 1.0, -0.04]


def test_all_periods_are_kept_where_there_is_room() -> None:
    assert analogs(333).facts.equals(facts(333))


def test_a_document_reads_back_bit_by_bit() -> None:
    made, asked = analogs(150), told(20, seed=2)

    text = to_json(made.to_document())
    back = analogs_from_document(from_json(AnalogsDocument, text, name="analogs.json"))

    assert (back.axes, back.scales, back.possible_items) == (made.axes, made.scales, 3)
    assert (back.places == made.places).all()
    assert back.facts.equals(made.facts)
    assert (back.nearest(asked) == made.nearest(asked)).all()
    assert analogs_from_document(analogs(0).to_document()).facts.height == 0


def damaged(**changed: object) -> AnalogsDocument:
    return replace(analogs(4).to_document(), **changed)  # type: ignore[arg-type]


SOUND = analogs(4).to_document()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"places": SOUND.places[:3]}, "expected places of 4 periods on 5 axes, found 3"),
        ({"places": ((1.0,) * 4,) * 5}, r"expected places of 4 .* found 5 of \[4\]"),
        ({"places": (*SOUND.places[:3], (1.0,))}, r"found 4 of \[1, 5\]"),
        ({"axes": SOUND.axes[:4]}, "expected places of 4 periods on 4 axes"),
        ({"scales": (1.0, 1.0, 1.0, 1.0)}, "expected a scale above 0 for each axis"),
        ({"scales": (1.0, 1.0, 0.0, 1.0, 1.0)}, "expected a scale above 0 for each axis"),
        ({"flags": {**SOUND.flags, "is_won": (True,)}}, r"of one length, found lengths \[1, 4\]"),
        ({"flags": {**SOUND.flags, "is_lucky": (True,) * 4}}, "expected facts .* 'is_lucky'"),
        ({"numbers": {}}, r"expected facts .* and numbers \[\]"),
        ({"numbers": {**SOUND.numbers, "is_won": (1.0,) * 4}}, "expected facts .* 'is_won'"),
    ],
)
def test_a_document_whose_columns_do_not_fit_together_is_refused(
    changed: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        analogs_from_document(damaged(**changed))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"possible_items": 3', '"possible_items": 3.5'),
        ('"possible_items": 3', '"possible_items": 3,\n "more": 1'),
        ('"axes"', '"axles"'),
    ],
)
def test_a_document_of_another_shape_is_refused(old: str, new: str) -> None:
    text = to_json(SOUND)
    assert old in text

    with pytest.raises(DocumentError, match=r"analogs\.json: expected AnalogsDocument"):
        from_json(AnalogsDocument, text.replace(old, new), name="analogs.json")


def test_more_periods_than_are_ever_kept_are_refused() -> None:
    made = analogs(1)

    with pytest.raises(ValueError, match="expected at most 10000 periods, got 10001"):
        replace(made, facts=facts(MOST + 1), places=np.zeros((MOST + 1, 5), dtype=np.float32))


def test_facts_of_other_names_or_types_are_refused() -> None:
    made = analogs(3)

    with pytest.raises(ValueError, match="expected facts"):
        replace(made, facts=made.facts.with_columns(pl.col("growth").cast(pl.Float32)))
