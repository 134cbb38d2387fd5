"""The network: two isolated subnets without a way out, security groups in pairs, endpoints of the AWS services in use.

There is no NAT and no internet gateway: S3 is reached by a gateway endpoint, the rest by interface endpoints.
"""

from __future__ import annotations

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs

from cdk.components.parameters import publish
from cdk.components.permissions import Statement, policy, trust
from cdk.config import Environment, arn

# What listens in the VPC, and where. Each has a group for itself and one, `<name>-client`, for those who may call it.
SERVICES: Final = {"kafka": 9098, "document-store": 27017, "opensearch": 443, "cache": 6379, "internal": 80}
SECURITY_GROUPS: Final = ("functions", "endpoints", *SERVICES, *(f"{service}-client" for service in SERVICES))
INTERFACE_ENDPOINTS: Final = ("data-servicediscovery", "lambda", "secretsmanager", "servicediscovery", "sqs", "sts")
_NOWHERE: Final = "127.0.0.1/32"


class NetworkStack(cdk.Stack):
    """VPC, subnets, groups and endpoints; their ids are published for the other stacks."""

    def __init__(self, scope: cdk.App, environment: Environment, synthesizer: cdk.IStackSynthesizer) -> None:
        name = environment.stack("network")
        super().__init__(scope, name, stack_name=name, synthesizer=synthesizer, description="Leanda: network")
        self._environment = environment
        vpc = ec2.CfnVPC(
            self, "Vpc", cidr_block="10.20.0.0/16", enable_dns_hostnames=True, enable_dns_support=True, tags=self._tag()
        )
        table = ec2.CfnRouteTable(self, "Isolated", vpc_id=vpc.ref, tags=self._tag("isolated"))
        subnets = [self._subnet(vpc, table, index) for index in (0, 1)]
        publish(self, environment, ("network", "subnet-ids"), cdk.Fn.join(",", [subnet.ref for subnet in subnets]))

        groups = {name: self._security_group(vpc, name) for name in SECURITY_GROUPS}
        if not environment.is_local:
            self._rules(groups)
            self._endpoints(vpc, table, subnets, groups["endpoints"])
            self._flow_log(vpc)

    def _tag(self, part: str | None = None) -> list[cdk.CfnTag]:
        return [cdk.CfnTag(key="Name", value=self._environment.stack(part) if part else self._environment.prefix)]

    def _subnet(self, vpc: ec2.CfnVPC, table: ec2.CfnRouteTable, index: int) -> ec2.CfnSubnet:
        subnet = ec2.CfnSubnet(
            self,
            f"Subnet{index}",
            vpc_id=vpc.ref,
            cidr_block=f"10.20.{index * 16}.0/20",
            availability_zone=cdk.Fn.select(index, cdk.Fn.get_azs()),
            map_public_ip_on_launch=False,
            tags=self._tag(f"isolated-{index}"),
        )
        ec2.CfnSubnetRouteTableAssociation(self, f"Subnet{index}Routes", route_table_id=table.ref, subnet_id=subnet.ref)
        return subnet

    def _security_group(self, vpc: ec2.CfnVPC, name: str) -> ec2.CfnSecurityGroup:
        """A group that lets nothing in and nothing out; without an egress rule AWS would let everything out."""
        group = ec2.CfnSecurityGroup(
            self,
            f"{''.join(part.capitalize() for part in name.split('-'))}Group",
            group_name=self._environment.stack(name),
            group_description=f"Leanda: {name}",
            vpc_id=vpc.ref,
            security_group_egress=[
                ec2.CfnSecurityGroup.EgressProperty(
                    ip_protocol="icmp", cidr_ip=_NOWHERE, from_port=252, to_port=86, description="Nothing leaves"
                )
            ],
        )
        publish(self, self._environment, ("network", "security-group", name), group.attr_group_id)
        return group

    def _rules(self, groups: dict[str, ec2.CfnSecurityGroup]) -> None:
        for service, port in SERVICES.items():
            self._allow(groups, f"{service}-client", service, port)
        # Pollers of event source mappings sit in the cluster's own group.
        self._allow(groups, "kafka", "kafka", SERVICES["kafka"])
        self._allow(groups, "functions", "endpoints", 443)
        # S3 answers from public addresses behind the gateway endpoint; no other route leaves these subnets.
        for name in ("functions", "kafka"):
            ec2.CfnSecurityGroupEgress(
                self,
                f"{name.capitalize()}ToS3",
                group_id=groups[name].attr_group_id,
                ip_protocol="tcp",
                from_port=443,
                to_port=443,
                cidr_ip="0.0.0.0/0",
                description="S3 through the gateway endpoint",
            )

    def _allow(self, groups: dict[str, ec2.CfnSecurityGroup], source: str, target: str, port: int) -> None:
        rule = f"{source.title().replace('-', '')}To{target.title().replace('-', '')}"
        ec2.CfnSecurityGroupEgress(
            self,
            f"{rule}Out",
            group_id=groups[source].attr_group_id,
            destination_security_group_id=groups[target].attr_group_id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=f"To {target}",
        )
        ec2.CfnSecurityGroupIngress(
            self,
            f"{rule}In",
            group_id=groups[target].attr_group_id,
            source_security_group_id=groups[source].attr_group_id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=f"From {source}",
        )

    def _endpoints(
        self,
        vpc: ec2.CfnVPC,
        table: ec2.CfnRouteTable,
        subnets: list[ec2.CfnSubnet],
        group: ec2.CfnSecurityGroup,
    ) -> None:
        ec2.CfnVPCEndpoint(
            self,
            "S3Endpoint",
            vpc_id=vpc.ref,
            service_name=f"com.amazonaws.{self.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.ref],
        )
        for service in INTERFACE_ENDPOINTS:
            ec2.CfnVPCEndpoint(
                self,
                f"{service.title().replace('-', '')}Endpoint",
                vpc_id=vpc.ref,
                service_name=f"com.amazonaws.{self.region}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=[subnet.ref for subnet in subnets],
                security_group_ids=[group.attr_group_id],
            )

    def _flow_log(self, vpc: ec2.CfnVPC) -> None:
        """Who was refused, and what tried to leave: only rejected traffic is written down."""
        name = f"/aws/vpc/{self._environment.prefix}"
        group = logs.CfnLogGroup(
            self, "FlowLogs", log_group_name=name, retention_in_days=self._environment.sizes.log_retention_days
        )
        group.apply_removal_policy(cdk.RemovalPolicy.DESTROY)
        actions = ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")
        role = iam.CfnRole(
            self,
            "FlowLogRole",
            role_name=self._environment.stack("flow-logs"),
            assume_role_policy_document=trust(service="vpc-flow-logs.amazonaws.com"),
            policies=[policy("logs", (Statement("FlowLogs", actions, (arn("logs", f"log-group:{name}:*"),)),))],
        )
        ec2.CfnFlowLog(
            self,
            "FlowLog",
            resource_id=vpc.ref,
            resource_type="VPC",
            traffic_type="REJECT",
            log_group_name=group.ref,
            deliver_logs_permission_arn=role.attr_arn,
        )
