"""What counts as a breaking change of an event, and how it is told."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import Field, create_model

from leanda.contracts.base import Contract
from leanda.contracts.schemas import schema_of
from tools.generate import __main__ as generator
from tools.generate.compatibility import breaking_changes, next_major


class Inner(Contract):
    code: str


class Published(Contract):
    """A body as it was published."""

    file_id: str
    run: int = Field(ge=1)
    name: str | None = None
    inner: Inner | None = None
    parts: tuple[Inner, ...] = ()


def changes(current: type[Contract]) -> list[str]:
    return breaking_changes(schema_of(Published, "urn:x"), schema_of(current, "urn:x"))


def variant(**fields: Any) -> type[Contract]:
    """The published model with some members changed (`...` in the first place: removed)."""
    kept = {name: (field.annotation, field) for name, field in Published.model_fields.items() if name not in fields}
    changed = {name: field for name, field in fields.items() if field is not None}
    return create_model("Published", __base__=Contract, **(kept | changed))


@pytest.mark.parametrize(
    "addition",
    [
        {},
        {"size": (int, 0)},
        {"size": (int | None, None)},
        {"note": (Inner | None, None)},
        {"name": (str | None, Field(default=None, description="said better"))},
    ],
)
def test_optional_members_may_be_added_and_descriptions_improved(addition: dict[str, Any]) -> None:
    assert changes(variant(**addition)) == []


class Demanding(Inner):
    place: str


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": None}, "data.name: the member was removed"),
        ({"size": (int, ...)}, "data.size: the member is required now, and events without it exist"),
        ({"name": (str, ...)}, "data.name: the member is required now, and events without it exist"),
        (
            {"file_id": (str, "")},
            "data.fileId: the member is no longer required, and older readers refuse events without it",
        ),
        ({"run": (str, ...)}, "data.run: the type was integer and is string"),
        ({"file_id": (str | int, ...)}, "data.fileId: the type was string and is integer or string"),
        ({"run": (int, Field(ge=2))}, "data.run: minimum was 1 and is 2"),
        ({"run": (int, ...)}, "data.run: minimum was 1 and is None"),
        ({"file_id": (str, Field(max_length=36))}, "data.fileId: maxLength was None and is 36"),
        (
            {"inner": (Demanding | None, None)},
            "data.inner.place: the member is required now, and events without it exist",
        ),
        (
            {"parts": (tuple[Demanding, ...], ())},
            "data.parts[].place: the member is required now, and events without it exist",
        ),
    ],
)
def test_everything_that_an_older_reader_or_event_would_trip_over_is_told(change: dict[str, Any], told: str) -> None:
    assert changes(variant(**change)) == [told]


def test_values_of_an_enumeration_may_neither_go_nor_come() -> None:
    before = {"type": "object", "properties": {"state": {"type": "string", "enum": ["Open", "Closed"]}}}
    after = {"type": "object", "properties": {"state": {"type": "string", "enum": ["Open", "Ended"]}}}
    assert breaking_changes(before, after) == [
        "data.state: the value 'Closed' was removed",
        "data.state: the value 'Ended' is new, and older readers refuse it",
    ]


def test_the_next_major_version_of_a_type() -> None:
    assert next_major("leanda.files.file.created.v1") == "leanda.files.file.created.v2"
    assert next_major("leanda.files.file.created.v9") == "leanda.files.file.created.v10"


def test_the_generator_refuses_and_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "leanda.users.user.created.v1"
    current = generator.event_schemas()
    current[name]["required"] = ["userId", "email"]
    monkeypatch.setattr(generator, "event_schemas", lambda: current)
    assert generator.main([]) == 1
    told = capsys.readouterr().err
    assert f"{name}: data.email: the member is required now" in told
    assert "leanda.users.user.created.v2" in told
    assert "delete events/schemas/leanda.users.user.created.v1.json" in told
