"""What happens when Lambda imports a function: nothing is built, nothing is asked, and only its own wheels are there."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cdk.contexts import CONTEXTS
from cdk.staging import ROOT, Staging
from tests.architecture.conftest import IMPORT_TIME

# What the Lambda runtime itself has: the same versions of boto3 and what it needs, in an environment of their own.
RUNTIME = ROOT / ".leanda" / "venvs" / "runtime"

# Imports a handler with an empty environment and without sockets, says what it cost, and then imports the other modules.
PROBE = """
import importlib, json, os, socket, sys, time

def refused(*_, **__):
    raise AssertionError("importing must not reach out")

handler, others = sys.argv[1], sys.argv[2:]
socket.socket.connect = refused
before = time.perf_counter()
module = importlib.import_module(handler)
milliseconds = (time.perf_counter() - before) * 1000
assert callable(module.lambda_handler)
assert not set(os.environ) - {"LC_CTYPE", "__CF_USER_TEXT_ENCODING"}, "importing set the environment"
assert "threading" not in sys.modules or sys.modules["threading"].active_count() == 1, "importing started a thread"
built = [name for name, value in vars(module).items() if type(value).__module__.startswith(("botocore.client", "pymongo"))]
assert not built, f"importing built {built}"
for name in others:
    importlib.import_module(name)
paths = sorted({found.__file__ for found in sys.modules.values() if getattr(found, "__file__", None)})
print(json.dumps({"milliseconds": milliseconds, "paths": paths}))
"""


@dataclass(frozen=True)
class Imported:
    """What a probe found: how long the handler took, and the files of everything that was imported."""

    milliseconds: float
    paths: list[str]


def probe(handler: str, others: list[str], path: list[Path]) -> Imported:
    """Import a handler, then other modules, in a fresh interpreter that sees only `path`."""
    program = f"import sys; sys.path[:0] = {[str(one) for one in path]!r}\n{PROBE}"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, handler, *others],
        env={},
        capture_output=True,
        text=True,
        timeout=120,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return Imported(**json.loads(done.stdout))


def runtime_wheels() -> Path:
    (folder,) = RUNTIME.glob("lib/python*/site-packages")
    return folder


PACKAGES = [package for context in CONTEXTS for package in context.packages]


@pytest.fixture(scope="module")
def staging(tmp_path_factory: pytest.TempPathFactory) -> Staging:
    return Staging(build=tmp_path_factory.mktemp("build"))


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_a_staged_package_imports_with_the_layer_and_its_own_wheels_only(
    package, staging: Staging, record_property: Callable[[str, object], None]
) -> None:
    """Each handler in an interpreter of its own; with the last one every other module too, because formats and toolkits
    are imported on first use and the handlers do not show that they are there."""
    layer, asset = staging.layer().path / "python", staging.package(package.name, package.wheels).path
    path = [asset, layer, runtime_wheels()]
    for function in package.functions:
        name = f"functions.{package.name.replace('/', '.')}.{function.handler}"
        others = modules_of(asset, package.name) if function is package.functions[-1] else []
        found = probe(name, others, path)
        record_property(IMPORT_TIME, (found.milliseconds, name))
        own = (*(str(one) for one in path), sys.base_prefix, "<")
        assert [one for one in found.paths if not one.startswith(own)] == [], (
            "something outside of the asset was imported"
        )


def modules_of(asset: Path, package: str) -> list[str]:
    """Every module of a staged package."""
    found = sorted((asset / "functions" / package).rglob("*.py"))
    return [".".join(path.relative_to(asset).with_suffix("").parts).removesuffix(".__init__") for path in found]


def test_the_probe_notices_what_is_not_staged(staging: Staging, tmp_path: Path) -> None:
    (tmp_path / "stranger.py").write_text("import moto\nlambda_handler = print\n")
    with pytest.raises(AssertionError, match="No module named 'moto'"):
        probe("stranger", [], [tmp_path, staging.layer().path / "python", runtime_wheels()])


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import os; os.environ['X'] = 'y'", "importing set the environment"),
        ("import os; os.environ['KAFKA_BOOTSTRAP']", "KAFKA_BOOTSTRAP"),
        ("import socket; socket.create_connection(('127.0.0.1', 9))", "must not reach out"),
        ("import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()", "started a thread"),
    ],
)
def test_the_probe_notices_a_module_that_does_something(tmp_path: Path, source: str, told: str) -> None:
    (tmp_path / "busy.py").write_text(f"{source}\nlambda_handler = print\n")
    with pytest.raises(AssertionError, match=told):
        probe("busy", [], [tmp_path])
