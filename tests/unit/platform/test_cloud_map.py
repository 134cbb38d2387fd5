"""Cloud Map as the probe uses it, against moto's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.platform.adapters import CloudMap


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield boto3.client("servicediscovery", region_name="eu-west-1")


def register(client: Any, namespace: str, service: str, url: str) -> None:
    found = {n["Name"]: n["Id"] for n in client.list_namespaces()["Namespaces"]}
    if namespace not in found:
        client.create_http_namespace(Name=namespace)
        found = {n["Name"]: n["Id"] for n in client.list_namespaces()["Namespaces"]}
    made = client.create_service(
        Name=service, NamespaceId=found[namespace], HealthCheckCustomConfig={"FailureThreshold": 1}
    )
    client.register_instance(ServiceId=made["Service"]["Id"], InstanceId=f"{service}-alb", Attributes={"url": url})


def test_the_instances_of_all_services_of_the_own_namespace_are_found(client: Any) -> None:
    asked: list[Any] = []
    client.meta.events.register(
        "before-parameter-build.servicediscovery.ListServices", lambda params, **_: asked.append(params["Filters"])
    )
    register(client, "leanda-dev", "files", "http://one")
    register(client, "leanda-dev", "blobs", "http://two")
    found = CloudMap(client, "leanda-dev").instances()
    assert {(instance.service, instance.url) for instance in found} == {
        ("files", "http://one"),
        ("blobs", "http://two"),
    }
    # Moto answers with the services of all namespaces, whatever is asked; AWS does not.
    namespace = next(n["Id"] for n in client.list_namespaces()["Namespaces"] if n["Name"] == "leanda-dev")
    assert asked == [[{"Name": "NAMESPACE_ID", "Values": [namespace]}]]


def test_a_namespace_that_is_not_there_has_no_instances(client: Any) -> None:
    assert CloudMap(client, "nowhere").instances() == []


def test_what_is_said_of_an_instance_is_found_again(client: Any) -> None:
    register(client, "leanda-dev", "files", "http://one")
    registry = CloudMap(client, "leanda-dev")
    for healthy in (False, True):
        registry.set_health(registry.instances()[0], healthy=healthy)
        assert registry.instances()[0].healthy is healthy
