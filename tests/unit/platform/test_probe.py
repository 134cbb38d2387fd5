"""The probe tells Cloud Map the truth about every instance."""

from __future__ import annotations

from dataclasses import replace

import pytest

from functions.platform.probing import Instance, Probe
from leanda.errors import Unavailable

INSTANCE = Instance("srv-1", "files", "alb", "http://alb.internal:8080/", healthy=True)
URL = "http://alb.internal:8080/api/v1/internal/files/health"


class FakeRegistry:
    def __init__(self, *instances: Instance) -> None:
        self.registered = {instance.instance_id: instance for instance in instances}

    def instances(self) -> list[Instance]:
        return list(self.registered.values())

    def set_health(self, instance: Instance, *, healthy: bool) -> None:
        self.registered[instance.instance_id] = replace(instance, healthy=healthy)


class FakeHealth:
    """Answers by URL; what has no answer is silent."""

    def __init__(self, **answers: int) -> None:
        self.answers: dict[str, int] = {URL: answers["files"]} if answers else {}

    def status(self, url: str) -> int:
        if url not in self.answers:
            raise Unavailable(detail="connection refused")
        return self.answers[url]


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (204, False), (307, False), (404, False), (503, False)])
def test_only_200_is_healthy(status: int, healthy: bool) -> None:
    registry = FakeRegistry(INSTANCE)
    Probe(registry, FakeHealth(files=status)).run()
    assert registry.registered["alb"].healthy is healthy


def test_silence_is_unhealthy_and_does_not_stop_the_round() -> None:
    registry = FakeRegistry(replace(INSTANCE, service="silent", instance_id="first"), INSTANCE)
    counts = Probe(registry, FakeHealth(files=200)).run()
    assert counts == {"healthy": 1, "unhealthy": 1}
    assert registry.registered["first"].healthy is False


def test_an_instance_without_a_url_is_unhealthy() -> None:
    registry = FakeRegistry(replace(INSTANCE, url=None, healthy=None))
    assert Probe(registry, FakeHealth()).run() == {"healthy": 0, "unhealthy": 1}


def test_changes_are_logged_and_steady_states_are_not(caplog: pytest.LogCaptureFixture) -> None:
    registry = FakeRegistry(INSTANCE)
    health = FakeHealth(files=200)
    probe = Probe(registry, health)
    for status in (200, 503, 503, 200):
        health.answers[URL] = status
        probe.run()
    found = [record for record in caplog.records if record.message == "health changed"]
    assert [record.__dict__["healthy"] for record in found] == [False, True]
