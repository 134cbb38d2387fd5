"""What runs in the guarded child of the processor: typed fields and properties, record by record.

Each result is one byte and a line of JSON: `0` a good record, `1` a failed one, and at the end `S` for each field's statistics.
A `.` says that work goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from functions.processor.properties import compute
from leanda.contracts.artefacts import RecordStatus
from leanda.persistence.artefacts import json_line, records_in
from leanda.statistics import Observation, typed

_SKIPPED_TOGETHER: Final = 1000


def complete(arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:
    """Complete the records of a parsed artefact, except the first `skip` ones, which an earlier child has done.

    The records named in `without` killed their child; they keep everything but properties.
    """
    observation = Observation()
    without = set(arguments["without"])
    for position, record in enumerate(records_in(payload)):
        record = typed(record)
        observation.add(record)
        if position >= arguments["skip"]:
            done = record if position in without else compute(record)
            yield (b"1" if done.status is RecordStatus.FAILED else b"0") + json_line(done)
        elif position % _SKIPPED_TOGETHER == 0:
            yield b"."
    yield from (b"S" + json_line(one) for one in observation.statistics())
