"""Registry: every training as an MLflow run, every bundle as a version of one model."""

import fcntl
import json
import logging
import math
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path

# Read while MLflow is imported; set later they would come too late.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")

from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from models.bundle import BundleError, verify_bundle
from models.layout import read_files, write_files

MODEL = "bucketlist"
CHALLENGER = "challenger"
CHAMPION = "champion"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
_HASH, _FOLDER, _HEADLINE = "bundle_hash", "bundle_folder", "headline"


class RegistryError(Exception):
    """The registry does not hold what was asked of it."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One training, as it is kept.

    Attributes:
        name: of the experiment file; lower-case letters, digits and hyphens.
        parameters: the recipe, flat.
        row_counts: rows used, by table or entity.
        metrics: origin → metric → value; a null or infinite value is left out.
        headline: the few figures listed beside the version.
        report: the HTML report.
        bundle: the folder of the model.
    """

    name: str
    trained_at: datetime
    policy_hash: str
    contract_hash: str
    dataset_digest: str
    report: Path
    bundle: Path
    parameters: Mapping[str, str | int | float] = field(default_factory=dict)
    row_counts: Mapping[str, int] = field(default_factory=dict)
    metrics: Mapping[date, Mapping[str, float | None]] = field(default_factory=dict)
    headline: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"expected a name like {_NAME.pattern}, got {self.name!r}")


@dataclass(frozen=True, slots=True)
class Version:
    """One version as a list shows it."""

    number: int
    created_at: datetime
    aliases: tuple[str, ...]
    headline: Mapping[str, float]
    bundle_hash: str
    experiment: str


