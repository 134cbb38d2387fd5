"""What ministack 1.5.33 leaves out when it creates a stack, made good by public API calls.

Every repair may be repeated. Each paragraph can go when ministack does it itself; the integration tests tell.
"""

import json
from collections.abc import Mapping
from typing import Any

from local.cloud.assembly import Stack
from local.cloud.aws import Aws


def repair_stack(stack: Stack, aws: Aws) -> None:
    """Register ALB targets, attach API Gateway request validators, turn secret names in role policies into ARNs."""
    kinds = {resource["Type"] for resource in stack.template.get("Resources", {}).values()}
    wanted = {
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        "AWS::ApiGateway::RequestValidator",
        "AWS::SecretsManager::Secret",
    }
    if not kinds & wanted:
        return
    deployed = _Deployed(stack, aws)
    _register_targets(deployed, aws)
    _attach_request_validators(deployed, aws)
    _name_secrets_by_arn(deployed, aws)


class _Deployed:
    """The resources of a stack with the references inside their properties turned into physical ids."""

    def __init__(self, stack: Stack, aws: Aws) -> None:
        self._template: Mapping[str, Any] = stack.template["Resources"]
        pages = aws.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack.name)
        self._ids = {
            row["LogicalResourceId"]: row["PhysicalResourceId"]
            for page in pages
            for row in page["StackResourceSummaries"]
        }
        exports = aws.client("cloudformation").get_paginator("list_exports").paginate()
        self._exports = {row["Name"]: row["Value"] for page in exports for row in page["Exports"]}
        self._pseudo = {
            "AWS::Partition": "aws",
            "AWS::Region": aws.endpoint.region,
            "AWS::AccountId": aws.endpoint.account,
        }
        self._prefix = f"arn:aws:lambda:{aws.endpoint.region}:{aws.endpoint.account}:function:"

    def of_type(self, kind: str) -> list[tuple[str, Mapping[str, Any]]]:
        """(physical id, properties) of each resource of a type."""
        return [
            (self._ids[logical_id], self._resolved(resource.get("Properties", {})))
            for logical_id, resource in self._template.items()
            if resource["Type"] == kind and logical_id in self._ids
        ]

    def _resolved(self, value: Any) -> Any:  # template values are JSON
        match value:
            case {"Ref": str(name)} if name in self._ids:
                return self._ids[name]
            case {"Fn::GetAtt": [str(name), "Arn"]} if (
                self._template.get(name, {}).get("Type") == "AWS::Lambda::Function"
            ):
                return self._prefix + self._ids[name]
            case {"Fn::ImportValue": str(name)} if name in self._exports:
                return self._exports[name]
            case {"Ref": str(name)} if name in self._pseudo:
                return self._pseudo[name]
            case {"Fn::Join": [str(separator), list(parts)]}:
                joined = [self._resolved(part) for part in parts]
                return separator.join(joined) if all(isinstance(part, str) for part in joined) else value
            case dict():
                return {key: self._resolved(item) for key, item in value.items()}
            case list():
                return [self._resolved(item) for item in value]
        return value


def _register_targets(deployed: _Deployed, aws: Aws) -> None:
    """`Targets` of a target group are dropped: the load balancer answers 503 "No registered targets"."""
    for arn, properties in deployed.of_type("AWS::ElasticLoadBalancingV2::TargetGroup"):
        if targets := properties.get("Targets"):
            aws.client("elbv2").register_targets(
                TargetGroupArn=arn, Targets=[{"Id": target["Id"]} for target in targets]
            )


def _attach_request_validators(deployed: _Deployed, aws: Aws) -> None:
    """Validators are not made and methods forget them: a bad body reaches the function instead of being answered 400."""
    gateway = aws.client("apigateway")
    made: dict[str, str] = {}
    for physical_id, properties in deployed.of_type("AWS::ApiGateway::RequestValidator"):
        api, name = properties["RestApiId"], properties.get("Name", physical_id[-60:])
        there = {item["name"]: item["id"] for item in gateway.get_request_validators(restApiId=api)["items"]}
        made[physical_id] = (
            there.get(name)
            or gateway.create_request_validator(
                restApiId=api,
                name=name,
                validateRequestBody=bool(properties.get("ValidateRequestBody")),
                validateRequestParameters=bool(properties.get("ValidateRequestParameters")),
            )["id"]
        )
    for _, properties in deployed.of_type("AWS::ApiGateway::Method"):
        if validator := made.get(properties.get("RequestValidatorId", "")):
            resource = properties["ResourceId"]
            if isinstance(resource, dict):  # a method on the root, whose id only the API tells
                resources = gateway.get_resources(restApiId=properties["RestApiId"], limit=500)["items"]
                resource = next(item["id"] for item in resources if item["path"] == "/")
            gateway.update_method(
                restApiId=properties["RestApiId"],
                resourceId=resource,
                httpMethod=properties["HttpMethod"],
                patchOperations=[{"op": "replace", "path": "/requestValidatorId", "value": validator}],
            )


def _name_secrets_by_arn(deployed: _Deployed, aws: Aws) -> None:
    """`Ref` of a secret gives its name, so the policy made by `secret.grant_read(function)` matches no ARN."""
    reading = [policy for _, policy in deployed.of_type("AWS::IAM::Policy") if "secretsmanager:" in json.dumps(policy)]
    if not reading:
        return
    iam = aws.client("iam")
    pages = aws.client("secretsmanager").get_paginator("list_secrets").paginate()
    arns = {secret["Name"]: secret["ARN"] for page in pages for secret in page["SecretList"]}
    for policy in reading:
        for role in policy.get("Roles", []):
            name = policy["PolicyName"]
            document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            repaired = {**document, "Statement": [_by_arn(statement, arns) for statement in document["Statement"]]}
            if repaired != document:
                iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(repaired))


def _by_arn(statement: dict[str, Any], arns: Mapping[str, str]) -> dict[str, Any]:
    match statement.get("Resource"):
        case str(resource):
            return statement | {"Resource": arns.get(resource, resource)}
        case list(resources):
            return statement | {"Resource": [arns.get(resource, resource) for resource in resources]}
    return statement
