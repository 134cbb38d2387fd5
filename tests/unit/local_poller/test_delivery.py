"""What happens to a batch, for every sequence of answers."""

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.poller import delivery
from local.poller.delivery import Condition, Delivery, DeliveryPolicy, Discard, Send, Step
from local.poller.event import Record
from local.poller.invoke import InvokeResult
from local.poller.mapping import KafkaMapping

FAILED = InvokeResult(ok=False, function_error="Unhandled", payload=b'{"errorMessage": "no"}')
OK = InvokeResult(ok=True, payload=b"null")


def batch(*sizes: int, timestamp: int = 1_000) -> tuple[Record, ...]:
    """Records of as many partitions as there are sizes, interleaved as a consumer reads them."""
    lists = [[Record("t", p, 10 + n, timestamp, value=b"v") for n in range(size)] for p, size in enumerate(sizes)]
    return tuple(r for n in range(max(sizes, default=0)) for of_one in lists for r in of_one[n : n + 1])


def policy(**overrides: Any) -> DeliveryPolicy:
    values: dict[str, Any] = {
        "retries": 2,
        "record_age_ms": None,
        "bisect": False,
        "partial_responses": False,
        "payload_bytes": 1_000_000,
    }
    return DeliveryPolicy(**(values | overrides))


def partial(*items: tuple[str, object]) -> InvokeResult:
    failures = [{"itemIdentifier": {"partition": partition, "offset": offset}} for partition, offset in items]
    return InvokeResult(ok=True, payload=json.dumps({"batchItemFailures": failures}).encode())


def step_of(state: Delivery, rules: DeliveryPolicy, now_ms: int = 1_000) -> tuple[Delivery, Step]:
    state, step = delivery.advance(state, rules, now_ms=now_ms)
    assert step is not None
    return state, step


def sent_after(result: InvokeResult, records: tuple[Record, ...], rules: DeliveryPolicy) -> list[tuple[int, int]]:
    """Partition and offset of what is sent next, once the whole batch was answered with this; empty when done."""
    state, step = step_of(delivery.begin(records), rules)
    assert isinstance(step, Send)
    state, next_step = delivery.advance(delivery.answered(state, rules, result), rules, now_ms=1_000)
    return [(r.partition, r.offset) for r in next_step.records] if next_step else []


def test_a_batch_that_succeeds_is_sent_once() -> None:
    assert sent_after(OK, batch(3), policy()) == []


def test_a_function_error_sends_the_whole_batch_again_until_the_retries_are_used_up() -> None:
    rules, state, invocations = policy(retries=2), delivery.begin(batch(3)), 0
    state, step = step_of(state, rules)
    while isinstance(step, Send):
        assert len(step.records) == 3
        invocations += 1
        state, step = step_of(delivery.answered(state, rules, FAILED), rules)
    assert invocations == 3
    assert step == Discard(batch(3), Condition.RETRIES_EXHAUSTED, 3, FAILED)
    state = delivery.discarded(state)
    assert delivery.advance(state, rules, now_ms=1_000) == (state, None)
    assert state.failed == batch(3)


def test_waits_grow_between_retries() -> None:
    rules, state = policy(retries=None), delivery.begin(batch(1))
    waits = []
    for _ in range(12):
        state, step = step_of(state, rules)
        assert isinstance(step, Send)
        waits.append(step.wait_seconds)
        state = delivery.answered(state, rules, FAILED)
    assert waits[0] == 0
    assert waits == sorted(waits)
    assert waits[-1] == 20


def test_bisection_isolates_one_poisonous_record_without_using_up_a_retry() -> None:
    rules, records = policy(retries=1, bisect=True), batch(16)
    poison = records[11]
    state, attempts = delivery.begin(records), 0
    while True:
        state, step = delivery.advance(state, rules, now_ms=1_000)
        if step is None:
            break
        if isinstance(step, Discard):
            assert step.records == (poison,)
            state = delivery.discarded(state)
            continue
        attempts += step.records == (poison,)
        state = delivery.answered(state, rules, FAILED if poison in step.records else OK)
    assert attempts == 2, "the first try and one retry, alone"
    assert state.failed == (poison,)
    assert [r.offset for r in state.succeeded] == [r.offset for r in records if r != poison]


