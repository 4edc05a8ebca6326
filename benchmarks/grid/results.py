"""Result files: what was found of one cell, its two parts perhaps in two runs."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from training.config import Part

Json = Mapping[str, Any]
EVALUATED = "evaluated"


def read_result(file: Path) -> Json | None:
    """The content of a result file; None where there is none."""
    if not file.is_file():
        return None
    found: Json = json.loads(file.read_text("utf-8"))
    return found


def edition_told(found: Json, code: str) -> Json:
    """The result with the edition of the code beside it and in each of its parts."""
    parts = {part: {**told, "edition": code} for part, told in found.get("parts", {}).items()}
    return {**found, "edition": code, **({"parts": parts} if parts else {})}


def joined(before: Json | None, found: Json) -> Json:
    """What was found now, with the parts that an earlier run found of the same cell.

    >>> joined({"status": "evaluated", "parts": {"slip": 1}},
    ...        {"status": "evaluated", "parts": {"bucket": 2}})["parts"]
    {'slip': 1, 'bucket': 2}
    """
    if before is None or before["status"] != EVALUATED or found["status"] != EVALUATED:
        return found
    missing = {**before.get("missing", {}), **found.get("missing", {})}
    parts = {**before["parts"], **found["parts"]}
    return {
        **found,
        "parts": parts,
        "missing": {part: why for part, why in missing.items() if part not in parts},
    }


def is_told(found: Json | None, parts: Sequence[Part]) -> bool:
    """Whether a result says of every part how it stands, or why it is not there."""
    if found is None:
        return False
    if found["status"] != EVALUATED:
        return True
    return all(part in found["parts"] or part in found["missing"] for part in parts)


def editions_of(found: Json) -> set[str]:
    """The states of the code that made the result, one for each part."""
    parts = found.get("parts", {}).values()
    return {part.get("edition", found["edition"]) for part in parts} or {found["edition"]}
