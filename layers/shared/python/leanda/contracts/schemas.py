"""The published form of the contracts: JSON Schemas and the AsyncAPI document.

The models are the source; `python -m tools.generate` writes what these functions return into `events/schemas`.
Sources: JSON Schema 2020-12 (Core, Validation); AsyncAPI 3.0.0; AsyncAPI Kafka bindings 0.5.0; CloudEvents 1.0.2.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from leanda import limits
from leanda.contracts.artefacts import FieldStatistics, Record
from leanda.contracts.envelope import Event
from leanda.contracts.registry import REGISTRY
from leanda.contracts.topics import TOPICS, Topic

JsonSchema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
CLOUD_EVENT: Final = "application/cloudevents+json"
_BINDINGS: Final = "0.5.0"


def schema_of(model: type[BaseModel], id_: str) -> JsonSchema:
    """The JSON Schema of what a writer puts on the wire and a reader must accept; further members are allowed."""
    body: JsonSchema = _untitled(model.model_json_schema(by_alias=True, mode="validation"))
    return {"$schema": DIALECT, "$id": id_, "title": model.__name__, "description": inspect.getdoc(model) or ""} | body


def event_schemas() -> dict[str, JsonSchema]:
    """The schema of each event's data, by type."""
    return {name: schema_of(REGISTRY[name], f"urn:leanda:event:{name}") for name in sorted(REGISTRY)}


def other_schemas() -> dict[str, JsonSchema]:
    """The schemas of the envelope and of the lines of artefacts, by name."""
    return {
        "envelope": schema_of(Event, "urn:leanda:envelope"),
        "record": schema_of(Record, "urn:leanda:artefact:record"),
        "field-statistics": schema_of(FieldStatistics, "urn:leanda:artefact:field-statistics"),
    }


# --- AsyncAPI ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reader:
    """A consumer of a topic, and the types that its filter lets through."""

    name: str
    topic: str
    types: tuple[str, ...]


def asyncapi(version: str, readers: Iterable[Reader] = ()) -> dict[str, Any]:
    """The AsyncAPI 3.0 document: a channel for each topic, a message for each type, who sends and who receives.

    Args:
        readers: the consumers; without them only the writers' side is described.
    """
    models = [(model, "validation") for model in (Event, *(REGISTRY[name] for name in sorted(REGISTRY)))]
    names, definitions = models_json_schema(models, by_alias=True, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    schema_names = {model: reference["$ref"].rpartition("/")[2] for (model, _), reference in names.items()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Leanda events",
            "version": version,
            "description": "Facts and tasks that Leanda's contexts exchange over Kafka. Every value is a CloudEvent in "
            f"structured JSON of at most {limits.MAX_EVENT_BYTES // limits.KIB} KiB; larger bodies are artefacts, which "
            "events name by their digest.",
        },
        "defaultContentType": CLOUD_EVENT,
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": dict(sorted((*_sends(), *_receives(readers)))),
        "components": {
            "messages": {name: _message(name, schema_names) for name in sorted(REGISTRY)},  # type: ignore[arg-type]
            "schemas": _untitled(dict(sorted(definitions["$defs"].items()))),
        },
    }


def _types_of(topic: Topic) -> list[str]:
    return sorted(name for name, model in REGISTRY.items() if topic.name == model.TOPIC.name)


def _channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": topic.name,
        "description": f"Key: {topic.key}. Written by {_listed(topic.writers)}; read by {_listed(topic.readers)}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _types_of(topic)},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {"cleanup.policy": ["delete"], "retention.ms": topic.retention_ms},
                "bindingVersion": _BINDINGS,
            }
        },
    }


def _message(name: str, schema_names: Mapping[type[BaseModel], str]) -> dict[str, Any]:
    model = REGISTRY[name]
    data = {"$ref": f"#/components/schemas/{schema_names[model]}"}
    return {
        "name": name,
        "title": model.__name__,
        "summary": (inspect.getdoc(model) or "").partition("\n")[0],
        "contentType": CLOUD_EVENT,
        "correlationId": {"location": "$message.payload#/correlationid"},
        "payload": {
            "allOf": [
                {"$ref": f"#/components/schemas/{schema_names[Event]}"},
                {"type": "object", "properties": {"type": {"const": name}, "data": data}},
            ]
        },
        "bindings": {"kafka": {"key": {"type": "string", "description": model.TOPIC.key}, "bindingVersion": _BINDINGS}},
    }


def _sends() -> Iterator[tuple[str, dict[str, Any]]]:
    """A context sends the types that carry its name; a task goes out from everyone who may write its topic."""
    for topic in TOPICS:
        for writer in topic.writers:
            own = [name for name in _types_of(topic) if name.split(".")[1] == writer]
            yield from _operation(f"{writer}.send.{topic.name}", "send", topic.name, own)


def _receives(readers: Iterable[Reader]) -> Iterator[tuple[str, dict[str, Any]]]:
    for reader in readers:
        yield from _operation(f"{reader.name}.receive.{reader.topic}", "receive", reader.topic, sorted(reader.types))


def _operation(name: str, action: str, topic: str, types: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    if types:
        messages = [{"$ref": f"#/channels/{topic}/messages/{type_}"} for type_ in types]
        yield name, {"action": action, "channel": {"$ref": f"#/channels/{topic}"}, "messages": messages}


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "nobody yet"


def _untitled(schema: Any) -> Any:
    """Without the titles that pydantic makes from the names of members: they say nothing that the name does not."""
    if isinstance(schema, list):
        return [_untitled(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    # A member may itself be called `title`; then its value is a schema and no text.
    return {name: _untitled(value) for name, value in schema.items() if name != "title" or not isinstance(value, str)}
