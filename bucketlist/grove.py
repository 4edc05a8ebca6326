"""Grove: the trees of one head grown by LightGBM on Dask workers.

The rows lie in Parquet files that only the workers read. Workers that grow one booster talk to one
another at ports that LightGBM opens on every address of their machine, without a password: a
network of one's own is the place for them.

Workers import this file, and want LightGBM whole, with scikit-learn and pandas; `models.booster`
takes it without them. So nothing of `models.booster` may be imported with this file, and what it
says of a booster travels as words and numbers.
"""

import logging
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bucketlist.cluster import DaskRunner, Place, dask_runner
from models.matrix import Floats, Matrix, matrix_of

if TYPE_CHECKING:
    from models.booster import Booster, BoosterParams, Nature

ANSWER, WEIGHT, OFFSET = "y", "weight", "offset"
"""Columns of the files after the features; without `offset`, trees start from the mean."""

ROWS_OF_A_WORKER = 5_000
"""Fewest rows that a further worker is worth: it finds the bins of its features on them alone."""


@dataclass(frozen=True, slots=True, eq=False)
class Grove:
    """Grows boosters as `fit_boosters` does, on workers and one after the other.

    LightGBM keeps directions by its plainer method where more than one worker grows a booster, and
    finds bins on a part of the rows: log loss is about the same, the text is another.

    Attributes:
        runner: the workers.
        folder: seen by all of them; the rows lie in it while they are needed.
        timeout: seconds for one booster.
    """

    runner: DaskRunner
    folder: Path
    timeout: float = 3600.0

    def __call__(
        self,
        X: pl.DataFrame,
        y: NDArray[np.generic],
        *,
        sizes: "Sequence[BoosterParams]",
        weight: Floats | None = None,
        offset: Floats | None = None,
        nature: "Nature | None" = None,
    ) -> "tuple[Booster, ...]":
        """Grow boosters on the same 0/1 outcomes; see `fit_boosters` for what is given.

        Raises:
            ValueError: for a feature called like the answer, the weight or the offset.
            RuntimeError: when a booster failed twice, or workers cannot grow one.
        """
        taken = sorted({ANSWER, WEIGHT, OFFSET} & set(X.columns))
        if taken:
            raise ValueError(f"expected features of other names than {taken}")
        rows = X.with_columns(
            pl.Series(ANSWER, y), pl.Series(WEIGHT, np.ones(len(y)) if weight is None else weight)
        )
        if offset is not None:
            rows = rows.with_columns(pl.Series(OFFSET, offset))
        with _rows_beside(rows, self.folder, parts=self.runner.workers) as files:
            return tuple(
                self.grown_from(files, params, names=X.columns, nature=nature) for params in sizes
            )

    def grown_from(
        self,
        files: Sequence[Path],
        params: "BoosterParams",
        *,
        names: Sequence[str],
        nature: "Nature | None" = None,
    ) -> "Booster":
        """Grow one booster from files that this process never reads.

        After a failure, or when time is out, every worker starts anew and all is tried once more.

        Args:
            files: Parquet: the features, `y` 0 or 1, `weight` and, where trees start from log-odds
                of their own, `offset`. Dealt by lot: a worker's rows are taken for a fair sample.
            params: size, speed and seed; threads are those of each worker.
            names: features, in their order.
            nature: as for `fit_boosters`.

        Raises:
            RuntimeError: when it failed twice, or workers cannot do it.
        """
        from models.booster import Nature, booster_from_text, settings_of  # noqa: PLC0415

        told = nature or Nature()
        settings = settings_of(params, names, told)
        del settings["num_threads"]
        settings["n_estimators"] = params.rounds
        settings["time_out"] = max(1, round(self.timeout / 60))  # minutes, of silent sockets
        categories = [name for name in names if name in told.categories]
        paths = [str(file.absolute()) for file in files]
        check(self.runner, {str(Path(path).parent) for path in paths})
        call = (paths, settings, list(names), categories)
        return booster_from_text(self._text(call))

    def _text(self, call: tuple[Any, ...], *, tries: int = 2) -> str:
        future = self.runner.client.submit(grow, *call, pure=False)
        try:
            return str(future.result(timeout=self.timeout))
        except Exception as error:  # whatever ails a network of processes
            future.cancel()
            self.runner.restart()  # what hangs would hang on
            if tries == 1:
                raise RuntimeError(
                    f"expected a booster within {self.timeout:g} s, failed twice, at last with "
                    f"{error!r}"
                ) from error
            self.runner.say(f"no trees, a second try on workers started anew: {error!r}")
        return self._text(call, tries=tries - 1)


