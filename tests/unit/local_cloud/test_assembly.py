"""A cloud assembly folder becomes plain values."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.cloud.assembly import read_assembly
from local.cloud.templates import UnknownValue


def asset(folder: Path, name: str) -> dict[str, Any]:
    (folder / f"asset.{name}").mkdir(parents=True)
    destination = {"bucketName": "cdk-assets-${AWS::AccountId}", "objectKey": f"{name}.zip"}
    return {"source": {"path": f"asset.{name}", "packaging": "zip"}, "destinations": {"here": destination}}


def write_stack(
    folder: Path, name: str, template: dict[str, Any], assets: dict[str, Any], *after: str
) -> dict[str, Any]:
    (folder / f"{name}.template.json").write_text(json.dumps(template))
    (folder / f"{name}.assets.json").write_text(json.dumps({"files": assets}))
    return {
        f"{name}.assets": {"type": "cdk:asset-manifest", "properties": {"file": f"{name}.assets.json"}},
        name: {
            "type": "aws:cloudformation:stack",
            "properties": {"templateFile": f"{name}.template.json", "stackName": f"app-{name}"},
            "dependencies": [*after, f"{name}.assets"],
        },
    }


def layer(key: str) -> dict[str, Any]:
    return {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": {"S3Bucket": "b", "S3Key": f"{key}.zip"}}}


def function(**properties: Any) -> dict[str, Any]:
    usual = {"Handler": "app.handler", "Runtime": "python3.13", "Code": {"S3Bucket": "b", "S3Key": "code.zip"}}
    return {"Type": "AWS::Lambda::Function", "Properties": usual | properties}


def mapping(**properties: Any) -> dict[str, Any]:
    usual = {"FunctionName": {"Ref": "Reader"}, "Topics": ["words"], "EventSourceArn": "arn:aws:kafka:x"}
    return {"Type": "AWS::Lambda::EventSourceMapping", "Properties": usual | properties}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ground = {
        "Resources": {
            "Shared": layer("shared"),
            "Letters": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "letters"}},
        },
        "Outputs": {
            "Shared": {"Value": {"Ref": "Shared"}, "Export": {"Name": "shared"}},
            "Letters": {"Value": {"Fn::GetAtt": ["Letters", "Arn"]}, "Export": {"Name": "letters"}},
        },
    }
    roof = {
        "Resources": {
            "Own": layer("own"),
            "Reader": function(FunctionName="reader", Layers=[{"Fn::ImportValue": "shared"}, {"Ref": "Own"}]),
            "Inline": function(FunctionName="inline", Code={"ZipFile": "def handler(event, context): ..."}),
            "Nameless": function(),
            "Plain": mapping(),
            "Full": mapping(
                FunctionName={"Fn::GetAtt": ["Reader", "Arn"]},
                BatchSize=500,
                MaximumBatchingWindowInSeconds=2,
                MaximumRetryAttempts=3,
                MaximumRecordAgeInSeconds=600,
                BisectBatchOnFunctionError=True,
                FunctionResponseTypes=["ReportBatchItemFailures"],
                StartingPosition="TRIM_HORIZON",
                AmazonManagedKafkaEventSourceConfig={"ConsumerGroupId": "readers"},
                ProvisionedPollerConfig={"MinimumPollers": 1, "MaximumPollers": 2},
                FilterCriteria={"Filters": [{"Pattern": '{"value":{"type":["a"]}}'}]},
                DestinationConfig={"OnFailure": {"Destination": {"Fn::ImportValue": "letters"}}},
                Enabled=False,
            ),
            "NotKafka": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"FunctionName": "reader"}},
            "Made": {
                "Type": "Custom::Made",
                "Properties": {"ServiceToken": {"Fn::GetAtt": ["Reader", "Arn"]}},
            },
        }
    }
    artifacts = write_stack(tmp_path, "Roof", roof, {n: asset(tmp_path, n) for n in ("code", "own")}, "Ground")
    artifacts |= write_stack(tmp_path, "Ground", ground, {"shared": asset(tmp_path, "shared")})
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    return tmp_path


def test_stacks_come_after_the_stacks_they_import_from(folder: Path) -> None:
    assert [stack.name for stack in read_assembly(folder).stacks] == ["app-Ground", "app-Roof"]


def test_a_function_has_its_staged_code_and_its_layers_in_order_across_stacks(folder: Path) -> None:
    [reader, inline] = read_assembly(folder).functions
    assert (reader.name, reader.handler, reader.code) == ("reader", "app.handler", folder / "asset.code")
    assert reader.layers == (folder / "asset.shared", folder / "asset.own")
    assert (inline.code, inline.inline) == (None, "def handler(event, context): ...")


def test_functions_without_a_name_are_reported_and_not_run(folder: Path) -> None:
    assert read_assembly(folder).unnamed_functions == ("app-Roof/Nameless",)


def test_a_kafka_mapping_carries_every_setting_as_a_plain_value(folder: Path) -> None:
    full = read_assembly(folder).kafka_mappings[1]
    assert (full.function_name, full.group_id, full.batch_size, full.enabled) == ("reader", "readers", 500, False)
    assert (full.maximum_batching_window_seconds, full.maximum_retry_attempts) == (2, 3)
    assert (full.maximum_record_age_seconds, full.starting_position) == (600, "TRIM_HORIZON")
    assert full.bisect_batch_on_function_error
    assert full.report_batch_item_failures
    assert full.filters == ('{"value":{"type":["a"]}}',)
    assert full.provisioned == {"MinimumPollers": 1, "MaximumPollers": 2}
    assert (full.on_failure, full.on_failure_bucket) == ("arn:aws:s3:::letters", "letters")


def test_a_mapping_that_says_little_has_the_defaults_of_aws(folder: Path) -> None:
    plain, *others = read_assembly(folder).kafka_mappings
    assert len(others) == 1  # the queue's mapping has no topics
    assert (plain.batch_size, plain.maximum_batching_window_seconds, plain.starting_position) == (100, 0.5, "LATEST")
    assert (plain.maximum_retry_attempts, plain.maximum_record_age_seconds, plain.enabled) == (-1, -1, True)
    assert (plain.on_failure, plain.on_failure_bucket, plain.provisioned, plain.group_id) == (None,) * 4


def test_a_custom_resource_names_its_function(folder: Path) -> None:
    [made] = read_assembly(folder).custom_resources
    assert made.service_token == "arn:aws:lambda:eu-west-1:000000000000:function:reader"


def test_stacks_inside_a_stage_are_found(folder: Path, tmp_path: Path) -> None:
    outer = tmp_path / "outer"
    outer.mkdir()
    stage = {"type": "cdk:cloud-assembly", "properties": {"directoryName": ".."}}
    (outer / "manifest.json").write_text(json.dumps({"artifacts": {"stage": stage}}))
    assert [stack.name for stack in read_assembly(outer).stacks] == ["app-Ground", "app-Roof"]


def test_code_that_was_not_staged_is_an_error(folder: Path) -> None:
    template = json.loads((folder / "Roof.template.json").read_text())
    template["Resources"]["Reader"]["Properties"]["Code"]["S3Key"] = "elsewhere.zip"
    (folder / "Roof.template.json").write_text(json.dumps(template))
    with pytest.raises(UnknownValue, match="no staged asset"):
        read_assembly(folder)
