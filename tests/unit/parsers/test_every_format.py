"""Damaged files of every format, read as the functions read them: under guard, with verdicts that have codes, one after another.

`LEANDA_SEED` repeats a run; it is printed. `make test-all` makes 10,000.
"""

from __future__ import annotations

import os
import random
import secrets
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.parsers.guarded import Artefact, read_chunk, read_whole
from functions.parsers.reading import _parser
from leanda import limits
from leanda.contracts.artefacts import Record
from leanda.errors import ParseFailure
from leanda.guard import GuardedChild, Limits
from leanda.parsing.format import Format, WholeFormat, WritingWholeFormat
from leanda.parsing.planner import cut
from leanda.parsing.signatures import ROWS, decide
from leanda.persistence.artefacts import records_in
from tests.unit.parsers.mutants import mutant, png_chunks_mended
from tests.unit.parsers.seeds import seeds

SEED = int(os.environ.get("LEANDA_SEED") or secrets.randbelow(2**31))
HANG_SECONDS = 60.0
"""A mutant takes milliseconds. This tells one that hangs from a machine that is busy."""
BY_THEIR_WHOLE_HEAD = {("tabular", "csv"), ("tabular", "tsv"), ("reaction", "reaction-smiles")}
"""Formats whose first records are read otherwise when later lines change: the layout is found by looking at all of them."""

type Outcome = tuple[str, list[Record]]
"""A verdict's code (or nothing) and the records before it."""


class Reader:
    """One child that reads file after file, as a warm function does."""

    def __init__(self, folder: Path) -> None:
        self._guard = GuardedChild(Limits(item_seconds=HANG_SECONDS, call_seconds=2 * HANG_SECONDS))
        self._path = folder / "original"

    def read(self, kind: str, name: str, content: bytes) -> Outcome:
        """What becomes of a file; anything that is no verdict with a code is raised."""
        format = _parser(kind).format(name)
        artefact, verdict = Artefact(), ""
        try:
            for result in self._results(kind, format, content):
                artefact.add(result)
        except ParseFailure as failure:
            verdict = failure.code
        return verdict, list(records_in(artefact.finished()[0]))

    def _results(self, kind: str, format: Format | WholeFormat, content: bytes) -> Iterator[bytes]:
        if isinstance(format, WholeFormat):
            self._path.write_bytes(content)
            together = isinstance(format, WritingWholeFormat)
            yield from read_whole(self._guard, kind, format.name, str(self._path), together=together)
            return
        head = content[: limits.HEAD_BYTES]
        for row, data in cut(format, [content], head=head, size=len(content)):
            part = read_chunk(self._guard, kind, format, row, data, head)
            assert part.total == row.count, "planning and reading found different records"
            body, _ = part.finished()
            for record in records_in(body):
                yield (b"1" if record.status == "Failed" else b"0") + record.model_dump_json(by_alias=True).encode()

    def close(self) -> None:
        self._guard.close()


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    reader = Reader(tmp_path)
    yield reader
    reader.close()


def test_every_format_has_a_seed_and_every_seed_a_format(reader: Reader) -> None:
    files = seeds()
    assert set(files) == {(row.kind, row.format) for row in ROWS if row.kind != "generic"}
    for (kind, name), contents in files.items():
        for content in contents:
            verdict, records = reader.read(kind, name, content)
            assert not verdict, (kind, name, verdict)
            assert any(record.status == "Parsed" for record in records), (kind, name)


@pytest.mark.parametrize("count", [400, pytest.param(10_000, marks=[pytest.mark.long, pytest.mark.timeout(3 * 3600)])])
def test_a_damaged_file_ends_with_records_or_a_code_and_costs_no_other_file_anything(
    count: int, reader: Reader
) -> None:
    print(f"LEANDA_SEED={SEED}")
    dice, files = random.Random(SEED), sorted(seeds().items())
    pool = [content for _, contents in files for content in contents]
    whole = {content: reader.read(*format, content) for format, contents in files for content in contents}
    ends: Counter[str] = Counter()
    problems: list[str] = []
    for n in range(count):
        format, contents = files[n % len(files)]
        seed = dice.choice(contents)
        content, kept = _damaged(format, seed, pool, dice)
        decide(content[: limits.HEAD_BYTES], f"a.{format[1]}", len(content))
        try:
            verdict, records = reader.read(*format, content)
        except Exception as defect:  # the one thing that must not happen
            found = [repr(defect)]
        else:
            found = list(_wrong(verdict, records, whole[seed][1][:kept]))
            ends[verdict or ("records" if records else "no record")] += 1
        if n % 25 == 0:
            neighbour, (other, *_) = files[dice.randrange(len(files))]
            if reader.read(*neighbour, other) != whole[other]:
                found.append(f"the next file, {neighbour}, is read otherwise")
        problems += [f"number {n}, {'/'.join(format)}: {problem}" for problem in found]
    print(dict(ends.most_common()))
    assert not problems, "\n".join(problems)
    assert ends["records"] > count // 5  # Else the mutants would only test the front door.


def _wrong(verdict: str, records: list[Record], before: list[Record]) -> Iterator[str]:
    """What a damaged file must not do, whatever the damage."""
    if [record.index for record in records] != list(range(len(records))):
        yield "indices have gaps"
    codes = {issue.code for record in records for issue in record.issues} | {verdict}
    if unwanted := codes & {"RECORD_UNREADABLE", "PARSER_TIMEOUT", "PARSER_GAVE_UP"}:
        yield f"{unwanted}: {[issue for record in records for issue in record.issues if issue.code in unwanted][:1]}"
    if any(record.status == "Failed" and not record.issues for record in records):
        yield "a record failed without a reason"
    if records[: len(before)] != before:
        yield f"the {len(before)} records before the damage are read otherwise"


def _damaged(format: tuple[str, str], seed: bytes, pool: list[bytes], dice: random.Random) -> tuple[bytes, int]:
    """A mutant, and how many of its first records the damage cannot reach.

    The record just before it can be reached: in many formats it ends where the next one begins.
    """
    read = _parser(format[0]).format(format[1])
    if not isinstance(read, WholeFormat) and format not in BY_THEIR_WHOLE_HEAD and dice.random() < 0.5:
        ends = list(read.boundaries([seed], head=seed))
        kept = dice.randrange(len(ends))
        start = ends[kept - 1] if kept else 0
        return seed[:start] + mutant(seed[start:], pool, dice), max(0, kept - 1)
    content = mutant(seed, pool, dice)
    if format == ("image", "png") and dice.random() < 0.5:
        content = png_chunks_mended(content)
    return content, 0
