"""`docs/limits.md`: every limit, from `leanda.limits`. A limit's sentence is the string below its assignment."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from leanda import limits
from leanda.contracts.topics import TOPICS
from tools.generate.places import ROOT
from tools.generate.tables import page, table

_UNITS: Final = frozenset({"KIB", "MIB", "GIB"})


def limits_page() -> str:
    rows = [(f"`{name}`", shown(name, getattr(limits, name)), sentence) for name, sentence in _named()]
    topics = [
        (
            f"`{t.name}`",
            str(t.partitions),
            f"{t.retention_ms // 86_400_000} days",
            t.key,
            ", ".join(t.writers),
            ", ".join(t.readers),
        )
        for t in TOPICS
    ]
    return page(
        "Limits",
        "What Leanda accepts and how long it waits. The values stand in `layers/shared/python/leanda/limits.py`.",
        table(("Limit", "Value", "Meaning"), rows),
        "## Topics",
        table(("Topic", "Partitions", "Retention", "Key", "Written by", "Read by"), topics),
    )


def _named() -> Iterator[tuple[str, str]]:
    body = ast.parse((ROOT / "layers/shared/python/leanda/limits.py").read_text()).body
    for statement, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            name = statement.target.id
            described = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
            if name not in _UNITS:
                yield name, str(following.value.value) if described else _words(name)  # type: ignore[union-attr]


def _words(name: str) -> str:
    """`MAX_FOLDER_DEPTH` → `Most folder depth.`: what the name says, where it says all."""
    text = name.removeprefix("MAX_").replace("_", " ").lower()
    return f"At most: {text}." if name.startswith("MAX_") else f"{text.capitalize()}."


def shown(name: str, value: float) -> str:
    """A value with its unit, in the form that people use."""
    if name.endswith("_BYTES"):
        for unit, size in (("GiB", limits.GIB), ("MiB", limits.MIB), ("KiB", limits.KIB)):
            if value % size == 0:
                return f"{value // size:g} {unit}"
        return f"{value:,} bytes"
    if name.endswith("_SECONDS"):
        for unit, seconds in (("h", 3600), ("min", 60)):
            if value % seconds == 0:
                return f"{value // seconds:g} {unit}"
        return f"{value:g} s"
    return f"{value:,}"
