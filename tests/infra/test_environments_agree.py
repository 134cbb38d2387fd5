"""What runs locally is what runs on AWS: same functions, triggers, routes, keys and permissions."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from cdk.contexts import CONTEXTS


def anonymous(value: Any, assembly: Any) -> Any:
    """The value without what may differ: the environment's name, the cluster's id, account and region in bucket names."""
    text = json.dumps(value).replace(f"leanda-{assembly.name}", "leanda-ENV")
    return re.sub(r"(bucket|originals|artefacts|failures)-000000000000-eu-west-1", r"\1", text)


def test_the_functions_are_the_same(local, prod):
    assert sorted(local.functions()) == sorted(prod.functions())
    assert len(local.functions()) == sum(1 for context in CONTEXTS for _ in context.functions())


@pytest.mark.parametrize("property_", ["Handler", "Runtime", "MemorySize", "Timeout", "Architectures"])
def test_functions_are_made_alike(local, prod, property_):
    ours, theirs = local.functions(), prod.functions()
    assert {name: each[property_] for name, each in ours.items()} == {
        name: each[property_] for name, each in theirs.items()
    }


def test_functions_are_given_the_same_environment_keys(local, prod):
    def keys(assembly):
        return {name: sorted(each["Environment"]["Variables"]) for name, each in assembly.functions().items()}

    assert keys(local) == keys(prod)


def test_roles_allow_the_same_actions(local, prod):
    def actions(assembly):
        return {
            name: sorted((statement["Sid"], tuple(statement["Action"])) for statement in statements)
            for name, statements in assembly.roles().items()
            if name not in {"api-logs", "flow-logs"}  # Roles of AWS services that the local cloud does not have.
        }

    assert actions(local) == actions(prod)


def test_the_mappings_differ_only_in_the_cluster(local, prod):
    ours, theirs = local.mappings(), prod.mappings()
    assert sorted(ours) == sorted(theirs)
    apart = dict.fromkeys(("EventSourceArn", "FunctionName", "Tags"))
    for name, mapping in ours.items():
        assert anonymous(mapping | apart, local) == anonymous(theirs[name] | apart, prod)


def test_the_routes_are_the_same(local, prod):
    assert sorted(local.routes()) == sorted(prod.routes())


def test_the_small_environment_of_aws_holds_what_the_large_one_does(assemblies, prod):
    dev = assemblies["dev"]
    assert sorted(dev.functions()) == sorted(prod.functions())
    assert sorted(dev.mappings()) == sorted(prod.mappings())
    assert sorted(dev.routes()) == sorted(prod.routes())
    assert {name: [s["Sid"] for s in role] for name, role in dev.roles().items()} == {
        name: [s["Sid"] for s in role] for name, role in prod.roles().items()
    }


def test_the_buckets_are_the_same(local, prod):
    def buckets(assembly):
        return sorted(anonymous(bucket["BucketName"], assembly) for bucket in assembly.properties("AWS::S3::Bucket"))

    assert buckets(local) == buckets(prod)


def test_only_the_engines_of_aws_are_parameters_of_the_local_deployment(local):
    given = {
        name
        for template in local.templates.values()
        for name, parameter in template.get("Parameters", {}).items()
        if parameter["Type"] == "String"
    }
    assert given == {"KafkaBootstrap", "DocumentStoreUrl", "OpenSearchUrl", "CacheUrl", "GatewayUrl"}


def test_no_stack_imports_from_another(each):
    assert "Fn::ImportValue" not in json.dumps(each.templates)


def test_every_value_that_a_stack_reads_is_published_by_one_before_it(each):
    published = {parameter["Name"] for parameter in each.properties("AWS::SSM::Parameter")}
    for template in each.templates.values():
        for name, parameter in template.get("Parameters", {}).items():
            if parameter["Type"].startswith("AWS::SSM") and name != "BootstrapVersion":
                assert parameter["Default"] in published


def test_the_edge_says_what_clients_and_the_local_cloud_need(each):
    outputs = each.templates[f"leanda-{each.name}-edge"]["Outputs"]
    assert sorted(outputs) == [
        "ApiUrl",
        "FailuresBucket",
        "InboxBucket",
        "MachineClientId",
        "Region",
        "SetupFunctions",
        "UserPoolClientId",
        "UserPoolId",
    ]
    assert outputs["ApiUrl"]["Value"].endswith("/api/v1")
    functions = {f"leanda-{each.name}-{name}" for name in each.functions()}
    assert set(outputs["SetupFunctions"]["Value"].split(",")) <= functions
