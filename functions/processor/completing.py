"""What runs in the guarded child of the processor: typed fields and properties, record by record.

Each result is one byte and a line of JSON: `0` a good record, `1` a failed one, and at the end `S` for each field's statistics.
A `.` says that work goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import batched
from typing import Any, Final

from functions.processor import properties
from leanda import structures
from leanda.contracts.artefacts import RecordStatus, Row
from leanda.persistence.artefacts import json_line, row_line, rows_in
from leanda.statistics import Observation, typed

_SKIPPED_TOGETHER: Final = 1000
_READ_TOGETHER: Final = 50
"""One by one they would take twice as long: the toolkit leaves nothing of anybody else in the processor's caches."""
_MEDIA_TYPES: Final = frozenset({structures.MOLFILE, structures.SMILES})


def complete(arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:
    """Complete the records of a parsed artefact, except the first `skip` ones, which an earlier child has done.

    The records named in `without` killed their child; they keep everything but properties.
    """
    observation = Observation()
    skip, without = arguments["skip"], set(arguments["without"])
    for position, record in enumerate(_typed_records(payload, observation)):
        if position >= skip:
            yield result(record if position in without else with_properties(record))
        elif position % _SKIPPED_TOGETHER == 0:
            yield b"."
    yield from (b"S" + json_line(one) for one in observation.statistics())


def _typed_records(body: bytes, observation: Observation) -> Iterator[Row]:
    for some in batched(rows_in(body), _READ_TOGETHER, strict=False):
        for record in some:
            observation.add(record)
        yield from [typed(record) for record in some]


def result(record: Row) -> bytes:
    """A record on its way out of the child."""
    return (b"1" if _failed(record) else b"0") + row_line(record)


def with_properties(record: Row) -> Row:
    """The record with what `properties.compute` finds; it stays as it is if it failed or has no molecular structure.

    Of what its parser found to be a query nothing is computed, though its text may say less: a drawing asks for what no molfile
    of Indigo's says. Computing again gives the same record.
    """
    structure = record.get("structure")
    if _failed(record) or structure is None or structure["mediaType"] not in _MEDIA_TYPES:
        return record
    is_query = any(issue["code"] == "QUERY_STRUCTURE" for issue in record["issues"])
    computed = properties.of_query() if is_query else properties.compute(structure["text"])
    kept = [issue for issue in record["issues"] if issue["code"] not in properties.ISSUES]
    return {
        **record,
        "properties": record["properties"] | computed.properties,
        "issues": kept + [issue.to_json_dict() for issue in computed.issues],
        "toolkit": structures.TOOLKIT,
    }


def _failed(record: Row) -> bool:
    return bool(record["status"] == RecordStatus.FAILED)
