"""Settings: how a fit departs from the sizes its rows give it, and what a search for them found."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from typing import Literal

from models.booster import BoosterParams
from training.intervals import Gain

Side = Literal["trees", "ridge"]
"""What is searched apart: the boosters' settings and the logistic's."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """How long settings are searched for; bucket only, the win curve keeps its sizes.

    Attributes:
        trials: settings tried at each origin and in the last fit, inside their own past, for the
            boosters and again for the logistic. 0 tries none, and the sizes that the rows give
            stand; 12 is a fair start, and takes some six times as long as the fits. On two
            synthetic worlds of 250 accounts 12 paid for the logistic, not for the boosters.
    """

    trials: int = 0

    def __post_init__(self) -> None:
        if self.trials < 0:
            raise ValueError(f"expected 0 trials or more, got {self.trials}")


@dataclass(frozen=True, slots=True)
class Settings:
    """Factors over the sizes that a head gets from its rows; the default changes nothing.

    They are factors so that a head with few cases stays smaller than one with many, whatever was
    found on their common loss.

    Attributes:
        rounds: of the number of trees.
        leaves: of the leaves of a tree, at least 2.
        min_leaf: of the fewest rows in a leaf.
        row_share: of the share of rows drawn for each tree, at most all.
        column_share: of the share of columns drawn for each tree, at most all.
        l2: of the ridge on leaf values.
        ridge: of the pull of the logistic's coefficients to 0.
    """

    rounds: float = 1.0
    leaves: float = 1.0
    min_leaf: float = 1.0
    row_share: float = 1.0
    column_share: float = 1.0
    l2: float = 1.0
    ridge: float = 1.0

    def __post_init__(self) -> None:
        for name, factor in self.to_mapping().items():
            if not 0.0 < factor < float("inf"):
                raise ValueError(f"expected {name} above 0, got {factor}")

    def sized(self, params: BoosterParams) -> BoosterParams:
        """The booster's size with the factors applied.

        >>> Settings(rounds=0.5).sized(BoosterParams(rounds=120)).rounds
        60
        """
        return replace(
            params,
            rounds=max(1, round(params.rounds * self.rounds)),
            leaves=max(2, round(params.leaves * self.leaves)),
            min_leaf=max(1, round(params.min_leaf * self.min_leaf)),
            row_share=min(1.0, params.row_share * self.row_share),
            column_share=min(1.0, params.column_share * self.column_share),
            l2=params.l2 * self.l2,
        )

    def to_mapping(self) -> dict[str, float]:
        """As it stands in metrics.json: name → factor."""
        return {name: float(factor) for name, factor in asdict(self).items()}

    def __str__(self) -> str:
        """The factors that change something, in words."""
        changed = {name: factor for name, factor in self.to_mapping().items() if factor != 1.0}
        shown = [f"{name.replace('_', ' ')} x {factor:.2g}" for name, factor in changed.items()]
        return ", ".join(shown) or "as the rows size it"


AS_SIZED = Settings()
"""What changes nothing."""

SIDE_OF: Mapping[str, Side] = {
    entry.name: "ridge" if entry.name == "ridge" else "trees" for entry in fields(Settings)
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """The best settings of one side, and by how much they were better where they were tried.

    Attributes:
        best: the settings of least inner log loss; those of the other side change nothing.
        gain: of the inner log loss over leaving the sizes as they are.
    """

    best: Settings
    gain: Gain

    @property
    def is_kept(self) -> bool:
        """Whether the gain is above one standard error, clustered by account."""
        return self.gain.is_above_error


@dataclass(frozen=True, slots=True)
class Tuned:
    """What the search in the past of one fit came to.

    Attributes:
        trials: settings tried for each side.
        cut: the inner origin: fits ended there, rows described from it on judged them; None where
            the past was too short to be split.
        attempts: side → the best of it; empty where nothing could be tried.
    """

    trials: int
    cut: datetime | None = None
    attempts: Mapping[Side, Attempt] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """What the fit takes: of each side the best where it is kept, else what changes nothing."""
        kept = {
            name: factor
            for side, attempt in self.attempts.items()
            if attempt.is_kept
            for name, factor in attempt.best.to_mapping().items()
            if SIDE_OF[name] == side
        }
        return replace(AS_SIZED, **kept)

    def to_mapping(self) -> dict[str, object]:
        """As it stands in metrics.json."""
        return {
            "trials": self.trials,
            "cut": None if self.cut is None else self.cut.isoformat(),
            "settings": self.settings.to_mapping(),
            "attempts": {
                side: {
                    "is_kept": attempt.is_kept,
                    "best": attempt.best.to_mapping(),
                    "gain": attempt.gain.to_mapping(),
                }
                for side, attempt in self.attempts.items()
            },
        }

    def __str__(self) -> str:
        """What was tried and found, in one line."""
        if self.cut is None or not self.attempts:
            return "no settings were tried, the past is too short to be split"
        said = [_words(side, attempt) for side, attempt in self.attempts.items()]
        return f"{self.trials} settings tried since {self.cut:%Y-%m-%d}, {'; '.join(said)}"


def _words(side: Side, attempt: Attempt) -> str:
    found = attempt.gain.figure
    if found.value is None or found.low is None or found.high is None:
        return f"{side} not judged"
    verdict = "kept" if attempt.is_kept else "not kept"
    return (
        f"{side} {verdict} ({attempt.best}), gain in log loss {found.value:.4f} "
        f"({found.low:.4f} to {found.high:.4f})"
    )
