"""Types of values and statistics of fields. Pure.

A file's text has no types; a column gets one from all its values, at the end of the run. Until then every value is
typed by itself, by rules that are conservative on purpose: what a spreadsheet would damage stays text.

- integer: an optional minus and up to 15 digits (exact in JSON, BSON and a double). No leading zero but in `0` itself:
  `00501` is a postal code. No leading plus: `+4915…` is a telephone number.
- decimal: with a point, an exponent, or both; finite. Neither a decimal comma nor thousands separators (`1,234` means two
  things), nor hexadecimal, `nan` or `inf`.
- boolean: only the words true, false, yes, no. `1` and `0` are integers: a column of them counts more often than it
  answers.
- date: ISO 8601 calendar dates, with or without a time of day (https://www.rfc-editor.org/rfc/rfc3339 section 5.6, time
  zone optional). The value stays text, which sorts and is indexed as a date as it is.
- empty or blank text: nothing (None). Everything else: string.

The column: only booleans → boolean; only integers → integer; integers and decimals → decimal; only dates → date; any
other mixture → string. A numeric column that meets one word is text, and `1` among `yes` and `no` makes text too.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from leanda.contracts.artefacts import FieldStatistics, FieldValue, Record, RecordStatus

type Value = str | int | float | bool | None
type ValueType = Literal["boolean", "integer", "decimal", "date", "datetime", "string"]

MAX_DISTINCT: Final = 1000
"""Distinct values of a field are listed up to this many; with more there is no list at all."""
MAX_DISTINCT_CHARACTERS: Final = 256
"""A longer value is a text, not a category: such a field lists no distinct values either."""

_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,14})")
_DECIMAL: Final = re.compile(r"-?(?:(?:0|[1-9][0-9]*)?\.[0-9]+(?:[eE][-+]?[0-9]+)?|(?:0|[1-9][0-9]*)[eE][-+]?[0-9]+)")
_DATE: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?P<time>[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[-+][0-9]{2}:?[0-9]{2})?)?"
)
_STATED_UNIT: Final = re.compile(r"\S\s*(?:\(([^()\[\]]{1,24})\)|\[([^()\[\]]{1,24})\]|\s/\s([^()\[\]]{1,24}))\s*$")
_UNIT_SYMBOL: Final = re.compile(r"%|°?[A-Za-zµμΩÅ°]{1,5}(?:\^?[-+−]?[0-9]|[⁻⁺]?[¹²³⁴⁵⁶⁷⁸⁹])?|1|10\^[-−]?[0-9]{1,2}")
_BETWEEN_SYMBOLS: Final = re.compile(r"\s*[·*/⋅×]\s*|\s+|(?<=[A-Za-z])\.(?=[A-Za-z])")
_WORDS: Final = {"true": True, "yes": True, "false": False, "no": False}
_MAY_BE_TYPED: Final = frozenset("-.0123456789tTfFyYnN")
_LONGEST_TYPED: Final = 400
_INT64: Final = 2**63
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def type_value(text: str) -> Value:
    """The value that a text states, by the rules above; dates and strings come back as they are.

    `yes` gives True, `1` gives 1, `00501` gives `00501`, blank text gives None.
    """
    return _typed_text(text)[0] if len(text) <= _LONGEST_TYPED else _blank_or_text(text)


def type_of(value: Value) -> ValueType | None:
    """The type's name of a value, typed or still text; None for nothing."""
    if isinstance(value, str):
        return _typed_text(value)[1] if len(value) <= _LONGEST_TYPED else _text_type(value)
    if value is None:
        return None
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer" if abs(value) < _INT64 else "string"
    return "decimal" if math.isfinite(value) else "string"


def typed(record: Record) -> Record:
    """The record with its fields' values typed where that loses nothing; what is ambiguous stays text.

    Numbers, `true` and `false` become such, so that ranges of numbers can be searched. `yes`, `no` and `TRUE` stay text:
    in a column of countries NO is Norway, in one of towns TRUE is in West Virginia, and only the whole column tells;
    `qualify` calls a column of nothing but such words boolean. Statistics are the same before and after.
    """
    if not record.fields:
        return record
    # Validating a shallow dict costs half of `model_copy`, and this runs for every record there is.
    return Record.model_validate({**record.__dict__, "fields": [_typed_field(field) for field in record.fields]})


def observe(records: Iterable[Record]) -> list[FieldStatistics]:
    """Statistics of all fields of some records, in the order in which the fields appear. Failed records do not count."""
    observation = Observation()
    for record in records:
        observation.add(record)
    return observation.statistics()


class Observation:
    """The same, record by record, for those who do not keep them."""

    def __init__(self) -> None:
        self._seen: dict[str, _Tally] = {}

    def add(self, record: Record) -> None:
        if record.status is RecordStatus.FAILED:
            return
        for field in record.fields:
            tally = self._seen.get(field.name)
            if tally is None:
                tally = self._seen[field.name] = _Tally(record.index)
            tally.add(field.value, record.index)

    def statistics(self) -> list[FieldStatistics]:
        return _in_order(tally.statistics(name) for name, tally in self._seen.items())


