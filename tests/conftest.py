"""What every test may ask for: programs that are not Python packages, named by a mark."""

import os
import shutil
import socket

import pytest
from hypothesis import settings

PACKAGES = {"postgresql": "postgresql", "chromium": "chromium"}

settings.register_profile(
    "bucketlist",
    max_examples=int(os.environ.get("BUCKETLIST_TEST_EXAMPLES", "25")),
    deadline=None,
    derandomize=True,
)
settings.load_profile("bucketlist")


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _is_here(program: str) -> bool:
    if program == "postgresql":
        return _answers(5432)
    return shutil.which(program) is not None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With CI=true a missing program fails its tests; elsewhere they are left out and named."""
    if os.environ.get("CI") == "true":
        return
    for item in items:
        for mark in item.iter_markers("needs"):
            program = mark.args[0]
            if not _is_here(program):
                reason = f"{program} not found: apt-get install {PACKAGES.get(program, program)}"
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A program that CI lacks is said in so many words, not met as a strange error."""
    for mark in item.iter_markers("needs"):
        if not _is_here(mark.args[0]):
            pytest.fail(f"{mark.args[0]} is needed and was not found", pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line that says what was not run for want of a program."""
    reasons: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        text = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else ""
        if "not found: apt-get" in text:
            reason = text.removeprefix("Skipped: ")
            reasons[reason] = reasons.get(reason, 0) + 1
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"not run: {count} tests, {reason}")
