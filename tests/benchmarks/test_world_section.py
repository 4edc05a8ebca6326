from benchmarks.world_section import world_section


def world(seed: int, *, low: float, bias: float) -> dict[str, object]:
    def figure(value: float) -> dict[str, float]:
        return {"value": value}

    def overall(loss: float) -> dict[str, object]:
        figures = {"log_loss": loss, "auc": 0.8, "bias": bias, "excess_ece": 0.01}
        return {"overall": {name: figure(value) for name, value in figures.items()}}

    def part(served: str, rival: str) -> dict[str, object]:
        return {
            "served": served,
            "models": {served: overall(0.45), rival: overall(0.50)},
            "gains": {rival: {"value": 0.05, "low": low, "high": 0.09}},
        }

    metrics = {"bucket": part("lightgbm", "persistence"), "slip": part("hazard", "stage_age")}
    return {"accounts": 500, "seed": seed, "metrics": metrics}


def test_only_an_interval_above_zero_counts_as_won() -> None:
    text = world_section([world(1, low=0.01, bias=0.02), world(2, low=-0.01, bias=-0.04)])

    assert "with 1 of 2 seeds" in text
    assert "10.0% lower on average, its bias -0.010" in text


def test_each_seed_has_a_row_in_both_tables() -> None:
    text = world_section([world(1, low=0.01, bias=0.0), world(9, low=0.01, bias=0.0)])

    assert text.count("| 9 | lightgbm | 0.450 | 0.500 | +0.050 (+0.010 to +0.090) |") == 1
    assert text.count("| 9 | hazard |") == 1
