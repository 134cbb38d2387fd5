"""The Kafka poller as a process of its own: how to start it, and what runs inside (`python -m local.stack.poller_process`)."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from local.cloud.assembly import read_assembly
from local.cloud.aws import Aws, CloudEndpoint
from local.cloud.http_server import JsonHandler, LoopbackServer
from local.cloud.processes import LoggedProcess
from local.poller.chaos import Chaos
from local.poller.invoke import http_invoker
from local.poller.mapping import KafkaMapping
from local.poller.poller import STOP_SECONDS, Poller

_ROOT = Path(__file__).parents[2]
START_SECONDS = 180
"""A poller that was killed left members in its groups, which are missed after ten seconds; beside much other work that goes on."""
TELL_SECONDS = 5
DUPLICATES, REBALANCES = 0.2, 0.02
"""How often a misbehaving poller repeats a batch, and leaves its group without a commit."""


@dataclass(frozen=True)
class PollerSettings:
    """What is polled for whom. `chaos_seed` None is a poller that behaves well."""

    port: int
    assembly: str
    parameters: dict[str, str]
    aws_url: str
    region: str
    bootstrap: str
    host_url: str
    home: str
    chaos_seed: int | None

    @property
    def url(self) -> str:
        """Answers with the counters of each group once all partitions are owned; before that with 503."""
        return f"http://127.0.0.1:{self.port}"


class PollerProcess:
    """Starts, stops and kills a poller."""

    def __init__(self, settings: PollerSettings) -> None:
        self.settings = settings
        self._process: LoggedProcess | None = None

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process and self._process.running else None

    def start(self) -> None:
        """Start it and wait until it owns all partitions of all mappings.

        Raises:
            ProcessFailed: it did not within three minutes, with the end of its log.
        """
        if self.pid is not None:
            return
        self._process = LoggedProcess(
            [sys.executable, "-m", "local.stack.poller_process", json.dumps(asdict(self.settings)), str(os.getpid())],
            log=Path(self.settings.home) / "poller.log",
            # Messages are freed by other threads than made them; with an arena for each, memory would not be used again.
            environment={"PYTHONPATH": str(_ROOT), "MALLOC_ARENA_MAX": "2"},
            cwd=_ROOT,
        )
        self._process.wait_until_ready(self.settings.url, within=START_SECONDS)

    def stop(self) -> None:
        """Let it finish what is under way, commit and leave its groups."""
        if self._process:
            self._process.stop(grace=STOP_SECONDS + 10)

    def kill(self) -> None:
        """End it at once; what it had not committed comes again after the next start."""
        if self._process:
            self._process.kill()


def _mapping(found: Any) -> KafkaMapping:
    provisioned = found.provisioned or {}
    return KafkaMapping(
        function_name=found.function_name,
        topics=found.topics,
        group_id=found.group_id,
        starting_position=found.starting_position,
        batch_size=found.batch_size,
        window_seconds=found.maximum_batching_window_seconds,
        max_retries=found.maximum_retry_attempts,
        max_record_age_seconds=found.maximum_record_age_seconds,
        bisect=found.bisect_batch_on_function_error,
        partial_responses=found.report_batch_item_failures,
        on_failure=found.on_failure_bucket,
        filters=found.filters,
        maximum_pollers=min(2, provisioned.get("MaximumPollers", 2)),
        event_source_arn=found.event_source_arn or "",
    )


def _poller(settings: PollerSettings) -> Poller:
    assembly = read_assembly(Path(settings.assembly), parameters=settings.parameters)
    aws = Aws(CloudEndpoint(settings.aws_url, settings.region))

    def put_failure(bucket: str, key: str, body: bytes) -> None:
        aws.client("s3").put_object(Bucket=bucket, Key=key, Body=body)

    seed = settings.chaos_seed
    return Poller(
        [_mapping(found) for found in assembly.kafka_mappings],
        bootstrap=settings.bootstrap,
        invoke=http_invoker(settings.host_url),
        put_failure=put_failure,
        chaos=None if seed is None else Chaos(seed=seed, duplicate=DUPLICATES, rebalance=REBALANCES),
    )


def main() -> None:
    """Poll until SIGTERM or SIGINT, or until the supervisor is gone."""
    settings, supervisor = PollerSettings(**json.loads(sys.argv[1])), int(sys.argv[2])
    asked_to_stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked_to_stop.set())
    poller = _poller(settings)

    class Front(JsonHandler):
        def do_GET(self) -> None:  # noqa: N802
            self.reply(200 if poller.wait_assigned(0.1) else 503, poller.stats())

    server = LoopbackServer(settings.port, Front)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    poller.start()
    while not asked_to_stop.wait(TELL_SECONDS) and os.getppid() == supervisor:
        if waiting := poller.waiting():
            print(f"still without their partitions: {waiting}", file=sys.stderr, flush=True)
    poller.stop()
    server.shutdown()


if __name__ == "__main__":
    main()
