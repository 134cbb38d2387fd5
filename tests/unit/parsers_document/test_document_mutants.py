"""Damaged documents never raise anything but a verdict on the file, and soon."""

from __future__ import annotations

import io
import random
import time
import zipfile

import pytest

from functions.parsers.document.formats import FORMATS
from leanda.contracts.artefacts import RecordStatus
from leanda.errors import ParseFailure
from tests.unit.parsers_document import documents as made
from tests.unit.parsers_document.documents import paragraph, shape, slide_xml

MUTANTS = 300
SECONDS = 2.0
"""Of the processor, for one mutant; it takes milliseconds. The clock on the wall would tell who else is working."""
PIECES = (
    b"\0", b"\xff" * 4, b"<", b">", b"/", b"&#0;", b"]]>", b"<!--", b"<w:p>" * 50, b"99999999", b"-1", b"PK\x03\x04",
    b"endobj", b"stream\n", b"2 0 R", b"<<", b"[", b"/Kids[2 0 R]", b"/Count 2147483647",
)  # fmt: skip

TABLE = f"<w:tbl><w:tr><w:tc>{paragraph('a')}</w:tc><w:tc>{paragraph('b')}</w:tc></w:tr></w:tbl>"
WORD = made.office_members("word/document.xml", made.document_xml(paragraph("one") + TABLE))
SLIDES = [slide_xml(shape("Title", "title") + shape("a\nb")), slide_xml(shape("c"))]
SEEDS = {
    "pdf": made.pdf(["Hello\nworld", "two", "three"], info="/Title(T)/CreationDate(D:20240229)", catalog="/Lang(de)"),
    "docx": made.packed(WORD),
    "pptx": made.pptx(SLIDES, notes=shape("note")),
    "doc": made.doc(),
    "ppt": made.ppt(),
}


def mutant(seed: bytes, chance: random.Random, *, in_place: bool = False) -> bytes:
    """A damaged copy; `in_place` keeps all offsets, which is what compound files live by."""
    content = bytearray(seed)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(content) + 1)
        match chance.choice((2, 4)) if in_place else chance.randrange(6):
            case 0 if chance.random() < 0.3:
                del content[at:]
            case 1:
                content[at:at] = chance.choice(PIECES)
            case 2:
                content[at : at + 1] = bytes([chance.randrange(256)])
            case 3:
                del content[at : at + chance.randint(1, 80)]
            case 4:
                at = at // 4 * 4
                content[at : at + 4] = chance.choice(
                    (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f", b"\1\0\0\0")
                )
            case _:
                content[at:at] = content[at : at + chance.randint(1, 200)]
    return bytes(content)


def mutant_inside(seed: bytes, chance: random.Random) -> bytes:
    """A sound package of which one part is damaged; half of the damage would not get past the checksums otherwise."""
    with zipfile.ZipFile(io.BytesIO(seed)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice(list(parts))
    parts[name] = mutant(parts[name], chance)
    return made.packed(parts)


@pytest.mark.parametrize("name", SEEDS)
def test_a_mutant_gives_records_or_a_parse_failure(name: str) -> None:
    chance = random.Random(20)
    good = 0
    for n in range(MUTANTS):
        inside = name in ("docx", "pptx") and n % 2
        in_place = name in ("doc", "ppt") and bool(n % 2)
        content = mutant_inside(SEEDS[name], chance) if inside else mutant(SEEDS[name], chance, in_place=in_place)
        began = time.process_time()
        try:
            records = list(FORMATS[name].records(io.BytesIO(content)))
        except ParseFailure:
            records = []
        assert time.process_time() - began < SECONDS, content
        assert [record.index for record in records] == list(range(len(records))), content
        assert all(record.issues for record in records if record.status is RecordStatus.FAILED), content
        good += bool(records)
    assert good > MUTANTS // 10  # Else the mutants would only test the front door.
