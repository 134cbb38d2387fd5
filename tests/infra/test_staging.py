"""A staged function holds its own package and its own wheels, and is the same for the same sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdk.app import prune
from cdk.contexts import CONTEXTS
from cdk.staging import IN_THE_RUNTIME, Staging, _pinned

PACKAGES = [package for context in CONTEXTS for package in context.packages]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small checkout with two contexts and two parsers."""
    for name in (
        "functions/__init__.py",
        "functions/files/__init__.py",
        "functions/files/api.py",
        "functions/files/tests/test_api.py",
        "functions/users/api.py",
        "functions/parsers/__init__.py",
        "functions/parsers/building.py",
        "functions/parsers/chemical/__init__.py",
        "functions/parsers/chemical/formats/sdf.py",
        "functions/parsers/tabular/__init__.py",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("X = 1\n")
    return tmp_path


def modules(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.py"))


def test_a_package_holds_no_sibling(checkout):
    asset = Staging(checkout).package("files")
    assert modules(asset.path) == ["functions/__init__.py", "functions/files/__init__.py", "functions/files/api.py"]


def test_a_parser_holds_what_all_parsers_share_and_no_other_kind(checkout):
    asset = Staging(checkout).package("parsers/chemical")
    assert modules(asset.path) == [
        "functions/__init__.py",
        "functions/parsers/__init__.py",
        "functions/parsers/building.py",
        "functions/parsers/chemical/__init__.py",
        "functions/parsers/chemical/formats/sdf.py",
    ]


def test_byte_code_is_beside_every_module(checkout):
    asset = Staging(checkout).package("files")
    for module in asset.path.rglob("*.py"):
        assert list(module.parent.glob(f"__pycache__/{module.stem}.*.pyc"))


def test_the_same_sources_give_the_same_hash_and_are_not_built_again(checkout):
    first = Staging(checkout).package("files")
    marker = first.path / "marker"
    marker.touch()
    assert Staging(checkout).package("files") == first
    assert marker.exists()


def test_a_change_changes_only_the_package_it_is_in(checkout):
    before = {name: Staging(checkout).package(name).digest for name in ("files", "users")}
    (checkout / "functions/files/api.py").write_text("X = 2\n")
    after = {name: Staging(checkout).package(name) for name in ("files", "users")}
    assert after["files"].digest != before["files"]
    assert after["users"].digest == before["users"]
    assert (after["files"].path / "functions/files/api.py").read_text() == "X = 2\n"


def test_a_removed_module_is_no_longer_staged(checkout):
    Staging(checkout).package("files")
    (checkout / "functions/files/api.py").unlink()
    assert "functions/files/api.py" not in modules(Staging(checkout).package("files").path)


def test_requirements_keep_their_hashes_and_lose_what_the_runtime_has():
    kept = "pydantic==2.1 ; python_version > '3' \\\n    --hash=sha256:bb \\\n    --hash=sha256:cc\n"
    text = f"boto3==1.2 \\\n    --hash=sha256:aa\n    # via x\n{kept}    # via y\n"
    assert _pinned(text, IN_THE_RUNTIME) == kept


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_a_real_package_holds_only_itself(staging, package):
    asset = staging.package(package.name, package.wheels)
    own = f"functions/{package.name}/"
    for module in modules(asset.path / "functions"):
        place = f"functions/{module}"
        assert (
            place.startswith(own)
            or place.count("/") == 1
            or place.rpartition("/")[0] == own.rpartition("/")[0].rpartition("/")[0]
        )
        assert "/tests/" not in place


def test_the_layer_has_leanda_and_no_copy_of_what_the_runtime_brings(staging):
    inside = {path.name for path in (staging.layer().path / "python").iterdir()}
    assert {"leanda", "pydantic", "pymongo", "confluent_kafka", "aws_lambda_powertools"} <= inside
    assert not inside & {"boto3", "botocore", "s3transfer", "jmespath", "urllib3"}


def test_function_and_layer_stay_below_the_limit_of_lambda(staging):
    def size(folder: Path) -> int:
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())

    layer = size(staging.layer().path)
    for package in PACKAGES:
        assert layer + size(staging.package(package.name, package.wheels).path) < 250 * 1024 * 1024


def test_copies_of_assets_that_are_no_longer_named_are_removed(tmp_path):
    for name in ("asset.new", "asset.old"):
        (tmp_path / name).mkdir()
    (tmp_path / "x.assets.json").write_text('{"files": {"a": {"source": {"path": "asset.new"}}}}')
    prune(tmp_path)
    assert (tmp_path / "asset.old").exists(), "a running local cloud may still use what was named an hour ago"
    prune(tmp_path, older_than=-1)
    assert [path.name for path in tmp_path.glob("asset.*")] == ["asset.new"]
