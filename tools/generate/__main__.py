"""Writes what is published of Leanda, from the code: `python -m tools.generate`; with `--check` it only compares.

Into `events/schemas`, `events/lambda` and `docs`. A schema of an event that would break its readers is never overwritten.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from leanda.contracts.schemas import Reader, asyncapi, event_schemas, other_schemas
from tools.generate.compatibility import breaking_changes, next_major
from tools.generate.places import ROOT, version

SCHEMAS: Final = "events/schemas"
LAMBDA: Final = "events/lambda"
# Files in these folders that are not generated any more are removed.
_OWNED: Final = (SCHEMAS, LAMBDA)


def generated() -> dict[str, str]:
    """Every generated file: its path in the checkout, and its text."""
    from tools.generate.error_codes import error_codes
    from tools.generate.lambda_events import lambda_events
    from tools.generate.limits import limits_page
    from tools.generate.openapi import openapi
    from tools.generate.permissions import permissions
    from tools.generate.settings import settings

    files = schemas()
    files |= {f"{LAMBDA}/{name}.json": as_json(event) for name, event in lambda_events().items()}
    files["docs/openapi.json"] = as_json(openapi(version()))
    files["docs/error-codes.md"] = error_codes()
    files["docs/limits.md"] = limits_page()
    files["docs/settings.md"] = settings()
    files["docs/permissions.md"] = permissions()
    return files


def schemas() -> dict[str, str]:
    """The generated files about events."""
    found = {f"{SCHEMAS}/{name}.json": as_json(schema) for name, schema in (event_schemas() | other_schemas()).items()}
    found[f"{SCHEMAS}/asyncapi.json"] = as_json(asyncapi(version(), readers()))
    return found


def readers() -> list[Reader]:
    """The consumers of the contexts' tables and the types that their filters name."""
    from cdk.config import Environment
    from cdk.contexts import CONTEXTS
    from cdk.contexts.table import Consumer, LogConsumer
    from leanda.contracts.registry import REGISTRY

    found = []
    for context in CONTEXTS:
        for package, function in context.functions():
            name = Environment.consumer_group(package.name, function.handler)
            if isinstance(function, LogConsumer):
                for topic in function.topics:
                    types = tuple(sorted(kind for kind, model in REGISTRY.items() if model.TOPIC.name == topic.name))
                    found.append(Reader(f"{name}-{topic.name}", topic.name, types))
            if isinstance(function, Consumer):
                found.append(
                    Reader(name, function.topic.name, tuple(sorted(_types(function.topic.name, function.filters))))
                )
    return found


def _types(topic: str, filters: Sequence[Any]) -> set[str]:
    from leanda.contracts.registry import REGISTRY

    known = [name for name, model in REGISTRY.items() if topic == model.TOPIC.name]
    found: set[str] = set()
    for pattern in filters:
        for wanted in pattern["value"]["type"]:
            prefix = wanted["prefix"] if isinstance(wanted, dict) else None
            found |= {name for name in known if (name.startswith(prefix) if prefix else name == wanted)}
    return found


def broken() -> list[str]:
    """What in the current models breaks the committed schemas, with what to do about it; empty if nothing."""
    current = event_schemas() | {name: schema for name, schema in other_schemas().items() if name != "asyncapi"}
    found = []
    for path in sorted((ROOT / SCHEMAS).glob("*.json")):
        name = path.stem
        if name == "asyncapi":
            continue
        published = json.loads(path.read_text())
        reasons = breaking_changes(published, current[name]) if name in current else ["the type was removed"]
        found += [f"{name}: {reason}" for reason in reasons]
        if reasons:
            advice = (
                f"give it a new major version ({next_major(name)}) and keep the old one" if ".v" in name else "keep it"
            )
            found.append(
                f"  → Events of this form are in topics and logs: {advice}. If it was never released, "
                f"delete {path.relative_to(ROOT)}, so that the review shows it, and generate again."
            )
    return found


def as_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def differences(files: dict[str, str]) -> Iterator[str]:
    """Paths whose committed text is another, or that should not be there."""
    for name, text in files.items():
        path = ROOT / name
        if not path.is_file():
            yield f"{name} is missing"
        elif path.read_text() != text:
            yield f"{name} is not what the code says"
    yield from (f"{path.relative_to(ROOT)} belongs to nothing any more" for path in _leftovers(files))


def _leftovers(files: dict[str, str]) -> Iterator[Path]:
    for folder in _OWNED:
        yield from (path for path in (ROOT / folder).glob("*") if path.relative_to(ROOT).as_posix() not in files)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or compare; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if a committed file is stale")
    check: bool = parser.parse_args(arguments).check
    if problems := broken():
        print("Breaking changes of events:", *problems, sep="\n", file=sys.stderr)
        return 1
    files = generated()
    stale = list(differences(files))
    if check:
        if stale:
            print(*stale, "`make generate` writes them anew; commit the result.", sep="\n", file=sys.stderr)
        return 1 if stale else 0
    for path in _leftovers(files):
        path.unlink()
    for name, text in files.items():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_text() != text:
            path.write_text(text)
            print(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