def test_a_partial_response_resumes_each_partition_at_its_lowest_failed_offset() -> None:
    rules = policy(partial_responses=True)
    answer = partial(("t-0", 13), ("t-0", 11), ("t-2", 12))
    assert sent_after(answer, batch(4, 4, 4), rules) == [(0, 11), (0, 12), (2, 12), (0, 13), (2, 13)]


def test_a_partial_response_is_ignored_unless_the_mapping_reports_item_failures() -> None:
    assert sent_after(partial(("t-0", 11)), batch(4), policy()) == []


def test_with_bisection_a_record_that_fails_at_the_front_is_separated_from_those_behind_it() -> None:
    rules = policy(partial_responses=True, bisect=True)
    assert sent_after(partial(("t-0", 10)), batch(4), rules) == [(0, 10), (0, 11)]


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b'{"batchItemFailures": null}', b'{"batchItemFailures": []}'])
def test_a_response_without_failures_is_success(body: bytes) -> None:
    assert sent_after(InvokeResult(ok=True, payload=body), batch(2), policy(partial_responses=True)) == []


@pytest.mark.parametrize(
    "body",
    [
        "not json",
        '"text"',
        "[]",
        "1",
        '{"batchItemFailures": {}}',
        '{"batchItemFailures": "t-0"}',
        '{"batchItemFailures": [null]}',
        '{"batchItemFailures": ["t-0"]}',
        '{"batchItemFailures": [{}]}',
        '{"batchItemFailures": [{"itemIdentifier": null}]}',
        '{"batchItemFailures": [{"itemIdentifier": ""}]}',
        '{"batchItemFailures": [{"itemIdentifier": "t-0-11"}]}',
        '{"batchItemFailures": [{"itemIdentifier": {"partition": "t-0"}}]}',
        '{"batchItemFailures": [{"itemIdentifier": {"partition": "t-0", "offset": "11"}}]}',
        '{"batchItemFailures": [{"itemIdentifier": {"partition": "t-0", "offset": true}}]}',
        '{"batchItemFailures": [{"itemIdentifier": {"partition": "t-0", "offset": 99}}]}',
        '{"batchItemFailures": [{"itemIdentifier": {"partition": "t-9", "offset": 11}}]}',
        '{"batchItemFailures": [{"itemIdentifier": {"partition": "t-0", "offset": 11}}, {"itemIdentifier": {}}]}',
    ],
)
def test_a_malformed_or_unknown_item_fails_the_whole_batch(body: str) -> None:
    answer = InvokeResult(ok=True, payload=body.encode())
    assert sent_after(answer, batch(2), policy(partial_responses=True)) == [(0, 10), (0, 11)]


def test_records_beyond_the_age_are_discarded_before_they_are_sent() -> None:
    rules = policy(record_age_ms=5_000)
    old, young = batch(2, timestamp=1_000), (Record("t", 0, 12, 9_000, value=b"v"),)
    state, step = step_of(delivery.begin(old + young), rules, now_ms=7_000)
    assert step == Discard(old, Condition.RECORD_TOO_OLD, 0, None)
    state, step = step_of(delivery.discarded(state), rules, now_ms=7_000)
    assert isinstance(step, Send)
    assert step.records == young


def test_a_record_without_a_timestamp_never_gets_too_old() -> None:
    _, step = step_of(delivery.begin(batch(1, timestamp=-1)), policy(record_age_ms=1), now_ms=10**12)
    assert isinstance(step, Send)


def test_a_record_above_the_payload_limit_is_discarded_unsent() -> None:
    records = batch(1)
    _, step = step_of(delivery.begin(records), policy(payload_bytes=50))
    assert step == Discard(records, Condition.PAYLOAD_TOO_LARGE, 0, None)


