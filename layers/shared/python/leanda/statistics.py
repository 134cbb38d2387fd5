"""Types of values and statistics of fields. Pure.

A file's text has no types; a column gets one from all its values, at the end of the run. Until then every value is
typed by itself, by rules that are conservative on purpose: what a spreadsheet would damage stays text.

- integer: an optional minus and up to 15 digits (exact in JSON, BSON and a double). No leading zero but in `0` itself:
  `00501` is a postal code. No leading plus: `+4915…` is a telephone number.
- decimal: with a point, an exponent, or both; finite. Neither a decimal comma nor thousands separators (`1,234` means two
  things; a parser that knows what it means gives numbers), nor hexadecimal, `nan` or `inf`. Nothing is rounded: where a
  double is not the decimal that is written (`0.12345678901234567890123`), the value stays text, and only the field's
  range is that of the nearest doubles.
- boolean: only the words true, false, yes, no. `1` and `0` are integers: a column of them counts more often than it
  answers.
- date: ISO 8601 calendar dates, with or without a time of day (https://www.rfc-editor.org/rfc/rfc3339 section 5.6, time
  zone optional). The value stays text, which sorts and is indexed as a date as it is.
- empty or blank text: nothing (None). Everything else: string.

The column: only booleans → boolean; only integers → integer; integers and decimals → decimal; only dates → date; any
other mixture → string. A numeric column that meets one word is text, and `1` among `yes` and `no` makes text too.
Values keep their kind in it: of `<0.5` and `0.7` in one column the second is a number. Nothing of its spelling is lost,
see `typed`: a code that reads as a number (`1e5`) is known by `written`. A text beside which `written` stands is known to be
no number by who read it (a cell that its workbook stores as text): it is a string, here as in its column.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

from leanda.contracts.artefacts import FieldStatistics, RecordStatus, Row
from leanda.rounding import is_rounded

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
_TOLD_UNIT: Final = re.compile(r"\S(\sin\s|_)([^\s_]{1,5})\s*$")
_UNITS_ONLY: Final = frozenset([
    "ms", "µs", "ns", "°C", "kg", "mg", "µg", "ug", "ng", "mL", "µL", "uL", "nL", "km", "cm", "mm", "µm", "um", "nm", "Å",
    "kPa", "MPa", "GPa", "hPa", "mbar", "mmol", "µmol", "umol", "nmol", "mM", "µM", "uM", "nM", "mV", "kV", "mA", "µA",
    "kHz", "MHz", "GHz", "kJ", "kcal", "meV", "eV", "keV", "mW", "kW", "Da", "kDa", "ppm", "ppb", "wt%", "%",
])  # fmt: skip
_UNITS: Final = _UNITS_ONLY | frozenset(
    ["s", "min", "h", "K", "g", "L", "m", "Pa", "bar", "mol", "M", "V", "A", "Hz", "J"]
)
_WORDS: Final = {"true": True, "yes": True, "false": False, "no": False}
_JSON_WORDS: Final = ("true", "false")
_MAY_BE_TYPED: Final = frozenset("-.0123456789tTfFyYnN")
_LONGEST_TYPED: Final = 400
_INT64: Final = 2**63
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def type_value(text: str) -> Value:
    """The value that a text states, by the rules above; dates and strings come back as they are.

    `yes` gives True, `1` gives 1, `00501` gives `00501`, blank text gives None.
    """
    return _said(text).value


def would_change(text: str) -> bool:
    """Whether `typed` would make a number, true or false of a text that stands alone."""
    value = _said(text).value
    return isinstance(value, float | int) and (not isinstance(value, bool) or text.strip() in _JSON_WORDS)


def type_of(value: Value) -> ValueType | None:
    """The type's name of a value, typed or still text; None for nothing."""
    return _said(value).kind


def typed(record: Row) -> Row:
    """The record with its fields' values typed where that loses nothing; what is ambiguous stays text.

    Numbers, `true` and `false` become such, so that ranges of numbers can be searched. `yes`, `no` and `TRUE` stay text:
    in a column of countries NO is Norway, in one of towns TRUE is in West Virginia, and only the whole column tells;
    `qualify` calls a column of nothing but such words boolean. A number that JSON writes otherwise than the text (`1.10`,
    `1e5`) has the text as `written` beside its `value`; a text that has `written` stays. Statistics are the same before and
    after, and typing again changes nothing.
    """
    return {**record, "fields": [_typed_field(field) for field in record.get("fields", ())]}


