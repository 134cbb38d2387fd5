"""Artefacts: message bodies too big for an event, as gzip NDJSON, one record a line (claim check).

Key: `fileId/run/chunk/stage-sha256`. Readers derive bucket and prefix themselves and take only the digest from the event.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import Field

from leanda.contracts.base import Contract


class Severity(StrEnum):
    INFORMATION = "Information"
    WARNING = "Warning"
    ERROR = "Error"


class Issue(Contract):
    """Something a person should know of a record: `place` says where (line, byte, column)."""

    code: str
    severity: Severity = Severity.WARNING
    message: str
    place: str | None = None


class FieldValue(Contract):
    """A value that the file states for a record, with the file's own name for it.

    Attributes:
        written: a number as the file writes it, where JSON writes it otherwise: `1.10` for 1.1, whose last zero says how
            precise it is, or `1e5` for 100000.0, which may be a code. Outer blanks do not count. Beside a text it is the
            same text, which looks like a number and is none: a cell that its workbook stores as text, a well `1E5` among wells.
    """

    name: str
    value: str | int | float | bool | None = None
    written: str | None = None


class RecordStatus(StrEnum):
    PARSED = "Parsed"
    FAILED = "Failed"


class Structure(Contract):
    """A record's own text in its own format, untouched."""

    media_type: str
    text: str


class Record(Contract):
    """One record of a file: a molecule, a row. A failed one has no structure but an issue that says why.

    Attributes:
        index: 0-based position in the file; failed records count.
        type: molecule, row, …
        name: what the file calls it, if anything.
        properties: computed values by name; numbers are numbers, in the unit that the property's documentation states.
        toolkit: what computed the properties, with its version.
    """

    index: int = Field(ge=0)
    type: str
    status: RecordStatus = RecordStatus.PARSED
    name: str | None = None
    structure: Structure | None = None
    fields: tuple[FieldValue, ...] = ()
    properties: dict[str, Any] = Field(default_factory=dict)
    issues: tuple[Issue, ...] = ()
    toolkit: str | None = None


type Row = Mapping[str, Any]
"""A record as its artefact has it: the JSON form of `Record`, taken as it is. A stage before wrote it from that model; reading it
into the model again, and writing it once more, would cost several times what most readers do with it."""


class FieldStatistics(Contract):
    """What is known of one field over the records seen so far; merging is associative and commutative."""

    name: str
    count: int = 0
    nulls: int = 0
    types: dict[str, int] = Field(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None
    distinct: tuple[str, ...] = ()
    distinct_capped: bool = False
    first_index: int = 0
