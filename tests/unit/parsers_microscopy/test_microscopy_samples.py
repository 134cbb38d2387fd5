"""The manifest's microscopy files: kind, outcome, count; and damaged ones, which never raise anything but a verdict."""

from __future__ import annotations

import io
import random
import time

import pytest

from functions.parsers.microscopy.formats import FORMATS
from leanda import limits
from leanda.contracts.artefacts import RecordStatus
from leanda.errors import ParseFailure
from leanda.parsing.signatures import Kind, decide
from tests.samples import manifest, samples_root
from tests.unit.parsers_image.pictures import ascii_, long, page, tiff
from tests.unit.parsers_microscopy import files

MUTANTS = 300
SECONDS = 2.0
"""Of the processor, for one mutant; it takes milliseconds. The clock on the wall would tell who else is working."""
PIECES = (
    b"\0", b"\xff" * 4, b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\xff" * 8, b"<", b"</OME>", b'"', b"<!DOCTYPE a>", b"&a;",
    b'SizeX="-1"', b'SizeX="99999999999999999999"', b"DimID", b"nan", b"1e999", b"0x", b"ZISRAWDIRECTORY", b"DV", b"\x0b", b"\x4c",
)  # fmt: skip
SEEDS = {
    "ome-xml": files.OME.encode(),
    "ome-tiff": tiff(page(64, 48, t270=ascii_(files.OME)), page(64, 48)),
    "svs": tiff(page(46, 32, t270=ascii_(files.APERIO), t322=long(16)), page(4, 4), page(5, 5, t322=long(16))),
    "bigtiff": tiff(page(46, 32), page(4, 4), big=True),
    "czi": files.czi(),
    "lif": files.lif(),
    "nd2": files.nd2(),
}


def mutant(seed: bytes, chance: random.Random) -> bytes:
    content = bytearray(seed)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(content) + 1)
        match chance.randrange(5):
            case 0:
                del content[at:]
            case 1:
                piece = chance.choice(PIECES)
                content[at : at + len(piece)] = piece
            case 2:
                content[at : at + 1] = bytes([chance.randrange(256)])
            case 3:
                del content[at : at + chance.randint(1, 80)]
            case 4:
                content[at:at] = content[at : at + chance.randint(1, 200)]
    return bytes(content)


def test_every_sample_is_decided_and_ends_as_its_manifest_row_says() -> None:
    differences = []
    for row in manifest("microscopy"):
        data = (samples_root() / row.path).read_bytes()
        kind = decide(data[: limits.HEAD_BYTES], row.path, len(data))
        assert kind.kind == "microscopy", row.path
        try:
            found = list(FORMATS[kind.format].records(io.BytesIO(data)))
        except ParseFailure:
            found = []
        good = sum(record.status is RecordStatus.PARSED for record in found)
        outcome = "invalid" if not good else "valid" if good == len(found) else "partial"
        if outcome != row.expected:
            differences.append((row.path, row.expected, outcome))
        if row.records is not None and len(found) != row.records:
            differences.append((row.path, row.records, len(found)))
    assert differences == []


@pytest.mark.parametrize(
    ("data", "name", "format"),
    [
        (SEEDS["ome-xml"], "a", "ome-xml"),
        (SEEDS["ome-xml"], "a.ome.xml", "ome-xml"),
        (b"\xef\xbb\xbf" + SEEDS["ome-xml"], "a.xml", "ome-xml"),
        (b'<ome:OME xmlns:ome="x"/>', "a.txt", "ome-xml"),
        (SEEDS["ome-tiff"], "a", "ome-tiff"),
        (SEEDS["svs"], "a.tif", "svs"),
        (SEEDS["bigtiff"], "a.tif", "bigtiff"),
        (tiff(page(4, 4)), "a.ome.tiff", "ome-tiff"),
        (tiff(page(4, 4)), "a.svs", "svs"),
        (b"II*\0\0\0\0\x10" + bytes(100), "a.ome.tif", "ome-tiff"),  # its directory lies behind the head
        (b"II+\0\x08\0\0\0" + b"\0\0\0\x10\0\0\0\0" + bytes(100), "a.tif", "bigtiff"),
    ],
)
def test_the_kind_is_decided_by_content_where_the_head_tells_it(data: bytes, name: str, format: str) -> None:
    assert decide(data, name, len(data)) == Kind("microscopy", format)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"<OMEGA/>", "a.xml"),
        (b"<svg><OME/></svg>", "a.svg"),
        (b"\x70\0\0\0" + bytes(20), "a.dat"),
        (tiff(page(4, 4)), "a.tif"),
    ],
)
def test_a_like_beginning_is_not_enough(data: bytes, name: str) -> None:
    assert decide(data, name, len(data)).kind != "microscopy"


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_mutants_give_records_or_a_parse_failure(format: str) -> None:
    chance, survivors = random.Random(9), 0
    for _ in range(MUTANTS):
        content = mutant(SEEDS[format], chance)
        began = time.process_time()
        try:
            found = list(FORMATS[format].records(io.BytesIO(content)))
        except ParseFailure:
            found = []
        assert time.process_time() - began < SECONDS
        assert [record.index for record in found] == list(range(len(found)))
        for record in found:
            record.model_dump_json()
            assert record.properties or record.status is RecordStatus.FAILED
        survivors += bool(found)
    assert survivors > MUTANTS // 50  # Some mutations leave the file readable; the others were refused.


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_the_file_stays_open_and_can_be_read_again(format: str) -> None:
    file = io.BytesIO(SEEDS[format])
    once = list(FORMATS[format].records(file))
    file.seek(0)
    assert list(FORMATS[format].records(file)) == once
    assert not file.closed
