"""Types of values, statistics of fields, and what a field is called in the end."""

from __future__ import annotations

import functools
import itertools
import math
import random
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanda.contracts.artefacts import FieldStatistics, FieldValue, RecordStatus, Row
from leanda.statistics import (
    MAX_DISTINCT,
    MAX_DISTINCT_CHARACTERS,
    Value,
    data_type,
    merge,
    observe,
    qualify,
    type_of,
    type_value,
    typed,
    unit_of,
)

WORDS = ["", " ", "1", "0", "-7", "007", "1.0", "2.50", "-.5", "1e3", "1E-400", "1e999", "true", "False", "yes", "No"]
WORDS += ["2024-02-29", "2023-02-29", "2024-01-01T10:00:00Z", "2024-01-01 10:00", "0001-01-01T00:00:00+23:00", "NaN"]
WORDS += ["inf", "0x1F", "1,234", "+5", "text", "é", "x" * 300, "123456789012345", "1234567890123456", " 12 ", "12\n"]
TEXTS = st.one_of(st.sampled_from(WORDS), st.text(max_size=6), st.text(alphabet="0123456789-+.eE:TZ ", max_size=12))
VALUES: st.SearchStrategy[Value] = st.one_of(
    TEXTS, st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, width=32)
)
ROWS = st.lists(st.dictionaries(st.sampled_from("abcdef"), VALUES, max_size=5), max_size=12)


def records_of(rows: list[dict[str, Value]], first: int = 0) -> list[Row]:
    return [
        {
            "index": first + n,
            "type": "row",
            "status": "Parsed",
            "fields": [{"name": name, "value": value} for name, value in row.items()],
        }
        for n, row in enumerate(rows)
    ]


def column(*values: Value) -> FieldStatistics:
    (statistics,) = observe(records_of([{"x": value} for value in values]))
    return statistics


# --- one value ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("42", 42),
        ("-42", -42),
        (" 42 ", 42),
        ("123456789012345", 123456789012345),
        ("1.5", 1.5),
        ("-0.5", -0.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1.5E-3", 0.0015),
        ("true", True),
        ("FALSE", False),
        ("Yes", True),
        ("no", False),
        ("", None),
        ("  ", None),
    ],
)
def test_unambiguous_text_has_a_type(text: str, value: Value) -> None:
    result = type_value(text)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        *("00501", "007.5", "-01", "+49", "1234567890123456", "1,5", "1,234", "1.", ".", "-", "e3", "1e999", "1e-999"),
        *("nan", "inf", "0x1F", "1_000", "١٢", "t", "y", "n", "on", "1.2.3", "12 kg", "2024-01-01", "2024-13-01"),
        "x" * 10_000,
    ],
)
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert type_value(text) == text
    assert isinstance(type_value(text), str)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("2024-02-29", "date"),
        ("2023-02-29", "string"),
        ("2024-01-01T10:00:00Z", "datetime"),
        ("2024-01-01 10:00", "datetime"),
        ("2024-01-01T10:00:00.123+02:00", "datetime"),
        ("20240101", "integer"),
        ("2024-W01", "string"),
        ("01.02.2024", "string"),
        ("2024", "integer"),
    ],
)
def test_iso_dates_are_recognised(text: str, name: str) -> None:
    assert type_of(text) == name


@given(TEXTS)
def test_a_typed_number_is_what_the_text_says(text: str) -> None:
    value = type_value(text)
    if isinstance(value, bool):
        assert text.strip().lower() in ("true", "false", "yes", "no")
    elif isinstance(value, int | float):
        assert math.isfinite(value)
        assert float(text) == value


# --- records ------------------------------------------------------------------------------------------------------------


def test_a_typed_record_keeps_what_is_ambiguous_as_text() -> None:
    row: dict[str, Value] = {
        "zip": "00501",
        "mass": "1.50",
        "n": "3",
        "on": "true",
        "town": "TRUE",
        "country": "NO",
        "day": "2024-01-01",
    }
    (record,) = records_of([{**row, "none": None, "blank": " "}])
    assert [field.get("value") for field in typed(record)["fields"]] == [
        "00501",
        1.5,
        3,
        True,
        "TRUE",
        "NO",
        "2024-01-01",
        None,
        None,
    ]
    assert {**typed(record), "fields": record["fields"]} == record
    assert typed(record)["fields"][-1] == {"name": "blank"}


ROUNDED = [
    "0.12345678901234567890123",
    "0.0312345678901234567",
    "9007199254740993.0",
    "4.9E-324",
    "1.00000000000000000001",
]


@pytest.mark.parametrize("text", ROUNDED)
def test_a_number_that_a_double_would_round_stays_text_and_its_field_is_one_of_numbers(text: str) -> None:
    (record,) = (typed(one) for one in records_of([{"x": text}]))
    assert record["fields"] == [{"name": "x", "value": text}]
    described = qualify(column(text, "1.5"))
    assert described["dataType"] == "decimal"
    assert described["min"] == min(float(text), 1.5)
    assert described["distinct"] == sorted([text, "1.5"], key=float)


