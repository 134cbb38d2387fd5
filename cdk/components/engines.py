"""The engines on AWS: MSK Serverless, DocumentDB, OpenSearch, ElastiCache for Valkey. Locally they are processes instead.

Each publishes its address under the name that `cdk.components.parameters` reads.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_docdb as docdb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_msk as msk
from aws_cdk import aws_opensearchservice as opensearch
from aws_cdk import custom_resources
from constructs import Construct

from cdk.components.parameters import GIVEN_LOCALLY, Parameters, publish
from cdk.config import Environment, arn


class Engines(Construct):
    """All four, in the isolated subnets, encrypted, each behind its own security group."""

    def __init__(self, stack: cdk.Stack, environment: Environment, parameters: Parameters) -> None:
        super().__init__(stack, "Engines")
        self._stack, self._environment, self._parameters = stack, environment, parameters
        self._removal = cdk.RemovalPolicy.RETAIN if environment.retain else cdk.RemovalPolicy.DESTROY
        self._kafka()
        self._document_store()
        self._opensearch()
        self._cache()

    def _publish(self, name: str, value: str) -> None:
        publish(self._stack, self._environment, GIVEN_LOCALLY[name], value)

    def _kafka(self) -> None:
        cluster = msk.CfnServerlessCluster(
            self,
            "Kafka",
            cluster_name=self._environment.kafka_cluster,
            client_authentication=msk.CfnServerlessCluster.ClientAuthenticationProperty(
                sasl=msk.CfnServerlessCluster.SaslProperty(iam=msk.CfnServerlessCluster.IamProperty(enabled=True))
            ),
            vpc_configs=[
                msk.CfnServerlessCluster.VpcConfigProperty(
                    subnet_ids=self._parameters.subnet_ids,
                    security_groups=[self._parameters.security_group("kafka")],
                )
            ],
        )
        cluster.apply_removal_policy(self._removal)
        # The bootstrap string is no attribute of the resource; it is asked for once the cluster is there.
        asked = custom_resources.AwsSdkCall(
            service="Kafka",
            action="getBootstrapBrokers",
            parameters={"ClusterArn": cluster.attr_arn},
            physical_resource_id=custom_resources.PhysicalResourceId.of("bootstrap"),
            output_paths=["BootstrapBrokerStringSaslIam"],
        )
        bootstrap = custom_resources.AwsCustomResource(
            self,
            "Bootstrap",
            on_create=asked,
            on_update=asked,
            install_latest_aws_sdk=False,
            policy=custom_resources.AwsCustomResourcePolicy.from_sdk_calls(resources=[cluster.attr_arn]),
        )
        self._publish("KafkaBootstrap", bootstrap.get_response_field("BootstrapBrokerStringSaslIam"))
        publish(self._stack, self._environment, ("kafka", "cluster-arn"), cluster.attr_arn)

    def _document_store(self) -> None:
        sizes = self._environment.sizes
        vpc = ec2.Vpc.from_vpc_attributes(
            self,
            "Vpc",
            vpc_id=self._environment.prefix,  # Nothing is looked up by it: subnets and groups are given.
            availability_zones=[cdk.Fn.select(index, cdk.Fn.get_azs()) for index in (0, 1)],
            isolated_subnet_ids=self._parameters.subnet_ids,
        )
        cluster = docdb.DatabaseCluster(
            self,
            "DocumentStore",
            db_cluster_name=self._environment.prefix,
            engine_version="5.0.0",
            master_user=docdb.Login(
                username="leanda_admin", secret_name=self._environment.secret("platform", "document-store-admin")
            ),
            instance_type=ec2.InstanceType(sizes.document_store_class),
            instances=sizes.document_store_instances,
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            security_group=ec2.SecurityGroup.from_security_group_id(
                self, "DocumentStoreGroup", self._parameters.security_group("document-store"), mutable=False
            ),
            storage_encrypted=True,
            deletion_protection=self._environment.retain,
            removal_policy=cdk.RemovalPolicy.SNAPSHOT if self._environment.retain else cdk.RemovalPolicy.DESTROY,
            backup=docdb.BackupProps(retention=cdk.Duration.days(14 if self._environment.retain else 1)),
            export_audit_logs_to_cloud_watch=True,
            parameter_group=docdb.ClusterParameterGroup(
                self,
                "DocumentStoreParameters",
                family="docdb5.0",
                parameters={"audit_logs": "enabled", "tls": "enabled"},
            ),
        )
        # Retryable writes came with 8.0.2; every older engine refuses them.
        address = f"mongodb://{cluster.cluster_endpoint.hostname}:27017/"
        self._publish("DocumentStoreUrl", f"{address}?tls=true&replicaSet=rs0&w=majority&retryWrites=false")

    def _opensearch(self) -> None:
        sizes, name = self._environment.sizes, self._environment.search_domain
        domain = opensearch.CfnDomain(
            self,
            "OpenSearch",
            domain_name=name,
            engine_version="OpenSearch_3.7",
            cluster_config=opensearch.CfnDomain.ClusterConfigProperty(
                instance_type=sizes.search_instance,
                instance_count=sizes.search_data_nodes,
                zone_awareness_enabled=sizes.search_data_nodes > 1,
                zone_awareness_config=opensearch.CfnDomain.ZoneAwarenessConfigProperty(availability_zone_count=2)
                if sizes.search_data_nodes > 1
                else None,
            ),
            ebs_options=opensearch.CfnDomain.EBSOptionsProperty(
                ebs_enabled=True, volume_type="gp3", volume_size=sizes.search_volume_gib
            ),
            encryption_at_rest_options=opensearch.CfnDomain.EncryptionAtRestOptionsProperty(enabled=True),
            node_to_node_encryption_options=opensearch.CfnDomain.NodeToNodeEncryptionOptionsProperty(enabled=True),
            domain_endpoint_options=opensearch.CfnDomain.DomainEndpointOptionsProperty(
                enforce_https=True, tls_security_policy="Policy-Min-TLS-1-2-PFS-2023-10"
            ),
            vpc_options=opensearch.CfnDomain.VPCOptionsProperty(
                subnet_ids=self._parameters.subnet_ids[: min(2, sizes.search_data_nodes)],
                security_group_ids=[self._parameters.security_group("opensearch")],
            ),
            # The account's own roles, each as far as its own policy goes: named roles would have to exist before.
            access_policies={
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": f"arn:{cdk.Aws.PARTITION}:iam::{cdk.Aws.ACCOUNT_ID}:root"},
                        "Action": [f"es:ESHttp{method}" for method in ("Delete", "Get", "Head", "Post", "Put")],
                        "Resource": arn("es", f"domain/{name}/*"),
                    }
                ],
            },
        )
        domain.apply_removal_policy(self._removal)
        self._publish("OpenSearchUrl", f"https://{domain.attr_domain_endpoint}")

    def _cache(self) -> None:
        cache = elasticache.CfnServerlessCache(
            self,
            "Cache",
            serverless_cache_name=self._environment.prefix,
            engine="valkey",
            major_engine_version="8",
            subnet_ids=self._parameters.subnet_ids,
            security_group_ids=[self._parameters.security_group("cache")],
        )
        self._publish("CacheUrl", f"rediss://{cache.attr_endpoint_address}:{cache.attr_endpoint_port}")
