"""The command in a terminal of 200 columns, against a Leanda in memory and a local cloud that is only told about."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.app import app
from cli.settings import State
from tests.unit.client.cloud import API, COGNITO, CloudInMemory

Run = Callable[..., Any]


@pytest.fixture
def cloud() -> CloudInMemory:
    return CloudInMemory()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout whose cloud is up."""
    root = tmp_path / "checkout"
    (root / ".leanda").mkdir(parents=True)
    outputs = {
        "apiUrl": API,
        "region": "eu-central-1",
        "awsEndpointUrl": COGNITO,
        "userPoolClientId": "client",
        "demoUser": "ada@example.org",
        "demoPassword": "secret",
    }
    (root / ".leanda" / "outputs.json").write_text(json.dumps(outputs))
    return root


@pytest.fixture
def run(root: Path, cloud: CloudInMemory, monkeypatch: pytest.MonkeyPatch) -> Run:
    for name in ("API_URL", "TOKEN", "USER", "PASSWORD", "CLIENT_ID", "REGION"):
        monkeypatch.delenv(f"LEANDA_{name}", raising=False)

    def invoke(*arguments: str, env: dict[str, str] | None = None) -> Any:
        state = State(root=root, transport=cloud.transport)
        result = CliRunner().invoke(app, list(arguments), obj=state, env=env)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return invoke


class StackError(Exception):
    pass


class FakeStack(ModuleType):
    """`local.stack` as the command sees it."""

    StackError = StackError

    def __init__(self, root: Path) -> None:
        super().__init__("local.stack")
        self.root, self.running = root, True

    def up(self, root: Path, *, say: Callable[[str], None]) -> dict[str, Any]:
        say("starting Kafka")
        self.running = True
        return {"apiUrl": API, "demoUser": "ada@example.org"}

    def down(self, root: Path, *, say: Callable[[str], None]) -> None:
        self.running = False
        say("stopped")

    def status(self, root: Path) -> list[dict[str, Any]]:
        return [{"name": "kafka", "state": "running" if self.running else "stopped", "pid": 7, "detail": "localhost:1"}]

    def function_names(self, root: Path) -> list[str]:
        return ["files-api", "users-api"]

    def function_log(self, root: Path, function: str) -> Path:
        if function not in self.function_names(root):
            raise StackError(f"There is no function {function}.")
        return self.root / f"{function}.log"

    def invoke(self, root: Path, function: str, event: bytes) -> tuple[bool, bytes]:
        return "bad" not in event.decode(), json.dumps({"echo": json.loads(event)}).encode()


@pytest.fixture
def stack(root: Path, monkeypatch: pytest.MonkeyPatch) -> FakeStack:
    import local

    fake = FakeStack(root)
    monkeypatch.setitem(sys.modules, "local.stack", fake)
    monkeypatch.setattr(local, "stack", fake, raising=False)
    return fake
