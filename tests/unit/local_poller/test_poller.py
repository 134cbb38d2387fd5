"""The poller against a mock Kafka cluster and a fake Lambda endpoint."""

import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from local.poller import Chaos, KafkaMapping, Poller, http_invoker, session
from tests.unit.local_poller.cluster import MockCluster
from tests.unit.local_poller.endpoint import Answer, Event, LambdaEndpoint, records, values, wait_until

# The mock broker answers a fetch only when its wait is over, a real one as soon as there is a record; and it lets a
# group that was left rest for its session timeout less one second.
FAST_FETCH = {"fetch.wait.max.ms": 10, "session.timeout.ms": 1_200, "heartbeat.interval.ms": 100}


class Bucket:
    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.refusals = 0

    def put(self, bucket: str, key: str, body: bytes) -> None:
        if self.refusals:
            self.refusals -= 1
            raise ConnectionError("the store is away")
        self.objects[f"{bucket}/{key}"] = json.loads(body)

    @property
    def records(self) -> list[bytes]:
        return [value for body in self.objects.values() for value in values(json.loads(body["payload"]))]


@contextmanager
def polling(
    cluster: MockCluster,
    mappings: list[KafkaMapping],
    url: str,
    *,
    bucket: Bucket | None = None,
    chaos: Chaos | None = None,
) -> Iterator[Poller]:
    poller = Poller(
        mappings,
        bootstrap=cluster.bootstrap,
        invoke=http_invoker(url),
        put_failure=(bucket or Bucket()).put,
        chaos=chaos,
        client_config=FAST_FETCH,
    )
    poller.start()
    try:
        yield poller
    finally:
        assert poller.stop(10)


def mapping(topic: str, **settings: Any) -> KafkaMapping:
    defaults: dict[str, Any] = {"window_seconds": 0, "group_id": f"group-of-{topic}", "maximum_pollers": 1}
    return KafkaMapping(function_name="take-orders", topics=(topic,), **(defaults | settings))


def numbered(count: int, prefix: str = "order") -> list[bytes]:
    return [f"{prefix}-{number}".encode() for number in range(count)]


def test_every_record_arrives_once_and_in_order_with_its_key_and_headers(cluster: MockCluster) -> None:
    topic = cluster.topic()
    cluster.produce(topic, numbered(250))
    with (
        LambdaEndpoint(lambda event: None) as endpoint,
        polling(cluster, [mapping(topic, batch_size=100)], endpoint.url) as poller,
    ):
        assert wait_until(lambda: len(endpoint.accepted) >= 250)
        assert wait_until(lambda: poller.stats()[f"group-of-{topic}"]["lag"] == 0)
        statistics = poller.stats()[f"group-of-{topic}"]
    assert endpoint.accepted == numbered(250)
    first = records(endpoint.events[0])[0]
    assert (first["key"], first["headers"]) == ("aw==", [{"h": [-1]}])
    assert set(endpoint.names) == {"take-orders"}
    assert max(len(records(event)) for event in endpoint.events) <= 100
    assert (statistics["records"], statistics["failures"], statistics["errors"]) == (250, 0, 0)


