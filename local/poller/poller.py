"""Runs the pollers of all mappings."""

import logging
import signal
import threading
import time
from collections.abc import Sequence
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from local.poller.batch_run import Target
from local.poller.chaos import Chaos
from local.poller.consumer import PartitionConsumer
from local.poller.failures import PutFailure
from local.poller.filters import compile_filters
from local.poller.invoke import Invoke
from local.poller.mapping import KafkaMapping
from local.poller.stats import MappingStats

log = logging.getLogger(__name__)

STOP_SECONDS = 20.0
_LOOK_FOR_TOPICS_SECONDS = 0.5
_LOOK_FOR_PARTITIONS_SECONDS = 30.0
_METADATA_TIMEOUT_SECONDS = 5.0
_LEAVE_SECONDS = 5.0


class Poller:
    """Feeds functions from Kafka, one consumer group per mapping.

    Args:
        mappings: What to poll. Their groups must differ: two mappings on one topic both read all of it.
        bootstrap: Kafka bootstrap servers.
        invoke: Calls a function; `http_invoker` makes one. It may raise `EndpointUnavailable` or `OSError`.
        put_failure: Stores a failure object in a bucket; called again with a new key until it does not raise.
        chaos: Misbehave as AWS may, for tests.
        client_config: Further librdkafka settings for every client, such as security.

    Raises:
        ValueError: two mappings share a group, or a filter pattern is not one.
    """

    def __init__(
        self,
        mappings: Sequence[KafkaMapping],
        *,
        bootstrap: str,
        invoke: Invoke,
        put_failure: PutFailure,
        chaos: Chaos | None = None,
        client_config: dict[str, Any] | None = None,
    ) -> None:
        groups = [mapping.group_id for mapping in mappings]
        if len(set(groups)) < len(groups):
            raise ValueError("every mapping needs a consumer group of its own")
        for mapping in mappings:
            compile_filters(mapping.filters)
        self._targets = {
            mapping.group_id: Target(mapping, bootstrap, invoke, put_failure, MappingStats()) for mapping in mappings
        }
        self._consumers: dict[str, list[PartitionConsumer]] = {group: [] for group in groups}
        self._partitions: dict[str, int] = {}
        self._bootstrap = bootstrap
        self._chaos = chaos
        self._client_config = dict(client_config or {})
        self._stopping = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, name="poller-supervisor", daemon=True)

    def start(self) -> None:
        """Begin polling; mappings whose topics do not exist yet begin when they do. A poller starts once."""
        self._supervisor.start()

    def stop(self, timeout: float = STOP_SECONDS) -> bool:
        """Finish the invocations under way, commit, and leave the groups.

        Invocations that take longer than the timeout are abandoned: their records are not committed and come again
        after the next start. Leaving the groups may take some seconds more.

        Returns:
            Whether nothing had to be abandoned.
        """
        deadline = time.monotonic() + timeout
        self._stopping.set()
        if self._supervisor.ident is not None:
            self._supervisor.join(timeout)
        consumers = [consumer for group in self._consumers.values() for consumer in group]
        for consumer in consumers:
            consumer.ask_to_stop()
        late = [consumer for consumer in consumers if not consumer.join(deadline - time.monotonic())]
        for consumer in late:
            consumer.abandon()
        deadline = time.monotonic() + _LEAVE_SECONDS
        for consumer in late:
            consumer.join(deadline - time.monotonic())
        return not late

    def run_until_signalled(self, timeout: float = STOP_SECONDS) -> bool:
        """Start, wait for SIGTERM or SIGINT, and stop; for the main thread of a process."""
        signalled = threading.Event()
        previous = {
            number: signal.signal(number, lambda *_: signalled.set()) for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            self.start()
            signalled.wait()
            return self.stop(timeout)
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def wait_assigned(self, timeout: float) -> bool:
        """Whether each partition of each mapping's topics has been owned at some moment until this time.

        Not all at one moment: members of some group may always be changing, where batches are many and chaos is wanted.
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if not self.waiting():
                return True
            self._stopping.wait(0.05)
        return False

    def waiting(self) -> dict[str, str]:
        """Groups whose partitions have not all been owned, and how many have: `3 of 12`; `0 of 0` before its topics are known."""
        sizes = {group: self._partitions.get(group, 0) for group in self._targets}
        owned = {group: target.stats.ever_owned for group, target in self._targets.items()}
        return {group: f"{owned[group]} of {size}" for group, size in sizes.items() if not 0 < size <= owned[group]}

    def stats(self) -> dict[str, dict[str, int]]:
        """Counters by consumer group; the names are those of `local.poller.stats`."""
        return {group: target.stats.as_dict() for group, target in self._targets.items()}

    def _supervise(self) -> None:
        admin = AdminClient({"bootstrap.servers": self._bootstrap} | self._client_config, logger=log)
        while not self._stopping.is_set():
            try:
                topics = admin.list_topics(timeout=_METADATA_TIMEOUT_SECONDS).topics
            except KafkaException as error:
                log.warning("topics not listed: %s", error)
                topics = {}
            sizes = {name: len(topic.partitions) for name, topic in topics.items() if topic.error is None}
            incomplete = [target for target in self._targets.values() if not self._staff(target, sizes)]
            self._stopping.wait(_LOOK_FOR_TOPICS_SECONDS if incomplete else _LOOK_FOR_PARTITIONS_SECONDS)

    def _staff(self, target: Target, sizes: dict[str, int]) -> bool:
        """Start the consumers a mapping still lacks; False when one of its topics does not exist yet."""
        mapping = target.mapping
        partitions = [sizes.get(topic, 0) for topic in mapping.topics]
        if not all(partitions):
            return False
        consumers = self._consumers[mapping.group_id]
        for poller in range(len(consumers), min(mapping.maximum_pollers, sum(partitions))):
            consumer = PartitionConsumer(target, poller, client_config=self._client_config, chaos=self._chaos)
            consumers.append(consumer)
            consumer.start()
        self._partitions[mapping.group_id] = sum(partitions)
        return True