@pytest.mark.parametrize(
    ("text", "value", "written"),
    [
        ("1.10", 1.1, "1.10"),
        (" 2.50 ", 2.5, "2.50"),
        ("1e5", 100000.0, "1e5"),
        ("2E3", 2000.0, "2E3"),
        (".5", 0.5, ".5"),
        ("0.1000000000000000000000", 0.1, "0.1000000000000000000000"),
        ("TRUE", "TRUE", None),
        ("False", "False", None),
        ("1.5", 1.5, None),
        ("1.0", 1.0, None),
        ("1e-05", 1e-05, None),
        ("true", True, None),
        ("7", 7, None),
        ("yes", "yes", None),
        ("0e99999999999999999999999999", 0.0, "0e99999999999999999999999999"),
    ],
)
def test_what_json_writes_otherwise_keeps_its_spelling(text: str, value: Value, written: str | None) -> None:
    (record,) = (typed(one) for one in records_of([{"x": text}]))
    assert record["fields"] == [{"name": "x", "value": value} | ({"written": written} if written else {})]
    assert FieldValue.model_validate(record["fields"][0]).written == written
    assert typed(record) == record


@given(
    st.decimals(allow_nan=False, allow_infinity=False).map(str)
    | st.text("0123456789", min_size=1, max_size=25).map("0.{}".format)
)
def test_from_a_typed_record_every_number_can_be_read_as_it_was_written(text: str) -> None:
    (field,) = next(typed(one) for one in records_of([{"x": text}]))["fields"]
    assert field.get("written", str(field["value"])) == text
    assert Decimal(str(field["value"])) == Decimal(text)


@given(ROWS)
def test_typing_records_does_not_change_their_statistics(rows: list[dict[str, Value]]) -> None:
    records = records_of(rows)
    assert observe(typed(record) for record in records) == observe(records)
    assert [typed(typed(record)) for record in records] == [typed(record) for record in records]


def test_failed_records_do_not_count() -> None:
    (record,) = records_of([{"a": "1"}])
    assert observe([{**record, "status": RecordStatus.FAILED}]) == []


# --- merging ------------------------------------------------------------------------------------------------------------


@given(ROWS, st.lists(st.integers(0, 12), max_size=4), st.randoms(use_true_random=False))
def test_any_split_merged_in_any_order_gives_the_statistics_of_the_whole(
    rows: list[dict[str, Value]], cuts: list[int], shuffler: random.Random
) -> None:
    records = records_of(rows)
    bounds = sorted({0, len(records), *(cut for cut in cuts if cut < len(records))})
    parts = [observe(records[start:end]) for start, end in itertools.pairwise(bounds)]
    shuffler.shuffle(parts)
    while len(parts) > 1:
        at = shuffler.randrange(len(parts) - 1)
        parts[at : at + 2] = [merge(parts[at], parts[at + 1])]
    assert (parts[0] if parts else []) == observe(records)


@given(ROWS, ROWS, ROWS)
def test_merging_is_commutative_and_associative(
    one: list[dict[str, Value]], two: list[dict[str, Value]], three: list[dict[str, Value]]
) -> None:
    a, b, c = (observe(records_of(rows, first)) for rows, first in ((one, 0), (two, 100), (three, 200)))
    assert merge(a, b) == merge(b, a)
    assert merge(merge(a, b), c) == merge(a, merge(b, c))
    assert merge(a, []) == a == merge([], a)


def test_fields_keep_the_order_of_their_columns() -> None:
    late = observe(records_of([{"z": "1", "b": "1", "a": "2", "new": "x"}], first=5))
    early = observe(records_of([{"z": "1", "b": "1", "a": "2"}]))
    assert [field.name for field in merge(late, early)] == ["z", "b", "a", "new"]


@given(st.permutations([range(400), range(300, 800), range(700, 1001), range(10)]))
def test_too_many_distinct_values_are_dropped_whatever_the_order(parts: list[range]) -> None:
    first = 0
    observed = []
    for part in parts:
        observed.append(observe(records_of([{"x": n} for n in part], first)))
        first += len(part)
    (whole,) = functools.reduce(merge, observed)
    assert (whole.distinct, whole.distinct_capped) == ((), True)
    assert MAX_DISTINCT == 1000


def test_too_many_distinct_values_are_dropped_while_they_are_counted() -> None:
    statistics = column(*range(MAX_DISTINCT + 1))
    assert (statistics.distinct, statistics.distinct_capped, statistics.count) == ((), True, MAX_DISTINCT + 1)
    assert "distinct" not in qualify(statistics)


