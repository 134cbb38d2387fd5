"""Damaged files of every format, read as the functions read them: under guard, with verdicts that have codes, one after another.

`LEANDA_SEED` repeats a run; it is printed. `make test` makes the same 500 of each format every time, so that it tells what a change
did; `make test-all` makes 3,000 others, to find what nobody knew.
"""

from __future__ import annotations

import io
import json
import os
import random
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from functions.parsers.guarded import GAVE_UP, Artefact, read_chunk, read_whole
from functions.parsers.reading import _parser
from leanda import limits
from leanda.contracts.artefacts import Record, RecordStatus
from leanda.errors import ParseFailure
from leanda.guard import Death, GuardedChild, Limits
from leanda.guard.isolation import processor_clock
from leanda.parsing.format import Format as StreamingFormat
from leanda.parsing.format import WholeFormat, WritingWholeFormat
from leanda.parsing.planner import cut
from leanda.parsing.signatures import ROWS, decide
from leanda.persistence.artefacts import records_in
from tests.unit.parsers.mutants import mutant, png_chunks_mended
from tests.unit.parsers.seeds import WORDS, Format, seeds

FEW: Final = 500
SEED: Final = int(os.environ.get("LEANDA_SEED") or 0)
SECONDS: Final = 2.0
"""Of the processor, for one mutant, which takes milliseconds. The clock on the wall would tell who else is working."""
SLOW: Final = {("chemical", "inchi"): 15.0}
"""Indigo thinks for six seconds before it refuses a salt of a thousand atoms, the most that an InChI may have."""
BYTES_PER_SECOND: Final = 50_000
"""What was repeated until it is long may take longer."""
HANG_SECONDS: Final = 60.0
"""This tells a mutant that hangs from a machine that is busy."""
MEMORY_BYTES: Final = 1 << 29
"""Half of what a function has: a claim of more than there is ends the child at once."""

BY_THEIR_WHOLE_HEAD: Final = {("tabular", "csv"), ("tabular", "tsv"), ("reaction", "reaction-smiles")}
"""Formats whose first records are read otherwise when later lines change: the layout is found by looking at all of them."""
FRAGILE: Final = {("microscopy", "lif")}
"""One XML document in UTF-16, which hardly any damage leaves well-formed."""
WITH_STRUCTURE: Final = {"chemical", "crystal", "reaction"}
"""Kinds whose records have a structure, or say why not."""
WITH_PROPERTIES: Final = {"image", "microscopy"}
"""Kinds whose good records have properties."""
DEATHS: Final = {str(death) for death in Death} | {GAVE_UP}
"""Codes that tell how a reader ended."""
MAY_DIE_OF: Final = {"chemical": Death.CRASHED, "reaction": Death.CRASHED, "tabular": Death.MEMORY}
"""What one mutant in a hundred may do to its reader: Indigo has its own bugs, calamine asks for the memory that a file claims."""

FORMATS: Final[list[Format]] = sorted({(row.kind, name) for row in ROWS for name in _parser(row.kind).formats})
WHOLE: Final = [(kind, name) for kind, name in FORMATS if isinstance(_parser(kind).format(name), WholeFormat)]


@dataclass(frozen=True)
class Outcome:
    """What became of a file: the code of the verdict on it, if any, and the records before that."""

    verdict: str
    records: list[Record]

    @property
    def codes(self) -> set[str]:
        return {issue.code for record in self.records for issue in record.issues} | {self.verdict}

    @property
    def child_died(self) -> bool:
        return bool(self.codes & DEATHS)


class Reader:
    """One child that reads file after file, as a warm function does."""

    def __init__(self, folder: Path) -> None:
        limit = Limits(item_seconds=HANG_SECONDS, call_seconds=2 * HANG_SECONDS, memory_bytes=MEMORY_BYTES)
        self._guard = GuardedChild(limit)
        self._path = folder / "original"
        self.read_once = cache(self.read)

    def read(self, format: Format, content: bytes) -> Outcome:
        """What becomes of a file; anything that is no verdict with a code is raised."""
        artefact, verdict = Artefact(), ""
        try:
            for result in self._results(*format, content):
                artefact.add(result)
        except ParseFailure as failure:
            verdict = failure.code
        return Outcome(verdict, list(records_in(artefact.finished()[0])))

    def _results(self, kind: str, name: str, content: bytes) -> Iterator[bytes]:
        format: StreamingFormat | WholeFormat = _parser(kind).format(name)
        if isinstance(format, WholeFormat):
            self._path.write_bytes(content)
            together = isinstance(format, WritingWholeFormat)
            yield from read_whole(self._guard, kind, name, str(self._path), together=together)
            return
        head = content[: limits.HEAD_BYTES]
        for row, data in cut(format, [content], head=head, size=len(content)):
            part = read_chunk(self._guard, kind, format, row, data, head)
            assert part.total == row.count, "planning and reading found different records"
            body, _ = part.finished()
            for record in records_in(body):
                yield (b"1" if record.status == "Failed" else b"0") + record.model_dump_json(by_alias=True).encode()

    def processor_seconds(self) -> float:
        """What planning here and reading in the present child have cost so far."""
        child = self._guard._process
        return time.process_time() + (processor_clock(child.pid) if child else 0.0)

    def close(self) -> None:
        self._guard.close()


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    reader = Reader(tmp_path_factory.mktemp("originals"))
    yield reader
    reader.close()