class Registry:
    """Runs, versions and aliases under `home/mlflow`: one SQLite file and plain folders."""

    def __init__(self, home: Path) -> None:
        """Open the registry, and create its tables first where there are none."""
        self._root = (home / "mlflow").resolve()
        self._artifacts = self._root / "artifacts"
        self._artifacts.mkdir(parents=True, exist_ok=True)
        uri = f"sqlite:///{self._root / 'mlflow.db'}"
        # Two processes that create the tables at once crash each other.
        with _alone(self._root / "open.lock"), _quiet_migrations():
            self._client = MlflowClient(tracking_uri=uri, registry_uri=uri)
            self._experiment = self._open_experiment()
            self._open_model()

    def record(self, run: RunRecord) -> int:
        """Keep a training and make its bundle the challenger; returns the version's number.

        Raises:
            BundleError: the bundle is not whole; nothing is recorded.
            RegistryError: the report is missing; nothing is recorded.
        """
        bundle_hash = verify_bundle(run.bundle)
        if not run.report.is_file():
            raise RegistryError(f"expected a report, found none at {run.report}")
        started = self._client.create_run(
            self._experiment, start_time=_millis(run.trained_at), run_name=run.name
        )
        key = started.info.run_id
        try:
            self._log(key, run, bundle_hash)
            folder = self._folder_of(started.info.artifact_uri)
            self._client.log_artifacts(key, str(run.bundle), artifact_path="bundle")
            self._client.log_artifact(key, str(run.report), artifact_path="report")
            verify_bundle(self._artifacts / folder, expected=bundle_hash)
        except BaseException:
            self._client.set_terminated(key, status="FAILED")
            raise
        self._client.set_terminated(key, status="FINISHED")
        version = self._client.create_model_version(
            MODEL,
            source=(self._artifacts / folder).as_uri(),
            run_id=key,
            tags={_HASH: bundle_hash, _FOLDER: folder, _HEADLINE: json.dumps(dict(run.headline))},
        )
        number = int(version.version)
        self._client.set_registered_model_alias(MODEL, CHALLENGER, str(number))
        return number

    def promote(self, version: int) -> None:
        """Make a version the champion; the former one keeps its number and loses the alias.

        Raises:
            RegistryError: no such version.
            BundleError: its bundle is no longer what was recorded.
        """
        tags = self._tags(version)
        verify_bundle(self._artifacts / tags[_FOLDER], expected=tags[_HASH])
        self._client.set_registered_model_alias(MODEL, CHAMPION, str(version))
        if self._aliased(CHALLENGER) == version:
            self._client.delete_registered_model_alias(MODEL, CHALLENGER)

    def champion(self) -> int | None:
        """Number of the champion, if there is one."""
        return self._aliased(CHAMPION)

    def challenger(self) -> int | None:
        """Number of the newest version not yet promoted, if there is one."""
        return self._aliased(CHALLENGER)

    def versions(self) -> tuple[Version, ...]:
        """Every version, the newest first."""
        aliases = self._client.get_registered_model(MODEL).aliases
        found = self._client.search_model_versions(f"name = '{MODEL}'", max_results=10_000)
        listed = [
            Version(
                number=int(one.version),
                created_at=datetime.fromtimestamp(one.creation_timestamp / 1000, tz=UTC),
                aliases=tuple(
                    sorted(name for name, of in aliases.items() if int(of) == int(one.version))
                ),
                headline=json.loads(one.tags[_HEADLINE]),
                bundle_hash=one.tags[_HASH],
                experiment=self._client.get_run(one.run_id).info.run_name,
            )
            for one in found
        ]
        return tuple(sorted(listed, key=lambda one: one.number, reverse=True))

    def export(self, version: int, to: Path) -> str:
        """Write the version's bundle to a new folder, byte by byte; returns its hash.

        Raises:
            RegistryError: no such version.
            BundleError: the recorded bundle has changed, or the folder is there already.
        """
        tags = self._tags(version)
        files, _ = read_files(self._artifacts / tags[_FOLDER], expected=tags[_HASH])
        written = write_files(to, files)
        return verify_bundle(to, expected=written)

    def _log(self, key: str, run: RunRecord, bundle_hash: str) -> None:
        facts = {
            "policy_hash": run.policy_hash,
            "contract_hash": run.contract_hash,
            "dataset_digest": run.dataset_digest,
            **{f"rows_{name}": count for name, count in run.row_counts.items()},
            **run.parameters,
        }
        params = [Param(name, str(value)) for name, value in facts.items()]
        metrics = [
            Metric(name, value, _millis(datetime.combine(origin, time(), tzinfo=UTC)), step)
            for step, (origin, measured) in enumerate(sorted(run.metrics.items()))
            for name, value in measured.items()
            if value is not None and math.isfinite(value)
        ]
        tags = [RunTag(_HASH, bundle_hash)]
        # MLflow takes 100 parameters and 1,000 metrics at a time.
        for start in range(0, len(params), 100):
            self._client.log_batch(key, params=params[start : start + 100])
        for start in range(0, len(metrics), 1000):
            self._client.log_batch(key, metrics=metrics[start : start + 1000])
        self._client.log_batch(key, tags=tags)

    def _folder_of(self, artifact_uri: str) -> str:
        """Where a run's bundle lies below our artefacts: kept relative, for a home that moves."""
        place = Path(artifact_uri.removeprefix("file://"))
        return (place / "bundle").relative_to(self._artifacts).as_posix()

    def _tags(self, version: int) -> Mapping[str, str]:
        try:
            tags: Mapping[str, str] = self._client.get_model_version(MODEL, str(version)).tags
        except MlflowException as error:
            known = [one.number for one in self.versions()]
            raise RegistryError(f"expected one of the versions {known}, got {version}") from error
        return tags

    def _aliased(self, alias: str) -> int | None:
        aliases = self._client.get_registered_model(MODEL).aliases
        return int(aliases[alias]) if alias in aliases else None

    def _open_experiment(self) -> str:
        found = self._client.get_experiment_by_name(MODEL)
        if found is not None:
            return str(found.experiment_id)
        location = self._artifacts.as_uri()
        return str(self._client.create_experiment(MODEL, artifact_location=location))

    def _open_model(self) -> None:
        if not self._client.search_registered_models(f"name = '{MODEL}'"):
            self._client.create_registered_model(MODEL)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock between processes; the file stays, so that all lock the same one."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _quiet_migrations() -> Iterator[None]:
    """Keep the fifty lines of MLflow's own migrations off the terminal."""
    log = logging.getLogger("alembic")
    before = log.level
    log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(before)


def _millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


__all__ = ["BundleError", "Registry", "RegistryError", "RunRecord", "Version"]
