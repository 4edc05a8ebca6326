import json

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator

from serving.openapi import ConversionError, as_3_0
from serving.settings import Settings
from serving.store.engine import Store
from tests.serving.world import World, world_of


@pytest.fixture
def world(settings: Settings, store: Store) -> World:
    return world_of(settings, store)


def read(world: World, path: str) -> dict:
    with world.client() as client:
        return client.get(path, headers=world.bearer("crm")).json()


def walk(node, place="#"):
    """Every object of a document, with its place."""
    if isinstance(node, dict):
        yield place, node
        for key, value in node.items():
            yield from walk(value, f"{place}/{key}")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from walk(value, f"{place}/{number}")


def test_both_documents_are_valid(world) -> None:
    newer, older = read(world, "/openapi.json"), read(world, "/openapi-3.0.json")

    assert newer["openapi"].startswith("3.1")
    assert older["openapi"] == "3.0.3"
    OpenAPIV31SpecValidator(newer).validate()
    OpenAPIV30SpecValidator(older).validate()


def test_the_older_document_has_no_word_that_only_the_newer_knows(world) -> None:
    older = read(world, "/openapi-3.0.json")

    for place, node in walk(older):
        if place.endswith("/properties"):
            continue
        assert not {"const", "$defs", "prefixItems", "anyOf", "oneOf"} & node.keys(), place
        assert node.get("type") != "null", place
        assert not isinstance(node.get("type"), list), place


def test_operations_are_identifiers_that_come_once_with_short_descriptions(world) -> None:
    document = read(world, "/openapi.json")

    ids = [o["operationId"] for path in document["paths"].values() for o in path.values()]
    texts = [node["description"] for _, node in walk(document) if "description" in node]
    assert len(ids) == len(set(ids)) >= 8
    assert all(name.isidentifier() for name in ids)
    assert max(len(text) for text in texts if isinstance(text, str)) < 1333
    assert not any("requestBody" in path.get("get", {}) for path in document["paths"].values())


def test_errors_are_described_under_their_media_type(world) -> None:
    document = read(world, "/openapi.json")

    responses = document["paths"]["/v1/accounts/{account_id}/score"]["get"]["responses"]
    assert list(responses["404"]["content"]) == ["application/problem+json"]
    assert "HTTPValidationError" not in json.dumps(document)


def test_every_status_that_a_route_can_end_in_is_described(world) -> None:
    paths = read(world, "/openapi.json")["paths"]

    asked = {
        f"{verb} {path}": set(o["responses"]) for path, p in paths.items() for verb, o in p.items()
    }

    everywhere = {"400", "401", "403", "404", "413", "422", "503"}
    assert all(everywhere <= found for found in asked.values())
    assert {name for name, found in asked.items() if "410" in found} == {
        "get /v1/reps/{rep_id}/bucket-list"
    }
    assert {name for name, found in asked.items() if "415" in found} == {
        name for name in asked if name.startswith("post ")
    }


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": "string", "nullable": True}),
        (
            {"anyOf": [{"$ref": "#/x"}, {"type": "null"}], "description": "d"},
            {"allOf": [{"$ref": "#/x"}], "nullable": True, "description": "d"},
        ),
        ({"type": ["integer", "null"]}, {"type": "integer", "nullable": True}),
        ({"const": "a", "type": "string"}, {"enum": ["a"], "type": "string"}),
        ({"exclusiveMinimum": 0}, {"minimum": 0, "exclusiveMinimum": True}),
        (
            {"anyOf": [{"enum": ["a"], "type": "string"}, {"type": "null"}]},
            {"enum": ["a", None], "type": "string", "nullable": True},
        ),
        ({"$ref": "#/x", "description": "d"}, {"allOf": [{"$ref": "#/x"}], "description": "d"}),
        (
            {"properties": {"const": {"const": 1}, "type": {"type": "string"}}},
            {"properties": {"const": {"enum": [1]}, "type": {"type": "string"}}},
        ),
    ],
)
def test_each_newer_word_has_its_older_form(newer, older) -> None:
    converted = as_3_0(newer)

    assert {key: value for key, value in converted.items() if key != "openapi"} == older


@pytest.mark.parametrize(
    "newer",
    [
        {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
        {"type": ["string", "integer"]},
        {"type": "null"},
        {"prefixItems": []},
    ],
)
def test_what_the_older_version_cannot_say_is_refused(newer) -> None:
    with pytest.raises(ConversionError, match="expected"):
        as_3_0(newer)