def test_a_poisonous_record_is_isolated_and_ends_in_the_bucket(cluster: MockCluster) -> None:
    def refuse_poison(event: Event) -> None:
        if b"order-137" in values(event):
            raise ValueError("poison")

    topic, bucket = cluster.topic(), Bucket()
    bucket.refusals = 1
    cluster.produce(topic, numbered(200))
    subject = mapping(topic, batch_size=50, bisect=True, max_retries=2, on_failure="failures")
    with (
        LambdaEndpoint(refuse_poison) as endpoint,
        polling(cluster, [subject], endpoint.url, bucket=bucket) as poller,
    ):
        assert wait_until(lambda: len(endpoint.accepted) >= 199)
        assert wait_until(lambda: poller.stats()[subject.group_id]["failures"] == 1)
    assert bucket.records == [b"order-137"]
    assert endpoint.accepted == [value for value in numbered(200) if value != b"order-137"]
    ((key, body),) = bucket.objects.items()
    assert key.startswith(f"failures/aws/lambda/{subject.uuid}/")
    assert body["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert body["KafkaBatchInfo"]["recordsInfo"][f"{topic}-0"]["firstRecordOffset"] == "137"


def test_a_partial_response_resumes_each_partition_at_its_lowest_failure(cluster: MockCluster) -> None:
    failed_once: set[bytes] = set()
    done: list[bytes] = []
    # Both partitions have records that fail the first time.
    stumbling = {b"a-3", b"a-7", b"b-5"}

    def stumble(event: Event) -> Any:
        failures = []
        for name, partition in event["records"].items():
            for record, value in zip(partition, values({"records": {name: partition}}), strict=True):
                if value in stumbling - failed_once:
                    failed_once.add(value)
                    failures.append({"itemIdentifier": {"partition": name, "offset": record["offset"]}})
                    break
                done.append(value)
        return {"batchItemFailures": failures}

    topic, bucket = cluster.topic(2), Bucket()
    cluster.produce(topic, numbered(10, "a"), partition=0)
    cluster.produce(topic, numbered(10, "b"), partition=1)
    subject = mapping(topic, partial_responses=True, max_retries=5, on_failure="failures", batch_size=20)
    with LambdaEndpoint(stumble) as endpoint, polling(cluster, [subject], endpoint.url, bucket=bucket):
        assert wait_until(lambda: len(done) >= 20)
    assert [value for value in done if value.startswith(b"a")] == numbered(10, "a")
    assert [value for value in done if value.startswith(b"b")] == numbered(10, "b")
    assert bucket.objects == {}


def test_throttling_waits_and_uses_up_no_retry(cluster: MockCluster) -> None:
    throttled = iter([True] * 4)
    topic, bucket = cluster.topic(), Bucket()
    cluster.produce(topic, numbered(3))
    subject = mapping(topic, max_retries=0, on_failure="failures")
    with (
        LambdaEndpoint(lambda event: Answer(status=429) if next(throttled, False) else None) as endpoint,
        polling(cluster, [subject], endpoint.url, bucket=bucket) as poller,
    ):
        assert wait_until(lambda: len(endpoint.accepted) == 3)
        assert poller.stats()[subject.group_id]["throttled"] == 4
    assert bucket.objects == {}


def test_an_endpoint_that_restarts_loses_nothing(cluster: MockCluster) -> None:
    topic, bucket = cluster.topic(), Bucket()
    subject = mapping(topic, max_retries=0, on_failure="failures")
    with LambdaEndpoint(lambda event: None) as first:
        cluster.produce(topic, [b"before"])
        with polling(cluster, [subject], first.url, bucket=bucket) as poller:
            assert wait_until(lambda: first.accepted == [b"before"])
            first.__exit__(None, None, None)
            cluster.produce(topic, [b"during"])
            assert wait_until(lambda: poller.stats()[subject.group_id]["unavailable"] > 0)
            with LambdaEndpoint(lambda event: None, port=first.port) as second:
                assert wait_until(lambda: second.accepted == [b"during"])
        first.__enter__()
    assert bucket.objects == {}


def test_stopping_and_starting_again_loses_nothing_and_repeats_nothing(cluster: MockCluster) -> None:
    topic = cluster.topic(2)
    subject = mapping(topic, batch_size=7)
    with LambdaEndpoint(lambda event: None) as endpoint:
        cluster.produce(topic, numbered(60, "a"), partition=0)
        with polling(cluster, [subject], endpoint.url):
            assert wait_until(lambda: len(endpoint.accepted) >= 20)
        cluster.produce(topic, numbered(60, "b"), partition=1)
        with polling(cluster, [subject], endpoint.url):
            assert wait_until(lambda: len(endpoint.accepted) >= 120)
    assert Counter(endpoint.accepted) == Counter(numbered(60, "a") + numbered(60, "b"))


def test_every_group_reads_everything_and_filters_for_itself(cluster: MockCluster) -> None:
    topic = cluster.topic()
    cluster.produce(topic, [json.dumps({"type": "A" if n % 2 else "B", "n": n}).encode() for n in range(20)])
    everything = mapping(topic, group_id=f"{topic}-all")
    some = mapping(topic, group_id=f"{topic}-some", filters=('{"value": {"type": ["A"]}}',))
    none = mapping(topic, group_id=f"{topic}-none", filters=('{"value": {"type": ["C"]}}',))
    with (
        LambdaEndpoint(lambda event: None) as endpoint,
        polling(cluster, [everything, some, none], endpoint.url) as poller,
    ):
        assert wait_until(lambda: len(endpoint.accepted) == 30)
        assert wait_until(lambda: poller.stats()[none.group_id]["filtered"] == 20)
        assert wait_until(lambda: poller.stats()[none.group_id]["lag"] == 0)
    with polling(cluster, [none], "http://127.0.0.1:1") as poller:
        assert poller.wait_assigned(10)
        assert poller.stats()[none.group_id]["filtered"] == 0, "filtered records count as consumed"


def test_a_long_invocation_keeps_its_place_in_the_group_while_another_poller_joins(cluster: MockCluster) -> None:
    release = threading.Event()
    topic = cluster.topic(2)
    cluster.produce(topic, [b"slow"], partition=0)
    subject = mapping(topic, maximum_pollers=2)

    def wait_for_release(event: Event) -> None:
        if b"slow" in values(event):
            release.wait(10)

    with LambdaEndpoint(wait_for_release) as endpoint, polling(cluster, [subject], endpoint.url) as poller:
        assert wait_until(lambda: len(endpoint.events) == 1)
        cluster.produce(topic, [b"quick"], partition=1)
        assert poller.wait_assigned(10)
        assert wait_until(lambda: b"quick" in endpoint.accepted), "the other partition is not held up"
        release.set()
        assert wait_until(lambda: b"slow" in endpoint.accepted)


def test_chaos_repeats_and_reshuffles_but_loses_nothing(cluster: MockCluster) -> None:
    topic = cluster.topic(2)
    cluster.produce(topic, numbered(40, "a"), partition=0)
    cluster.produce(topic, numbered(40, "b"), partition=1)
    subject = mapping(topic, batch_size=10)
    with (
        LambdaEndpoint(lambda event: None) as endpoint,
        polling(cluster, [subject], endpoint.url, chaos=Chaos(seed=3, duplicate=0.4, rebalance=0.4)) as poller,
    ):
        assert wait_until(lambda: set(numbered(40, "a") + numbered(40, "b")) <= set(endpoint.accepted))
        assert poller.stats()[subject.group_id]["rebalances"] > 0
    assert len(endpoint.accepted) > 80
    for prefix in (b"a", b"b"):
        first_time = [v for v in dict.fromkeys(endpoint.accepted) if v.startswith(prefix)]
        assert first_time == numbered(40, prefix.decode()), "repeats start at or before what is known already"


def test_without_a_window_a_record_does_not_wait_for_another(cluster: MockCluster) -> None:
    topic = cluster.topic()
    with (
        LambdaEndpoint(lambda event: None) as endpoint,
        polling(cluster, [mapping(topic)], endpoint.url) as poller,
    ):
        assert poller.wait_assigned(10)
        # With a window these would share a batch; the order of magnitude is measured, not asserted.
        for number in range(10):
            cluster.produce(topic, [b"x"])
            assert wait_until(lambda expected=number + 1: len(endpoint.events) == expected)


def test_a_window_gathers_records_into_one_batch(cluster: MockCluster) -> None:
    topic = cluster.topic()
    with (
        LambdaEndpoint(lambda event: None) as endpoint,
        polling(cluster, [mapping(topic, window_seconds=0.6)], endpoint.url) as poller,
    ):
        assert poller.wait_assigned(10)
        for value in numbered(5):
            cluster.produce(topic, [value])
        assert wait_until(lambda: len(endpoint.accepted) == 5)
    assert len(endpoint.events) == 1


def test_a_broker_that_goes_away_and_comes_back_is_survived(cluster: MockCluster) -> None:
    with MockCluster() as own, LambdaEndpoint(lambda event: None) as endpoint:
        topic = own.topic()
        own.produce(topic, [b"before"])
        with polling(own, [mapping(topic)], endpoint.url):
            assert wait_until(lambda: b"before" in endpoint.accepted)
            own.break_down()
            own.come_back()
            own.produce(topic, [b"after"])
            assert wait_until(lambda: b"after" in endpoint.accepted)


def test_partitions_that_are_lost_during_an_invocation_are_read_again_when_they_come_back() -> None:
    release = threading.Event()
    with MockCluster() as own, LambdaEndpoint(lambda event: release.wait(20) and None) as endpoint:
        topic = own.topic()
        own.produce(topic, [b"before"])
        with polling(own, [mapping(topic)], endpoint.url) as poller:
            group = f"group-of-{topic}"
            assert wait_until(lambda: len(endpoint.events) == 1)
            own.break_down()
            assert wait_until(lambda: poller.stats()[group]["rebalances"] == 1), "they are lost while they are paused"
            release.set()
            assert wait_until(lambda: poller.stats()[group]["batches"] == 1)
            own.come_back()
            own.produce(topic, [b"after"])
            assert wait_until(lambda: b"after" in endpoint.accepted)


def test_stopping_is_bounded_while_a_function_hangs(cluster: MockCluster) -> None:
    release = threading.Event()
    topic = cluster.topic()
    cluster.produce(topic, [b"x"])
    with LambdaEndpoint(lambda event: release.wait(20)) as endpoint:
        poller = Poller(
            [mapping(topic)],
            bootstrap=cluster.bootstrap,
            invoke=http_invoker(endpoint.url),
            put_failure=Bucket().put,
            client_config=FAST_FETCH,
        )
        poller.start()
        assert wait_until(lambda: len(endpoint.events) == 1)
        started = time.monotonic()
        assert poller.stop(0.2) is False
        assert time.monotonic() - started < 6
        release.set()
    with LambdaEndpoint(lambda event: None) as endpoint, polling(cluster, [mapping(topic)], endpoint.url):
        assert wait_until(lambda: endpoint.accepted == [b"x"]), "what was abandoned comes again"


def test_sigterm_ends_the_process_loop_cleanly(cluster: MockCluster) -> None:
    topic = cluster.topic()
    cluster.produce(topic, [b"x"])
    before = signal.getsignal(signal.SIGTERM)
    with LambdaEndpoint(lambda event: os.kill(os.getpid(), signal.SIGTERM)) as endpoint:
        poller = Poller(
            [mapping(topic)],
            bootstrap=cluster.bootstrap,
            invoke=http_invoker(endpoint.url),
            put_failure=Bucket().put,
            client_config=FAST_FETCH,
        )
        assert poller.run_until_signalled(10) is True
    assert endpoint.accepted == [b"x"]
    assert signal.getsignal(signal.SIGTERM) is before


def test_partitions_that_move_to_another_poller_are_neither_lost_nor_set_back(cluster: MockCluster) -> None:
    topic = cluster.topic(2)
    subject = mapping(topic, batch_size=5)
    with LambdaEndpoint(lambda event: None) as endpoint, polling(cluster, [subject], endpoint.url) as first:
        cluster.produce(topic, numbered(30, "a"), partition=0)
        cluster.produce(topic, numbered(30, "b"), partition=1)
        assert wait_until(lambda: len(endpoint.accepted) == 60)
        with polling(cluster, [subject], endpoint.url) as second:

            def shared() -> bool:
                owned = [p.stats()[subject.group_id]["partitions"] for p in (first, second)]
                return owned == [1, 1]

            assert wait_until(shared)
            cluster.produce(topic, numbered(30, "c"), partition=0)
            cluster.produce(topic, numbered(30, "d"), partition=1)
            assert wait_until(lambda: len(endpoint.accepted) == 120)
        assert wait_until(lambda: first.stats()[subject.group_id]["partitions"] == 2)
    everything = [v for prefix in "abcd" for v in numbered(30, prefix)]
    assert Counter(endpoint.accepted) == Counter(everything)


def test_a_partition_that_moves_during_an_invocation_is_not_set_back_when_that_ends(
    cluster: MockCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "REVOKE_WAIT_SECONDS", 0.1)
    release = threading.Event()
    topic = cluster.topic(2)
    subject = mapping(topic, window_seconds=0.3)

    def hold_the_first_batch(event: Event) -> None:
        if len(event["records"]) == 2:
            release.wait(15)

    with LambdaEndpoint(hold_the_first_batch) as endpoint:
        with polling(cluster, [subject], endpoint.url) as first:
            assert first.wait_assigned(10)
            cluster.produce(topic, [b"a"], partition=0)
            cluster.produce(topic, [b"b"], partition=1)
            assert wait_until(lambda: len(endpoint.events) == 1)
            with polling(cluster, [subject], endpoint.url) as second:
                assert wait_until(lambda: second.stats()[subject.group_id]["partitions"] == 1)
                cluster.produce(topic, numbered(5, "c"), partition=0)
                cluster.produce(topic, numbered(5, "d"), partition=1)
                assert wait_until(lambda: second.stats()[subject.group_id]["lag"] == 0 and len(endpoint.accepted) >= 6)
                release.set()
                assert wait_until(lambda: set(numbered(5, "c") + numbered(5, "d")) <= set(endpoint.accepted))
                assert wait_until(lambda: first.stats()[subject.group_id]["lag"] == 0)
        known = len(endpoint.accepted)
        with polling(cluster, [subject], endpoint.url) as third:
            assert third.wait_assigned(10)
            cluster.produce(topic, [b"last"], partition=0)
            cluster.produce(topic, [b"last"], partition=1)
            assert wait_until(lambda: endpoint.accepted.count(b"last") == 2)
        assert endpoint.accepted[known:] == [b"last"] * 2, "nothing comes again"


def test_records_that_wait_for_their_window_move_with_their_partition(cluster: MockCluster) -> None:
    topic = cluster.topic(2)
    subject = mapping(topic, window_seconds=1.0)
    with LambdaEndpoint(lambda event: None) as endpoint, polling(cluster, [subject], endpoint.url) as first:
        assert first.wait_assigned(10)
        cluster.produce(topic, [b"a"], partition=0)
        cluster.produce(topic, [b"b"], partition=1)
        assert wait_until(lambda: first.stats()[subject.group_id]["records"] == 2)
        with polling(cluster, [subject], endpoint.url) as second:
            assert wait_until(lambda: second.stats()[subject.group_id]["batches"] == 1)
            assert wait_until(lambda: first.stats()[subject.group_id]["batches"] == 1)
    assert sorted(endpoint.accepted) == [b"a", b"b"]


def test_a_group_that_was_complete_once_stays_ready_when_others_join(cluster: MockCluster) -> None:
    topic = cluster.topic(2)
    subject = mapping(topic)
    with LambdaEndpoint(lambda event: None) as endpoint, polling(cluster, [subject], endpoint.url) as first:
        assert first.wait_assigned(10)
        with polling(cluster, [subject], endpoint.url) as second:
            assert wait_until(lambda: second.stats()[subject.group_id]["partitions"] == 1)
            assert first.wait_assigned(0.1)
            assert not second.wait_assigned(0.1)


def test_two_mappings_may_not_share_a_group() -> None:
    with pytest.raises(ValueError, match="group"):
        Poller(
            [mapping("a", group_id="g"), mapping("b", group_id="g")],
            bootstrap="127.0.0.1:1",
            invoke=http_invoker("http://127.0.0.1:1"),
            put_failure=Bucket().put,
        )
