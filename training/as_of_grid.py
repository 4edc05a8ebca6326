"""As-of grid: the moments at which an experiment describes entities, as its file says them."""

from dataclasses import dataclass


class ExperimentError(ValueError):
    """An experiment file with a key or a value that no experiment has."""


@dataclass(frozen=True, slots=True)
class AsOfGrid:
    """The moments at which entities are described.

    Attributes:
        accounts: "monthly" (the 1st of each month) or "weekly:N" (every N-th Monday).
        deals: "weekly", "biweekly" or "weekly:N", always Mondays.
    """

    accounts: str = "monthly"
    deals: str = "biweekly"

    def __post_init__(self) -> None:
        if self.accounts != "monthly":
            weeks_of(self.accounts)
        weeks_of(self.deals)


def weeks_of(rhythm: str) -> int:
    """Weeks between two Mondays of a grid.

    Raises:
        ExperimentError: when it is none of "weekly", "biweekly", "weekly:N".

    >>> weeks_of("biweekly"), weeks_of("weekly:4")
    (2, 4)
    """
    named = {"weekly": 1, "biweekly": 2}
    if rhythm in named:
        return named[rhythm]
    word, _, number = rhythm.partition(":")
    if word == "weekly" and number.isdigit() and int(number) > 0:
        return int(number)
    raise ExperimentError(
        f'as_of_grid: expected "monthly" (accounts), "weekly", "biweekly" or "weekly:N", '
        f"got {rhythm!r}"
    )
