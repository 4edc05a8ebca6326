"""The loop of the demo: each step is done once per world and reused after that."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

from bucketlist.session import Session


@dataclass(frozen=True, slots=True)
class World:
    """Which synthetic CRM: as many accounts, from that seed."""

    accounts: int
    seed: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far the loop of one world has come; kept in the home between runs.

    Attributes:
        until: the day on which the CRM's data end, ISO 8601; also the day of the list.
        version: the model version that was trained; 0 before.
        report: the page of its backtest.
        snapshot_id: what was published; empty before.
    """

    accounts: int
    seed: int
    until: str
    version: int = 0
    report: str = ""
    snapshot_id: str = ""

    def fields(self) -> Mapping[str, object]:
        """The outcome as JSON values."""
        return asdict(self)


def run_loop(session: Session, world: World) -> Outcome:
    """Synthesise, check, train, promote and score, with what is there already left as it is."""
    note = session.home / "demo.json"
    outcome = _read(note, world) or Outcome(
        world.accounts, world.seed, session.calendar.day_of(session.now()).isoformat()
    )
    steps: tuple[tuple[str, Callable[[Session, Outcome], bool], Callable[..., Outcome]], ...] = (
        ("CRM", _has_crm, _make_crm),
        ("model", _has_model, _train),
        ("champion", _has_champion, _promote),
        ("list", _has_list, _score),
    )
    for number, (name, is_done, step) in enumerate(steps, start=1):
        if is_done(session, outcome):
            session.say(f"step {number} of {len(steps)}: the {name} is there, reused")
            continue
        session.say(f"step {number} of {len(steps)}: making the {name}")
        outcome = step(session, outcome)
        note.write_text(json.dumps(outcome.fields(), indent=2) + "\n")
    return outcome


def crm_folder(home: Path, outcome: Outcome) -> Path:
    """Where the synthetic CRM of that world lies."""
    return home / "demo" / f"crm-{outcome.accounts}-{outcome.seed}-{outcome.until}"


def _read(note: Path, world: World) -> Outcome | None:
    try:
        outcome = Outcome(**json.loads(note.read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return outcome if (outcome.accounts, outcome.seed) == (world.accounts, world.seed) else None


def _has_crm(session: Session, outcome: Outcome) -> bool:
    return crm_folder(session.home, outcome).is_dir()


def _make_crm(session: Session, outcome: Outcome) -> Outcome:
    from bucketlist.synth import write_world  # noqa: PLC0415
    from features.crm.synthetic import WorldParams  # noqa: PLC0415

    params = WorldParams(
        accounts=outcome.accounts, seed=outcome.seed, until=date.fromisoformat(outcome.until)
    )
    folder = crm_folder(session.home, outcome)
    folder.parent.mkdir(parents=True, exist_ok=True)
    rows = write_world(params, folder)
    session.say(f"{sum(rows.values()):,} rows in {len(rows)} tables, {rows['accounts']} accounts")
    return outcome


def _has_model(session: Session, outcome: Outcome) -> bool:
    return outcome.version > 0 and (session.home / "mlflow").is_dir()


def _train(session: Session, outcome: Outcome) -> Outcome:
    from bucketlist.check import check_reading  # noqa: PLC0415
    from bucketlist.train import train_version  # noqa: PLC0415

    url = f"files:{crm_folder(session.home, outcome)}"
    reading = session.read(url)
    check_reading(session, reading)
    trained = train_version(session, reading, experiment=None)
    return replace(outcome, version=trained.version, report=str(trained.report_path))


def _has_champion(session: Session, outcome: Outcome) -> bool:
    from serving.champion import NoChampionError, read_champion  # noqa: PLC0415

    try:
        return read_champion(session.home).version == outcome.version
    except NoChampionError:
        return False


def _promote(session: Session, outcome: Outcome) -> Outcome:
    from bucketlist.model import passes_gate, promote_version  # noqa: PLC0415

    why = ""
    if not passes_gate(session, outcome.version):
        why = "a demonstration goes on without the gate's consent"
        session.say(f"promoted all the same: {why}")
    promote_version(session, outcome.version, why=why)
    return outcome


def _has_list(session: Session, outcome: Outcome) -> bool:
    from serving.store import migrations, scores  # noqa: PLC0415
    from serving.store.engine import open_store  # noqa: PLC0415

    if not outcome.snapshot_id:
        return False
    migrations.upgrade(session.settings)
    current = scores.current(open_store(session.settings))
    return current is not None and current.snapshot_id == outcome.snapshot_id


def _score(session: Session, outcome: Outcome) -> Outcome:
    from bucketlist.score import publish_scores  # noqa: PLC0415

    reading = session.read(f"files:{crm_folder(session.home, outcome)}")
    ref = publish_scores(session, reading.book, as_of=date.fromisoformat(outcome.until))
    return replace(outcome, snapshot_id=ref.snapshot_id)
