"""A Kafka mock cluster inside the process and a fake Lambda endpoint."""

from collections.abc import Iterator

import pytest

from local.poller import session
from tests.unit.local_poller.cluster import MockCluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[MockCluster]:
    with MockCluster() as running:
        yield running


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Idle consumers look up sooner, which only makes stopping and statistics quicker."""
    monkeypatch.setattr(session, "IDLE_SECONDS", 0.05)
    monkeypatch.setattr(session, "HOUSEKEEPING_SECONDS", 0.2)
