"""What a CDK cloud assembly says: stacks in deployment order, staged functions, Kafka mappings, outputs.

The folder is what `app.synth()` or `cdk synth` writes; neither the CLI nor a deployment is needed to read it.
"""

import graphlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.cloud.templates import ResourceRef, Templates, UnknownValue


@dataclass(frozen=True, slots=True)
class Asset:
    """One file or folder that the stack's templates refer to by bucket and key; `${AWS::…}` in the bucket is not filled."""

    source: Path
    zipped: bool
    bucket: str
    key: str


@dataclass(frozen=True, slots=True)
class Stack:
    """One stack: its name in CloudFormation, its template and the assets that must be uploaded first."""

    name: str
    template_file: Path
    template: Mapping[str, Any]
    assets: tuple[Asset, ...]


@dataclass(frozen=True, slots=True)
class StagedFunction:
    """A function that can be run from this folder.

    `code` and `layers` are staged folders, or zip archives where the application handed CDK an archive. Layers are in the
    order of the template. `inline` is the source of a function that carries its code in the template; `code` is None then.
    """

    name: str
    handler: str
    runtime: str
    code: Path | None
    layers: tuple[Path, ...]
    stack: str
    logical_id: str
    inline: str | None = None


@dataclass(frozen=True, slots=True)
class KafkaMapping:
    """An `AWS::Lambda::EventSourceMapping` that reads Kafka, as plain values with AWS's defaults filled in.

    `filters` are the pattern strings of `FilterCriteria`. `maximum_retry_attempts` and `maximum_record_age_seconds` are -1
    for "no limit". `on_failure` is the destination's ARN. `provisioned` is the poller configuration, whose presence AWS
    requires for retries, bisecting, record age and partial responses.
    """

    logical_id: str
    stack: str
    function_name: str
    event_source_arn: str | None
    topics: tuple[str, ...]
    group_id: str | None
    starting_position: str
    starting_position_timestamp: float | None
    enabled: bool
    batch_size: int
    maximum_batching_window_seconds: float
    filters: tuple[str, ...]
    maximum_retry_attempts: int
    maximum_record_age_seconds: int
    bisect_batch_on_function_error: bool
    report_batch_item_failures: bool
    on_failure: str | None
    provisioned: Mapping[str, int] | None

    @property
    def on_failure_bucket(self) -> str | None:
        """The bucket, when failed batches go to S3."""
        prefix = "arn:aws:s3:::"
        return self.on_failure.removeprefix(prefix) if self.on_failure and self.on_failure.startswith(prefix) else None


@dataclass(frozen=True, slots=True)
class CustomResource:
    """A `Custom::…` resource and the function that CloudFormation calls for it."""

    stack: str
    logical_id: str
    service_token: str | None


@dataclass(frozen=True, slots=True)
class Assembly:
    """Everything read from one folder. `unnamed_functions` ("Stack/LogicalId") have no explicit name and cannot be run."""

    folder: Path
    stacks: tuple[Stack, ...]
    functions: tuple[StagedFunction, ...]
    kafka_mappings: tuple[KafkaMapping, ...]
    custom_resources: tuple[CustomResource, ...] = ()
    unnamed_functions: tuple[str, ...] = ()
    outputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def function_names(self) -> tuple[str, ...]:
        """Names of the functions that can be run."""
        return tuple(function.name for function in self.functions)


def read_assembly(
    folder: Path,
    *,
    region: str = "eu-west-1",
    account: str = "000000000000",
    parameters: Mapping[str, str] | None = None,
    physical_ids: Mapping[ResourceRef, str] | None = None,
) -> Assembly:
    """Read a cloud assembly folder.

    `parameters` are the values the stacks are deployed with. `physical_ids` (see `Deployer.physical_ids`) are needed only
    when a Kafka mapping refers to something without an explicit name.

    Raises:
        FileNotFoundError: the folder holds no `manifest.json`.
        UnknownValue: a Kafka mapping or a layer refers to something these files do not tell.
    """
    stacks = _stacks(folder.absolute())
    templates = Templates(
        {stack.name: stack.template for stack in stacks}, region, account, parameters or {}, physical_ids or {}
    )
    staged = {asset.key: asset.source for stack in stacks for asset in stack.assets}
    functions, unnamed = [], []
    for ref, properties in templates.resources("AWS::Lambda::Function"):
        if "FunctionName" in properties:
            functions.append(_function(ref, properties, templates, staged))
        else:
            unnamed.append(f"{ref.stack}/{ref.logical_id}")
    mappings = templates.resources("AWS::Lambda::EventSourceMapping")
    return Assembly(
        folder=folder.absolute(),
        stacks=tuple(stacks),
        functions=tuple(functions),
        kafka_mappings=tuple(_kafka_mapping(ref, raw, templates) for ref, raw in mappings if raw.get("Topics")),
        custom_resources=tuple(_custom_resources(stacks, templates)),
        unnamed_functions=tuple(unnamed),
        outputs={stack.name: tuple(stack.template.get("Outputs", {})) for stack in stacks},
    )


