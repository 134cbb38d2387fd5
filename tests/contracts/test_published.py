"""What is published is whole: every reference leads somewhere, every route and consumer is in it, and nothing is stale."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cdk.contexts import CONTEXTS
from leanda.contracts.registry import REGISTRY
from leanda.contracts.topics import TOPICS
from tools.generate.__main__ import differences, generated, readers
from tools.generate.places import ROOT
from tools.generate.settings import KEYS

DOCUMENTS = ("docs/openapi.json", "events/schemas/asyncapi.json")


def document(path: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / path).read_text())
    return found


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from nodes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from nodes(inner)


def test_committed_files_are_what_the_code_says() -> None:
    assert list(differences(generated())) == [], "`make generate` writes them anew"


@pytest.mark.parametrize("path", DOCUMENTS)
def test_every_reference_leads_somewhere(path: str) -> None:
    whole = document(path)
    references = {node["$ref"] for node in nodes(whole) if isinstance(node.get("$ref"), str)}
    assert references
    for reference in references:
        target: Any = whole
        for part in reference.removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/")]
        assert target is not None


@pytest.mark.parametrize("path", DOCUMENTS)
def test_every_component_schema_is_valid_and_used(path: str) -> None:
    whole = document(path)
    used = {node["$ref"].rpartition("/")[2] for node in nodes(whole) if isinstance(node.get("$ref"), str)}
    for name, schema in whole["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert name in used


def test_asyncapi_has_every_topic_type_and_consumer() -> None:
    whole = document("events/schemas/asyncapi.json")
    assert whole["channels"].keys() == {topic.name for topic in TOPICS}
    assert whole["components"]["messages"].keys() == REGISTRY.keys()
    in_channels = {name for channel in whole["channels"].values() for name in channel["messages"]}
    assert in_channels == REGISTRY.keys()
    receiving = {name for name, operation in whole["operations"].items() if operation["action"] == "receive"}
    assert receiving == {f"{reader.name}.receive.{reader.topic}" for reader in readers()}
    sent = {
        m["$ref"].rpartition("/")[2]
        for o in whole["operations"].values()
        if o["action"] == "send"
        for m in o["messages"]
    }
    assert sent == REGISTRY.keys(), "every type has a writer"


def test_openapi_has_every_route_of_api_gateway() -> None:
    whole = document("docs/openapi.json")
    described = {
        f"{method.upper()} {re.sub(r'{[^}]+}', '{}', path)}"
        for path, methods in whole["paths"].items()
        for method in methods
    }
    routes = {f"{r.method} /v1{re.sub(r'{[^}]+}', '{}', r.path)}" for context in CONTEXTS for r in context.routes}
    assert described == routes | {"GET /v1/version"}


def test_operations_have_unique_names_errors_and_tags_that_are_explained() -> None:
    whole = document("docs/openapi.json")
    operations = [operation for methods in whole["paths"].values() for operation in methods.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    explained = {tag["name"] for tag in whole["tags"]}
    for operation in operations:
        assert set(operation["tags"]) <= explained
        assert operation["summary"]
        if operation.get("security") != []:
            assert {"400", "401", "429", "503"} <= operation["responses"].keys()


def test_every_setting_that_a_function_reads_is_one_that_it_may_be_given() -> None:
    """Fields of settings classes and keys of the template speak of the same environment."""
    import functions.blobs.settings
    import functions.files.settings
    import functions.parsers.building
    import functions.platform.settings
    import functions.processor.bootstrap
    import functions.search.settings
    import functions.users.settings  # noqa: F401 - the classes register themselves below Settings
    from leanda.settings import Settings

    def below(cls: type[Settings]) -> Iterator[type[Settings]]:
        yield cls
        for child in cls.__subclasses__():
            yield from below(child)

    required = {
        name.upper()
        for cls in below(Settings)
        if cls.__module__.startswith(("leanda.", "functions."))
        for name, field in cls.model_fields.items()
        if field.is_required()
    }
    assert required <= KEYS.keys()


@pytest.mark.parametrize(
    "page", ["README.md", "CHANGELOG.md", *sorted(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))]
)
def test_every_link_of_a_page_leads_to_a_file(page: str) -> None:
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", (ROOT / page).read_text()):
        if not link.startswith(("http://", "https://")):
            assert ((ROOT / page).parent / link).exists(), link


def test_every_decision_is_listed_and_whole() -> None:
    """Context, decision, consequences, and what was turned down."""
    folder = ROOT / "docs" / "adr"
    listed = set(re.findall(r"\]\(([^)]+)\)", (folder / "README.md").read_text()))
    decisions = {path.name: path.read_text() for path in folder.glob("0*.md")}
    assert listed == decisions.keys()
    for name, text in decisions.items():
        for heading in ("Context", "Decision", "Consequences", "Rejected"):
            assert f"\n## {heading}\n" in text, f"{name} has no {heading}"
