"""Past account-periods for tests."""

from models.policy.relabel import FACTS


def period(**cells: object) -> dict[str, object]:
    """A won, quiet period without growth: steady, unless told otherwise."""
    return {
        **dict.fromkeys(FACTS),
        "is_exposed": True,
        "is_active": True,
        "is_won": True,
        "is_lost": False,
        "growth": 0.0,
        "late_days": 0.0,
        "is_advocate": False,
        "strings_along": False,
        **cells,
    }
