"""Events, failure objects, batches and offsets, from values to values."""

import json
import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.poller.batching import BatchLimits, Waiting, cut
from local.poller.delivery import Condition, Discard
from local.poller.event import Record, encode_event
from local.poller.failures import failure_object
from local.poller.invoke import InvokeResult
from local.poller.mapping import KafkaMapping
from local.poller.offsets import OffsetLedger


def record(offset: int, partition: int = 0, value: bytes | None = b"v") -> Record:
    return Record("orders", partition, offset, 1_545_084_650_987, value=value)


def test_an_event_has_the_shape_of_an_msk_event() -> None:
    full = Record(
        "orders", 3, 15, 1_545_084_650_987, key=b"k", value=b"Hello", headers=(("h", b"he\xff\x80"), ("n", None))
    )
    event = json.loads(encode_event([full], event_source_arn="arn", bootstrap_servers="b1:9098,b2:9098"))
    assert event == {
        "eventSource": "aws:kafka",
        "eventSourceArn": "arn",
        "bootstrapServers": "b1:9098,b2:9098",
        "records": {
            "orders-3": [
                {
                    "topic": "orders",
                    "partition": 3,
                    "offset": 15,
                    "timestamp": 1_545_084_650_987,
                    "timestampType": "CREATE_TIME",
                    "key": "aw==",
                    "value": "SGVsbG8=",
                    "headers": [{"h": [104, 101, -1, -128]}, {"n": []}],
                }
            ]
        },
    }


def test_a_missing_key_and_a_tombstone_are_left_out_and_empty_ones_are_not() -> None:
    bare = Record("orders", 0, 1)
    empty = Record("orders", 0, 2, key=b"", value=b"")
    first, second = json.loads(encode_event([bare, empty], event_source_arn="", bootstrap_servers=""))["records"][
        "orders-0"
    ]
    assert not {"key", "value"} & set(first)
    assert (second["key"], second["value"]) == ("", "")


@given(st.lists(st.tuples(st.integers(0, 3), st.binary(max_size=50)), max_size=20))
def test_the_size_of_an_event_is_never_more_than_what_its_records_announce(contents: list[tuple[int, bytes]]) -> None:
    records = [record(n, partition, value) for n, (partition, value) in enumerate(contents)]
    envelope = len(encode_event([], event_source_arn="a", bootstrap_servers="b"))
    event = encode_event(records, event_source_arn="a", bootstrap_servers="b")
    assert len(event) <= envelope + sum(r.event_bytes for r in records)


def test_a_failure_object_says_what_the_function_did_and_holds_the_whole_event() -> None:
    mapping = KafkaMapping(
        function_name="take-orders",
        topics=("orders",),
        group_id="g",
        on_failure="b",
        mapping_id="esm",
        function_arn="f",
    )
    answer = InvokeResult(ok=False, function_error="Unhandled", request_id="r-1")
    discard = Discard((record(5), record(2, 1), record(6)), Condition.RETRIES_EXHAUSTED, 3, answer)
    unique = uuid.UUID(int=7)
    stored = failure_object(
        mapping, discard, bootstrap_servers="b:1", at=datetime(2026, 11, 24, 1, 2, 3, 4000, UTC), unique=unique
    )
    assert stored.key == f"aws/lambda/esm/orders-0/2026/11/24/2026-11-24T01.02.03-{unique}"
    body = json.loads(stored.body)
    payload = body.pop("payload")
    assert isinstance(payload, str)
    assert [r["offset"] for r in json.loads(payload)["records"]["orders-0"]] == [5, 6]
    at = "2018-12-17T22:10:50.987Z"
    assert body == {
        "requestContext": {
            "requestId": "r-1",
            "functionArn": "f",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 3,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": "2026-11-24T01:02:03.004Z",
        "KafkaBatchInfo": {
            "batchSize": 3,
            "eventSourceArn": "",
            "bootstrapServers": "b:1",
            "payloadSize": len(payload),
            "recordsInfo": {
                "orders-0": {
                    "firstRecordOffset": "5",
                    "lastRecordOffset": "6",
                    "firstRecordTimestamp": at,
                    "lastRecordTimestamp": at,
                },
                "orders-1": {
                    "firstRecordOffset": "2",
                    "lastRecordOffset": "2",
                    "firstRecordTimestamp": at,
                    "lastRecordTimestamp": at,
                },
            },
        },
    }


LIMITS = BatchLimits(records=3, window_seconds=10, payload_bytes=1_000)


def test_a_batch_waits_for_its_window_unless_it_is_full() -> None:
    waiting = Waiting().plus((record(0), record(1)), now=100.0)
    assert cut(waiting, LIMITS, now=109.9) == ((), waiting)
    assert cut(waiting, LIMITS, now=110.0)[0] == (record(0), record(1))
    batch, rest = cut(waiting.plus((record(2), record(3)), now=101.0), LIMITS, now=102.0)
    assert [r.offset for r in batch] == [0, 1, 2]
    assert [r.offset for r in rest.records] == [3]


def test_a_batch_ends_before_the_payload_limit() -> None:
    waiting = Waiting().plus((record(0, value=b"x" * 300), record(1, value=b"x" * 300)), now=0.0)
    batch, rest = cut(waiting, LIMITS, now=0.0)
    assert ([r.offset for r in batch], [r.offset for r in rest.records]) == ([0], [1])


def test_a_record_above_the_payload_limit_is_a_batch_of_its_own() -> None:
    waiting = Waiting().plus((record(0, value=b"x" * 2_000), record(1)), now=0.0)
    assert [r.offset for r in cut(waiting, LIMITS, now=0.0)[0]] == [0]


@given(st.lists(st.integers(0, 900), max_size=30), st.integers(1, 7))
def test_batches_keep_every_record_in_order_within_the_limits(sizes: list[int], most: int) -> None:
    records = tuple(record(n, value=b"x" * size) for n, size in enumerate(sizes))
    limits = BatchLimits(records=most, window_seconds=0, payload_bytes=1_000)
    waiting, batches = Waiting().plus(records, now=0.0), []
    while waiting.records:
        batch, waiting = cut(waiting, limits, now=1.0)
        batches.append(batch)
    assert tuple(r for batch in batches for r in batch) == records
    for batch in batches:
        assert 1 <= len(batch) <= most
        assert len(batch) == 1 or sum(r.event_bytes for r in batch) <= 1_000


def test_the_ledger_commits_up_to_the_first_open_record() -> None:
    ledger, place = OffsetLedger(), ("orders", 0)
    for offset in (5, 6, 9):
        ledger.read(place, offset, finished=offset == 6)
    assert ledger.due() == {}, "nothing before the first record read is finished"
    ledger.finish([record(5)])
    assert ledger.due() == {place: 9}
    ledger.committed({place: 9})
    assert ledger.due() == {}
    ledger.finish([record(9), record(77)])
    assert ledger.due() == {place: 10}
    ledger.forget([place])
    ledger.finish([record(9)])
    assert ledger.due() == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"topics": ()},
        {"group_id": ""},
        {"starting_position": "AT_TIMESTAMP"},
        {"batch_size": 0},
        {"window_seconds": 301},
        {"max_retries": -2},
        {"max_record_age_seconds": 0},
        {"maximum_pollers": 0},
    ],
)
def test_a_mapping_that_lambda_would_refuse_is_refused(wrong: dict[str, object]) -> None:
    right: dict[str, object] = {"function_name": "f", "topics": ("t",), "group_id": "g"}
    with pytest.raises(ValueError, match=next(iter(wrong))):
        KafkaMapping(**(right | wrong))  # type: ignore[arg-type]
