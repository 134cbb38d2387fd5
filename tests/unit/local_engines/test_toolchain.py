import ast
from pathlib import Path

import pytest

from local.toolchain import bootstrap, lock, machine

TOOLCHAIN = Path(bootstrap.__file__).parent
REQUIREMENTS = bootstrap.REQUIREMENTS


@pytest.mark.parametrize(
    "path", [*sorted(TOOLCHAIN.glob("*.py")), TOOLCHAIN.parent / "__init__.py"], ids=lambda path: path.name
)
def test_what_runs_before_any_environment_is_valid_on_python_38(path: Path) -> None:
    ast.parse(path.read_text(), feature_version=(3, 8))


@pytest.mark.parametrize("name", lock.SETS)
def test_locked_requirements_pin_everything_and_name_no_address(name: str) -> None:
    text = (REQUIREMENTS / f"{name}.txt").read_text()
    assert lock.addresses(text) == []
    pins = [line for line in text.splitlines() if line and line[0] not in " #"]
    assert pins
    assert all("==" in line and line.endswith("\\") for line in pins)


def test_every_set_of_requirements_is_locked() -> None:
    assert {path.stem for path in REQUIREMENTS.glob("*.in")} == set(lock.SETS)


@pytest.mark.parametrize("mark", ["--index-url https://a.example/simple", "a @ https://a.example/a.whl"])
def test_an_address_in_requirements_is_found(mark: str) -> None:
    assert lock.addresses(f"a==1\n{mark}\n") == [mark]


@pytest.mark.parametrize("name", ["layer", "indigo", "processor", "tabular"])
def test_layers_do_not_carry_the_runtimes_own_boto3(name: str) -> None:
    text = (REQUIREMENTS / f"{name}.txt").read_text()
    assert not any(line.startswith(("boto3==", "botocore==")) for line in text.splitlines())


def test_uv_is_pinned_with_a_hash_for_every_platform() -> None:
    pin = bootstrap.uv_pin((REQUIREMENTS / "dev.txt").read_text())
    assert pin.startswith("uv==")
    assert pin.count("--hash=sha256:") > 10
    assert not pin.rstrip().endswith("\\")
    assert [line for line in pin.splitlines() if "==" in line] == [pin.splitlines()[0]]


def test_an_environment_is_fresh_only_for_the_requirements_it_was_made_from(tmp_path: Path) -> None:
    requirements, folder = tmp_path / "dev.txt", tmp_path / "venv"
    requirements.write_text("a==1\n")
    (folder / "bin").mkdir(parents=True)
    assert not bootstrap.is_fresh(folder, requirements)
    (folder / "requirements.sha256").write_text(bootstrap.stamp_of(requirements) + "\n")
    assert not bootstrap.is_fresh(folder, requirements), "the interpreter is gone"
    (folder / "bin" / "python").touch()
    assert bootstrap.is_fresh(folder, requirements)
    requirements.write_text("a==2\n")
    assert not bootstrap.is_fresh(folder, requirements)


def interpreter(path: Path, says: str) -> str:
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\n{says}\n")
    path.chmod(0o755)
    return str(path)


def test_a_python_that_only_pretends_to_exist_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shim = interpreter(tmp_path / "shims" / "python3.13", "echo 'pyenv: command not found' >&2; exit 127")
    pyenv = interpreter(tmp_path / "pyenv" / "versions" / "3.13.9" / "bin" / "python3.13", "echo 3.13")
    for name in ("PYTHON313", "UV_PYTHON"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(Path(shim).parent))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setattr(bootstrap.sys, "executable", shim)
    assert bootstrap.find_python() == pyenv
    named = interpreter(tmp_path / "named" / "python", "echo 3.13")
    monkeypatch.setenv("PYTHON313", named)
    assert bootstrap.find_python() == named


def test_uv_learns_the_index_that_only_pip_was_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configuration = tmp_path / "pip.conf"
    configuration.write_text("[global]\nindex-url = https://pip.example/simple\ncert = /etc/company.pem\n")
    for name in ("UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX", "PIP_INDEX_URL", "PIP_CERT", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(configuration))
    environment = machine.uv_environment()
    assert environment["UV_DEFAULT_INDEX"] == "https://pip.example/simple"
    assert environment["SSL_CERT_FILE"] == "/etc/company.pem"
    monkeypatch.setenv("PIP_INDEX_URL", "https://variable.example/simple")
    assert machine.uv_environment()["UV_DEFAULT_INDEX"] == "https://variable.example/simple"
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://uv.example/simple")
    assert machine.uv_environment()["UV_DEFAULT_INDEX"] == "https://uv.example/simple"


def test_the_cache_can_be_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEANDA_CACHE", str(tmp_path))
    assert machine.cache_root() == tmp_path
    monkeypatch.delenv("LEANDA_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert machine.cache_root() == tmp_path / ".cache" / "leanda"
