"""One poller of a mapping: a thread that is a member of the consumer group and a thread that invokes."""

import logging
import queue
import threading
from typing import Any

from confluent_kafka import KafkaException

from local.poller.batch_run import BatchRun, Target
from local.poller.chaos import Chaos
from local.poller.mapping import STARTING_POSITIONS, KafkaMapping
from local.poller.session import Session

log = logging.getLogger(__name__)

_RESTART_SECONDS = 1.0


def consumer_settings(mapping: KafkaMapping, bootstrap_servers: str) -> dict[str, Any]:
    """The librdkafka settings of a mapping's consumers (CONFIGURATION.md of librdkafka)."""
    return {
        "bootstrap.servers": bootstrap_servers,
        "group.id": mapping.group_id,
        "client.id": f"poller-{mapping.group_id}",
        "auto.offset.reset": STARTING_POSITIONS[mapping.starting_position],
        "partition.assignment.strategy": "cooperative-sticky",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "isolation.level": "read_committed",
        "allow.auto.create.topics": False,
        # A broker that restarts is back within seconds here, and what was read ahead is read again after a rebalance.
        "reconnect.backoff.max.ms": 1_000,
        "session.timeout.ms": 10_000,
        # A member learns of a rebalance with its next heartbeat: the default of 3 s is what a change of members then costs.
        "heartbeat.interval.ms": 500,
        # So long may a group wait for a member that lives and does not answer, by default five minutes. Sessions poll all the time.
        "max.poll.interval.ms": 30_000,
        "topic.metadata.refresh.interval.ms": 30_000,
        "fetch.queue.backoff.ms": 100,
        "queued.max.messages.kbytes": 16_384,
    }


class Worker:
    """Executes one batch at a time, so that the consumer stays free to answer its group."""

    def __init__(self, name: str) -> None:
        self._runs: queue.SimpleQueue[BatchRun | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def submit(self, run: BatchRun) -> None:
        self._runs.put(run)

    def close(self) -> None:
        self._runs.put(None)

    def _work(self) -> None:
        while (run := self._runs.get()) is not None:
            try:
                run.execute()
            except Exception:
                # The batch is incomplete and stays uncommitted; the consumer starts over and reads it again.
                log.exception("%s: a delivery broke off", self._thread.name)


class PartitionConsumer:
    """A poller; it starts over after a fatal error of the client and ends only when it is told to."""

    def __init__(
        self, target: Target, poller: int, *, client_config: dict[str, Any], chaos: Chaos | None = None
    ) -> None:
        self._target = target
        self._poller = poller
        self._settings = consumer_settings(target.mapping, target.bootstrap_servers) | client_config
        self._chaos = chaos
        self._dice = (chaos or Chaos(seed=0)).dice(target.mapping.group_id, poller)
        self._stopping = threading.Event()
        self._abandoned = threading.Event()
        name = f"poller-{target.mapping.group_id}-{poller}"
        self._worker = Worker(f"{name}-worker")
        self._thread = threading.Thread(target=self._keep_consuming, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Begin nothing new; invocations under way are waited for by `join`."""
        self._stopping.set()

    def abandon(self) -> None:
        """Leave the group without the invocation under way; its records are not committed."""
        self._stopping.set()
        self._abandoned.set()

    def join(self, seconds: float) -> bool:
        """Whether the poller has ended within this time."""
        self._thread.join(max(0.0, seconds))
        return not self._thread.is_alive()

    def _keep_consuming(self) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    Session(
                        self._target,
                        self._poller,
                        settings=self._settings,
                        submit=self._worker.submit,
                        stopping=self._stopping,
                        abandoned=self._abandoned,
                        chaos=self._chaos,
                        dice=self._dice,
                    ).run()
                except KafkaException as error:
                    log.warning("%s: starting over: %s", self._thread.name, error)
                    self._stopping.wait(_RESTART_SECONDS)
        finally:
            self._worker.close()
            self._target.stats.observe(self._poller, partitions=0, lag=0)
