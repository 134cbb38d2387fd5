"""The functions of the local environment as CDK describes them: environment keys and permissions.

Synthesized without assets (an empty folder stands for each), because only templates are read.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from cdk.app import build
from cdk.config import environment
from cdk.staging import Asset, Staging

_PSEUDO: Final = {
    "AWS::Partition": "aws",
    "AWS::Region": "REGION",
    "AWS::AccountId": "ACCOUNT",
    "AWS::URLSuffix": "amazonaws.com",
}
_PREFIX: Final = "leanda-local-"


@dataclass(frozen=True)
class Function:
    """A function by its name without the environment (`files-api`)."""

    name: str
    handler: str
    variables: tuple[str, ...]
    statements: tuple[dict[str, Any], ...]


class _Empty(Staging):
    """Stages nothing."""

    def __init__(self, folder: Path) -> None:
        super().__init__(build=folder)
        self._folder = folder

    def package(self, name: str, wheels: str | None = None) -> Asset:
        return self._empty(f"{name} {wheels}")

    def layer(self) -> Asset:
        return self._empty("layer")

    def _empty(self, name: str) -> Asset:
        digest = hashlib.sha256(name.encode()).hexdigest()
        folder = self._folder / digest[:8]
        folder.mkdir(exist_ok=True)
        return Asset(folder, digest)


@cache
def functions() -> tuple[Function, ...]:
    """All of Leanda's functions, by name."""
    with tempfile.TemporaryDirectory() as scratch:
        assets, assembly = Path(scratch, "assets"), Path(scratch, "assembly")
        assets.mkdir()
        build(environment("local"), assembly, _Empty(assets), copy_assets=False).synth()
        templates = [json.loads(path.read_text())["Resources"] for path in sorted(assembly.glob("*.template.json"))]
    found = []
    for template in templates:
        for resource in template.values():
            properties = resource.get("Properties", {})
            name = properties.get("FunctionName")
            if resource["Type"] == "AWS::Lambda::Function" and isinstance(name, str) and name.startswith(_PREFIX):
                role = template[properties["Role"]["Fn::GetAtt"][0]]["Properties"]
                statements = [one for policy in role["Policies"] for one in policy["PolicyDocument"]["Statement"]]
                found.append(
                    Function(
                        name.removeprefix(_PREFIX),
                        properties["Handler"],
                        tuple(sorted(properties["Environment"]["Variables"])),
                        tuple(_plain(statement) for statement in statements),
                    )
                )
    return tuple(sorted(found, key=lambda function: function.name))


def _plain(value: Any) -> Any:
    """A template's value with joins of pseudo parameters written out and the environment named `ENV`."""
    if isinstance(value, str):
        return value.replace("leanda-local", "leanda-ENV")
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Ref"}:
        return _PSEUDO.get(value["Ref"], f"<{value['Ref']}>")
    if set(value) == {"Fn::Join"}:
        separator, parts = value["Fn::Join"]
        return _plain(str(separator).join(str(_plain(part)) for part in parts))
    return {name: _plain(inner) for name, inner in value.items()}
