"""Experiment: the recipe of one training, read from TOML; what it does not know is refused."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Literal, TypeVar, get_args

from features.catalogue import features_of
from features.feature import Entity
from features.snapshot import Commitment
from training.as_of_grid import AsOfGrid, ExperimentError
from training.settings import Tuning

LADDER_WEEKS: tuple[int, ...] = (26, 13, 8, 4)
"""Horizons tried by `horizon = "auto"`, the longest first."""

Part = Literal["bucket", "slip"]
PARTS: tuple[Part, ...] = ("bucket", "slip")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Origins:
    """Where the walk-forward stops to fit: spacing in weeks, and how many of the newest at most."""

    spacing_weeks: int = 13
    max_count: int = 6

    def __post_init__(self) -> None:
        if self.spacing_weeks < 1 or self.max_count < 1:
            raise ExperimentError(
                "expected origins with spacing_weeks and max_count of at least 1, "
                f"got {self.spacing_weeks} and {self.max_count}"
            )


@dataclass(frozen=True, slots=True)
class FeatureChoice:
    """Which features of the catalogue the models may read.

    A name stands for the features of that name of both entities; `account.amount_won` or
    `deal.stage_position` for one.

    Attributes:
        exclude: what is left out. With `only`, whatever else the catalogue holds.
        only: what is kept, the names of both entities in one list; everything unless given.
    """

    exclude: tuple[str, ...] = ()
    only: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.only:
            return
        if self.exclude:
            raise ExperimentError("features: expected `exclude` or `only`, got both")
        every = [(entity, one.name) for entity in get_args(Entity) for one in features_of(entity)]
        catalogue = {f"{entity}.{name}": name for entity, name in every}
        _refuse_unknown("experiment, features.only", self.only, {*catalogue, *catalogue.values()})
        kept = set(self.only)
        rest = tuple(full for full, name in catalogue.items() if not kept & {full, name})
        object.__setattr__(self, "exclude", rest)

    def to_mapping(self) -> dict[str, list[str]]:
        """What was asked for: the rest that `only` leaves out follows from the catalogue."""
        return {"only": list(self.only)} if self.only else {"exclude": list(self.exclude)}


@dataclass(frozen=True, slots=True)
class Seeds:
    """Where chance comes from: the models' and the bootstrap's seed."""

    models: int = 7
    bootstrap: int = 11


@dataclass(frozen=True, slots=True)
class Experiment:
    """One recipe; every default is the method's.

    Attributes:
        name: the file's stem, for the report.
        horizon: length of the label window in weeks, or None to walk down the ladder.
        warm_up_weeks: weeks after the first event before an as_of counts; the later ones are
            tried where an earlier one leaves too few origins.
        as_of_grid: the moments at which entities are described.
        origins: spacing and number of the fits.
        features: what to leave out, or what to keep.
        seeds: where chance comes from.
        commitment: for a CRM without close dates, committed day = days after a stage.
        policy: TOML file of the label and decision policy; None is the standing one.
        heads: the parts to train.
        threads: threads per fit, count. One is quickest where rows are few or the machine busy.
        tuning: how long settings are searched for; not at all unless asked.
        ablations: whether curves that lack something compete too, to show what it is worth; see
            `training.ablation`. They take about as long again as the others.
    """

    name: str = "default"
    horizon: int | None = None
    warm_up_weeks: tuple[int, ...] = (26, 4)
    as_of_grid: AsOfGrid = field(default_factory=AsOfGrid)
    origins: Origins = field(default_factory=Origins)
    features: FeatureChoice = field(default_factory=FeatureChoice)
    seeds: Seeds = field(default_factory=Seeds)
    commitment: Commitment | None = None
    policy: Path | None = None
    heads: tuple[Part, ...] = PARTS
    threads: int = 1
    tuning: Tuning = field(default_factory=Tuning)
    ablations: bool = False

    def __post_init__(self) -> None:
        if self.horizon is not None and self.horizon < 1:
            raise ExperimentError(f"expected a horizon of 1 week or more, got {self.horizon}")
        if not self.warm_up_weeks or min(self.warm_up_weeks) < 0:
            raise ExperimentError(f"expected warm_up_weeks of 0 or more, got {self.warm_up_weeks}")
        if not self.heads or not set(self.heads) <= set(PARTS):
            raise ExperimentError(f"expected heads out of {list(PARTS)}, got {list(self.heads)}")
        if self.threads < 1:
            raise ExperimentError(f"expected 1 thread or more, got {self.threads}")

    def to_mapping(self) -> dict[str, object]:
        """The recipe as plain values, for the report, the model card and the run's parameters."""
        return {
            "name": self.name,
            "horizon": "auto" if self.horizon is None else self.horizon,
            "warm_up_weeks": list(self.warm_up_weeks),
            "as_of_grid": asdict(self.as_of_grid),
            "origins": asdict(self.origins),
            "features": self.features.to_mapping(),
            "seeds": asdict(self.seeds),
            "commitment": None if self.commitment is None else asdict(self.commitment),
            "policy": None if self.policy is None else self.policy.name,
            "heads": list(self.heads),
            "threads": self.threads,
            **({"tuning": asdict(self.tuning)} if self.tuning.trials else {}),
            **({"ablations": True} if self.ablations else {}),
        }


