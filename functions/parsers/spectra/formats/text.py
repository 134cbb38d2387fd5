"""Stated numbers, bounded fields and refusals: what all formats of spectra need."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Final

from leanda.contracts.artefacts import FieldValue, Issue, Record
from leanda.parsing import records
from leanda.parsing.records import error, information
from leanda.rounding import is_rounded

TYPE: Final = "spectrum"
MAX_FIELDS: Final = 1000
"""Fields of one record; a spectrometer writes some 600 parameters."""
MAX_VALUE_CHARACTERS: Final = 4096
"""A longer text (a whole parameter file in one label) is cut, and an issue says so."""

_INTEGER: Final = re.compile(r"[+-]?(?:0|[1-9][0-9]{0,14})")
_DECIMAL: Final = re.compile(r"[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


def number(text: str | None) -> float | None:
    """A finite number, or None for anything else."""
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in text else None


def typed(text: str) -> str | int | float:
    """A stated value as a number where a double says the same; identifiers with leading zeros or too many digits stay text."""
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text) and any(mark in text for mark in ".eE"):
        value = float(text)
        if math.isfinite(value) and not is_rounded(text, value):
            return value
    return text


class Fields:
    """The fields of a record, in order, bounded in number and length."""

    def __init__(self) -> None:
        self.values: list[FieldValue] = []
        self._cut: list[str] = []
        self._left_out = 0

    def add(self, name: str, value: str | float | None) -> None:
        if len(self.values) >= MAX_FIELDS:
            self._left_out += 1
            return
        name = name[:MAX_VALUE_CHARACTERS]
        if isinstance(value, str) and len(value) > MAX_VALUE_CHARACTERS:
            value = value[:MAX_VALUE_CHARACTERS]
            self._cut.append(name)
        self.values.append(FieldValue(name=name, value=value))

    def issues(self) -> tuple[Issue, ...]:
        found: tuple[Issue, ...] = ()
        if self._cut:
            message = f"{len(self._cut)} values were cut to {MAX_VALUE_CHARACTERS:,} characters: {listed(self._cut)}."
            found += (information("FIELDS_CUT", message),)
        if self._left_out:
            message = f"{self._left_out:,} fields beyond {MAX_FIELDS:,} were left out."
            found += (information("FIELDS_LEFT_OUT", message),)
        return found


def listed(names: list[str], most: int = 5) -> str:
    return ", ".join(name[:60] for name in names[:most]) + (", …" if len(names) > most else "")


class Unreadable(Exception):
    """A spectrum that cannot be read; it never leaves a record's reader."""

    def __init__(self, code: str, message: str, place: str | None = None) -> None:
        self.issue = error(code, message, place)
        super().__init__(message)


def judging(read: Callable[[bytes, int], Record]) -> Callable[[bytes, int], Record]:
    """The same reader, whose spectra that are `Unreadable` are failed records."""

    def judged(raw: bytes, index: int) -> Record:
        try:
            return read(raw, index)
        except Unreadable as problem:
            return records.failed(TYPE, index, problem.issue)

    return judged