def test_a_thousand_distinct_values_are_kept() -> None:
    left = observe(records_of([{"x": n} for n in range(600)]))
    right = observe(records_of([{"x": n} for n in range(500, 1000)], 600))
    (whole,) = merge(left, right)
    assert len(whole.distinct) == 1000
    assert not whole.distinct_capped


def test_long_texts_are_not_listed() -> None:
    assert column("a", "b" * (MAX_DISTINCT_CHARACTERS + 1)).distinct_capped


def test_five_thousand_fields_are_counted() -> None:
    rows: list[dict[str, Value]] = [{f"field {n}": str(n) for n in range(5000)} for _ in range(3)]
    merged = merge(observe(records_of(rows)), observe(records_of(rows, 3)))
    assert [field.name for field in merged] == [f"field {n}" for n in range(5000)]
    assert {field.count for field in merged} == {6}


# --- what a field is ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "name"),
    [
        (["1", "2", ""], "integer"),
        (["1", "0", "0"], "integer"),
        (["1", "2.5"], "decimal"),
        (["1.0", "2.0"], "decimal"),
        (["1", "2", "n/a"], "string"),
        (["n/a", "1", "2"], "string"),
        (["yes", "NO", "true"], "boolean"),
        (["yes", "1"], "string"),
        (["2024-01-01", "2024-01-02 10:00"], "date"),
        (["2024-01-01", "5"], "string"),
        (["00501", "10001"], "string"),
        (["", None], "string"),
        ([1, 2.5, "3"], "decimal"),
        ([True, "yes"], "boolean"),
        ([math.inf], "string"),
        ([10**400], "string"),
    ],
)
def test_a_field_is_what_all_its_values_are(values: list[Value], name: str) -> None:
    assert data_type(column(*values)) == name


def test_an_integer_field_is_described() -> None:
    assert qualify(column("3", None, "10", "3", "")) == {
        "name": "x",
        "dataType": "integer",
        "count": 3,
        "nulls": 2,
        "min": 3,
        "max": 10,
        "distinct": ["3", "10"],
    }


def test_the_range_of_a_date_field_is_told_as_dates() -> None:
    days = qualify(column("2024-03-01", "0001-01-01", "9999-12-31"))
    assert (days["min"], days["max"]) == ("0001-01-01", "9999-12-31")
    moments = qualify(column("2024-03-01", "2024-03-01T10:00:00+02:00"))
    assert (moments["min"], moments["max"]) == ("2024-03-01T00:00:00Z", "2024-03-01T08:00:00Z")


def test_a_field_that_turned_into_text_has_no_range() -> None:
    described = qualify(column("1", "2", "unknown"))
    assert "min" not in described
    assert "max" not in described


def test_a_number_written_in_two_ways_is_one_value() -> None:
    assert column("2", "2.0", "2.00").distinct == ("2",)


@given(ROWS)
def test_every_field_can_be_described_and_its_numbers_add_up(rows: list[dict[str, Value]]) -> None:
    for statistics in observe(records_of(rows)):
        described = qualify(statistics)
        assert statistics.count == sum(statistics.types.values())
        assert statistics.count + statistics.nulls == sum(statistics.name in row for row in rows)
        if described["dataType"] in ("integer", "decimal"):
            assert described["min"] <= described["max"]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("mass (g/mol)", "g/mol"),
        ("t [s]", "s"),
        ("c / mol L-1", "mol L-1"),
        ("area (m²)", "m²"),
        ("k (cm^3 s^-1)", "cm^3 s^-1"),
        ("Temperature(°C)", "°C"),
        ("Yield [%]", "%"),
        ("d (Å)", "Å"),
        ("c (10^-3 mol·L⁻¹)", "10^-3 mol·L⁻¹"),
        ("mass", None),
        ("price (estimated)", None),
        ("size (in characters)", None),
        ("a/b", None),
        ("(kg)", None),
        ("", None),
        ("x (" * 1000, None),
        ("t in s", "s"),
        ("Temperature in °C ", "°C"),
        ("Mass_mg", "mg"),
        ("mean_cell_volume_µL", "µL"),
        ("sample_A", None),
        ("t_min", None),
        ("first in line", None),
        ("in s", None),
        ("_mg", None),
        ("x_" * 1000, None),
    ],
)
def test_the_unit_that_a_name_ends_with(name: str, unit: str | None) -> None:
    assert unit_of(name) == unit


def test_only_columns_of_numbers_have_a_unit() -> None:
    rows: list[dict[str, Value]] = [{"mass (kg)": "1.5", "name (id)": "x", "when (UTC)": "2024-01-01"}]
    shown = [qualify(column) for column in observe(records_of(rows))]
    assert [(column["name"], column.get("unit")) for column in shown] == [
        ("mass (kg)", "kg"),
        ("name (id)", None),
        ("when (UTC)", None),
    ]
