"""Dask workers describe the parts of a book with the bits of one process, or say why not."""

import os
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import polars as pl
import psutil
import pytest
from dask.system import CPU_COUNT

from bucketlist import cluster
from bucketlist.cli import main
from bucketlist.cluster import DaskRunner, Place, dask_runner, parts_for
from features.book import Book, make_book
from features.calendar import Calendar
from features.context import build_context
from features.crm.synthetic import WorldParams, make_world
from features.feature import Entity
from features.parts import Question, describe_in_parts, described, described_part
from features.snapshot import account_spine, deal_spine
from tests.factories import account, activity, book, day

AS_OF = datetime.fromisoformat("2026-09-01T00Z")
COMMAND = (
    "features", "--crm", "synthetic:accounts=20,seed=7,years=2,until=2026-11-21",
    "--entity", "account", "--as-of", "2026-09-01",
)  # fmt: skip
NOBODY = "tcp://127.0.0.1:9"


@pytest.fixture(scope="module")
def said() -> list[str]:
    return []


@pytest.fixture(scope="module")
def started(said: list[str]) -> Iterator[DaskRunner]:
    with dask_runner(Place(workers=2), said.append) as runner:
        yield runner


@pytest.fixture
def runner(started: DaskRunner) -> DaskRunner:
    """Both workers, whatever became of them in the test before."""
    started.client.wait_for_workers(2, timeout=60)
    return started


def asked(entity: Entity, book: Book) -> Question:
    spine = account_spine(book, [AS_OF]) if entity == "account" else deal_spine(book, [AS_OF])
    return Question(entity, spine, build_context(book, [AS_OF], Calendar()), Calendar())


def one_account() -> tuple[Book, Question]:
    whole = book(accounts=[account()])
    context = build_context(whole, [day(0)], Calendar())
    return whole, Question("account", account_spine(whole, [day(0)]), context, Calendar())


def dies(folder: str, *rest: object) -> int:
    """A part that takes its worker with it at the first try."""
    tried = Path(folder) / "tried"
    if not tried.exists():
        tried.touch()
        os._exit(1)
    return described_part(folder, *rest)


def dies_again(folder: str, *rest: object) -> int:
    with (Path(folder) / "tries").open("a") as file:
        file.write("x")
    os._exit(1)


def blind(folder: str) -> tuple[str | None, str]:
    return None, "no matter"


def without_the_package(folder: str) -> tuple[str | None, str]:
    raise ModuleNotFoundError("No module named 'bucketlist'")


def ran(*words: str) -> int:
    """The exit code of a command."""
    try:
        main(list(words))
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def heard_at() -> list[str]:
    """The addresses at which a worker listens."""
    connections = psutil.Process().net_connections(kind="inet")
    return [c.laddr.ip for c in connections if c.status == psutil.CONN_LISTEN]


def threads() -> int:
    return pl.thread_pool_size()


def test_workers_give_the_bits_of_one_process(
    runner: DaskRunner, said: list[str], tmp_path: Path
) -> None:
    tables = {n: f.lazy() for n, f in make_world(WorldParams(accounts=20, years=2)).items()}
    whole = make_book(tables, observed_until=datetime.fromisoformat("2026-11-21T00Z"))
    question = asked("deal", whole)

    found = describe_in_parts(whole, question, folder=tmp_path, parts=2, runner=runner).collect()

    assert found.equals(described(whole, question))
    assert found.schema == described(whole, question).schema
    assert [line[-12:] for line in said[-2:]] == ["1 of 2 parts", "2 of 2 parts"]


def test_workers_are_processes_heard_on_this_machine_only(runner: DaskRunner) -> None:
    pids = runner.everywhere(os.getpid)
    addresses = runner.everywhere(heard_at)

    assert runner.workers == 2
    assert len({*pids.values(), os.getpid()}) == 3
    assert {*heard_at(), *(ip for ips in addresses.values() for ip in ips)} == {"127.0.0.1"}


