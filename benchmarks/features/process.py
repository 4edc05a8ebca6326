"""Process: a command in a process of its own, so that no run is warmed or fattened by another."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
"""Of the project: where commands run, and where they find it."""

Json = dict[str, Any]


def said_by(
    command: Sequence[str], *, timeout: float | None = None, errors: int | None = None
) -> str:
    """What a command prints.

    Args:
        command: program and arguments.
        timeout: seconds after which it is given up.
        errors: where what it complains about goes, as `subprocess` names it; to ours unless given.

    Raises:
        subprocess.SubprocessError: when it fails or takes too long.
    """
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE,
        stderr=errors, text=True, check=True, timeout=timeout,
    )  # fmt: skip
    return done.stdout


def told_by(module: str, arguments: Sequence[str], *, timeout: float | None = None) -> Json:
    """The JSON object that a module of the project prints when it is run."""
    told: Json = json.loads(said_by([sys.executable, "-m", module, *arguments], timeout=timeout))
    return told
