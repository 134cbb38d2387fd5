"""The modules of the repository as syntax trees."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from cdk.contexts import CONTEXTS
from cdk.staging import ROOT

LAYER = ROOT / "layers" / "shared" / "python"
PRODUCT = ("functions", "layers/shared/python/leanda", "cdk", "local", "cli", "client/leanda_client", "tools", "bench")


def modules(*folders: str) -> list[Path]:
    """Python modules below folders of the checkout."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def handlers() -> list[Path]:
    """The modules that Lambda calls, from the contexts' tables."""
    return sorted(
        ROOT / "functions" / package.name / f"{function.handler}.py"
        for context in CONTEXTS
        for package, function in context.functions()
    )


def comments_of(path: Path) -> Iterator[tuple[int, str]]:
    """Comments with their line."""
    for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def imported_by(tree: ast.Module) -> set[str]:
    """Top-level names of what a module imports, wherever in it."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.partition(".")[0])
    return found
