"""What the catalogue gains over the first one: `python -m benchmarks.catalogue_gain --data DIR`.

Every set is described once with each catalogue and walked through forward in time with the same
folds and seeds; what is compared is the log loss of the same rows. Beside the real sets stands
the synthetic CRM, which has every table. Each set is written when it is done, so that sets can be
run one at a time; the page of the evaluation is made anew at the end.
"""

import argparse
import json
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.evaluate import (
    GAINS_FILE,
    SETS,
    DataSet,
    read,
    say,
    versions,
    write_page,
    write_whole,
)
from features.book import Book
from features.calendar import Calendar
from features.catalogue import features_of
from features.crm.source import open_source
from models.policy import load_policy
from training.bucket_contest import bucket_contest
from training.config import Experiment, FeatureChoice, Part, load_experiment
from training.contest import Contest
from training.folds import NotEnoughDataError
from training.intervals import Floats, clusters_of, mean_figure, paired_gain
from training.judgement import row_losses
from training.slip_contest import slip_contest

FIRST = Path(__file__).with_name("first_catalogue.toml")
SYNTHETIC = "synthetic"
LIGHTGBM: Mapping[Part, str] = {"bucket": "lightgbm", "slip": "hazard"}
_CONTESTS: Mapping[Part, Callable[..., Contest]] = {"bucket": bucket_contest, "slip": slip_contest}

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Ground:
    """A set that both catalogues are tried on."""

    book: Book
    experiment: Experiment
    calendar: Calendar


def first_catalogue() -> dict[str, list[str]]:
    """Names of the first catalogue's features by entity."""
    return tomllib.loads(FIRST.read_text(encoding="utf-8"))


def gains_on(ground: Ground) -> Json:
    """What a result file holds of one set: each part's features, log losses and gains.

    A part that lacks its data is named with the reason.
    """
    names = [f"{entity}.{name}" for entity, of in first_catalogue().items() for name in of]
    narrow = replace(ground.experiment, features=FeatureChoice(only=tuple(names)))
    parts: Json = {}
    missing: Json = {}
    for part in ground.experiment.heads:
        try:
            first, whole = (
                _contest(part, ground, recipe) for recipe in (narrow, ground.experiment)
            )
        except NotEnoughDataError as error:
            why = str(error).split("\n", maxsplit=1)[0]
            missing[part] = why.removeprefix(f"{part}: ")
            continue
        parts[part] = compared(first, whole, seed=ground.experiment.seeds.bootstrap)
    return {
        "evaluated_on": datetime.now(UTC).date().isoformat(),
        "versions": versions(),
        "parts": parts,
        "missing": missing,
    }


def compared(first: Contest, whole: Contest, *, seed: int) -> Json:
    """The served model of each catalogue, and LightGBM, on the same rows.

    Raises:
        ValueError: when the two were not judged on the same rows.
    """
    keys = [contest.judged.rows.select("entity_id", "as_of") for contest in (first, whole)]
    if not keys[0].equals(keys[1]):
        raise ValueError(
            f"{first.part}: expected the same rows under both catalogues, got "
            f"{keys[0].height} and {keys[1].height}"
        )
    plain = LIGHTGBM[first.part]
    served = (first.judgement.served, whole.judgement.served)
    said = served[0] if served[0] == served[1] else f"{served[0]} → {served[1]}"
    pairs = {f"served ({said})": served, f"LightGBM ({plain})": (plain, plain)}
    if served == (plain, plain):
        pairs = {f"served, LightGBM ({plain})": served}
    return {
        "features": {"first": len(first.examples.features), "whole": len(whole.examples.features)},
        "models": [
            {"model": name, **_gain(_losses(first, before), _losses(whole, after), first, seed)}
            for name, (before, after) in pairs.items()
        ],
    }


def _contest(part: Part, ground: Ground, recipe: Experiment) -> Contest:
    policy = load_policy(recipe.policy)
    make = _CONTESTS[part]
    return make(ground.book, recipe, policy, calendar=ground.calendar, progress=say)


def _losses(contest: Contest, model: str) -> Floats:
    return row_losses(contest.outcome, contest.judged.by_model[model].to_numpy())


def _gain(before: Floats, after: Floats, contest: Contest, seed: int) -> Json:
    accounts = contest.judged.rows["account_id"]
    clusters = clusters_of(accounts, seed=seed)
    gain = paired_gain(after, before, accounts, seed=seed)
    return {
        "first": mean_figure(before, clusters).to_mapping(),
        "whole": mean_figure(after, clusters).to_mapping(),
        "gain": gain.to_mapping(),
    }


def _real(dataset: DataSet, source: Path, *, folder: Path) -> Ground:
    _, book = read(dataset, source, tables=folder / "tables", now=datetime.now(UTC))
    return Ground(book, dataset.experiment, dataset.calendar)


def _synthetic(accounts: int, seed: int) -> Ground:
    calendar = Calendar()
    url = f"synthetic:accounts={accounts},seed={seed}"
    found = open_source(url, calendar=calendar, now=datetime.now(UTC), base_currency="USD").read()
    return Ground(found.book, load_experiment(), calendar)


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare on what is there: 0 when a set was, 3 when none was, 2 for an unknown name."""
    options = _options(arguments)
    known = {dataset.name: dataset for dataset in SETS}
    wanted = options.sets.split(",") if options.sets else [*known, SYNTHETIC]
    unknown = sorted(set(wanted) - {*known, SYNTHETIC})
    if unknown:
        say(f"expected sets out of {', '.join([*known, SYNTHETIC])}, got {', '.join(unknown)}")
        return 2
    found = 0
    for name in wanted:
        if name != SYNTHETIC and not (options.data / name).is_dir():
            say(f"{name}: missing, expected a folder of that name")
            continue
        started, title = time.perf_counter(), name
        with tempfile.TemporaryDirectory() as folder:
            if name == SYNTHETIC:
                ground = _synthetic(options.accounts, options.seed)
                title = f"{name}, {options.accounts} accounts, seed {options.seed}"
            else:
                ground = _real(known[name], options.data / name, folder=Path(folder))
            _add(options.results / GAINS_FILE, title, gains_on(ground))
        say(f"{name}: {time.perf_counter() - started:.0f} s")
        found += 1
    if found == 0:
        say("no set was found, nothing was written")
        return 3
    write_page(options.results, options.out)
    return 0


def _add(file: Path, title: str, result: Json) -> None:
    """Put one set's result beside those that are there already."""
    whole = {entity: len(features_of(entity)) for entity in ("account", "deal")}
    first = {entity: len(names) for entity, names in first_catalogue().items()}
    before = json.loads(file.read_text(encoding="utf-8"))["sets"] if file.is_file() else {}
    told = {
        "catalogues": {"first": first, "whole": whole},
        "sets": {**before, title: result},
    }
    write_whole(file, json.dumps(told, indent=1) + "\n")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.catalogue_gain", description=__doc__
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with one folder per set")
    parser.add_argument("--out", type=Path, default=Path("docs/evaluation.md"), help="the page")
    parser.add_argument(
        "--results", type=Path, default=Path("benchmarks/results"), help="where the JSON goes"
    )
    parser.add_argument("--sets", default="", help=f"names, or {SYNTHETIC}; all unless given")
    parser.add_argument("--accounts", type=int, default=500, help="of the synthetic CRM")
    parser.add_argument("--seed", type=int, default=1, help="of the synthetic CRM")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
