"""Values read out of templates without a deployment."""

from typing import Any

import pytest

from local.cloud.templates import ResourceRef, Templates, UnknownValue

GROUND: dict[str, Any] = {
    "Parameters": {"Stage": {"Type": "String", "Default": "dev"}, "Secret": {"Type": "String"}},
    "Resources": {
        "Files": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Fn::Sub": "files-${Stage}"}}},
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "jobs"}},
        "Nameless": {"Type": "AWS::S3::Bucket"},
        "Layer": {"Type": "AWS::Lambda::LayerVersion", "Properties": {}},
    },
    "Outputs": {
        "A": {"Value": {"Fn::GetAtt": ["Files", "Arn"]}, "Export": {"Name": "Ground:FilesArn"}},
        "B": {"Value": {"Ref": "Layer"}, "Export": {"Name": {"Fn::Join": ["", [{"Ref": "AWS::StackName"}, ":Layer"]]}}},
    },
}
ROOF: dict[str, Any] = {"Resources": {}}


def templates(**known: Any) -> Templates:
    return Templates({"Ground": GROUND, "Roof": ROOF}, "eu-west-1", "000000000000", **known)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        (7, 7),
        ({"Ref": "AWS::Region"}, "eu-west-1"),
        ({"Ref": "Stage"}, "dev"),
        ({"Ref": "Files"}, "files-dev"),
        ({"Fn::GetAtt": ["Files", "Arn"]}, "arn:aws:s3:::files-dev"),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "arn:aws:sqs:eu-west-1:000000000000:jobs"),
        ({"Fn::Join": ["-", ["a", {"Ref": "AWS::AccountId"}]]}, "a-000000000000"),
        ({"Fn::Sub": "${Files.Arn}/${!Literal}"}, "arn:aws:s3:::files-dev/${Literal}"),
        ({"Fn::Sub": ["${Word}:${AWS::Partition}", {"Word": {"Ref": "Stage"}}]}, "dev:aws"),
        ({"Fn::Select": [1, {"Fn::Split": [":", "a:b:c"]}]}, "b"),
        ({"Fn::Select": ["0", [{"Ref": "Stage"}]]}, "dev"),
        ({"Deep": [{"Ref": "Stage"}]}, {"Deep": ["dev"]}),
    ],
)
def test_intrinsics_are_replaced_by_what_the_template_says(value: Any, expected: Any) -> None:
    assert templates().value("Ground", value) == expected


def test_an_import_is_followed_into_the_stack_that_exports_it() -> None:
    assert templates().value("Roof", {"Fn::ImportValue": "Ground:FilesArn"}) == "arn:aws:s3:::files-dev"
    assert templates().resource("Roof", {"Fn::ImportValue": "Ground:Layer"}) == ResourceRef("Ground", "Layer")


def test_a_given_parameter_beats_the_default() -> None:
    assert templates(parameters={"Stage": "prod"}).value("Ground", {"Ref": "Files"}) == "files-prod"


def test_a_physical_id_answers_for_a_resource_without_a_name() -> None:
    known = templates(physical_ids={ResourceRef("Ground", "Nameless"): "ground-nameless-1"})
    assert known.value("Ground", {"Ref": "Nameless"}) == "ground-nameless-1"
    assert known.value("Ground", {"Fn::GetAtt": ["Nameless", "Arn"]}) == "arn:aws:s3:::ground-nameless-1"


@pytest.mark.parametrize(
    "value",
    [
        {"Ref": "Nameless"},
        {"Ref": "Queue"},  # its Ref is the URL
        {"Ref": "Secret"},
        {"Ref": "Nobody"},
        {"Fn::GetAtt": ["Files", "DomainName"]},
        {"Fn::ImportValue": "nobody:exports:this"},
        {"Fn::Cidr": ["10.0.0.0/16", 2]},
    ],
)
def test_what_only_a_deployment_knows_is_refused(value: Any) -> None:
    with pytest.raises(UnknownValue):
        templates().value("Ground", value)
