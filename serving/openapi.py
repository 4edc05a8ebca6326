"""OpenAPI: the description of the API, also in the 3.0.3 that older readers want."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI

from serving.problems import MEDIA_TYPE

Json = dict[str, Any]
MAPS_OF_SCHEMAS = ("properties", "schemas", "patternProperties")
BOUNDS = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}


class ConversionError(ValueError):
    """A schema that OpenAPI 3.0 has no words for."""


def document(app: FastAPI) -> Json:
    """OpenAPI 3.1, with errors under the media type that they really have."""
    described = app.openapi()
    paths = {
        path: {method: _with_problems(operation) for method, operation in operations.items()}
        for path, operations in described["paths"].items()
    }
    return {**described, "paths": paths}


def as_3_0(described: Mapping[str, Any]) -> Json:
    """The same API in OpenAPI 3.0.3.

    Raises:
        ConversionError: naming the place, where 3.0 cannot say what 3.1 says.
    """
    converted = _convert(dict(described), "#")
    return {**converted, "openapi": "3.0.3"}


def _with_problems(operation: Json) -> Json:
    responses = {
        status: _as_problem(response) if _is_problem(response) else response
        for status, response in operation["responses"].items()
    }
    return {**operation, "responses": responses}


def _is_problem(response: Json) -> bool:
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    return bool(schema.get("$ref", "").endswith("/Problem"))


def _as_problem(response: Json) -> Json:
    return {**response, "content": {MEDIA_TYPE: response["content"]["application/json"]}}


def _convert(node: Any, place: str) -> Any:
    if isinstance(node, list):
        return [_convert(item, f"{place}/{number}") for number, item in enumerate(node)]
    if not isinstance(node, dict):
        return node
    name = place.rpartition("/")[2]
    if name in MAPS_OF_SCHEMAS:  # its keys are names that somebody chose, not words of a schema
        return {key: _convert(value, f"{place}/{key}") for key, value in node.items()}
    node = _without_null(node, place)
    node = _with_old_words(node, place)
    return {key: _convert(value, f"{place}/{key}") for key, value in node.items()}


def _without_null(node: Json, place: str) -> Json:
    """`anyOf: [X, null]` and `type: [x, null]` become X and nullable."""
    choices = node.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices:
        rest = [choice for choice in choices if choice != {"type": "null"}]
        if len(rest) != 1:
            raise ConversionError(f"{place}: expected one schema beside null, found {len(rest)}")
        others = {key: value for key, value in node.items() if key != "anyOf"}
        if "$ref" in rest[0]:  # beside $ref 3.0 reads nothing else
            return {**others, "allOf": rest, "nullable": True}
        return {**rest[0], **others, "nullable": True}
    kinds = node.get("type")
    if isinstance(kinds, list):
        rest = [kind for kind in kinds if kind != "null"]
        if len(rest) != 1:
            raise ConversionError(f"{place}: expected one type beside null, found {kinds}")
        return {**node, "type": rest[0], "nullable": "null" in kinds}
    if kinds == "null":
        raise ConversionError(f"{place}: expected a type that 3.0 knows, found null alone")
    return node


def _with_old_words(node: Json, place: str) -> Json:
    """const, exclusive bounds and examples, as 3.0 writes them."""
    out = dict(node)
    if "const" in out:
        out["enum"] = [out.pop("const")]
    for new, old in BOUNDS.items():
        bound = out.get(new)
        if isinstance(bound, int | float) and not isinstance(bound, bool):
            out[old], out[new] = bound, True
    if "$defs" in out or "prefixItems" in out:
        raise ConversionError(f"{place}: expected no $defs and no prefixItems")
    if isinstance(out.get("examples"), list):
        examples = out.pop("examples")
        if examples:
            out["example"] = examples[0]
    if out.get("enum") and out.get("nullable"):
        out["enum"] = [*out["enum"], *([] if None in out["enum"] else [None])]
    if "$ref" in out and len(out) > 1:
        out = {**{k: v for k, v in out.items() if k != "$ref"}, "allOf": [{"$ref": out["$ref"]}]}
    return out