def load_experiment(path: Path | None = None) -> Experiment:
    """Read an experiment file; without a path, the default that ships with the package.

    A relative `policy` is looked for beside the file.

    Raises:
        ExperimentError: for an unknown key (with the nearest known ones) or a wrong value.
        FileNotFoundError: when there is no such file.
    """
    if path is None:
        text = files("training").joinpath("experiments/default.toml").read_text("utf-8")
        return experiment_of(tomllib.loads(text))
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ExperimentError(f"experiment {path.name}: expected TOML, {error}") from error
    return experiment_of(found, name=path.stem, beside=path.parent)


def experiment_of(
    found: Mapping[str, object], *, name: str = "default", beside: Path = Path()
) -> Experiment:
    """Build the recipe out of a parsed file.

    Raises:
        ExperimentError: for an unknown key or a wrong value, named with its place.

    >>> experiment_of({"horizon": 13}).horizon
    13
    """
    known = {entry.name for entry in fields(Experiment)} - {"name"}
    _refuse_unknown("experiment", found, known)
    horizon = found.get("horizon", "auto")
    if horizon != "auto" and not _is_count(horizon):
        raise ExperimentError(f'experiment, horizon: expected "auto" or weeks, got {horizon!r}')
    policy = _text(found, "policy")
    return Experiment(
        name=name,
        horizon=horizon if isinstance(horizon, int) else None,
        warm_up_weeks=_warm_up(found.get("warm_up_weeks", (26, 4))),
        as_of_grid=_section(found, "as_of_grid", AsOfGrid),
        origins=_section(found, "origins", Origins),
        features=_section(found, "features", FeatureChoice),
        seeds=_section(found, "seeds", Seeds),
        commitment=_section(found, "commitment", Commitment) if "commitment" in found else None,
        policy=beside / policy if policy else None,
        heads=_heads(found.get("heads", PARTS)),
        threads=_count(found, "threads", 1),
        tuning=_section(found, "tuning", Tuning),
        ablations=_flag(found, "ablations"),
    )


def _refuse_unknown(place: str, found: Iterable[str], known: Iterable[str]) -> None:
    known = sorted(known)
    for key in found:
        if key not in known:
            near = get_close_matches(key, known, n=3, cutoff=0.4) or known
            raise ExperimentError(
                f"{place}: unknown key {key!r}; the nearest are {', '.join(near)}"
            )


def _section(found: Mapping[str, object], key: str, kind: type[T]) -> T:
    """One table of the file as its dataclass; each value must have its field's kind."""
    section = found.get(key, {})
    if not isinstance(section, Mapping):
        raise ExperimentError(f"experiment, {key}: expected a table, got {section!r}")
    hints: Mapping[str, object] = getattr(kind, "__annotations__", {})
    _refuse_unknown(f"experiment, {key}", section, hints)
    values: dict[str, object] = {}
    for name, value in section.items():
        expected = hints[name]
        if expected in (int, "int") and not _is_count(value):
            raise ExperimentError(f"experiment, {key}.{name}: expected a count, got {value!r}")
        if expected in (str, "str") and not isinstance(value, str):
            raise ExperimentError(f"experiment, {key}.{name}: expected text, got {value!r}")
        values[name] = tuple(value) if isinstance(value, list) else value
    try:
        return kind(**values)
    except TypeError as error:
        raise ExperimentError(f"experiment, {key}: expected {', '.join(hints)}") from error


def _warm_up(value: object) -> tuple[int, ...]:
    weeks = (value,) if isinstance(value, int) else value
    if not isinstance(weeks, list | tuple) or not all(_is_count(week) for week in weeks):
        raise ExperimentError(f"experiment, warm_up_weeks: expected weeks, got {value!r}")
    return tuple(int(week) for week in weeks)


def _heads(value: object) -> tuple[Part, ...]:
    if not isinstance(value, list | tuple):
        raise ExperimentError(f"experiment, heads: expected a list, got {value!r}")
    unknown = [part for part in value if part not in PARTS]
    if unknown:
        raise ExperimentError(f"experiment, heads: expected {list(PARTS)}, got {unknown}")
    return tuple(part for part in PARTS if part in value)


def _text(found: Mapping[str, object], key: str) -> str:
    value = found.get(key, "")
    if not isinstance(value, str):
        raise ExperimentError(f"experiment, {key}: expected text, got {value!r}")
    return value


def _count(found: Mapping[str, object], key: str, default: int) -> int:
    value = found.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ExperimentError(f"experiment, {key}: expected a count, got {value!r}")
    return value


def _flag(found: Mapping[str, object], key: str) -> bool:
    value = found.get(key, False)
    if not isinstance(value, bool):
        raise ExperimentError(f"experiment, {key}: expected true or false, got {value!r}")
    return value


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
