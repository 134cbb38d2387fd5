"""`leanda index`: steps of the maintaining functions, shown to a person."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.app import app
from cli.settings import State
from functions.search.orders import RebuildOrder, ReconcileOrder, rebuild, reconcile
from local import stack
from tests.unit.search.maintenance import Maintained

API = "http://127.0.0.1:1/api/v1"
Run = Callable[..., Any]


@pytest.fixture
def world() -> Maintained:
    return Maintained()


@pytest.fixture
def run(world: Maintained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command, with functions that run here and are always at the end of their time."""
    (tmp_path / ".leanda").mkdir()
    (tmp_path / ".leanda" / "outputs.json").write_text(json.dumps({"apiUrl": API}))

    def invoke(root: Path, function: str, event: bytes) -> tuple[bool, bytes]:
        order = json.loads(event) | {"seconds": 0}
        try:
            if function == "search-rebuild":
                answer = rebuild(RebuildOrder.model_validate(order), 0.0, world.rebuild)
            else:
                answer = reconcile(ReconcileOrder.model_validate(order), 0.0, world.reconciler)
        except Exception as error:
            return False, json.dumps({"errorMessage": str(error), "errorType": type(error).__name__}).encode()
        return True, json.dumps(answer).encode()

    monkeypatch.setattr(stack, "invoke", invoke)

    def command(*arguments: str) -> Any:
        return CliRunner().invoke(app, list(arguments), obj=State(root=tmp_path))

    return command


def test_a_rebuild_is_followed_to_its_end(run: Run, world: Maintained) -> None:
    for n in range(210):
        world.indexed(f"{n:03d}", 1)
    result = run("index", "rebuild")
    assert result.exit_code == 0, result.output
    assert "420 documents" in result.output
    assert "leanda-nodes-v2, leanda-records-v2" in result.output
    assert world.generations.number == 2


def test_a_rebuild_that_would_lose_something_says_what_can_be_done(run: Run, world: Maintained) -> None:
    world.indexed("a", 2)
    world.artefacts.bodies.clear()
    result = run("index", "rebuild")
    assert result.exit_code == 1
    assert "--accept-loss" in result.output
    assert run("index", "rebuild", "--abandon").exit_code == 0
    assert run("index", "rebuild", "--accept-loss").exit_code == 0
    assert run("index", "rebuild", "--abandon").exit_code == 1


def test_a_comparison_tells_what_it_found_and_repaired(run: Run, world: Maintained) -> None:
    for n in range(150):
        world.indexed(f"{n:03d}", 1)
    world.have("new", 3)
    result = run("index", "reconcile")
    assert result.exit_code == 0, result.output
    assert "151 files and folders compared, 4 documents written" in result.output
    assert "records missing" in result.output
    told = json.loads(run("index", "reconcile", "--json").stdout)
    assert (told["nodes"], told["written"]) == (151, 0)


def test_the_state_is_shown_before_and_after(run: Run, world: Maintained) -> None:
    assert "leanda-records-v1" in run("index", "status").output
    world.indexed("a", 2)
    run("index", "rebuild")
    world.round()
    output = run("index", "status").output
    assert "leanda-records-v2" in output
    assert "Done" in output
    assert "1 rounds" in output
    assert json.loads(run("index", "status", "--json").stdout)["rebuild"]["documents"] == 3


def test_elsewhere_it_says_how(run: Run) -> None:
    result = run("--api-url", "https://leanda.example.org/api/v1", "index", "rebuild")
    assert result.exit_code == 2
    assert "aws lambda invoke" in result.output
