"""Asks every instance of every internal service how it is, and tells those who look for one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from leanda.errors import Unavailable
from leanda.observability import logger


@dataclass(frozen=True)
class Instance:
    """An instance of an internal service.

    Attributes:
        url: where it answers, as it is registered; None if its registration lacks it.
        healthy: what callers are told so far; None if they are told nothing.
    """

    service_id: str
    service: str
    instance_id: str
    url: str | None
    healthy: bool | None

    @property
    def health_url(self) -> str | None:
        return f"{self.url.rstrip('/')}/api/v1/internal/{self.service}/health" if self.url else None


class Registry(Protocol):
    """Where instances are registered."""

    def instances(self) -> list[Instance]: ...

    def set_health(self, instance: Instance, *, healthy: bool) -> None: ...


class Health(Protocol):
    def status(self, url: str) -> int:
        """The HTTP status of a GET.

        Raises:
            Unavailable: no answer in time.
        """
        ...


@dataclass(frozen=True)
class Probe:
    """One round over all instances."""

    registry: Registry
    health: Health

    def run(self) -> dict[str, int]:
        """How many instances are healthy and unhealthy now. An instance is healthy only if it answers 200.

        The status is said in every round, not only when it changes: a statement that got lost is repeated within a minute.
        """
        counts = {"healthy": 0, "unhealthy": 0}
        for instance in self.registry.instances():
            healthy, reason = self._ask(instance)
            self.registry.set_health(instance, healthy=healthy)
            if healthy is not instance.healthy:
                say = logger.info if healthy else logger.warning
                say(
                    "health changed",
                    internal_service=instance.service,
                    instance=instance.instance_id,
                    healthy=healthy,
                    reason=reason,
                )
            counts["healthy" if healthy else "unhealthy"] += 1
        return counts

    def _ask(self, instance: Instance) -> tuple[bool, str]:
        if instance.health_url is None:
            return False, "its registration has no url"
        try:
            status = self.health.status(instance.health_url)
        except Unavailable as error:
            return False, error.detail or error.message
        return status == 200, f"answered {status}"
