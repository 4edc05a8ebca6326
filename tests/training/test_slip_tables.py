from training.close_dates import CloseDates
from training.intervals import Figure
from training.slip_slices import Scored, Slice
from training.slip_tables import close_dates_table, slip_slices_table

NOTHING = Figure(None, None, None)


def figure(value: float) -> Figure:
    return Figure(value, value - 0.1, value + 0.1)


def one(loss: float) -> Slice:
    scored = Scored(figure(loss), figure(0.7), figure(-0.02))
    return Slice(1200, 90, figure(0.3), scored, scored, figure(0.05))


def days(between: float, wins: int = 40) -> CloseDates:
    shares = (figure(0.25), figure(0.58), figure(0.7), figure(between))
    return CloseDates(wins, 12, 300, *shares, figure(60.0))


def test_each_value_of_a_slice_has_a_row_under_its_heading() -> None:
    page = slip_slices_table(
        {"by_age": {"0-3 days": one(0.61), "4 days and more": one(0.42)}},
        served="hazard",
        rival="stage_age",
    )

    assert page.index("age of the deal") < page.index("0-3 days") < page.index("4 days and more")
    assert "<td>1,200</td><td>90</td><td>0.30</td>" in page
    assert "0.610<i>0.510 to 0.710</i>" in page
    assert "stage × age × weeks ahead" in page


def test_a_slice_with_one_value_is_left_out() -> None:
    page = slip_slices_table({"by_type": {"new": one(0.5)}}, served="hazard", rival="stage_age")

    assert "type of deal" not in page


def test_words_of_the_crm_are_escaped() -> None:
    page = slip_slices_table(
        {"by_segment": {"<b>": one(0.5), "small": one(0.5)}}, served="hazard", rival="stage_age"
    )

    assert "&lt;b&gt;" in page
    assert "<b>" not in page


def test_what_came_stands_beside_what_was_promised() -> None:
    page = close_dates_table(days(0.46))

    assert "<td>0.50</td><td>0.580<i>0.480 to 0.680</i></td><td>no</td>" in page
    assert "<td>0.50</td><td>0.460<i>0.360 to 0.560</i></td><td>yes</td>" in page
    assert "60 days lie between" in page


def test_without_wins_the_table_says_so() -> None:
    assert "No deal was won" in close_dates_table(days(0.5, wins=0))
