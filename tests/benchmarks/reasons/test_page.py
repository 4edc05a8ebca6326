from benchmarks.reasons.page import page

PART = {"share": 0.25, "jaccard": 0.5}


def stays(name: str, jaccard: list[float]) -> dict[str, object]:
    parts = dict.fromkeys(("near_ties", "others", "bucket_moved", "bucket_kept"), PART)
    return {"name": name, "rows": 1200, "jaccard": jaccard, "same": 0.6, **parts}


RESULT = {
    "accounts": 400,
    "seeds": [7, 8],
    "as_of": "2026-11-21",
    "goal": 0.8,
    "min_contribution": 0.1,
    "rows": [10_000, 9_000],
    "gaps": {"bucket walk": 3.1e-15},
    "sentences": {
        "sentences": 200,
        "questions": 70,
        "norms": 150,
        "outcomes": {"true": 199, "unread": 1},
        "not_true": [],
        "examples": ["As of Nov 21, 2026: 3 replies in 30 days"],
    },
    "stays": [
        stays("slip, retrained, no hysteresis", [0.71, 0.7, 0.72]),
        stays("slip, retrained", [0.81, 0.8, 0.82]),
    ],
}


def test_the_page_tells_every_figure_of_the_result():
    told = page(RESULT)

    assert "seeds 7, 8" in told
    assert "10,000 account rows and 9,000 deal rows" in " ".join(told.split())
    assert "| bucket walk | 3.1e-15 |" in told
    assert (
        "| slip, retrained | 1,200 | 0.810 (0.800 to 0.820) | 0.710 (0.700 to 0.720) | 60% |"
        in told
    )
    assert "| slip, retrained | 25% | 0.500 | 0.500 | 25% | 0.500 | 0.500 |" in told
    assert "199 true, 1 unread; 70 different questions" in told
    assert "counted again as well, in 150 of them" in told
    assert "* As of Nov 21, 2026: 3 replies in 30 days" in told


def test_a_comparison_stands_in_each_table_once():
    told = page(RESULT)

    assert told.count("| slip, retrained |") == 2
    assert "no hysteresis" not in told
