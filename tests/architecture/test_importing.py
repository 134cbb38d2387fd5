"""What happens when Lambda imports a function: nothing is built, nothing is asked, and only its own wheels are there."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cdk.contexts import CONTEXTS
from cdk.staging import ROOT, Staging

# What the Lambda runtime itself has: the same versions of boto3 and what it needs, in an environment of their own.
RUNTIME = ROOT / ".leanda" / "venvs" / "runtime"

# Imports modules with an empty environment, without sockets and subprocesses, and says what it cost.
PROBE = """
import importlib, json, os, socket, sys, time

def refused(*_, **__):
    raise AssertionError("importing a handler must not reach out")

wanted = json.loads(sys.argv[1])
found = {}
for name in wanted:
    socket.socket.connect = refused
    before = time.perf_counter()
    module = importlib.import_module(name)
    found[name] = {"ms": (time.perf_counter() - before) * 1000, "callable": callable(module.lambda_handler)}
found["environment"] = sorted(set(os.environ) - {"LC_CTYPE", "__CF_USER_TEXT_ENCODING"})
found["clients"] = "botocore.client" in sys.modules and any(
    type(value).__module__.startswith("botocore.client") for value in list(vars(module).values())
)
found["threads"] = sys.modules["threading"].active_count() if "threading" in sys.modules else 1
found["paths"] = sorted(
    {module.__file__ for module in sys.modules.values() if getattr(module, "__file__", None)}
)
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Imported:
    """What a probe found."""

    milliseconds: dict[str, float]
    paths: list[str]


def probe(names: list[str], path: list[Path]) -> Imported:
    """Import modules in a fresh interpreter that sees only `path`."""
    program = f"import sys; sys.path[:0] = {[str(one) for one in path]!r}\n{PROBE}"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, json.dumps(names)],
        env={},
        capture_output=True,
        text=True,
        timeout=120,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert found.pop("environment") == [], "something set the environment"
    assert found.pop("clients") is False, "importing built a client"
    assert found.pop("threads") == 1, "importing started a thread"
    paths = found.pop("paths")
    assert all(each["callable"] for each in found.values())
    return Imported({name: each["ms"] for name, each in found.items()}, paths)


def runtime_wheels() -> Path:
    (folder,) = RUNTIME.glob("lib/python*/site-packages")
    return folder


PACKAGES = [package for context in CONTEXTS for package in context.packages]


@pytest.fixture(scope="module")
def staging(tmp_path_factory: pytest.TempPathFactory) -> Staging:
    return Staging(build=tmp_path_factory.mktemp("build"))


@pytest.fixture(scope="module")
def import_times(request: pytest.FixtureRequest) -> Iterator[dict[str, float]]:
    """Collected by the tests below, and printed at the end."""
    collected: dict[str, float] = {}
    yield collected
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and collected:
        reporter.write_line("\nImport of each staged handler in a fresh interpreter, in ms on this machine:")
        for name, milliseconds in sorted(collected.items(), key=lambda item: -item[1]):
            reporter.write_line(f"{milliseconds:8.0f}  {name}")


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_a_staged_package_imports_with_the_layer_and_its_own_wheels_only(
    package, staging: Staging, import_times: dict[str, float]
) -> None:
    layer, asset = staging.layer().path / "python", staging.package(package.name, package.wheels).path
    for function in package.functions:
        name = f"functions.{package.name.replace('/', '.')}.{function.handler}"
        found = probe([name], [asset, layer, runtime_wheels()])
        import_times[name] = found.milliseconds[name]
        own = (str(asset), str(layer), str(runtime_wheels()), sys.base_prefix)
        strangers = [path for path in found.paths if not path.startswith(own) and not path.startswith("<")]
        assert strangers == [], "something outside of the asset was imported"


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_every_module_of_a_staged_package_finds_its_wheels(package, staging: Staging) -> None:
    """Formats and toolkits are imported on first use, so importing the handler does not show that they are there."""
    layer, asset = staging.layer().path / "python", staging.package(package.name, package.wheels).path
    own = sorted((asset / "functions" / package.name).rglob("*.py"))
    names = [".".join(path.relative_to(asset).with_suffix("").parts).removesuffix(".__init__") for path in own]
    program = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
    path = [str(one) for one in (asset, layer, runtime_wheels())]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:0] = {path!r}\n{program}", *names],
        env={}, capture_output=True, text=True, timeout=120, cwd="/",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]


def test_the_probe_notices_what_is_not_staged(staging: Staging, tmp_path: Path) -> None:
    (tmp_path / "stranger.py").write_text("import moto\nlambda_handler = print\n")
    with pytest.raises(AssertionError, match="No module named 'moto'"):
        probe(["stranger"], [tmp_path, staging.layer().path / "python", runtime_wheels()])


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import os; os.environ['X'] = 'y'", "something set the environment"),
        ("import os; os.environ['KAFKA_BOOTSTRAP']", "KAFKA_BOOTSTRAP"),
        ("import socket; socket.create_connection(('127.0.0.1', 9))", "must not reach out"),
        ("import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()", "started a thread"),
    ],
)
def test_the_probe_notices_a_module_that_does_something(tmp_path: Path, source: str, told: str) -> None:
    (tmp_path / "busy.py").write_text(f"{source}\nlambda_handler = print\n")
    with pytest.raises(AssertionError, match=told):
        probe(["busy"], [tmp_path])