def observe(records: Iterable[Row]) -> list[FieldStatistics]:
    """Statistics of all fields of some records, in the order in which the fields appear. Failed records do not count."""
    observation = Observation()
    for record in records:
        observation.add(record)
    return observation.statistics()


class Observation:
    """The same, record by record in the order of the file, for those who do not keep them."""

    def __init__(self) -> None:
        self._seen: dict[str, _Tally] = {}

    def add(self, record: Row) -> None:
        if record.get("status") == RecordStatus.FAILED:
            return
        seen = self._seen
        for field in record.get("fields", ()):
            name = field["name"]
            tally = seen.get(name)
            if tally is None:
                tally = seen[name] = _Tally(record["index"])
            value = field.get("value")
            tally.add(_Said("string", None, value, value) if _is_text(field, value) else _said(value))

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
    """The unit that a column's name ends with: `mass (g/mol)`, `t [s]`, `c / mol L-1` (ISO 80000-1, 7.1.4), `t in s`, `Mass_mg`.

    Words are no units: `price (estimated)` has none. What is no word and yet no unit (`count (n)`) cannot be told. Behind
    `in` and `_` only well-known symbols count, behind `_` none that is also an index or a word (`sample_A`, `t_min`).
    """
    stated = _STATED_UNIT.search(name)
    if stated is not None:
        unit = next(filter(None, stated.groups()))
        known = all(_UNIT_SYMBOL.fullmatch(symbol) for symbol in _BETWEEN_SYMBOLS.split(unit) if symbol)
        return unit if known else None
    told = _TOLD_UNIT.search(name)
    if told is None:
        return None
    return told[2] if told[2] in (_UNITS if told[1] != "_" else _UNITS_ONLY) else None


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

    def add(self, said: _Said) -> None:
        kind, number, shown, _, _ = said
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


def _typed_field(field: Mapping[str, Any]) -> Mapping[str, Any]:
    value = field.get("value")
    if not isinstance(value, str) or _is_text(field, value):
        return field if value is not None else {"name": field["name"]}
    _, _, _, said, written = _said(value)
    if said is None:
        return {"name": field["name"]}
    # A word for true or false stays text unless it is JSON's own.
    if isinstance(said, bool) and value.strip() not in _JSON_WORDS:
        said = value
    if written is None:
        return {"name": field["name"], "value": said}
    return {"name": field["name"], "value": said, "written": written}


def _is_text(field: Mapping[str, Any], value: Value) -> bool:
    return isinstance(value, str) and field.get("written") is not None


class _Said(NamedTuple):
    """What a value says: its type, its place on the number line (dates: seconds since 1970), how a list of values shows it, the
    value itself, typed, and how it is written, where that is a number that JSON writes otherwise."""

    kind: ValueType | None
    number: float | None
    shown: str
    value: Value
    written: str | None = None


_NOTHING: Final = _Said(None, None, "", None)


def _said(value: Value) -> _Said:
    if isinstance(value, str):
        if len(value) <= _LONGEST_TYPED:
            return _said_by_text(value)
        return _Said("string", None, value, value) if value.strip() else _NOTHING
    if value is None:
        return _NOTHING
    if isinstance(value, bool):
        return _Said("boolean", None, str(value).lower(), value)
    exact = abs(value) < _INT64 if isinstance(value, int) else math.isfinite(value)
    if not exact:
        return _Said("string", None, _number_text(value), value)
    return _Said("integer" if isinstance(value, int) else "decimal", float(value), _number_text(value), value)


@functools.lru_cache(maxsize=16_384)
def _said_by_text(text: str) -> _Said:
    stripped = text.strip()
    if not stripped:
        return _NOTHING
    string = _Said("string", None, text, text)
    if stripped[0] not in _MAY_BE_TYPED:
        return string
    if (word := stripped.lower()) in _WORDS:
        return _Said("boolean", None, word if word in _JSON_WORDS else text, _WORDS[word])
    if _INTEGER.fullmatch(stripped):
        value = int(stripped)
        return _Said("integer", float(value), _number_text(value), value)
    if _DECIMAL.fullmatch(stripped):
        number = float(stripped)
        if math.isinf(number):
            return string
        if is_rounded(stripped, number):
            # A number that becomes 0 has no place on the number line that says anything of it.
            return _Said("decimal", number, text, text) if number else string
        written = None if repr(number) == stripped else stripped
        return _Said("decimal", number, _number_text(number), number, written)
    date = _DATE.fullmatch(stripped)
    if date is not None and (seconds := _seconds(stripped)) is not None:
        return _Said("datetime" if date["time"] else "date", seconds, text, text)
    return string


def _number_text(value: float) -> str:
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
