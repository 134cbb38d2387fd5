"""The filtering language, by the examples of the Lambda guide and the corners that it leaves."""

import json
from typing import Any

import pytest

from local.poller.filters import compile_filters


def passes(pattern: Any, value: Any) -> bool:
    raw = value if isinstance(value, bytes) or value is None else json.dumps(value).encode()
    return compile_filters([json.dumps({"value": pattern})])(raw)


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ({"a": ["x"]}, {"a": "x"}, True),
        ({"a": ["x"]}, {"a": "X"}, False),
        ({"a": ["x", "y"]}, {"a": "y"}, True),
        ({"a": ["x"], "b": [1]}, {"a": "x", "b": 1}, True),
        ({"a": ["x"], "b": [1]}, {"a": "x", "b": 2}, False),
        ({"a": ["x"]}, {}, False),
        ({"a": [1]}, {"a": 1.0}, True),
        ({"a": [1]}, {"a": "1"}, False),
        ({"a": [1]}, {"a": True}, False),
        ({"a": [True]}, {"a": True}, True),
        ({"a": [True]}, {"a": 1}, False),
        ({"a": [None]}, {"a": None}, True),
        ({"a": [None]}, {}, False),
        ({"a": [""]}, {"a": ""}, True),
        ({"a": {"b": {"c": ["x"]}}}, {"a": {"b": {"c": "x"}}}, True),
        ({"a": {"b": ["x"]}}, {"a": "x"}, False),
        ({"a": ["x"]}, {"a": {"b": "x"}}, False),
        ({"a": ["x"]}, {"a": ["w", "x"]}, True),
        ({"a": ["x"]}, {"a": []}, False),
        ({"a": {"b": [1], "c": [2]}}, {"a": [{"b": 1, "c": 2}]}, True),
        ({"a": {"b": [1], "c": [2]}}, {"a": [{"b": 1, "c": 3}, {"b": 3, "c": 2}]}, False),
        ({"a": [{"prefix": "ab"}]}, {"a": "abc"}, True),
        ({"a": [{"prefix": "ab"}]}, {"a": "cab"}, False),
        ({"a": [{"prefix": {"equals-ignore-case": "AB"}}]}, {"a": "abc"}, True),
        ({"a": [{"prefix": "1"}]}, {"a": 12}, False),
        ({"a": [{"suffix": ".png"}]}, {"a": "b.png"}, True),
        ({"a": [{"suffix": ".png"}]}, {"a": "b.PNG"}, False),
        ({"a": [{"equals-ignore-case": "Rain"}]}, {"a": "rAIN"}, True),
        ({"a": [{"anything-but": ["x", "y"]}]}, {"a": "z"}, True),
        ({"a": [{"anything-but": ["x", "y"]}]}, {"a": "y"}, False),
        ({"a": [{"anything-but": "x"}]}, {"a": "x"}, False),
        ({"a": [{"anything-but": [1]}]}, {"a": "1"}, True),
        ({"a": [{"anything-but": ["x"]}]}, {}, False),
        ({"a": [{"anything-but": {"prefix": "ab"}}]}, {"a": "abc"}, False),
        ({"a": [{"anything-but": {"prefix": "ab"}}]}, {"a": "b"}, True),
        ({"a": [{"numeric": ["=", 100]}]}, {"a": 100}, True),
        ({"a": [{"numeric": [">", 10, "<=", 20]}]}, {"a": 20}, True),
        ({"a": [{"numeric": [">", 10, "<=", 20]}]}, {"a": 10}, False),
        ({"a": [{"numeric": [">", 10]}]}, {"a": "11"}, False),
        ({"a": [{"exists": True}]}, {"a": None}, True),
        ({"a": [{"exists": True}]}, {}, False),
        ({"a": [{"exists": True}]}, {"a": {"b": 1}}, False),
        ({"a": [{"exists": False}]}, {}, True),
        ({"a": [{"exists": False}]}, {"a": 1}, False),
        ({"a": {"b": [{"exists": False}]}}, {}, True),
        ({"a": ["x", {"exists": False}]}, {}, True),
        ({"$or": [{"a": ["x"]}, {"b": [1]}]}, {"b": 1}, True),
        ({"$or": [{"a": ["x"]}, {"b": [1]}]}, {"a": "y", "b": 2}, False),
        ({"c": [0], "$or": [{"a": ["x"]}, {"b": [1]}]}, {"a": "x", "c": 1}, False),
        ({"c": {"$or": [{"a": ["x"]}, {"b": [1]}]}}, {"c": {"a": "x"}}, True),
    ],
)
def test_a_json_value_is_compared_field_by_field(pattern: Any, value: Any, expected: bool) -> None:
    assert passes(pattern, value) is expected


@pytest.mark.parametrize("value", [b"plain text", b"\xff\xfe", b"{broken", b"123", b"", None])
def test_a_value_in_another_format_than_the_pattern_is_not_filtered(value: bytes | None) -> None:
    assert passes({"a": ["x"]}, value)


def test_a_text_value_is_compared_as_a_whole_with_a_text_pattern() -> None:
    assert passes(["Hello", {"prefix": "Good"}], b"Goodbye")
    assert not passes([{"anything-but": ["error"]}], b"error")
    assert passes(["Hello"], {"json": "is another format"})


def test_one_of_several_patterns_is_enough_and_none_lets_everything_through() -> None:
    either = compile_filters(['{"value": {"a": [1]}}', '{"value": {"b": [2]}}'])
    assert either(b'{"b": 2}')
    assert not either(b'{"a": 2}')
    assert compile_filters([])(None)


@pytest.mark.parametrize(
    "pattern",
    [
        "not json",
        "[]",
        "{}",
        '{"topic": ["t"]}',
        '{"value": {"a": ["x"]}, "key": ["k"]}',
        '{"value": "x"}',
        '{"value": {"a": "x"}}',
        '{"value": {"a": []}}',
        '{"value": {"a": {}}}',
        '{"value": {"a": [["x"]]}}',
        '{"value": {"a": [{"regex": "x"}]}}',
        '{"value": {"a": [{"prefix": 1}]}}',
        '{"value": {"a": [{"prefix": "x", "suffix": "y"}]}}',
        '{"value": {"a": [{"exists": "yes"}]}}',
        '{"value": {"a": [{"numeric": []}]}}',
        '{"value": {"a": [{"numeric": ["~", 1]}]}}',
        '{"value": {"a": [{"numeric": [">", "1"]}]}}',
        '{"value": {"a": [{"anything-but": []}]}}',
        '{"value": {"$or": {"a": ["x"]}}}',
        '{"value": {"$or": []}}',
    ],
)
def test_a_pattern_that_lambda_would_refuse_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError):
        compile_filters([pattern])
