"""Cluster: the parts of a book described by Dask workers, here or at a scheduler's address.

Workers are handed the arguments of `described_part`, which are words and numbers; tables travel by
the folder that all of them see. Trees are grown in `grove`.
"""

import logging
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import polars as pl

from features.book import Book
from features.parts import Call, Question, describe_in_parts, described_part

ACTIVITIES_AT_ONCE = 2_000_000
"""Activities of one part, about: what a worker holds in memory."""

WITNESS = ".seen-by-all"
"""The file by which workers show that they see a folder."""

_DEATHS_FORGIVEN = 1
"""A part whose worker died is tried once more. (A scheduler elsewhere has a setting of its own.)"""

_RESTART_SECONDS = 60

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the workers are.

    Attributes:
        workers: processes on this machine, where there is no scheduler; one for each core, and
            two at least, unless given.
        scheduler: address of a Dask scheduler, `tcp://host:8786`; its workers are taken as they
            are.
        timeout: seconds until a scheduler has to answer and to have a worker.
    """

    workers: int | None = None
    scheduler: str | None = None
    timeout: float = 10.0

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise ValueError(f"expected at least one worker, got {self.workers}")
        if self.workers is not None and self.scheduler is not None:
            raise ValueError(
                "expected a number of workers or the address of a scheduler that has its own, "
                f"got {self.workers} and {self.scheduler}"
            )


@dataclass(frozen=True, slots=True, eq=False)
class DaskRunner:
    """A runner of parts, connected.

    Attributes:
        client: of Dask.
        say: one line of progress.
    """

    client: Any
    say: Callable[[str], None]

    @property
    def workers(self) -> int:
        """How many there are now."""
        there: Mapping[str, Any] = self.client.scheduler_info(n_workers=-1)["workers"]
        return len(there)

    def everywhere(self, function: Callable[..., T], *arguments: str) -> Mapping[str, T]:
        """Run a function once on every worker: address → what it returned."""
        found: Mapping[str, T] = self.client.run(function, *arguments)
        return found

    def restart(self) -> None:
        """Start every worker anew, whatever it is at; as many as there were.

        Raises:
            RuntimeError: for workers without a nanny, which nobody can start anew.
        """
        there = list(self.client.scheduler_info(n_workers=-1)["workers"])
        try:
            self.client.restart_workers(there, timeout=_RESTART_SECONDS)
            self.client.wait_for_workers(len(there), timeout=_RESTART_SECONDS)
        except (ValueError, TimeoutError) as error:
            raise RuntimeError(
                f"expected {len(there)} Dask workers to start anew, found: {error}"
            ) from error

    def __call__(self, calls: Sequence[Call]) -> list[int]:
        """Describe the parts; a line of progress for each.

        Raises:
            RuntimeError: when a worker does not see the folder or runs other versions, or when
                the worker of a part died again and again.
        """
        from distributed import KilledWorker, as_completed  # noqa: PLC0415  an extra

        self.check({folder for folder, *_ in calls})
        futures = [self.client.submit(described_part, *call, pure=False) for call in calls]
        places = {future.key: place for place, future in enumerate(futures)}
        rows = [0] * len(calls)
        for done, future in enumerate(as_completed(futures), start=1):
            place = places[future.key]
            number = calls[place][1]
            try:
                rows[place] = future.result()
            except KilledWorker as error:
                raise RuntimeError(
                    f"part {number}: its worker died, and so did the one that tried again, the "
                    f"last at {error.last_worker.address}; short of memory, take fewer workers"
                ) from error
            self.say(f"part {number}: {rows[place]:,} rows; {done} of {len(calls)} parts")
        return rows

    def check(self, folders: Collection[str]) -> None:
        """Every worker reads in the folder what was just written there, with our versions.

        Raises:
            RuntimeError: for a worker that does not.
        """
        for folder in folders:
            word = secrets.token_hex(8)
            (Path(folder) / WITNESS).write_text(word, encoding="utf-8")
            found = self._witnesses(folder)
            blind = sorted(worker for worker, (read, _) in found.items() if read != word)
            if blind:
                raise RuntimeError(
                    f"expected every worker to see the folder {folder}, found "
                    f"{len(blind)} of {len(found)} that do not: {', '.join(blind)}; "
                    "with a scheduler, it has to be on storage that all its workers share"
                )
            ours = _versions()
            other = {worker: told for worker, (_, told) in found.items() if told != ours}
            if other:
                worker, told = next(iter(sorted(other.items())))
                raise RuntimeError(
                    f"expected workers with {ours}, found {len(other)} of {len(found)} that "
                    f"differ: {worker} has {told}"
                )

    def _witnesses(self, folder: str) -> Mapping[str, tuple[str | None, str]]:
        try:
            return self.everywhere(witness, folder)
        except ImportError as error:
            raise RuntimeError(
                f"expected Bucketlist installed where the workers run, found none: {error}"
            ) from error


def witness(folder: str) -> tuple[str | None, str]:
    """What a worker reads in the folder, None when it sees nothing; and its versions."""
    file = Path(folder) / WITNESS
    return (file.read_text(encoding="utf-8") if file.is_file() else None), _versions()


def describe_on_cluster(
    book: Book, question: Question, place: Place, *, beside: Path, say: Callable[[str], None]
) -> pl.DataFrame:
    """Describe a spine on Dask workers; the same bits as in this process.

    Args:
        book: the CRM.
        question: what is described.
        place: where the workers are.
        beside: the parts go into a folder beside this file while they are needed.
        say: one line of progress.

    Raises:
        RuntimeError: without Dask, or for workers that cannot do it.
        ConnectionError: when no scheduler answers at the address.
    """
    beside.parent.mkdir(parents=True, exist_ok=True)
    with dask_runner(place, say) as runner, _folder(beside) as folder:
        parts = parts_for(book, runner.workers)
        say(f"{parts} parts for {runner.workers} workers in {folder}")
        frame = describe_in_parts(book, question, folder=folder, parts=parts, runner=runner)
        return frame.collect()


def parts_for(book: Book, workers: int) -> int:
    """The same number of parts for each worker, small enough for its memory."""
    rows: int = book["activities"].select(pl.len()).collect(engine="streaming").item()
    return workers * max(1, -(-rows // (workers * ACTIVITIES_AT_ONCE)))


@contextmanager
def dask_runner(place: Place, say: Callable[[str], None]) -> Iterator[DaskRunner]:
    """Connect to the workers, or start them; on leaving, those that were started are stopped.

    Raises:
        RuntimeError: without Dask, or at a scheduler without workers.
        ConnectionError: when no scheduler answers at the address.
    """
    try:
        import distributed  # noqa: F401, PLC0415  an extra
    except ImportError as error:
        raise RuntimeError(
            "expected Dask for --engine dask, found none: pip install 'bucketlist[dask]'"
        ) from error
    with ExitStack() as stack:
        if place.scheduler is None:
            client = stack.enter_context(_started(place.workers))
        else:
            client = stack.enter_context(_connected(place.scheduler, place.timeout))
        runner = DaskRunner(client, say)
        say(f"{runner.workers} Dask workers at {client.scheduler.address}")
        yield runner


@contextmanager
def _started(workers: int | None) -> Iterator[Any]:
    """A client of workers on this machine: processes of one thread, heard on 127.0.0.1 only."""
    import dask  # noqa: PLC0415  an extra
    from dask.system import CPU_COUNT  # noqa: PLC0415
    from distributed import Client, LocalCluster  # noqa: PLC0415

    count = workers or max(2, CPU_COUNT)
    settings = {
        # Polars brings threads of its own, and reads their number when it is imported.
        "distributed.nanny.pre-spawn-environ.POLARS_MAX_THREADS": str(max(1, CPU_COUNT // count)),
        # What LightGBM prints is no result of a command.
        "distributed.worker.preload": ["import os; os.dup2(2, 1)"],
        # One part at a time: the death of a worker is held against that part alone.
        "distributed.scheduler.worker-saturation": 1.0,
    }
    with (
        dask.config.set(settings),
        LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            host="127.0.0.1",
            silence_logs=logging.ERROR,
            # A worker near a limit waits for memory that the allocator keeps: for ever.
            memory_limit=0,
            scheduler_kwargs={
                "allowed_failures": _DEATHS_FORGIVEN,
                "dashboard": False,
                "dashboard_address": "127.0.0.1:0",  # its health is told all the same
            },
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@contextmanager
def _connected(address: str, timeout: float) -> Iterator[Any]:
    """A client of a scheduler that has at least one worker."""
    from distributed import Client  # noqa: PLC0415  an extra

    try:
        client = Client(address, timeout=timeout)
    except (OSError, ValueError) as error:
        raise ConnectionError(
            f"expected a Dask scheduler at {address}, none answered within {timeout:g} s: {error}"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=timeout)
        except TimeoutError as error:
            raise RuntimeError(
                f"expected workers at the scheduler {address}, found none within {timeout:g} s"
            ) from error
        yield client


@contextmanager
def _folder(beside: Path) -> Iterator[Path]:
    """A folder for the parts, hidden beside the result: on the same storage, gone afterwards."""
    parent = beside.parent.absolute()  # workers stand elsewhere
    with TemporaryDirectory(prefix=f".{beside.name}.parts-", dir=parent) as name:
        yield Path(name)


def _versions() -> str:
    """The versions on which the bits of a feature depend."""
    return ", ".join(f"{package} {version(package)}" for package in ("bucketlist", "polars"))