@contextmanager
def planted(place: Place, folder: Path, say: Callable[[str], None]) -> Iterator[Grove]:
    """Connect to workers, or start them, and see that they can grow trees.

    Raises:
        RuntimeError: without Dask, or for workers that cannot do it.
        ConnectionError: when no scheduler answers at the address.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with dask_runner(place, say) as runner, TemporaryDirectory(dir=folder) as shared:
        check(runner, {str(Path(shared).absolute())})
        yield Grove(runner, Path(shared))


@dataclass(frozen=True, slots=True, eq=False)
class InOrder:
    """A client of Dask that tells where things are in the order in which it was asked.

    LightGBM numbers its workers by it: without, the same rows and seed give one text or another.
    """

    client: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def who_has(self, futures: Sequence[Any]) -> dict[str, Any]:
        """The workers that hold each of the futures."""
        found: Mapping[str, Any] = self.client.who_has(futures)
        return {future.key: found[future.key] for future in futures}


def grow(
    files: Sequence[str], settings: Mapping[str, Any], names: list[str], categories: list[str]
) -> str:
    """Grow one booster, from a worker, on all of them; LightGBM's text."""
    from dask import array, delayed  # noqa: PLC0415  an extra
    from distributed import worker_client  # noqa: PLC0415
    from lightgbm.dask import DaskLGBMRegressor  # noqa: PLC0415

    quieten()
    # A classifier would number the answers that one worker happens to have: all yes becomes 0.
    with worker_client() as client:
        heights = client.gather(client.map(height_of, files, pure=False))
        known = dict(zip(files, heights, strict=True))
        lots = dealt(known, sorted(client.scheduler_info(n_workers=-1)["workers"]))
        if not lots:
            raise ValueError(f"expected rows to learn from, found none in {len(files)} files")
        there = pl.read_parquet_schema(files[0])
        columns = [name for name in (ANSWER, WEIGHT, OFFSET) if name in there or name != OFFSET]
        blocks: list[list[Any]] = []
        for address, lot in lots.items():
            rows, put = sum(known[file] for file in lot), partial(client.submit, workers=[address])
            put(quieten, pure=False).result()
            matrix = delayed(put(matrix_in, lot, names, pure=False))
            block = [array.from_delayed(matrix, (rows, len(names)), np.float32)]
            for name in columns:
                cells = delayed(put(column_in, lot, name, pure=False))
                block.append(array.from_delayed(cells, (rows,), np.float64))
            blocks.append(block)
        X, y, weight, *offset = (array.concatenate(each) for each in zip(*blocks, strict=True))
        booster = DaskLGBMRegressor(client=InOrder(client), **settings)
        booster.fit(
            X,
            y,
            sample_weight=weight,
            init_score=offset[0] if offset else None,
            feature_name=names,
            categorical_feature=categories,
        )
        return without_addresses(booster.booster_.model_to_string())


def without_addresses(text: str) -> str:
    """LightGBM's text without where it was grown: the same rows and seed give the same text.

    >>> without_addresses("[machines: 10.0.0.7:4711,10.0.0.8:4712]")
    '[machines: ]'
    """
    return re.sub(r"^\[(machines|local_listen_port): .*\]$", r"[\1: ]", text, flags=re.MULTILINE)


def dealt(heights: Mapping[str, int], addresses: Sequence[str]) -> dict[str, list[str]]:
    """Files for each worker, about the same rows for all; no file and no worker without rows.

    >>> dealt({"a": 9_000, "b": 0, "c": 6_000, "d": 4_000}, ["one", "two"])
    {'one': ['a'], 'two': ['c', 'd']}
    """
    worth = max(1, sum(heights.values()) // ROWS_OF_A_WORKER)
    rows = dict.fromkeys(addresses[:worth], 0)
    lots: dict[str, list[str]] = {}
    for file, height in sorted(heights.items(), key=lambda found: -found[1]):
        if height:
            address = min(rows, key=rows.__getitem__)
            lots.setdefault(address, []).append(file)
            rows[address] += height
    return lots


def height_of(file: str) -> int:
    """Rows of a file."""
    return int(pl.scan_parquet(file).select(pl.len()).collect().item())


def matrix_in(files: Sequence[str], names: Sequence[str]) -> Matrix:
    """The features of some files."""
    return matrix_of(pl.read_parquet(list(files), columns=list(names)), names)


def column_in(files: Sequence[str], name: str) -> Floats:
    """Another column of some files."""
    frame = pl.read_parquet(list(files), columns=[name])
    return frame[name].cast(pl.Float64).to_numpy()


def quieten() -> None:
    """Keep LightGBM from printing what it is at: stdout belongs to a command's result."""
    import lightgbm  # noqa: PLC0415

    log = logging.getLogger("lightgbm")
    log.setLevel(logging.ERROR)
    lightgbm.register_logger(log)
    # Its library has a level for each thread, which is that of the last thing made in it.
    lightgbm.Dataset(np.zeros((2, 1)), params={"verbosity": -1}).construct()


def check(runner: DaskRunner, folders: Collection[str]) -> None:
    """Every worker sees the folders and has our versions, LightGBM's whole.

    Raises:
        RuntimeError: for a worker that does not.
    """
    runner.check(folders)
    wanted = f"LightGBM {version('lightgbm')}"
    told = runner.everywhere(lightgbm_here)
    other = {worker: found for worker, found in told.items() if found != wanted}
    if other:
        worker, found = min(other.items())
        raise RuntimeError(
            f"expected workers with {wanted} whole (pip install 'bucketlist[dask]'), found "
            f"{len(other)} of {len(told)} that differ: {worker} has {found}"
        )


def lightgbm_here() -> str:
    """Which LightGBM a worker has, and whether it came without what Dask needs."""
    try:
        from lightgbm.compat import PANDAS_INSTALLED, SKLEARN_INSTALLED  # noqa: PLC0415
    except ImportError as error:
        return f"none: {error}"
    found = f"LightGBM {version('lightgbm')}"
    is_whole = SKLEARN_INSTALLED and PANDAS_INSTALLED
    return found if is_whole else f"{found} imported without scikit-learn or pandas"


@contextmanager
def _rows_beside(rows: pl.DataFrame, folder: Path, *, parts: int) -> Iterator[list[Path]]:
    """The rows dealt by lot into Parquet files, which are gone afterwards."""
    lot = pl.Series(np.random.default_rng(0).permutation(rows.height) % parts)
    with TemporaryDirectory(prefix=".rows-", dir=folder.absolute()) as name:
        files = [Path(name) / f"{part}.parquet" for part in range(parts)]
        for part, file in enumerate(files):
            rows.filter(lot == part).write_parquet(file)
        yield files
