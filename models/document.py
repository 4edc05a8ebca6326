"""Documents: the JSON files of a model folder, written one way and read strictly."""

from typing import TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

Record = TypeVar("Record")

# Every record that becomes a file carries this: unknown keys, wrong types, NaN and infinity
# are refused on reading, so that nothing odd travels on towards a parser written in C.
document = with_config(ConfigDict(extra="forbid", strict=True, allow_inf_nan=False))


class DocumentError(ValueError):
    """A JSON file does not have the shape its reader expects."""


def to_json(record: object) -> str:
    """The record as indented JSON; numbers read back bit by bit as they were."""
    return TypeAdapter(type(record)).dump_json(record, indent=1).decode() + "\n"


def from_json(kind: type[Record], text: str | bytes, *, name: str) -> Record:
    """Read a record of `kind`; `name` is the file the error message speaks of.

    Raises:
        DocumentError: not JSON, a key too many or too few, or a value of another type.
    """
    try:
        record: Record = TypeAdapter(kind).validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise DocumentError(
            f"{name}: expected {kind.__name__}, found at {place}: {first['msg'].lower()}"
        ) from None
    except ValueError as error:
        raise DocumentError(f"{name}: expected {kind.__name__}, found: {error}") from None
    return record