def merge(left: Iterable[FieldStatistics], right: Iterable[FieldStatistics]) -> list[FieldStatistics]:
    """Statistics of two sets of records together: associative and commutative, for sets that share no record.

    The order of fields survives: fields that first appear in the same record were observed together, so their order is
    that of the side which holds this record.
    """
    ours = {statistics.name: statistics for statistics in left}
    theirs = {statistics.name: statistics for statistics in right}
    first_seen_here = [
        _merged(one, theirs[name]) if name in theirs else one
        for name, one in ours.items()
        if name not in theirs or one.first_index <= theirs[name].first_index
    ]
    first_seen_there = [
        _merged(one, ours[name]) if name in ours else one
        for name, one in theirs.items()
        if name not in ours or one.first_index < ours[name].first_index
    ]
    return _in_order([*first_seen_here, *first_seen_there])


def data_type(statistics: FieldStatistics) -> Literal["boolean", "integer", "decimal", "date", "string"]:
    """What a field is, judged by all its values; a field without any value is a string."""
    match sorted(statistics.types):
        case ["boolean"]:
            return "boolean"
        case ["integer"]:
            return "integer"
        case ["decimal"] | ["decimal", "integer"]:
            return "decimal"
        case ["date"] | ["datetime"] | ["date", "datetime"]:
            return "date"
    return "string"


def qualify(statistics: FieldStatistics) -> dict[str, object]:
    """A field as the file's metadata show it: `name`, `dataType`, `count` (values), `nulls`, and where they make sense:

    `min` and `max`: numbers for integer and decimal; ISO 8601 text for date (UTC where a time of day was given).
    `distinct`: the values in order, where there are few enough.
    `unit`: of numbers, where the name states one, see `unit_of`; it is written as the name has it.
    """
    kind = data_type(statistics)
    shown: dict[str, object] = {
        "name": statistics.name,
        "dataType": kind,
        "count": statistics.count,
        "nulls": statistics.nulls,
    }
    low, high = statistics.minimum, statistics.maximum
    if low is not None and high is not None:
        if kind == "integer":
            shown |= {"min": int(low), "max": int(high)}
        elif kind == "decimal":
            shown |= {"min": low, "max": high}
        elif kind == "date":
            with_time = "datetime" in statistics.types
            shown |= {"min": _moment(low, with_time=with_time), "max": _moment(high, with_time=with_time)}
    numeric = kind in ("integer", "decimal")
    if numeric and (unit := unit_of(statistics.name)):
        shown["unit"] = unit
    if not statistics.distinct_capped:
        shown["distinct"] = sorted(statistics.distinct, key=float) if numeric else list(statistics.distinct)
    return shown


def unit_of(name: str) -> str | None:
    """The unit that a column's name ends with: `mass (g/mol)`, `t [s]`, or `c / mol L-1` (ISO 80000-1, 7.1.4).

    Words are no units: `price (estimated)` has none. What is no word and yet no unit (`count (n)`) cannot be told.
    """
    stated = _STATED_UNIT.search(name)
    if stated is None:
        return None
    unit = next(filter(None, stated.groups()))
    return unit if all(_UNIT_SYMBOL.fullmatch(symbol) for symbol in _BETWEEN_SYMBOLS.split(unit) if symbol) else None


def _in_order(statistics: Iterable[FieldStatistics]) -> list[FieldStatistics]:
    """By first appearance; the sort is stable, so fields of one record stay in their order."""
    return sorted(statistics, key=lambda item: item.first_index)


class _Tally:
    """The statistics of one field while records are counted."""

    def __init__(self, first_index: int) -> None:
        self._first_index = first_index
        self._nulls = 0
        self._types: dict[str, int] = {}
        self._low = math.inf
        self._high = -math.inf
        self._distinct: set[str] = set()
        self._capped = False

    def add(self, value: Value, index: int) -> None:
        self._first_index = min(self._first_index, index)
        kind, number, shown = _seen(value)
        if kind is None:
            self._nulls += 1
            return
        self._types[kind] = self._types.get(kind, 0) + 1
        if number is not None:
            self._low = min(self._low, number)
            self._high = max(self._high, number)
        if self._capped:
            return
        self._distinct.add(shown)
        if len(self._distinct) > MAX_DISTINCT or len(shown) > MAX_DISTINCT_CHARACTERS:
            self._capped = True
            self._distinct.clear()

    def statistics(self, name: str) -> FieldStatistics:
        return FieldStatistics(
            name=name,
            count=sum(self._types.values()),
            nulls=self._nulls,
            types=self._types,
            minimum=self._low if self._low <= self._high else None,
            maximum=self._high if self._low <= self._high else None,
            distinct=tuple(sorted(self._distinct)),
            distinct_capped=self._capped,
            first_index=self._first_index,
        )


