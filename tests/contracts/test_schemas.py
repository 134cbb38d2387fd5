"""Published schemas and samples: there for every type, true to the models, and never broken within a major version."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from leanda import ids
from leanda.contracts.artefacts import FieldStatistics, Record
from leanda.contracts.base import Contract
from leanda.contracts.envelope import Event, Origin
from leanda.contracts.registry import REGISTRY, data_of, event_of
from tools.generate.__main__ import SCHEMAS, broken, differences, schemas
from tools.generate.places import ROOT
from tools.generate.samples import artefact_sample, names, sample

TYPES = sorted(REGISTRY)
ARTEFACTS: dict[str, type[Contract]] = {"record": Record, "field-statistics": FieldStatistics}


def committed(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / SCHEMAS / f"{name}.json").read_text())
    return found


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(committed(name), format_checker=FormatChecker())


def test_every_type_has_a_schema_and_a_sample_and_nothing_else_is_there() -> None:
    written = {path.stem for path in (ROOT / SCHEMAS).glob("*.json")}
    assert written == {*TYPES, "envelope", "asyncapi", *ARTEFACTS}
    assert set(names()) == {*TYPES, *ARTEFACTS}


def test_committed_schemas_are_what_the_models_say() -> None:
    stale = [line for line in differences(schemas()) if line.startswith(SCHEMAS)]
    assert stale == [], "`make generate` writes them anew"


def test_no_model_breaks_its_committed_schema() -> None:
    assert broken() == []


@pytest.mark.parametrize("name", [*TYPES, "envelope", *ARTEFACTS])
def test_committed_schemas_are_valid_schemas(name: str) -> None:
    Draft202012Validator.check_schema(committed(name))


@pytest.mark.parametrize("type_", TYPES)
def test_a_sample_fits_the_schemas(type_: str) -> None:
    body = json.loads((ROOT / f"events/domain/{type_}.json").read_text())
    validator("envelope").validate(body)
    validator(type_).validate(body["data"])


@pytest.mark.parametrize("type_", TYPES)
def test_a_sample_is_exactly_what_the_writer_writes(type_: str) -> None:
    """Read and written again it is the same: no member is misspelt, none is missing."""
    written = json.loads((ROOT / f"events/domain/{type_}.json").read_text())
    event = sample(type_)
    assert json.loads(event.to_bytes()) == written
    assert data_of(event).to_json_dict() == written["data"]


@pytest.mark.parametrize("type_", TYPES)
def test_a_sample_keeps_the_rules_of_ids_keys_and_names(type_: str) -> None:
    event = sample(type_)
    data = data_of(event)
    assert event.type == type_
    assert event.subject == data.subject()
    assert event.id == ids.event_id(event.causationid, type_, event.subject, event.sequence)
    assert event.sequence == (data.discriminator() or event.sequence)
    assert data.key().startswith(event.subject)
    assert event.source.split("/")[0] == type_.split(".")[1]


@pytest.mark.parametrize("type_", TYPES)
def test_what_the_current_model_writes_fits_the_committed_schema(type_: str) -> None:
    data = data_of(sample(type_))
    origin = Origin(cause="cause", correlation_id="correlation")
    event = event_of(data, origin, source="tests", at=sample(type_).time)
    body = json.loads(event.to_bytes())
    validator("envelope").validate(body)
    validator(type_).validate(body["data"])


@pytest.mark.parametrize("whole", [False, True], ids=["required members only", "every member"])
@pytest.mark.parametrize("type_", TYPES)
def test_what_the_committed_schema_allows_is_read_by_the_current_model(type_: str, whole: bool) -> None:
    schema = committed(type_)
    data = instance(schema, schema, whole=whole)
    validator(type_).validate(data)
    event = sample(type_).model_copy(update={"data": data})
    assert type_ == data_of(Event.from_bytes(event.to_bytes())).TYPE


@pytest.mark.parametrize("whole", [False, True], ids=["required members only", "every member"])
@pytest.mark.parametrize("name", ARTEFACTS)
def test_lines_of_artefacts_are_written_and_read_by_their_schema(name: str, whole: bool) -> None:
    schema = committed(name)
    line = instance(schema, schema, whole=whole)
    validator(name).validate(line)
    read = ARTEFACTS[name].model_validate(line)
    validator(name).validate(json.loads(read.model_dump_json(by_alias=True, exclude_none=True)))
    assert ARTEFACTS[name].model_validate(artefact_sample(name)).to_json_dict() == artefact_sample(name)
    validator(name).validate(artefact_sample(name))


def test_a_validator_notices_a_sample_that_does_not_fit() -> None:
    """The schemas are no rubber stamps."""
    body = json.loads((ROOT / "events/domain/leanda.parsers.records.parsed.v1.json").read_text())
    wrong = copy.deepcopy(body["data"])
    wrong["counts"]["failed"] = -1
    assert not validator("leanda.parsers.records.parsed.v1").is_valid(wrong)
    assert not validator("envelope").is_valid(body | {"type": "something.else"})


def instance(document: dict[str, Any], schema: dict[str, Any], *, whole: bool) -> Any:
    """A value that a schema allows: the smallest, or one with every member."""
    if "$ref" in schema:
        target: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return instance(document, target, whole=whole)
    if "enum" in schema:
        return schema["enum"][-1 if whole else 0]
    if "const" in schema:
        return schema["const"]
    if "anyOf" in schema:
        return instance(document, schema["anyOf"][0], whole=whole)
    match schema.get("type"):
        case "object":
            wanted = schema.get("properties", {})
            chosen = wanted if whole else {name: wanted[name] for name in schema.get("required", [])}
            return {name: instance(document, inner, whole=whole) for name, inner in chosen.items()}
        case "array":
            return [instance(document, schema["items"], whole=whole)] if whole else []
        case "string":
            return "2026-03-02T09:15:00Z" if schema.get("format") == "date-time" else "text"
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return whole
    raise AssertionError(f"no value is known for {schema}")
