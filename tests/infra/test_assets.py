"""Every staged function fits Lambda, ships byte code, and has exactly the wheels that it imports."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cdk import assets
from cdk.assets import Asset
from cdk.contexts import CONTEXTS
from cdk.contexts.table import Package

PACKAGES = [package.name for context in CONTEXTS for package in context.packages]


@pytest.mark.parametrize("name", PACKAGES)
def test_an_asset_has_no_problem(staging, name: str) -> None:
    (found,) = (one for one in assets.assets(staging) if one.package.name == name)
    assert list(found.problems()) == []


def test_wheels_are_seen_where_there_are_some(staging) -> None:
    shipped = {one.package.name: one.wheels() for one in assets.assets(staging)}
    assert set(shipped["parsers/tabular"]) == {"charset-normalizer", "python-calamine"}
    assert shipped["parsers/spectra"] == {}


def test_the_page_names_the_wheels_that_are_shipped(staging) -> None:
    rows = [line.split(" | ") for line in assets.PAGE.read_text().splitlines() if line.startswith("| ")][2:]
    shown = {row[0].removeprefix("| "): row[3].strip() for row in rows}
    shipped = {one.package.name: assets.named_wheels(one) for one in assets.assets(staging)}
    assert shown == shipped, "`make assets` writes the page anew"


@pytest.fixture
def made(tmp_path: Path) -> Asset:
    """A package that imports one wheel of two, which needs a third."""
    for name in ("asset/functions/own", "layer", "runtime"):
        (tmp_path / name).mkdir(parents=True)
    asset = tmp_path / "asset"
    for name, requires in (("used", "Requires-Dist: below>=1\n"), ("below", "")):
        wheel(asset, name, requires)
    module(asset, "functions/__init__.py", "")
    module(asset, "functions/own/__init__.py", "")
    module(asset, "functions/own/api.py", "def lambda_handler():\n    from functions.own import deep\n")
    module(asset, "functions/own/deep.py", "import json\nimport used.part\n")
    return Asset(Package("own", ()), asset, tmp_path / "layer", tmp_path / "runtime")


def wheel(folder: Path, name: str, requires: str = "") -> None:
    module(folder, f"{name}/__init__.py", "")
    told = folder / f"{name}-1.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{requires}\n")
    (told / "RECORD").write_text(f"{name}/__init__.py,,\n")


def module(folder: Path, path: str, text: str) -> None:
    from cdk.staging import _compile

    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    _compile(file, path)


def test_a_sound_asset_has_no_problem(made: Asset) -> None:
    assert list(made.problems()) == []


def test_a_wheel_that_nothing_imports_is_a_problem(made: Asset) -> None:
    wheel(made.path, "idle")
    assert list(made.problems()) == ["own ships idle and imports nothing of it"]


@pytest.mark.parametrize("text", ["import stranger", "def f():\n    from stranger.deep import x"])
def test_a_module_that_no_wheel_has_is_a_problem(made: Asset, text: str) -> None:
    module(made.path, "functions/own/other.py", text)
    assert list(made.problems()) == ["own imports stranger, and no wheel that it ships has it"]


def test_a_module_for_types_alone_is_none(made: Asset) -> None:
    module(
        made.path,
        "functions/own/other.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import stranger\n",
    )
    assert list(made.problems()) == []


def test_a_module_without_byte_code_is_a_problem(made: Asset) -> None:
    (made.path / "used" / "late.py").write_text("")
    assert list(made.problems()) == ["own ships used/late.py without byte code"]


def test_a_source_that_is_no_python_3_is_no_problem(made: Asset) -> None:
    (made.path / "used" / "old.py").write_text("print 'Python 2'")
    assert list(made.problems()) == []


def test_too_many_bytes_are_a_problem(made: Asset, monkeypatch: pytest.MonkeyPatch) -> None:
    size = replace(made).size()
    monkeypatch.setattr(assets, "MAX_BYTES", size)
    assert list(made.problems()) == []
    monkeypatch.setattr(assets, "MAX_BYTES", size - 1)
    assert list(made.problems()) == [f"own has {size} bytes with its layer; Lambda takes {size - 1}"]
