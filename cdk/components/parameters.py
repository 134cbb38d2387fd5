"""How values that AWS chooses travel between stacks: written to SSM by one, read as CloudFormation parameters by others.

Locally the engines are processes whose addresses the deployment passes in, so the same parameters are plain strings there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ssm as ssm

from cdk.config import Environment

# Parameters of the deployment itself in `local`; everywhere else SSM parameters that the data stack writes.
GIVEN_LOCALLY: Final = {
    "KafkaBootstrap": ("kafka", "bootstrap"),
    "DocumentStoreUrl": ("document-store", "url"),
    "OpenSearchUrl": ("opensearch", "url"),
    "CacheUrl": ("cache", "url"),
}


def publish(stack: cdk.Stack, environment: Environment, path: tuple[str, ...], value: str) -> ssm.CfnParameter:
    """Write a value for other stacks to read."""
    name = "".join(part.title().replace("-", "") for part in path)
    return ssm.CfnParameter(stack, f"{name}Parameter", name=environment.parameter(*path), type="String", value=value)


class Parameters:
    """The values that one stack reads. Each becomes a parameter of its template on first use, and only then."""

    def __init__(self, stack: cdk.Stack, environment: Environment) -> None:
        self._stack, self._environment = stack, environment
        self._read: dict[str, str] = {}

    @property
    def kafka_bootstrap(self) -> str:
        return self._given("KafkaBootstrap")

    @property
    def document_store_url(self) -> str:
        return self._given("DocumentStoreUrl")

    @property
    def opensearch_url(self) -> str:
        return self._given("OpenSearchUrl")

    @property
    def cache_url(self) -> str:
        return self._given("CacheUrl")

    @property
    def gateway_url(self) -> str:
        """Where the local cloud answers.

        Raises:
            ValueError: asked for on AWS, which has no such address.
        """
        if not self._environment.is_local:
            raise ValueError("GatewayUrl exists only in the local environment.")
        return self._parameter("GatewayUrl", lambda: cdk.CfnParameter(self._stack, "GatewayUrl"))

    @property
    def kafka_cluster_arn(self) -> str:
        return self._ssm("KafkaClusterArn", "kafka", "cluster-arn")

    @property
    def subnet_ids(self) -> list[str]:
        """The two isolated subnets, one in each availability zone."""
        joined = self._ssm("SubnetIds", "network", "subnet-ids")
        return [cdk.Fn.select(index, cdk.Fn.split(",", joined)) for index in (0, 1)]

    def security_group(self, name: str) -> str:
        """The id of a security group of `cdk.stacks.network.SECURITY_GROUPS`."""
        identifier = "".join(part.capitalize() for part in name.split("-"))
        return self._ssm(f"{identifier}SecurityGroup", "network", "security-group", name)

    def _given(self, name: str) -> str:
        if self._environment.is_local:
            return self._parameter(name, lambda: cdk.CfnParameter(self._stack, name))
        return self._ssm(name, *GIVEN_LOCALLY[name])

    def _ssm(self, name: str, *path: str) -> str:
        return self._parameter(
            name,
            lambda: cdk.CfnParameter(
                self._stack,
                name,
                type="AWS::SSM::Parameter::Value<String>",
                default=self._environment.parameter(*path),
            ),
        )

    def _parameter(self, name: str, create: Callable[[], cdk.CfnParameter]) -> str:
        if name not in self._read:
            self._read[name] = create().value_as_string
        return self._read[name]
