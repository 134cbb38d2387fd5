"""House rules that can be read off the sources."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.architecture.operators import ALLOWED, WHY, operators_in
from tests.architecture.sources import PRODUCT, comments_of, handlers, imported_by, modules, name_of, tree_of

HANDLER_LINES = 80
MODULE_LINES = 500
# A Lambda handler names its trigger's library at most through the layer.
SDKS = {
    "boto3",
    "botocore",
    "pymongo",
    "confluent_kafka",
    "opensearchpy",
    "urllib3",
    "requests",
    "httpx",
    "valkey",
    "indigo",
}
# The API of the files context lists every route of it in one place; each is one line of glue.
LONG_TABLES_OF_ROUTES = {"functions/files/api.py": 190}


def each(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=name_of)


@each(handlers())
def test_a_handler_is_glue(path: Path) -> None:
    """It parses, calls one use case and maps the result."""
    tree = tree_of(path)
    assert ast.get_docstring(tree), "a handler says what wakes it and what it emits"
    assert len(path.read_text().splitlines()) <= LONG_TABLES_OF_ROUTES.get(name_of(path), HANDLER_LINES)
    for node in ast.walk(tree):
        assert not isinstance(node, ast.Try | ast.TryStar), f"line {node.lineno}: errors are handled by the layer"
    assert not imported_by(tree) & SDKS
    assert not any(name.endswith(".adapters") for name in _imports(tree)), "adapters are for bootstrap"


@each(handlers())
def test_a_handler_says_its_trigger(path: Path) -> None:
    said = ast.get_docstring(tree_of(path)) or ""
    assert re.search(r"^Trigger: ", said, re.MULTILINE)


@each(handlers())
def test_the_entry_point_comes_last(path: Path) -> None:
    """A reader finds it where the story ends: nothing but private helpers may follow."""
    body = tree_of(path).body
    names = [_defined(statement) for statement in body]
    position = names.index("lambda_handler")
    assert all((name or "_").startswith("_") for name in names[position + 1 :])


def test_a_module_is_one_idea() -> None:
    long = {name_of(path): len(path.read_text().splitlines()) for path in modules(*PRODUCT, "tests")}
    assert {name: lines for name, lines in long.items() if lines > MODULE_LINES} == {}, "is each of them two ideas?"


def test_nothing_is_left_to_do() -> None:
    left = [
        f"{name_of(path)}:{line}: {comment}"
        for path in modules(*PRODUCT, "tests")
        for line, comment in comments_of(path)
        if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", comment)
    ]
    assert left == []


def test_tests_use_working_fakes() -> None:
    """No `mock.patch`; a `Mock` only with `spec`, so that it cannot agree to what the real thing refuses."""
    assert list(offences(modules("tests", "bench"), mocking)) == []


def test_only_operators_that_documentdb_has_are_used() -> None:
    def unknown(node: ast.AST) -> str | None:
        found = next((operator for _, operator in operators_in(node) if operator not in ALLOWED), None)
        why = WHY.get(found or "", "look it up in DocumentDB 5.0's list and in what the local store differs in")
        return f"{found}: {why}" if found and isinstance(node, ast.Constant) else None

    assert list(offences(STORING, unknown)) == []


def test_no_update_by_pipeline_no_transaction_no_find_and_modify() -> None:
    """Updates by pipeline are not DocumentDB's; `find_one_and_*` always scans in the local store; one update is enough."""
    assert list(offences(STORING, beyond_one_update)) == []


def test_the_environment_is_read_by_settings_only() -> None:
    """And by composition roots, for the region that Lambda itself sets. The guard's child is given a scrubbed one."""

    def reads(node: ast.AST) -> str | None:
        return "reads" if isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.getenv"} else None

    named = {"messaging/auth.py", "observability.py"}
    others = [
        path
        for path in STORING
        if path.name not in {"settings.py", "bootstrap.py", "building.py"}
        and "leanda/guard/" not in name_of(path)
        and not name_of(path).endswith(tuple(f"python/leanda/{name}" for name in named))
    ]
    assert list(offences(others, reads)) == []


STORING = modules("functions", "layers/shared/python/leanda")


def offences(paths: list[Path], judge: Callable[[ast.AST], str | None]) -> Iterator[str]:
    """Where a rule is broken, and how."""
    for path in paths:
        for node in ast.walk(tree_of(path)):
            if (told := judge(node)) is not None:
                yield f"{name_of(path)}:{getattr(node, 'lineno', 0)}: {told}"


def mocking(node: ast.AST) -> str | None:
    if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("unittest"):
        return "imports patch" if "patch" in {name.name for name in node.names} else None
    if isinstance(node, ast.Attribute) and re.search(r"\bmock\.patch\b|\bmocker\.", ast.unparse(node)):
        return ast.unparse(node)
    if isinstance(node, ast.Call) and _last(node.func) in {"Mock", "MagicMock", "AsyncMock"}:
        return None if {keyword.arg for keyword in node.keywords} & {"spec", "spec_set"} else "a Mock without spec"
    return None


def beyond_one_update(node: ast.AST) -> str | None:
    if not isinstance(node, ast.Call):
        return None
    called = _last(node.func)
    if called.startswith("find_one_and_") or called in {
        "start_session",
        "start_transaction",
        "with_transaction",
        "watch",
    }:
        return called
    by_pipeline = called in {"update_one", "update_many"} and len(node.args) > 1 and isinstance(node.args[1], ast.List)
    return "an update by pipeline" if by_pipeline else None


@pytest.mark.parametrize(
    ("judge", "source"),
    [
        (mocking, "from unittest.mock import patch"),
        (mocking, "mock.patch('x')"),
        (mocking, "Mock(return_value=1)"),
        (beyond_one_update, "c.find_one_and_update({}, {})"),
        (beyond_one_update, "c.update_one({}, [{'$set': {}}])"),
    ],
)
def test_the_rules_notice_what_breaks_them(judge: Callable[[ast.AST], str | None], source: str) -> None:
    assert any(judge(node) for node in ast.walk(ast.parse(source)))


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('c.find({"a": {"$facet": 1}})', ["$facet"]),
        ('update["$set"] = 1', ["$set"]),
        ('{"$ref": "#/x"}', []),
        ('"costs $five today"', []),
    ],
)
def test_operators_are_found_where_they_are_used(source: str, found: list[str]) -> None:
    assert [operator for _, operator in operators_in(ast.parse(source))] == found


def _imports(tree: ast.Module) -> set[str]:
    return {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def _last(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _defined(statement: ast.stmt) -> str | None:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return statement.name
    if isinstance(statement, ast.Assign):
        return getattr(statement.targets[0], "id", None)
    return None