def test_workers_share_the_cores(runner: DaskRunner) -> None:
    found = runner.everywhere(threads)

    assert set(found.values()) == {max(1, CPU_COUNT // 2)}


def test_a_part_whose_worker_dies_is_tried_once_more(
    runner: DaskRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, question = one_account()
    monkeypatch.setattr(cluster, "described_part", dies)

    found = describe_in_parts(whole, question, folder=tmp_path, parts=1, runner=runner).collect()

    assert (tmp_path / "tried").exists()
    assert found.equals(described(whole, question))


def test_a_part_whose_worker_dies_again_is_named(
    runner: DaskRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, question = one_account()
    monkeypatch.setattr(cluster, "described_part", dies_again)

    with pytest.raises(RuntimeError, match=r"part 0: its worker died, and so did the one that"):
        describe_in_parts(whole, question, folder=tmp_path, parts=1, runner=runner)
    assert (tmp_path / "tries").read_text() == "xx"


def test_the_command_writes_the_same_file_from_a_scheduler(
    runner: DaskRunner,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)  # where the workers are not
    address = runner.client.scheduler.address
    one, two = Path("one.parquet"), Path("two.parquet")

    codes = (
        ran(*COMMAND, "--out", str(one)),
        ran(*COMMAND, "--out", str(two), "--engine", "dask", "--scheduler", address),
    )

    assert codes == (0, 0)
    assert pl.read_parquet(one).equals(pl.read_parquet(two))
    assert pl.read_parquet(one).height > 10
    assert "2 of 2 parts" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == [str(one), str(two)]


def test_a_worker_that_does_not_see_the_folder_is_named(
    runner: DaskRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, question = one_account()
    monkeypatch.setattr(cluster, "witness", blind)

    with pytest.raises(
        RuntimeError, match=r"found 2 of 2 that do not: tcp://127.* with a scheduler, it has"
    ):
        describe_in_parts(whole, question, folder=tmp_path, parts=1, runner=runner)


def test_a_worker_with_other_versions_is_named(
    runner: DaskRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, question = one_account()
    monkeypatch.setattr(cluster, "_versions", lambda: "polars 0.0")

    with pytest.raises(RuntimeError, match=r"expected workers with polars 0\.0, found 2 of 2"):
        describe_in_parts(whole, question, folder=tmp_path, parts=1, runner=runner)


def test_workers_without_bucketlist_are_told_so(
    runner: DaskRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, question = one_account()
    monkeypatch.setattr(cluster, "witness", without_the_package)

    with pytest.raises(RuntimeError, match="expected Bucketlist installed where the workers run"):
        describe_in_parts(whole, question, folder=tmp_path, parts=1, runner=runner)


def test_an_address_where_nobody_answers_is_told_with_its_time_out() -> None:
    place = Place(scheduler=NOBODY, timeout=0.5)

    with (
        pytest.raises(ConnectionError, match=rf"scheduler at {NOBODY}, none answered within 0.5 s"),
        dask_runner(place, print),
    ):
        pass


def test_an_address_of_no_known_form_is_told_too() -> None:
    place = Place(scheduler="carrier-pigeon://roof", timeout=0.5)

    with (
        pytest.raises(ConnectionError, match="scheduler at carrier-pigeon://roof"),
        dask_runner(place, print),
    ):
        pass


def test_without_dask_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)

    code = ran(*COMMAND, "--out", str(tmp_path / "two.parquet"), "--engine", "dask")

    assert code == 1
    assert "pip install 'bucketlist[dask]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--workers", "2"], "--engine dask"),
        (["--scheduler", NOBODY], "--engine dask"),
        (["--engine", "dask", "--workers", "2", "--scheduler", NOBODY], "a number of workers or"),
        (["--engine", "dask", "--workers", "0"], "--workers"),
    ],
)
def test_options_that_do_not_go_together_are_a_wrong_use(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = ran(*COMMAND, "--out", str(tmp_path / "two.parquet"), *words)

    assert code == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_fewer_than_one_worker_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one worker, got 0"):
        Place(workers=0)


@pytest.mark.parametrize(("workers", "parts"), [(1, 3), (2, 4), (3, 3), (5, 5)])
def test_every_worker_gets_as_many_parts_none_of_which_is_too_large(
    workers: int, parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "ACTIVITIES_AT_ONCE", 10)
    whole = book(accounts=[account()], activities=[activity(at=day(-n)) for n in range(1, 26)])

    assert parts_for(whole, workers) == parts
