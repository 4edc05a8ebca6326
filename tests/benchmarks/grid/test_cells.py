import pytest

from benchmarks.grid.cells import MAIN_REGIMES, REGIMES, SMALL, Cell, chosen, full_grid


def test_the_full_grid_holds_every_regime_at_its_sizes_and_seeds() -> None:
    cells = full_grid()

    sizes = {(cell.regime, cell.accounts) for cell in cells}
    assert {cell.regime for cell in cells} == set(REGIMES)
    assert {accounts for regime, accounts in sizes if regime == "long_cycle"} == {
        60, 120, 250, 500, 1000, 1200,
    }  # fmt: skip
    assert {accounts for regime, accounts in sizes if regime == "tiny"} == {60, 120}
    assert {accounts for regime, accounts in sizes if regime == "boom"} == {120, 300}
    assert {cell.seed for cell in cells if cell.regime in MAIN_REGIMES} == {1, 2, 3, 4, 5}
    assert {cell.seed for cell in cells if cell.regime not in MAIN_REGIMES} == {1, 2, 3}
    assert len(cells) == len(set(cells)) == 2 * 6 * 5 + 6 * 2 * 3


def test_the_small_part_is_part_of_the_grid() -> None:
    assert set(SMALL) <= set(full_grid())


def test_a_filter_keeps_only_what_it_names() -> None:
    cells = chosen("full", only="long_cycle", accounts=1200, seeds=(2, 5, 9))

    assert cells == (Cell("long_cycle", 1200, 2), Cell("long_cycle", 1200, 5))


def test_the_big_world_has_ten_times_the_accounts_in_blocks_of_the_small_one() -> None:
    cell = Cell("shock", 120, 3)

    assert cell.url == "synthetic:regime=shock,accounts=120,seed=3,until=2026-11-21"
    assert cell.big_url == (
        "synthetic:regime=shock,accounts=1200,seed=3,until=2026-11-21,block=120"
    )


def test_only_small_worlds_have_an_attainable_skill() -> None:
    assert Cell("baseline", 1200, 1).has_attainable
    assert not Cell("baseline", 1201, 1).has_attainable


@pytest.mark.parametrize(
    ("regime", "accounts", "seed"), [("busy", 60, 1), ("tiny", 0, 1), ("tiny", 60, -1)]
)
def test_a_cell_without_sense_is_refused(regime: str, accounts: int, seed: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        Cell(regime, accounts, seed)
