"""Damaged files never raise anything but a verdict on the file, and never take long."""

from __future__ import annotations

import io
import json
import random
import time

import pytest

from functions.parsers.spectra.parser import parser
from leanda import limits
from leanda.contracts.artefacts import Record, RecordStatus
from leanda.errors import ParseFailure
from leanda.parsing.format import WholeFormat
from leanda.parsing.planner import cut
from tests.unit.parsers_spectra import jcamp_files, mzml_files, spc_files

MUTANTS = 300
SECONDS = 2.0
"""Of the processor, for one mutant; it takes milliseconds. The clock on the wall would tell who else is working."""
PIECES = (
    b"\0",
    b"\xff\xff\xff\xff",
    b"999999999999",
    b"-1",
    b"\n",
    b"##TITLE=\n",
    b"##END=\n",
    b"##NPOINTS= 1e300\n",
    b"##FIRSTX= nan\n",
    b"##XFACTOR= 1e-300\n",
    b"##DATA TABLE= (X++(R..R)), XYDATA\n",
    b"##XYDATA= (X++(Y..Y))\n",
    b"A1Z99J%jS9999",
    b"?" * 50,
    b"</spectrum>",
    b"<spectrum>",
    b"<spectrumList>",
    b"</binary>",
    b'"/>',
    b"&amp;&x;",
    b"\x80" * 40,
)
LONG = [n * n % 977 - 400 for n in range(300)]
SEEDS = {
    "jcamp": (
        jcamp_files.LINKED
        + jcamp_files.NTUPLES
        + jcamp_files.spectrum(jcamp_files.difdup(LONG), *jcamp_files.axis(300), "YFACTOR= 0.1")
    ).encode(),
    "mzml": mzml_files.document(
        *[mzml_files.spectrum(more=mzml_files.cv("MS:1000511", "ms level", 2), name=f"scan={n}") for n in range(4)]
    ),
    "spc": spc_files.own_abscissas([[(float(n), n) for n in range(9)]] * 3)
    + spc_files.single([1.0, 2.0], log_at=552)
    + spc_files.log(b"a=1"),
    "spc-even": spc_files.single([1.0, 2.0, 3.0], log_at=556) + spc_files.log(b"SCANS=16\r\nb=x"),
    "spc-old": spc_files.old(LONG[:20], subfiles=3),
}


def mutant(seed: bytes, chance: random.Random) -> bytes:
    content = bytearray(seed)
    for _ in range(chance.randint(1, 5)):
        at = chance.randrange(len(content) + 1)
        match chance.randrange(6):
            case 0:
                del content[at:]
            case 1:
                content[at:at] = chance.choice(PIECES)
            case 2:
                content[at : at + 1] = bytes([chance.randrange(256)])
            case 3:
                del content[at : at + chance.randint(1, 80)]
            case 4:
                content[at:at] = content[at : at + chance.randint(1, 300)]
            case 5:
                content[at : at + 4] = chance.choice([b"\xff" * 4, b"\0" * 4, b"\0\0\0\x80", b"\x7f" * 4])
    return bytes(content)


def records_of(form: str, content: bytes) -> list[Record]:
    """As the handlers do it: cut into chunks, each chunk read by itself."""
    format = parser().format(form.split("-")[0])
    if isinstance(format, WholeFormat):
        return list(format.records(io.BytesIO(content)))
    head, records = content[: limits.HEAD_BYTES], []
    for row, data in cut(format, [content], head=head, size=len(content)):
        some = list(format.read(data, first_index=row.first_index, head=head))
        assert len(some) == row.count, content
        records += some
    return records


@pytest.mark.parametrize("form", SEEDS)
def test_a_mutant_gives_records_or_a_parse_failure(form: str) -> None:
    chance = random.Random(5)
    for _ in range(MUTANTS):
        content = mutant(SEEDS[form], chance)
        began = time.process_time()
        try:
            records = records_of(form, content)
        except ParseFailure:
            records = []
        assert time.process_time() - began < SECONDS, content
        assert [record.index for record in records] == list(range(len(records))), content
        for record in records:
            assert all(issue.code != "RECORD_UNREADABLE" for issue in record.issues), (record.issues, content)
            assert record.issues or record.status is RecordStatus.PARSED, content
            json.dumps(record.properties, allow_nan=False)
            if record.structure:
                json.loads(record.structure.text, parse_constant=_no_constant)


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


@pytest.mark.parametrize(
    ("form", "content"),
    [
        ("jcamp", jcamp_files.spectrum(["0A1" + "Z99999" * 30]).encode()),
        ("jcamp", jcamp_files.spectrum(["0AJZ9999999" for _ in range(200)]).encode()),
        ("jcamp", b"##TITLE= x\n##XYDATA= (X++(Y..Y))\n0 " + b"1 " * 2_000_000 + b"\n##END=\n"),
        ("jcamp", b"##TITLE= x\n" + b"##A=\n" * 1_000_000 + b"##END=\n"),
        ("jcamp", b"##TITLE= x\n##A= " + b"$$ x\n" * 1_000_000 + b"##END=\n"),
        ("jcamp", b"##TITLE= " + b"x" * 5_000_000 + b"\n##END=\n"),
        ("jcamp", b"##TITLE=x\n" * 20_000),
        ("jcamp", b"##TITLE= x\n##PEAK ASSIGNMENTS= (XYA)\n" + b"(1,2,<" * 200_000 + b"\n##END=\n"),
        ("jcamp", b"##TITLE= x\n##PEAK TABLE= (" + b"X," * 200_000 + b"\n1 2\n##END=\n"),
        ("jcamp", (b"##" + b" " * 100) * 40_000),
        ("mzml", b"<mzML>" + b"<spectrum " * 200_000),
        ("mzml", b"<mzML>" + b"<spectrum>" * 200_000 + b"</spectrum>"),
        ("mzml", b"<mzML><spectrumList><spectrum>" + b"<a>" * 300_000 + b"</spectrum>"),
        ("mzml", b"<mzML><spectrumList>" + b"<spectrum/>" * 20_000),
        ("mzml", b"<mzML " + b"<run " * 50_000),
    ],
    ids=lambda value: value[:24] if isinstance(value, bytes) else value,
)
@pytest.mark.timeout(60)
def test_huge_counts_long_lines_and_deep_nesting_end_soon(form: str, content: bytes) -> None:
    started = time.process_time()
    try:
        records = records_of(form, content)
        assert all(issue.code != "RECORD_UNREADABLE" for record in records for issue in record.issues)
    except ParseFailure:
        pass
    assert time.process_time() - started < 2 * SECONDS