def test_an_unanswered_invocation_costs_nothing() -> None:
    state, rules = delivery.begin(batch(2)), policy(retries=0)
    for _ in range(100):
        state, step = step_of(state, rules)
        assert isinstance(step, Send)


def test_withdrawn_partitions_are_left_out_of_everything_that_follows() -> None:
    rules = policy(bisect=True, retries=0)
    state, _ = step_of(delivery.begin(batch(4, 4)), rules)
    state = delivery.withdraw(state, [("t", 0)])
    state = delivery.answered(state, rules, FAILED)
    seen: set[int] = set()
    while True:
        state, step = delivery.advance(state, rules, now_ms=1_000)
        if step is None:
            break
        seen |= {r.partition for r in step.records}
        state = delivery.answered(state, rules, FAILED) if isinstance(step, Send) else delivery.discarded(state)
    assert seen == {1}
    assert {r.partition for r in state.failed} == {1}


def test_infinite_retries_become_ten_when_there_is_a_destination() -> None:
    endless = KafkaMapping(function_name="f", topics=("t",), group_id="g")
    assert endless.retry_limit is None
    assert KafkaMapping(function_name="f", topics=("t",), group_id="g", on_failure="b").retry_limit == 10
    assert KafkaMapping(function_name="f", topics=("t",), group_id="g", on_failure="b", max_retries=0).retry_limit == 0


def answers(records: tuple[Record, ...], data: st.DataObject) -> InvokeResult | None:
    """Anything the endpoint may say about these records; None is a throttled or unanswered call."""
    kind = data.draw(st.sampled_from(["ok", "error", "partial", "unknown", "garbage", "none"]))
    if kind == "partial":
        chosen = data.draw(st.lists(st.sampled_from(records), min_size=1, max_size=3))
        return partial(*((r.topic_partition, r.offset) for r in chosen))
    return {
        "ok": OK,
        "error": FAILED,
        "unknown": partial(("t-0", 10_000)),
        "garbage": InvokeResult(ok=True, payload=b"{"),
        "none": None,
    }[kind]


@settings(max_examples=300)
@given(
    data=st.data(),
    sizes=st.lists(st.integers(0, 6), min_size=1, max_size=3),
    retries=st.integers(0, 3),
    bisect=st.booleans(),
    partial_responses=st.booleans(),
    age=st.sampled_from([None, 50]),
)
def test_every_delivery_ends_with_every_record_once_and_each_partition_in_order(
    data: st.DataObject,
    sizes: list[int],
    retries: int,
    bisect: bool,
    partial_responses: bool,
    age: int | None,
) -> None:
    records = batch(*sizes)
    rules = policy(retries=retries, bisect=bisect, partial_responses=partial_responses, record_age_ms=age)
    state, now, steps, calls_left = delivery.begin(records), 1_000, 0, 40
    settled: set[Record] = set()
    while True:
        now += data.draw(st.integers(0, 5))
        state, step = delivery.advance(state, rules, now_ms=now)
        if step is None:
            break
        steps += 1
        assert steps < 40 + 2 * len(records) * (len(records) + 2) * (retries + 2), "does not end"
        assert not settled & set(step.records), "a finished record is sent again"
        if isinstance(step, Discard):
            state = delivery.discarded(state)
        else:
            result = answers(step.records, data)
            if result is None and calls_left == 0:
                result = FAILED
            if result is None:
                calls_left -= 1
                continue
            state = delivery.answered(state, rules, result)
        newly = set(state.succeeded + state.failed) - settled
        assert newly <= set(step.records)
        for record in newly:
            earlier = {r for r in records if r.partition == record.partition and r.offset < record.offset}
            assert earlier <= settled | newly, "a record overtook an earlier one of its partition"
        settled |= newly
    assert Counter(state.succeeded + state.failed) == Counter(records)
