from benchmarks.grid.cells import full_grid
from benchmarks.grid.document import compressed, document
from tests.benchmarks.grid.fakes import refused, result


def test_a_row_holds_the_means_of_its_seeds() -> None:
    text = document([result(seed=1, shares=(0.5, 0.8)), result(seed=2, shares=(0.7, 0.8))])

    row = (
        "| baseline | 250 | 2 | 2 of 2 | 0.450 | 0.500 | 0.410 | 0.440 | 0.60 (0.53 to 0.67) "
        "| 0.80 (0.73 to 0.87) | 0.780 | 0.850 | 0.012 | +0.020 |"
    )
    assert text.count(row) == 2


def test_money_and_hours_stand_in_a_table_of_their_own() -> None:
    text = document([result("baseline", 1000, 1), result("boom", 120, 1, parts=("slip",))])

    money = text.split("## Money and hours")[1].split("## Goals")[0]
    row = (
        "| baseline | 1,000 | 1 | 0.700 (0.680 to 0.720) | 0.750 (0.730 to 0.770) "
        "| 0.940 (0.930 to 0.950) | 2.100 (2.000 to 2.200) | 0.035 (0.025 to 0.045) "
        "| 0.150 (0.130 to 0.170) |"
    )
    assert row in money
    assert "boom" not in money
    assert (
        "| bookings that firm walk-aways had brought | 4.0% | 2.5% | baseline 1,000 | 3.5% |"
        in (text)
    )


def test_cells_without_a_result_are_named_together() -> None:
    there = [result("long_cycle", 1000, 1), result("baseline", 250, 3)]

    missing = document(there).split("## Missing")[1]

    assert "- long_cycle 1000: seeds 2-5\n" in missing
    assert "- baseline 250: seeds 1-2, 4-5\n" in missing
    assert "- baseline 500: seeds 1-5\n" in missing
    assert missing.count("\n- ") == len({(c.regime, c.accounts) for c in full_grid()})


def test_with_every_cell_nothing_is_missing() -> None:
    everything = [result(cell.regime, cell.accounts, cell.seed) for cell in full_grid()]

    assert "## Missing" not in document(everything)


def test_what_could_not_be_evaluated_is_listed_with_its_reason() -> None:
    no_deals = {"slip": "expected opportunities, the source has none"}
    worlds = [
        refused("tiny", 60, 1, "the history is too short\nhorizon  weeks"),
        refused("tiny", 60, 2, "the history is too short\nhorizon  weeks"),
        result("transactional", 120, 1, parts=("bucket",), missing=no_deals),
        result("boom", 120, 1, shares=(None, 0.9), parts=("slip",)),
    ]

    told = document(worlds).split("## Not evaluated")[1]

    assert "- tiny 60: seeds 1-2: the history is too short\n" in told
    assert "horizon  weeks" not in told
    assert "- transactional 120: seed 1: slip left out: expected opportunities" in told
    assert "- boom 120: seed 1: slip, share of oracle skill: nothing to divide by" in told


def test_an_attainable_skill_that_is_not_run_by_design_is_no_finding() -> None:
    text = document([result("baseline", 1201, 1, shares=(0.6, None))])

    assert "## Not evaluated" not in text


def test_results_of_different_code_are_pointed_out() -> None:
    alike = document([result(seed=1), result(seed=2)])
    mixed = document([result(seed=1), result(seed=2, edition="bbb")])

    assert "different states of the code" not in alike
    assert "made by 2 different states of the code" in mixed


def test_the_order_of_the_files_does_not_matter() -> None:
    worlds = [
        result("boom", 120, 2),
        result("baseline", 60, 1),
        refused("tiny", 60, 2, "short"),
        refused("tiny", 60, 1, "short"),
        refused("sparse", 120, 1, "late"),
    ]

    assert document(worlds) == document(worlds[::-1])


def test_an_empty_grid_says_so() -> None:
    text = document([])

    assert "Worlds evaluated: 0." in text
    assert text.count("No world with this part has been evaluated yet.") == 2


def test_seeds_that_do_not_follow_stay_apart() -> None:
    cells = [cell for cell in full_grid() if cell.regime == "baseline" and cell.accounts == 60]

    assert compressed([cells[0], cells[2], cells[3]]) == ["baseline 60: seeds 1, 3-4"]
