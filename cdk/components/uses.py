"""What a function may use: each use brings its environment keys, its IAM statements and its way through the network.

A function is given a use or it is not; there is no other way to a store, a topic, a bucket or another service.
Keys and actions are the same in every environment, so that what runs locally under enforced roles runs on AWS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import aws_cdk as cdk

from cdk.components.parameters import Parameters
from cdk.components.permissions import Statement
from cdk.config import LOCAL_CLUSTER_ID, Environment, arn
from leanda.contracts.topics import TOPICS, Topic


@dataclass(frozen=True)
class Target:
    """The function that is given something: its place and the values that its stack reads."""

    environment: Environment
    parameters: Parameters
    context: str
    """The context that owns the data: `files`, `parsers`."""


class Use:
    """Base of all uses."""

    clients: tuple[str, ...] = ()
    """The client security groups that let the function through (`cdk.stacks.network`)."""

    def environment(self, target: Target) -> Mapping[str, str]:  # noqa: ARG002 - most uses bring keys, not all
        return {}

    def statements(self, target: Target) -> tuple[Statement, ...]:  # noqa: ARG002
        return ()


# --- Kafka ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cluster:
    """ARNs of the cluster and of what is in it. The id in the middle is chosen by AWS when the cluster is made."""

    target: Target

    @property
    def arn(self) -> str:
        if self.target.environment.is_local:
            return arn("kafka", f"cluster/{self.target.environment.kafka_cluster}/{LOCAL_CLUSTER_ID}")
        return self.target.parameters.kafka_cluster_arn

    @property
    def _id(self) -> str:
        if self.target.environment.is_local:
            return LOCAL_CLUSTER_ID
        return cdk.Fn.select(2, cdk.Fn.split("/", self.arn))

    def topic(self, topic: Topic) -> str:
        return arn("kafka", f"topic/{self.target.environment.kafka_cluster}/{self._id}/{topic.name}")

    def group(self, group: str) -> str:
        return arn("kafka", f"group/{self.target.environment.kafka_cluster}/{self._id}/{group}")


def _kafka_environment(target: Target) -> dict[str, str]:
    return {
        "KAFKA_BOOTSTRAP": target.parameters.kafka_bootstrap,
        "KAFKA_AUTH": "none" if target.environment.is_local else "iam",
    }


class KafkaProducer(Use):
    """Publish to exactly the topics of which the context is a writer (`leanda.contracts.topics`)."""

    clients = ("kafka",)

    def environment(self, target: Target) -> Mapping[str, str]:
        return _kafka_environment(target)

    def statements(self, target: Target) -> tuple[Statement, ...]:
        cluster = Cluster(target)
        topics = tuple(cluster.topic(topic) for topic in TOPICS if target.context in topic.writers)
        if not topics:
            raise ValueError(f"The context {target.context!r} is a writer of no topic.")
        return (
            Statement("KafkaConnect", ("kafka-cluster:Connect", "kafka-cluster:WriteDataIdempotently"), (cluster.arn,)),
            Statement("KafkaWrite", ("kafka-cluster:DescribeTopic", "kafka-cluster:WriteData"), topics),
        )


class KafkaAdmin(Use):
    """Create the topics and change their retention."""

    clients = ("kafka",)

    def environment(self, target: Target) -> Mapping[str, str]:
        return _kafka_environment(target)

    def statements(self, target: Target) -> tuple[Statement, ...]:
        cluster = Cluster(target)
        return (
            Statement("KafkaConnect", ("kafka-cluster:Connect", "kafka-cluster:DescribeCluster"), (cluster.arn,)),
            Statement(
                "KafkaTopics",
                (
                    "kafka-cluster:AlterTopic",
                    "kafka-cluster:AlterTopicDynamicConfiguration",
                    "kafka-cluster:CreateTopic",
                    "kafka-cluster:DescribeTopic",
                    "kafka-cluster:DescribeTopicDynamicConfiguration",
                ),
                tuple(cluster.topic(topic) for topic in TOPICS),
            ),
        )


# --- stores -----------------------------------------------------------------------------------------------------------


class DocumentStore(Use):
    """The context's own database, with the context's own credentials."""

    clients = ("document-store",)

    def environment(self, target: Target) -> Mapping[str, str]:
        return {
            "DOCUMENT_STORE_URL": target.parameters.document_store_url,
            "DOCUMENT_STORE_AUTH": "none" if target.environment.is_local else "secret",
            "DOCUMENT_STORE_SECRET": target.environment.secret(target.context, "document-store"),
            "DOCUMENT_STORE_DATABASE": target.context,
        }

    def statements(self, target: Target) -> tuple[Statement, ...]:
        secret = target.environment.secret(target.context, "document-store")
        return (
            Statement(
                "DocumentStoreSecret", ("secretsmanager:GetSecretValue",), (target.environment.secret_arn(secret),)
            ),
        )


@dataclass(frozen=True)
class OpenSearch(Use):
    """The search domain, with the HTTP methods that the function sends."""

    methods: tuple[str, ...]
    clients = ("opensearch",)

    def environment(self, target: Target) -> Mapping[str, str]:
        return {
            "OPENSEARCH_URL": target.parameters.opensearch_url,
            "OPENSEARCH_AUTH": "none" if target.environment.is_local else "iam",
        }

    def statements(self, target: Target) -> tuple[Statement, ...]:
        return (
            Statement(
                "OpenSearch",
                tuple(f"es:ESHttp{method}" for method in self.methods),
                (arn("es", f"domain/{target.environment.search_domain}/*"),),
            ),
        )


class Cache(Use):
    """Valkey: rate limits and read-through caching. Without it everything works, only slower."""

    clients = ("cache",)

    def environment(self, target: Target) -> Mapping[str, str]:
        return {"CACHE_URL": target.parameters.cache_url}


# --- S3 ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Originals(Use):
    """The bucket of originals, with exactly the object actions (by key pattern) and bucket actions that are named."""

    objects: Mapping[str, tuple[str, ...]]
    bucket: tuple[str, ...] = ()

    def environment(self, target: Target) -> Mapping[str, str]:
        return {"ORIGINALS_BUCKET": target.environment.bucket("originals")}

    def statements(self, target: Target) -> tuple[Statement, ...]:
        named = target.environment
        of_objects = tuple(
            Statement(
                f"Originals{keys.partition('/')[0].capitalize()}",
                tuple(f"s3:{action}" for action in actions),
                (named.bucket_arn("originals", keys),),
            )
            for keys, actions in self.objects.items()
        )
        if not self.bucket:
            return of_objects
        actions = tuple(f"s3:{action}" for action in self.bucket)
        return (*of_objects, Statement("Originals", actions, (named.bucket_arn("originals"),)))


@dataclass(frozen=True)
class Artefacts(Use):
    """Message bodies in S3. Listing is allowed to readers, so that a missing one is a 404 and not a 403, and to who removes."""

    read: bool = False
    write: bool = False
    remove: bool = False

    def environment(self, target: Target) -> Mapping[str, str]:
        return {"ARTEFACTS_BUCKET": target.environment.bucket("artefacts")}

    def statements(self, target: Target) -> tuple[Statement, ...]:
        named = target.environment
        wanted = {"s3:GetObject": self.read, "s3:PutObject": self.write, "s3:DeleteObject": self.remove}
        actions = tuple(action for action, yes in wanted.items() if yes)
        if not actions:
            raise ValueError("Artefacts are read, written or removed.")
        of_objects = Statement("Artefacts", actions, (named.bucket_arn("artefacts", "*"),))
        if not (self.read or self.remove):
            return (of_objects,)
        return (of_objects, Statement("ArtefactsList", ("s3:ListBucket",), (named.bucket_arn("artefacts"),)))


class Album(Use):
    """Pictures that were drawn: a prefix of the bucket of artefacts, with a time of its own: they can be drawn again.

    Listing is allowed, so that a missing picture is a 404 and not a 403; narrowed to the prefix, S3 would answer 403 again.
    """

    def environment(self, target: Target) -> Mapping[str, str]:
        return {"PICTURES_BUCKET": target.environment.bucket("artefacts")}

    def statements(self, target: Target) -> tuple[Statement, ...]:
        named = target.environment
        objects = (named.bucket_arn("artefacts", "pictures/*"),)
        return (
            Statement("Album", ("s3:GetObject", "s3:PutObject"), objects),
            Statement("AlbumList", ("s3:ListBucket",), (named.bucket_arn("artefacts"),)),
        )


# --- other services ---------------------------------------------------------------------------------------------------


class Discovery(Use):
    """Find internal services by Cloud Map and call them through the internal load balancer."""

    clients = ("internal",)

    def environment(self, target: Target) -> Mapping[str, str]:
        return {"DISCOVERY_NAMESPACE": target.environment.namespace}

    def statements(self, target: Target) -> tuple[Statement, ...]:
        # The action knows no resource, only conditions.
        condition = {"StringEqualsIfExists": {"servicediscovery:NamespaceName": target.environment.namespace}}
        return (Statement("Discover", ("servicediscovery:DiscoverInstances",), ("*",), condition),)


class InstanceHealth(Discovery):
    """Say which instances of the internal services are healthy."""

    def statements(self, target: Target) -> tuple[Statement, ...]:
        return (
            *super().statements(target),
            # Ids of services are chosen by AWS and listing knows no resource; a namespace holds all that is found.
            Statement(
                "FindServices",
                ("servicediscovery:ListInstances", "servicediscovery:ListNamespaces", "servicediscovery:ListServices"),
                ("*",),
            ),
            Statement(
                "SayHealth",
                ("servicediscovery:UpdateInstanceCustomHealthStatus",),
                (arn("servicediscovery", "service/*"),),
            ),
        )


class FailureObjects(Use):
    """Read what mappings gave up. Listing is allowed, so that a missing object is a 404 and not a 403."""

    def environment(self, target: Target) -> Mapping[str, str]:
        return {"FAILURES_BUCKET": target.environment.bucket("failures")}

    def statements(self, target: Target) -> tuple[Statement, ...]:
        named = target.environment
        objects = (named.bucket_arn("failures", "aws/lambda/*"),)
        return (
            Statement("FailureObjects", ("s3:GetObject", "s3:GetObjectVersion"), objects),
            Statement("FailureList", ("s3:ListBucket",), (named.bucket_arn("failures"),)),
        )


@dataclass(frozen=True)
class Deliveries(Use):
    """Invoke exactly these consumers (`package`, `handler`) with an event that they were given before."""

    consumers: tuple[tuple[str, str], ...]

    def environment(self, target: Target) -> Mapping[str, str]:
        groups = sorted(target.environment.consumer_group(*consumer) for consumer in self.consumers)
        return {"FUNCTION_PREFIX": target.environment.prefix, "CONSUMERS": ",".join(groups)}

    def statements(self, target: Target) -> tuple[Statement, ...]:
        arns = sorted(target.environment.function_arn(*consumer) for consumer in self.consumers)
        return (Statement("Deliver", ("lambda:InvokeFunction",), tuple(arns)),)


@dataclass(frozen=True)
class Nudge(Use):
    """Wake one function of the own context instead of waiting for its schedule."""

    handler: str

    def environment(self, target: Target) -> Mapping[str, str]:
        return {"NUDGED_FUNCTION": target.environment.function(target.context, self.handler)}

    def statements(self, target: Target) -> tuple[Statement, ...]:
        function = target.environment.function_arn(target.context, self.handler)
        return (Statement("Nudge", ("lambda:InvokeFunction",), (function,)),)


class Cursors(Use):
    """The key that signs cursors of paged answers."""

    def environment(self, target: Target) -> Mapping[str, str]:
        return {"CURSOR_SECRET": target.environment.secret(target.context, "cursor")}

    def statements(self, target: Target) -> tuple[Statement, ...]:
        secret = target.environment.secret(target.context, "cursor")
        return (
            Statement("CursorSecret", ("secretsmanager:GetSecretValue",), (target.environment.secret_arn(secret),)),
        )


class InboxCredentials(Use):
    """Hand out credentials for one user's inbox: the inbox role, narrowed by a session policy."""

    def environment(self, target: Target) -> Mapping[str, str]:
        return {"INBOX_ROLE_ARN": target.environment.role_arn(target.environment.inbox_role)}

    def statements(self, target: Target) -> tuple[Statement, ...]:
        role = target.environment.role_arn(target.environment.inbox_role)
        return (Statement("InboxRole", ("sts:AssumeRole",), (role,)),)
