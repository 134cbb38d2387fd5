"""The local cloud refuses a whole template for one resource type it does not know."""

from __future__ import annotations

import json

import aws_cdk as cdk

from cdk.app import build
from cdk.config import environment

# Measured on ministack 1.5.33.
UNKNOWN_TO_THE_LOCAL_CLOUD = {
    "MSK": (
        "ServerlessCluster",
        "Cluster",
        "ClusterPolicy",
        "Configuration",
        "Replicator",
        "BatchScramSecret",
    ),
    "KafkaConnect": ("Connector",),
    "EC2": (
        "EIP",
        "NatGateway",
        "SecurityGroupIngress",
        "SecurityGroupEgress",
        "FlowLog",
        "NetworkAcl",
        "PrefixList",
        "VPCCidrBlock",
        "EgressOnlyInternetGateway",
    ),
    "ElastiCache": ("ServerlessCache",),
    "OpenSearchServerless": ("Collection",),
    "DocDBElastic": ("Cluster",),
    "DocDB": ("EventSubscription",),
    "SecretsManager": (
        "RotationSchedule",
        "ResourcePolicy",
    ),
    "WAFv2": (
        "WebACLAssociation",
        "IPSet",
        "LoggingConfiguration",
    ),
    "CloudWatch": (
        "CompositeAlarm",
        "AnomalyDetector",
    ),
    "Logs": ("QueryDefinition",),
    "CloudTrail": ("Trail",),
    "Budgets": ("Budget",),
    "XRay": (
        "Group",
        "SamplingRule",
    ),
    "Synthetics": ("Canary",),
    "RUM": ("AppMonitor",),
    "Cognito": (
        "UserPoolUser",
        "UserPoolIdentityProvider",
        "UserPoolRiskConfigurationAttachment",
        "UserPoolUICustomizationAttachment",
        "ManagedLoginBranding",
        "LogDeliveryConfiguration",
    ),
    "ApiGateway": (
        "VpcLink",
        "ClientCertificate",
    ),
    "Lambda": ("CodeSigningConfig",),
    "CodeDeploy": (
        "Application",
        "DeploymentGroup",
        "DeploymentConfig",
    ),
    "ApplicationAutoScaling": (
        "ScalableTarget",
        "ScalingPolicy",
    ),
    "Events": (
        "Archive",
        "Connection",
        "ApiDestination",
    ),
    "IAM": (
        "ServiceLinkedRole",
        "OIDCProvider",
    ),
    "ElasticLoadBalancingV2": ("TrustStore",),
    "Config": ("ConfigRule",),
    "GuardDuty": ("Detector",),
    "FIS": ("ExperimentTemplate",),
    "ResourceGroups": ("Group",),
    "ServiceCatalogAppRegistry": ("Application",),
    "Chatbot": ("SlackChannelConfiguration",),
}


def test_no_resource_is_unknown_to_the_local_cloud(local):
    kinds = {resource["Type"] for _, _, resource in local.resources()}
    unknown = {f"AWS::{service}::{name}" for service, names in UNKNOWN_TO_THE_LOCAL_CLOUD.items() for name in names}
    assert not kinds & unknown


def test_no_custom_resource_waits_for_an_answer_that_cannot_come(local):
    assert not [
        kind for _, _, r in local.resources() if (kind := r["Type"]).startswith(("Custom::", "AWS::CloudFormation::"))
    ]


def test_functions_are_in_no_network(local):
    assert not any("VpcConfig" in function for function in local.functions().values())


def test_no_engine_of_aws_is_made(local):
    kinds = {resource["Type"].split("::")[1] for _, _, resource in local.resources()}
    assert not kinds & {"MSK", "DocDB", "OpenSearchService", "ElastiCache"}


def test_secrets_are_generated_with_a_length(each):
    for secret in each.properties("AWS::SecretsManager::Secret"):
        assert secret["GenerateSecretString"].get("PasswordLength", 0) >= 32 or "admin" in secret["Name"]


def test_names_are_explicit(each):
    for _, logical, resource in each.resources("AWS::Lambda::Function"):
        if "functions." in json.dumps(resource["Properties"]["Handler"]):
            assert resource["Properties"]["FunctionName"].startswith(f"leanda-{each.name}-"), logical
            assert len(resource["Properties"]["FunctionName"]) <= 64
    for bucket in each.properties("AWS::S3::Bucket"):
        assert len(bucket["BucketName"]) <= 63


def test_deployment_order_is_network_data_platform_contexts_edge(each, tmp_path):
    app = build(environment(each.name), tmp_path, copy_assets=False)
    order = [stack.stack_name for stack in app.node.children if isinstance(stack, cdk.Stack)]
    parts = [name.removeprefix(f"leanda-{each.name}-") for name in order]
    assert parts == [
        "network",
        "data",
        "platform",
        "users",
        "files",
        "blobs",
        "parsers",
        "processor",
        "search",
        "history",
        "deadletters",
        "edge",
    ]
    assert set(order) == set(each.templates)
