"""No regular expression of a reader needs more time for a megabyte than a record may take, whatever the megabyte.

Time is the processor's: a busy machine must not decide.
"""

from __future__ import annotations

import ast
import importlib
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

import pytest

from functions.parsers.building import ITEM_SECONDS
from leanda import limits
from tests.unit.parsers.attacks import attacks

ROOT: Final = Path(__file__).resolve().parents[3]
LAYER: Final = ROOT / "layers/shared/python"
FOLDERS: Final = ((ROOT, "functions/parsers"), (LAYER, "leanda/parsing"))
ALONE: Final = ("leanda/statistics.py", "leanda/rounding.py", "leanda/structures.py")
METHODS: Final[dict[str, Callable[[re.Pattern[Any], Any], object]]] = {
    "match": lambda pattern, text: pattern.match(text),
    "fullmatch": lambda pattern, text: pattern.fullmatch(text),
    "finditer": lambda pattern, text: sum(1 for _ in pattern.finditer(text)),
}
EVERYWHERE: Final = frozenset({"search", "split", "sub", "findall", "finditer"})
"""Those that look for a match at every place; `finditer` does so to the end."""
SHORT_TEXTS: Final = {
    "functions.parsers.tabular.formats.rows._PLAIN_ROW": "it is given whole lines",
}
"""Expressions that never see such a text, and why."""


def _modules() -> list[str]:
    paths = [path.relative_to(root) for root, folder in FOLDERS for path in sorted((root / folder).rglob("*.py"))]
    return [".".join(path.with_suffix("").parts) for path in [*paths, *map(Path, ALONE)]]


def _used(module: Any) -> dict[tuple[str, str], re.Pattern[Any]]:
    """The module's expressions by name and by how each is used, the same use once; one that is handed on is taken to search."""
    patterns = {name: value for name, value in vars(module).items() if isinstance(value, re.Pattern)}
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    uses = {
        (node.value.id, node.attr)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.attr in EVERYWHERE.union(METHODS)
    }
    handed_on = {(name, "finditer") for name in patterns if name not in {used for used, _ in uses}}
    through = {name for name, method in uses if method in EVERYWHERE}
    once = {(name, "finditer") if name in through else (name, method) for name, method in uses | handed_on}
    return {use: patterns[use[0]] for use in sorted(once) if use[0] in patterns}


@contextmanager
def processor_seconds(most: float) -> Iterator[None]:
    def over(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"more than {most} seconds of the processor")

    before = signal.signal(signal.SIGPROF, over)
    signal.setitimer(signal.ITIMER_PROF, most)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


EXPRESSIONS: Final = [
    pytest.param(pattern, method, id=f"{name}.{of}.{method}")
    for name in _modules()
    for (of, method), pattern in _used(importlib.import_module(name)).items()
    if f"{name}.{of}" not in SHORT_TEXTS
]


@pytest.mark.parametrize(("pattern", "method"), EXPRESSIONS)
@pytest.mark.timeout(300)
def test_a_megabyte_of_what_it_looks_for_ends_in_time(pattern: re.Pattern[Any], method: str) -> None:
    for text in attacks(pattern, limits.MIB):
        given = text if isinstance(pattern.pattern, str) else text.encode("latin-1", "replace")
        with processor_seconds(ITEM_SECONDS):
            METHODS[method](pattern, given)
