import pytest

from benchmarks.reference.page import beside_printed, beside_refit, section
from tests.benchmarks.reference.fakes import question_told, recipe


@pytest.mark.parametrize(
    ("auc", "loss", "printed", "words"),
    [
        (0.7401, 0.59, 0.6, "AUC kept, log loss below"),
        (0.7399, 0.59, 0.6, "**AUC missed**, log loss below"),
        (0.76, 0.61, 0.6, "AUC kept, **log loss above**"),
        (0.76, 0.61, None, "AUC kept"),
    ],
)
def test_goals_beside_the_printed_figures_are_kept_or_missed_in_words(
    auc: float, loss: float, printed: float | None, words: str
) -> None:
    told = question_told(recipe(auc, loss, earlier=0.5), loss=printed)

    assert beside_printed(told) == words


@pytest.mark.parametrize(
    ("gain", "words"),
    [
        (0.02, "AUC kept, log loss below (certain)"),
        (0.005, "AUC kept, log loss below (not certain)"),
        (-0.005, "AUC kept, **log loss above** (not certain)"),
        (-0.02, "AUC kept, **log loss above** (certain)"),
    ],
)
def test_a_difference_is_certain_only_where_its_interval_leaves_zero_out(
    gain: float, words: str
) -> None:
    assert beside_refit(question_told(recipe(0.7, 0.5, earlier=0.5, gain=gain))) == words


def test_the_row_tells_of_the_recipe_that_was_chosen_earlier_though_another_did_better() -> None:
    told = question_told(recipe(0.90, 0.30, earlier=0.52), recipe(0.76, 0.58, earlier=0.51))
    run = {"evaluated_on": "2026-01-02", "versions": {"lightgbm": "4.7.0"}, "questions": [told]}

    text = section({"sets": {"online_retail": run}})

    assert (
        "| online_retail | buys again | 3,360, 0.550 | 0.750 / 0.600 | 0.700 / 0.500 "
        "| 0.760 / 0.580: blend, whole catalogue | +0.020 (+0.010 to +0.030) "
        "| +0.060 (+0.050 to +0.070) | AUC kept, log loss below |"
    ) in text
    assert "Not chosen, on the test rows: blend, whole catalogue 0.900 / 0.300" in text
    assert "online_retail on 2026-01-02 with lightgbm 4.7.0" in text