def test_every_format_has_a_seed_and_every_seed_a_format(reader: Reader) -> None:
    assert sorted(seeds()) == FORMATS
    for format, contents in seeds().items():
        for content in contents:
            outcome = reader.read(format, content)
            assert not outcome.verdict, (format, outcome.verdict)
            assert any(record.status is RecordStatus.PARSED for record in outcome.records), format


@pytest.mark.parametrize("format", WHOLE, ids="/".join)
def test_a_file_stays_open_and_can_be_read_again(format: Format) -> None:
    read, file = _parser(format[0]).format(format[1]), io.BytesIO(seeds()[format][0])
    assert isinstance(read, WholeFormat)
    once = list(read.records(file))
    file.seek(0)
    assert list(read.records(file)) == once
    assert not file.closed


@pytest.mark.parametrize("count", [FEW, pytest.param(3_000, marks=[pytest.mark.long, pytest.mark.timeout(3600)])])
@pytest.mark.parametrize("format", FORMATS, ids="/".join)
def test_a_damaged_file_ends_with_records_or_a_code_and_costs_no_other_file_anything(
    format: Format, count: int, reader: Reader
) -> None:
    number = SEED or (1 if count == FEW else secrets.randbelow(2**31))
    print(f"LEANDA_SEED={number}")
    dice, files = random.Random(f"{number} {format}"), sorted(seeds().items())
    pool = [content for _, contents in files for content in contents]
    ends: Counter[str] = Counter()
    problems: list[str] = []
    deaths = 0
    for n in range(count):
        seed = dice.choice(seeds()[format])
        whole = reader.read_once(format, seed)
        content, kept = _damaged(format, seed, pool, dice)
        decide(content[: limits.HEAD_BYTES], f"a.{format[1]}", len(content))
        began = reader.processor_seconds()
        try:
            outcome = reader.read(format, content)
        except Exception as defect:  # the one thing that must not happen
            problems.append(f"number {n}: {defect!r}")
            continue
        took = reader.processor_seconds() - began
        problems += [f"number {n}: {problem}" for problem in _wrong(format[0], outcome, whole.records[:kept])]
        if took > SLOW.get(format, SECONDS) + len(content) / BYTES_PER_SECOND:
            problems.append(f"number {n}: {len(content)} bytes took {took:.1f} s")
        ends[outcome.verdict or ("records" if outcome.records else "no record")] += 1
        deaths += outcome.child_died
        if n % 25 == 0 or outcome.child_died:
            neighbour, (other, *_) = (format, [seed]) if outcome.child_died else dice.choice(files)
            if reader.read(neighbour, other) != reader.read_once(neighbour, other):
                problems.append(f"number {n}: the next file, {neighbour}, is read otherwise")
    print(dict(ends.most_common()))
    assert not problems, "\n".join(problems)
    assert deaths <= count // 100
    assert ends["records"] > count // (
        50 if format in FRAGILE else 10
    )  # Else the mutants would only test the front door.


def _wrong(kind: str, outcome: Outcome, before: list[Record]) -> Iterator[str]:
    """What a damaged file must not do, whatever the damage."""
    records = outcome.records
    if [record.index for record in records] != list(range(len(records))):
        yield "indices have gaps"
    if unwanted := outcome.codes & (DEATHS | {"RECORD_UNREADABLE"}) - {MAY_DIE_OF.get(kind)}:
        yield f"{unwanted}: {[issue for record in records for issue in record.issues if issue.code in unwanted][:1]}"
    # Entities are refused with the whole file, wherever they stand.
    if outcome.verdict != "XML_ENTITIES_REFUSED" and records[: len(before)] != before:
        yield f"the {len(before)} records before the damage are read otherwise"
    for record in records:
        yield from (f"record {record.index} {problem}" for problem in _wrong_record(kind, record))


def _wrong_record(kind: str, record: Record) -> Iterator[str]:
    failed = record.status is RecordStatus.FAILED
    if failed and not record.issues:
        yield "failed without a reason"
    if kind in WITH_STRUCTURE and not record.structure and not record.issues:
        yield "has no structure and does not say why"
    if kind in WITH_PROPERTIES and not record.properties and not failed:
        yield "has no properties"
    if _has_null(record.properties):  # which is how JSON writes a number that is none
        yield f"has a property that is no number: {record.properties}"
    if record.structure and record.structure.media_type.endswith("json"):
        json.loads(record.structure.text, parse_constant=_no_constant)


def _has_null(value: Any) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return value is None or any(map(_has_null, inner))


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def _damaged(format: Format, seed: bytes, pool: list[bytes], dice: random.Random) -> tuple[bytes, int]:
    """A mutant, and how many of its first records the damage cannot reach.

    The record just before it can be reached: in many formats it ends where the next one begins.
    """
    read, words = _parser(format[0]).format(format[1]), WORDS[format[0]]
    if not isinstance(read, WholeFormat) and format not in BY_THEIR_WHOLE_HEAD and dice.random() < 0.5:
        ends = list(read.boundaries([seed], head=seed))
        kept = dice.randrange(len(ends))
        start = ends[kept - 1] if kept else 0
        return seed[:start] + mutant(seed[start:], pool, dice, words), max(0, kept - 1)
    content = mutant(seed, pool, dice, words)
    if format[1].startswith("png") and dice.random() < 0.75:
        content = png_chunks_mended(content)
    return content, 0
