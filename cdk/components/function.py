"""`LeandaFunction`: a Lambda function with its own role, log group, environment and, where nobody waits for it, dead letters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from cdk.components.parameters import Parameters
from cdk.components.permissions import Statement, policy, trust
from cdk.components.queues import dead_letter_queue
from cdk.components.uses import Target
from cdk.config import Environment, construct_id
from cdk.contexts.table import Context, Function, Package
from cdk.staging import Asset, Staging

# What Lambda itself needs to put a function into a VPC. The first three know no resource; the others take interfaces
# whose ids do not exist yet.
_INTERFACES = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "ec2:UnassignPrivateIpAddresses",
)


@dataclass(frozen=True)
class Place:
    """Where functions of one context are made: the environment, the values its stack reads, the code, the layer."""

    environment: Environment
    context: Context
    parameters: Parameters
    staging: Staging
    layer: lambda_.CfnLayerVersion

    @property
    def target(self) -> Target:
        return Target(self.environment, self.parameters, self.context.name)


class LeandaFunction(Construct):
    """One function of a context's table.

    Everything about it follows from the table: names, the handler, keys and statements of its uses. `statements` and
    `environment` add what comes from its trigger. No managed policy is attached and nothing is granted afterwards.
    """

    def __init__(
        self,
        scope: Construct,
        place: Place,
        package: Package,
        function: Function,
        *,
        statements: tuple[Statement, ...] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(scope, construct_id(f"{package.name}-{function.handler}"))
        named = place.environment
        self.place, self.package, self.function = place, package, function
        self.name = named.function(package.name, function.handler)
        self.arn = named.function_arn(package.name, function.handler)
        self.asset = place.staging.package(package.name, package.wheels)

        variables = {"LEANDA_ENVIRONMENT": named.name, "LEANDA_FUNCTION": self.name, "LOG_LEVEL": "INFO"}
        given: list[Statement] = [
            Statement(
                "Logs",
                ("logs:CreateLogStream", "logs:PutLogEvents"),
                (named.log_group_arn(package.name, function.handler),),
            ),
            Statement("NetworkInterfaces", _INTERFACES, ("*",)),
        ]
        for use in function.uses:
            variables |= use.environment(place.target)
            given.extend(use.statements(place.target))
        queue_name = named.dead_letter_queue(package.name, function.handler)
        self.dead_letters = dead_letter_queue(self, "DeadLetters", named, queue_name) if function.dead_letters else None
        if self.dead_letters is not None:
            variables["DEAD_LETTER_QUEUE_URL"] = self.dead_letters.ref
            given.append(Statement("DeadLetters", ("sqs:SendMessage",), (named.queue_arn(queue_name),)))
        variables |= environment or {}
        given.extend(statements)

        log_group = logs.CfnLogGroup(
            self,
            "Logs",
            log_group_name=named.log_group(package.name, function.handler),
            retention_in_days=named.sizes.log_retention_days,
        )
        log_group.apply_removal_policy(cdk.RemovalPolicy.DESTROY)
        self.role = iam.CfnRole(
            self,
            "Role",
            role_name=named.role(package.name, function.handler),
            assume_role_policy_document=trust(service="lambda.amazonaws.com"),
            policies=[policy("function", given)],
        )
        self.resource = self._lambda_function(variables, log_group)

    def _lambda_function(self, variables: Mapping[str, str], log_group: logs.CfnLogGroup) -> lambda_.CfnFunction:
        function, place = self.function, self.place
        code = code_asset(self, self.asset)
        resource = lambda_.CfnFunction(
            self,
            "Function",
            function_name=self.name,
            description=f"{self.package.name}: {function.handler}",
            runtime="python3.13",
            architectures=["x86_64"],
            handler=f"functions.{self.package.name.replace('/', '.')}.{function.handler}.lambda_handler",
            code=lambda_.CfnFunction.CodeProperty(s3_bucket=code.s3_bucket_name, s3_key=code.s3_object_key),
            role=self.role.attr_arn,
            memory_size=function.memory,
            ephemeral_storage=lambda_.CfnFunction.EphemeralStorageProperty(size=function.disk),
            timeout=function.timeout,
            layers=[place.layer.ref],
            environment=lambda_.CfnFunction.EnvironmentProperty(variables=dict(sorted(variables.items()))),
            logging_config=lambda_.CfnFunction.LoggingConfigProperty(log_group=log_group.ref),
            vpc_config=self._network(),
        )
        resource.add_resource_dependency(self.role)
        code.add_resource_metadata(resource, "Code")
        return resource

    def _network(self) -> lambda_.CfnFunction.VpcConfigProperty | None:
        """The isolated subnets and one client security group for each thing that is used; none locally."""
        if self.place.environment.is_local:
            return None
        clients = sorted({client for use in self.function.uses for client in use.clients})
        groups = ["functions", *(f"{client}-client" for client in clients)]
        return lambda_.CfnFunction.VpcConfigProperty(
            subnet_ids=self.place.parameters.subnet_ids,
            security_group_ids=[self.place.parameters.security_group(group) for group in groups],
        )


def code_asset(scope: Construct, asset: Asset) -> s3_assets.Asset:
    """A staged folder as a CDK asset. Its hash is that of its sources, so CDK need not read every wheel again."""
    return s3_assets.Asset(
        scope, "Code", path=str(asset.path), asset_hash=asset.digest, asset_hash_type=cdk.AssetHashType.CUSTOM
    )