def _merged(one: FieldStatistics, other: FieldStatistics) -> FieldStatistics:
    distinct = {*one.distinct, *other.distinct}
    # A union only grows, so whether the whole is over the limit does not depend on the order of merging.
    capped = one.distinct_capped or other.distinct_capped or len(distinct) > MAX_DISTINCT
    lows = [low for low in (one.minimum, other.minimum) if low is not None]
    highs = [high for high in (one.maximum, other.maximum) if high is not None]
    return FieldStatistics(
        name=one.name,
        count=one.count + other.count,
        nulls=one.nulls + other.nulls,
        types={kind: one.types.get(kind, 0) + other.types.get(kind, 0) for kind in sorted({*one.types, *other.types})},
        minimum=min(lows, default=None),
        maximum=max(highs, default=None),
        distinct=() if capped else tuple(sorted(distinct)),
        distinct_capped=capped,
        first_index=min(one.first_index, other.first_index),
    )


def _typed_field(field: FieldValue) -> FieldValue:
    if not isinstance(field.value, str):
        return field
    value = type_value(field.value)
    if isinstance(value, bool) and field.value.strip() not in ("true", "false"):
        return field
    return field if value is field.value else FieldValue(name=field.name, value=value)


def _seen(value: Value) -> tuple[ValueType | None, float | None, str]:
    """A value's type, its place on the number line (dates: seconds since 1970) and how a list of values shows it."""
    if isinstance(value, str):
        return _seen_text(value) if len(value) <= _LONGEST_TYPED else (_text_type(value), None, value)
    kind = type_of(value)
    if kind is None:
        return None, None, ""
    if isinstance(value, bool):
        return kind, None, str(value).lower()
    return kind, float(value) if kind != "string" and value is not None else None, _number_text(value)


@functools.lru_cache(maxsize=16_384)
def _seen_text(text: str) -> tuple[ValueType | None, float | None, str]:
    value, kind = _typed_text(text)
    if kind in ("date", "datetime"):
        return kind, _seconds(text.strip()), text
    if kind in ("integer", "decimal") and isinstance(value, int | float):
        return kind, float(value), _number_text(value)
    if kind == "boolean" and text.strip().lower() in ("true", "false"):
        return kind, None, text.strip().lower()
    return kind, None, text


@functools.lru_cache(maxsize=16_384)
def _typed_text(text: str) -> tuple[Value, ValueType | None]:
    stripped = text.strip()
    if not stripped:
        return None, None
    if stripped[0] not in _MAY_BE_TYPED:
        return text, "string"
    if stripped.lower() in _WORDS:
        return _WORDS[stripped.lower()], "boolean"
    if _INTEGER.fullmatch(stripped):
        return int(stripped), "integer"
    if _DECIMAL.fullmatch(stripped):
        value = float(stripped)
        vanished = value == 0 and re.search("[1-9]", re.split("[eE]", stripped)[0]) is not None
        return (text, "string") if math.isinf(value) or vanished else (value, "decimal")
    date = _DATE.fullmatch(stripped)
    if date is not None and _seconds(stripped) is not None:
        return text, "datetime" if date["time"] else "date"
    return text, "string"


def _blank_or_text(text: str) -> str | None:
    return text if text.strip() else None


def _text_type(text: str) -> ValueType | None:
    return "string" if text.strip() else None


def _number_text(value: float | str | None) -> str:
    """2 and 2.0 are one value of a decimal field."""
    return repr(value).removesuffix(".0")


def _seconds(text: str) -> float | None:
    """An ISO 8601 date or date and time as seconds since 1970, UTC where no zone is given; None when there is no such day."""
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return (moment - _EPOCH).total_seconds()


def _moment(seconds: float, *, with_time: bool) -> str:
    moment = _EPOCH + timedelta(seconds=seconds)
    return moment.isoformat().replace("+00:00", "Z") if with_time else moment.date().isoformat()


SUMMARY_BYTES: Final = 64 * 1024
"""Of a file's field descriptions at most this much is kept on its run; all of them are in the `metadata` artefact."""


def summary(statistics: Iterable[FieldStatistics]) -> dict[str, object]:
    """What a file's page shows of its fields: `{fields: […], fieldCount, truncated}`, bounded by `SUMMARY_BYTES`."""
    shown: list[dict[str, object]] = []
    size, count = 0, 0
    for one in statistics:
        count += 1
        field = qualify(one)
        if len(str(field)) > SUMMARY_BYTES // 8:
            field.pop("distinct", None)  # a list of long values must not keep other fields out
        size += len(str(field).encode())
        if size <= SUMMARY_BYTES:
            shown.append(field)
    return {"fields": shown, "fieldCount": count, "truncated": len(shown) < count}
