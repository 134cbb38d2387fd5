"""Kafka's admin protocol, Cloud Map, and health checks over HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import urllib3
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # re-exported there without saying so
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from functions.platform.probing import Instance
from leanda.contracts.topics import Topic
from leanda.errors import Unavailable

ADMIN_SECONDS: Final = 30.0
BROKERS_DEFAULT: Final = -1
_RETENTION: Final = "retention.ms"


class KafkaTopics:
    """`functions.platform.use_cases.Topics` on a cluster.

    Args:
        config: librdkafka settings (`leanda.messaging.auth.client_config`).
        replication_factor: of new topics; `BROKERS_DEFAULT` where the cluster decides (MSK Serverless always does).
    """

    def __init__(self, config: dict[str, Any], *, replication_factor: int) -> None:
        self._admin = AdminClient(config)
        self._replication_factor = replication_factor
        if "oauth_cb" in config:
            self._admin.poll(ADMIN_SECONDS)  # serves the callback that fetches the first token

    def partitions(self) -> dict[str, int]:
        try:
            found = self._admin.list_topics(timeout=ADMIN_SECONDS).topics
        except KafkaException as error:
            raise Unavailable(detail=f"Kafka: {error}") from error
        return {name: len(topic.partitions) for name, topic in found.items()}

    def retention_ms(self, names: Iterable[str]) -> dict[str, int]:
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
        if not resources:
            return {}
        answers = self._admin.describe_configs(resources, request_timeout=ADMIN_SECONDS)
        configs = {resource.name: _confirmed(future) for resource, future in answers.items()}
        return {name: int(entries[_RETENTION].value) for name, entries in configs.items() if _RETENTION in entries}

    def create(self, topics: Iterable[Topic]) -> None:
        wanted = [
            NewTopic(
                topic.name,
                num_partitions=topic.partitions,
                replication_factor=self._replication_factor,
                config={_RETENTION: str(topic.retention_ms)},
            )
            for topic in topics
        ]
        if wanted:
            _settle(self._admin.create_topics(wanted, operation_timeout=ADMIN_SECONDS, request_timeout=ADMIN_SECONDS))

    def grow(self, counts: Mapping[str, int]) -> None:
        wanted = [NewPartitions(name, count) for name, count in counts.items()]
        if wanted:
            _settle(self._admin.create_partitions(wanted, request_timeout=ADMIN_SECONDS))

    def retain(self, milliseconds: Mapping[str, int]) -> None:
        wanted = [
            ConfigResource(
                ResourceType.TOPIC,
                name,
                incremental_configs=[ConfigEntry(_RETENTION, str(value), incremental_operation=AlterConfigOpType.SET)],
            )
            for name, value in milliseconds.items()
        ]
        if wanted:
            _settle(self._admin.incremental_alter_configs(wanted, request_timeout=ADMIN_SECONDS))


class CloudMap:
    """`functions.platform.probing.Registry` on AWS Cloud Map.

    Args:
        client: boto3 `servicediscovery`.
        namespace: its name, as callers know it.
    """

    def __init__(self, client: Any, namespace: str) -> None:
        self._client, self._namespace = client, namespace

    def instances(self) -> list[Instance]:
        return [instance for service in self._services() for instance in self._instances_of(service)]

    def set_health(self, instance: Instance, *, healthy: bool) -> None:
        self._client.update_instance_custom_health_status(
            ServiceId=instance.service_id,
            InstanceId=instance.instance_id,
            Status="HEALTHY" if healthy else "UNHEALTHY",
        )

    def _services(self) -> list[dict[str, Any]]:
        namespaces = self._pages("list_namespaces", "Namespaces")
        return [
            service
            for namespace in namespaces
            if namespace["Name"] == self._namespace
            for service in self._pages(
                "list_services", "Services", Filters=[{"Name": "NAMESPACE_ID", "Values": [namespace["Id"]]}]
            )
        ]

    def _instances_of(self, service: dict[str, Any]) -> list[Instance]:
        known = self._client.discover_instances(
            NamespaceName=self._namespace, ServiceName=service["Name"], HealthStatus="ALL", MaxResults=1000
        )["Instances"]
        healthy = {found["InstanceId"]: found.get("HealthStatus") == "HEALTHY" for found in known}
        return [
            Instance(
                service_id=service["Id"],
                service=service["Name"],
                instance_id=found["Id"],
                url=found.get("Attributes", {}).get("url"),
                healthy=healthy.get(found["Id"]),
            )
            for found in self._pages("list_instances", "Instances", ServiceId=service["Id"])
        ]

    def _pages(self, operation: str, items: str, **arguments: Any) -> list[dict[str, Any]]:
        pages = self._client.get_paginator(operation).paginate(**arguments)
        return [found for page in pages for found in page[items]]


class HttpHealth:
    """`functions.platform.probing.Health` over HTTP."""

    def __init__(self, *, timeout: float) -> None:
        self._pool = urllib3.PoolManager(maxsize=4)
        self._timeout = timeout

    def status(self, url: str) -> int:
        try:
            return self._pool.request("GET", url, redirect=False, retries=1, timeout=self._timeout).status
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable(detail=str(error)[:500]) from error


def _settle(futures: Mapping[Any, Any]) -> None:
    for future in futures.values():
        _confirmed(future)


def _confirmed(future: Any) -> Any:
    """A future's result. Somebody else having made the topic in between is as good.

    Raises:
        Unavailable: the cluster did not confirm.
    """
    try:
        return future.result(ADMIN_SECONDS)
    except KafkaException as error:
        if error.args and error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
            return None
        raise Unavailable(detail=f"Kafka: {error}") from error
