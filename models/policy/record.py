"""Frozen records and mappings: strict reading, writing, and one stable hash."""

import difflib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

Record = TypeVar("Record")


def to_mapping(record: Any) -> dict[str, object]:
    """The fields of a frozen record, nested records as nested mappings."""
    return asdict(record)


def policy_hash(mapping: Mapping[str, object]) -> str:
    """SHA-256 of canonical JSON: sorted keys, no spaces, every number as a float.

    >>> policy_hash({"b": 1, "a": 2.0}) == policy_hash({"a": 2, "b": 1.0})
    True
    """
    text = json.dumps(_plain(mapping), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def from_mapping(kind: type[Record], mapping: Mapping[str, object], *, where: str) -> Record:
    """Build a record from a mapping; keys that are not given keep their defaults.

    Args:
        kind: a dataclass; its nested dataclasses are read from nested mappings.
        mapping: as `tomllib` reads it.
        where: the place that errors name, e.g. "policy.toml [label]".

    Raises:
        ValueError: for an unknown key (with the nearest names), a value of another type, or a
            value that the record refuses.
    """
    hints = get_type_hints(kind)
    known = [item.name for item in fields(kind)]  # type: ignore[arg-type]  # kind is a dataclass
    for key in mapping:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=3, cutoff=0.4) or known
            raise ValueError(f"{where}: unknown key {key!r}, nearest {', '.join(near)}")
    values = {
        key: _read(hints[key], value, where=f"{where}.{key}") for key, value in mapping.items()
    }
    try:
        return kind(**values)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where}: {error}") from error


def _read(hint: Any, value: object, *, where: str) -> object:
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    for option in options:
        if is_dataclass(option) and isinstance(value, Mapping):
            return from_mapping(option, value, where=where)  # type: ignore[arg-type]  # a class
        if option is float and isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        if isinstance(option, type) and type(value) is option:
            return value
    names = " or ".join(getattr(option, "__name__", str(option)) for option in options)
    raise ValueError(f"{where}: expected {names}, found {value!r}")


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value
