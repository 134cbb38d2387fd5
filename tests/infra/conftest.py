"""Synthesizes every environment once for all tests of a session, without copying assets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cdk.app import build
from cdk.config import ENVIRONMENT_NAMES, EnvironmentName, environment
from cdk.staging import Staging

PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::AccountId": "000000000000",
    "AWS::URLSuffix": "amazonaws.com",
}


def plain(value: Any) -> Any:
    """A template's value with its `Fn::Join`s of pseudo parameters written out, so that ARNs can be read."""
    if isinstance(value, dict):
        if set(value) == {"Ref"} and value["Ref"] in PSEUDO:
            return PSEUDO[value["Ref"]]
        if set(value) == {"Fn::Join"}:
            separator, parts = value["Fn::Join"]
            done = [plain(part) for part in parts]
            return separator.join(part if isinstance(part, str) else f"<{json.dumps(part)}>" for part in done)
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


@dataclass
class Assembly:
    """All resources of an environment as `(stack, logical id, resource)`, ARNs written out."""

    name: EnvironmentName
    templates: dict[str, dict[str, Any]] = field(default_factory=dict)

    def resources(self, kind: str | None = None) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for stack, template in self.templates.items():
            for logical, resource in template["Resources"].items():
                if kind is None or resource["Type"] == kind:
                    yield stack, logical, resource

    def properties(self, kind: str) -> list[dict[str, Any]]:
        return [resource.get("Properties", {}) for _, _, resource in self.resources(kind)]

    def functions(self) -> dict[str, dict[str, Any]]:
        """Leanda's own functions by name without the environment: `files-api`."""
        mark = f"leanda-{self.name}-"
        named = {
            properties.get("FunctionName", ""): properties for properties in self.properties("AWS::Lambda::Function")
        }
        return {name.removeprefix(mark): each for name, each in named.items() if name.startswith(mark)}

    def roles(self) -> dict[str, list[dict[str, Any]]]:
        """Statements of Leanda's own roles by name without the environment."""
        mark = f"leanda-{self.name}-"
        return {
            role["RoleName"].removeprefix(mark): [
                statement for policy in role["Policies"] for statement in policy["PolicyDocument"]["Statement"]
            ]
            for role in self.properties("AWS::IAM::Role")
            if role.get("RoleName", "").startswith(mark)
        }

    def mappings(self) -> dict[str, dict[str, Any]]:
        """Kafka mappings by the name of their function; with the topic behind it where a function has several."""
        found: dict[str, list[dict[str, Any]]] = {}
        for stack, _, resource in self.resources("AWS::Lambda::EventSourceMapping"):
            properties = resource["Properties"]
            if "Topics" in properties:
                function = self.templates[stack]["Resources"][properties["FunctionName"]["Ref"]]
                name = function["Properties"]["FunctionName"].removeprefix(f"leanda-{self.name}-")
                found.setdefault(name, []).append(properties)
        return {
            name if len(several) == 1 else f"{name}-{mapping['Topics'][0]}": mapping
            for name, several in found.items()
            for mapping in several
        }

    def queue_mappings(self, function: str) -> list[dict[str, Any]]:
        """Mappings of queues that feed a function."""
        return [
            resource["Properties"]
            for stack, _, resource in self.resources("AWS::Lambda::EventSourceMapping")
            if ":sqs:" in str(resource["Properties"]["EventSourceArn"])
            and self.templates[stack]["Resources"][resource["Properties"]["FunctionName"]["Ref"]]["Properties"][
                "FunctionName"
            ]
            == f"leanda-{self.name}-{function}"
        ]

    def routes(self) -> dict[str, dict[str, Any]]:
        """Methods of the public API by `GET /v1/files/{id}`."""
        found = {}
        for stack, _, resource in self.resources("AWS::ApiGateway::Method"):
            path, at = [], resource["Properties"]["ResourceId"]
            while "Ref" in at:
                parent = self.templates[stack]["Resources"][at["Ref"]]["Properties"]
                path.append(parent["PathPart"])
                at = parent["ParentId"]
            found[f"{resource['Properties']['HttpMethod']} /{'/'.join(reversed(path))}"] = resource["Properties"]
        return found


def read(name: EnvironmentName, folder: Path) -> Assembly:
    paths = sorted(folder.glob("*.template.json"))
    templates = {path.name.removesuffix(".template.json"): plain(json.loads(path.read_text())) for path in paths}
    return Assembly(name, templates)


@pytest.fixture(scope="session")
def staging(tmp_path_factory: pytest.TempPathFactory) -> Staging:
    return Staging(build=tmp_path_factory.mktemp("build"))


@pytest.fixture(scope="session")
def assemblies(tmp_path_factory: pytest.TempPathFactory, staging: Staging) -> dict[str, Assembly]:
    made = {}
    for name in ENVIRONMENT_NAMES:
        folder = tmp_path_factory.mktemp(name)
        build(environment(name), folder, staging, copy_assets=False).synth()
        made[name] = read(name, folder)
    return made


@pytest.fixture(scope="session")
def local(assemblies: dict[str, Assembly]) -> Assembly:
    return assemblies["local"]


@pytest.fixture(scope="session")
def prod(assemblies: dict[str, Assembly]) -> Assembly:
    return assemblies["prod"]


@pytest.fixture(params=["local", "prod"])
def each(request: pytest.FixtureRequest, assemblies: dict[str, Assembly]) -> Assembly:
    return assemblies[request.param]