def _stacks(folder: Path) -> list[Stack]:
    """The stacks of a folder, dependencies first; those of nested assemblies (CDK stages) where their stage stands."""
    artifacts = json.loads((folder / "manifest.json").read_text()).get("artifacts", {})
    order = graphlib.TopologicalSorter(
        {
            name: [other for other in artifact.get("dependencies", []) if other in artifacts]
            for name, artifact in artifacts.items()
        }
    ).static_order()
    found: list[Stack] = []
    for name in order:
        artifact = artifacts[name]
        properties = artifact.get("properties", {})
        if artifact["type"] == "cdk:cloud-assembly":
            found += _stacks(folder / properties["directoryName"])
        elif artifact["type"] == "aws:cloudformation:stack":
            template_file = folder / properties["templateFile"]
            needed = [artifacts[other] for other in artifact.get("dependencies", []) if other in artifacts]
            manifests = [
                folder / other["properties"]["file"] for other in needed if other["type"] == "cdk:asset-manifest"
            ]
            found.append(
                Stack(
                    name=properties.get("stackName", name),
                    template_file=template_file,
                    template=json.loads(template_file.read_text()),
                    assets=tuple(asset for manifest in manifests for asset in _assets(manifest)),
                )
            )
    return found


def _assets(manifest: Path) -> list[Asset]:
    files = json.loads(manifest.read_text()).get("files", {})
    return [
        Asset(
            source=(manifest.parent / file["source"]["path"]).resolve(),
            zipped=file["source"].get("packaging", "file") == "zip",
            bucket=place["bucketName"],
            key=place["objectKey"],
        )
        for file in files.values()
        for place in file["destinations"].values()
    ]


def _function(
    ref: ResourceRef, properties: Mapping[str, Any], templates: Templates, staged: Mapping[str, Path]
) -> StagedFunction:
    def asset(stack: str, key: object) -> Path:
        found = staged.get(templates.value(stack, key))
        if found is None:
            raise UnknownValue(f"{stack}: the code at {key} is no staged asset of this assembly")
        return found

    layers = [templates.resource(ref.stack, layer) for layer in properties.get("Layers", [])]
    code = properties["Code"]
    return StagedFunction(
        name=templates.value(ref.stack, properties["FunctionName"]),
        handler=properties.get("Handler", ""),
        runtime=properties.get("Runtime", ""),
        code=asset(ref.stack, code["S3Key"]) if "S3Key" in code else None,
        layers=tuple(asset(layer.stack, templates.properties(layer)["Content"]["S3Key"]) for layer in layers),
        stack=ref.stack,
        logical_id=ref.logical_id,
        inline=code.get("ZipFile"),
    )


def _kafka_mapping(ref: ResourceRef, raw: Mapping[str, Any], templates: Templates) -> KafkaMapping:
    raw = templates.value(ref.stack, raw)
    source = raw.get("AmazonManagedKafkaEventSourceConfig") or raw.get("SelfManagedKafkaEventSourceConfig") or {}
    filters = raw.get("FilterCriteria", {}).get("Filters", [])
    return KafkaMapping(
        logical_id=ref.logical_id,
        stack=ref.stack,
        function_name=raw["FunctionName"].split(":function:")[-1].split(":")[0],
        event_source_arn=raw.get("EventSourceArn"),
        topics=tuple(raw["Topics"]),
        group_id=source.get("ConsumerGroupId"),
        starting_position=raw.get("StartingPosition", "LATEST"),
        starting_position_timestamp=raw.get("StartingPositionTimestamp"),
        enabled=raw.get("Enabled", True),
        batch_size=raw.get("BatchSize", 100),
        maximum_batching_window_seconds=raw.get("MaximumBatchingWindowInSeconds", 0.5),
        filters=tuple(item["Pattern"] for item in filters),
        maximum_retry_attempts=raw.get("MaximumRetryAttempts", -1),
        maximum_record_age_seconds=raw.get("MaximumRecordAgeInSeconds", -1),
        bisect_batch_on_function_error=raw.get("BisectBatchOnFunctionError", False),
        report_batch_item_failures="ReportBatchItemFailures" in raw.get("FunctionResponseTypes", []),
        on_failure=raw.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"),
        provisioned=raw.get("ProvisionedPollerConfig"),
    )


def _custom_resources(stacks: list[Stack], templates: Templates) -> list[CustomResource]:
    found = []
    for stack in stacks:
        for logical_id, resource in stack.template.get("Resources", {}).items():
            if resource["Type"].startswith("Custom::") or resource["Type"] == "AWS::CloudFormation::CustomResource":
                try:
                    token = templates.value(stack.name, resource["Properties"]["ServiceToken"])
                except UnknownValue:
                    token = None
                found.append(CustomResource(stack.name, logical_id, token))
    return found
