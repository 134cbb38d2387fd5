"""`docs/error-codes.md`: every code that a caller, an event or a record can carry.

Errors are classes and are collected by importing the modules that define them. Codes of record issues, and of verdicts that have
no class, stand as literals where they are made and are found in the syntax trees; a code that is built at run time would be missed,
so `tests/contracts/test_error_codes.py` reads bad files and looks for what they give.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cdk.components.public_api import GATEWAY_ERRORS
from leanda.errors import LeandaError
from tools.generate.places import ROOT
from tools.generate.tables import page, table

_CODE: Final = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_LAYER: Final = ROOT / "layers" / "shared" / "python"
_SOURCES: Final = (_LAYER / "leanda", ROOT / "functions")
_ISSUE_SOURCES: Final = ("functions/parsers", "functions/processor", "layers/shared/python/leanda/parsing")
_VERDICT_SOURCES: Final = ("functions/files", "functions/blobs", "functions/deadletters")


@dataclass(frozen=True)
class Issue:
    """A code of a record's issue, with the messages it stands beside and the modules that give it."""

    code: str
    messages: tuple[str, ...]
    places: tuple[str, ...]


def error_codes() -> str:
    rows = [
        (f"`{error.code}`", str(error.status), "yes" if error.transient else "no", error.summary, f"`{name}`")
        for name, error in _errors()
    ]
    gateway = sorted({(code, str(status or "4xx, 5xx"), sentence) for _, status, code, sentence in GATEWAY_ERRORS})
    return page(
        "Error codes",
        "A code never changes its meaning. The sentence is for people; `detail` in timelines and logs is for engineers. "
        "*Transient* says that the same call may succeed later without anybody changing anything.",
        "## Errors",
        "What an API answers as `application/problem+json` (with the HTTP status), what ends a file (`failure.code`), and what a "
        "dead letter carries.",
        table(("Code", "HTTP", "Transient", "Sentence", "Class"), rows),
        "## Verdicts",
        "Codes of a file's `failure`, or of a dead letter, that follow from a run, an upload or a delivery.",
        table(("Code", "Given in"), [(f"`{one.code}`", ", ".join(f"`{p}`" for p in one.places)) for one in verdicts()]),
        "## From API Gateway",
        "Answered before any function runs, with the same members.",
        table(("Code", "HTTP", "Sentence"), [(f"`{code}`", status, sentence) for code, status, sentence in gateway]),
        "## Issues of records",
        "In `issues[].code` of a record, with severity and place. Braces stand for what is filled in.",
        table(
            ("Code", "Message", "Given in"),
            [
                (
                    f"`{one.code}`",
                    " / ".join(one.messages) or "*(made where it is given)*",
                    ", ".join(f"`{p}`" for p in one.places),
                )
                for one in issues()
            ],
        ),
    )


def _errors() -> list[tuple[str, type[LeandaError]]]:
    for path in _with_errors():
        importlib.import_module(_module(path))
    found = {(error.code, f"{error.__module__}.{error.__name__}"): error for error in _kinds(LeandaError)}
    return [(name, error) for (_, name), error in sorted(found.items())]


def _with_errors() -> list[Path]:
    """Modules that define an error. Only these are imported: a format's module would load its toolkit."""
    classes = [
        (path, node.name, {ast.unparse(base).rpartition(".")[2] for base in node.bases})
        for source in _SOURCES
        for path in sorted(source.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    ]
    names = {LeandaError.__name__}
    while more := {name for _, name, bases in classes if bases & names} - names:
        names |= more
    return sorted({path for path, name, bases in classes if bases & names})


def _kinds(error: type[LeandaError]) -> Iterator[type[LeandaError]]:
    # A class that inherits its code adds no row: it only says more about the same error.
    if "code" in vars(error) and error.__module__.partition(".")[0] in {"leanda", "functions"}:
        yield error
    for kind in error.__subclasses__():
        yield from _kinds(kind)


def _module(path: Path) -> str:
    base = _LAYER if path.is_relative_to(_LAYER) else ROOT
    return ".".join(path.relative_to(base).with_suffix("").parts).removesuffix(".__init__")


def issues() -> list[Issue]:
    """Codes of record issues, by name."""
    return _literals(_ISSUE_SOURCES)


def verdicts() -> list[Issue]:
    """Codes given to files without an error class."""
    return _literals(_VERDICT_SOURCES)


def _literals(sources: tuple[str, ...]) -> list[Issue]:
    messages: dict[str, set[str]] = {}
    places: dict[str, set[str]] = {}
    for source in sources:
        for path in sorted((ROOT / source).rglob("*.py")):
            for code, message in _in_module(ast.parse(path.read_text())):
                places.setdefault(code, set()).add(path.relative_to(ROOT).as_posix())
                messages.setdefault(code, set()).update({message} if message else ())
    return [Issue(code, tuple(sorted(messages[code])), tuple(sorted(places[code]))) for code in sorted(places)]


def _in_module(tree: ast.Module) -> Iterator[tuple[str, str | None]]:
    """Codes beside their message: two neighbouring arguments or values, or `code=` and `message=`. Class attributes are errors."""
    errors = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for statement in node.body
        if isinstance(statement, ast.Assign)
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            named = {keyword.arg: keyword.value for keyword in node.keywords}
            values = [*node.args, *([named["code"], named.get("message")] if "code" in named else [])]
        elif isinstance(node, ast.Tuple) and node not in errors:
            values = list(node.elts)
        elif isinstance(node, ast.Dict):
            values = [value for pair in zip(node.keys, node.values, strict=True) for value in pair]
        else:
            continue
        for position, value in enumerate(values):
            if isinstance(value, ast.Constant) and isinstance(value.value, str) and _CODE.fullmatch(value.value):
                beside = values[position + 1] if position + 1 < len(values) else None
                yield value.value, _text(beside, _assigned(tree, node.lineno))


def _assigned(tree: ast.Module, line: int) -> dict[str, ast.expr]:
    """What names stand for at a line: the last assignment above it, in its function or at the top of the module."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    around = [node for node in functions if node.lineno <= line <= (node.end_lineno or 0)]
    found: dict[str, ast.expr] = {}
    for scope in (tree.body, [max(around, key=lambda node: node.lineno)] if around else []):
        for node in (inner for statement in scope for inner in _own_nodes(statement, into=scope is not tree.body)):
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None and node.lineno <= line:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                found |= {target.id: node.value for target in targets if isinstance(target, ast.Name)}
    return found


def _own_nodes(statement: ast.stmt, *, into: bool) -> list[ast.AST]:
    return sorted(ast.walk(statement), key=lambda node: getattr(node, "lineno", 0)) if into else [statement]


def _text(node: ast.expr | None, names: dict[str, ast.expr]) -> str | None:
    """A message as it is written; what is filled in stands in braces."""
    if isinstance(node, ast.Name) and not isinstance(names.get(node.id), ast.Name | None):
        node = names[node.id]
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else f"{{{_name(part)}}}" for part in node.values)
        return "".join(str(part) for part in parts)
    return None


def _name(part: ast.expr) -> str:
    """What is filled in, by its name where it has one."""
    value = part.value if isinstance(part, ast.FormattedValue) else part
    if isinstance(value, ast.Name):
        return value.id
    return value.attr if isinstance(value, ast.Attribute) else "…"
