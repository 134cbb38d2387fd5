"""Files that claim, or are, more than they seem: refused with a code, in no more memory than a good file of 5 MB needs, and in
the time that one record may take.

Time is the processor's: a busy machine must not decide.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from functions.parsers.building import ITEM_SECONDS
from functions.parsers.reading import _parser
from leanda import limits
from leanda.errors import ParseFailure
from leanda.parsing.format import WholeFormat
from leanda.parsing.planner import plan
from leanda.parsing.signatures import ROWS
from tests.samples import sample
from tests.unit.parsers.seeds import seeds
from tests.unit.parsers_bundle import archives
from tests.unit.parsers_chemical.drawings import cdx, cdxml, cdxml_fragment, fragment
from tests.unit.parsers_document import documents
from tests.unit.parsers_image.pictures import page, tiff
from tests.unit.parsers_microscopy import files
from tests.unit.parsers_tabular import workbooks

HANG_SECONDS: Final = 300
GOOD_BYTES: Final = 5_000_000
MORE: Final = 1.5
PAST_THE_LIMIT_SECONDS: Final = 2.0
ROOT = Path(__file__).resolve().parents[3]


_laughs = files.billion_laughs


def _nested(levels: int) -> bytes:
    inner = bytes(limits.MIB)
    for _ in range(levels):
        inner = archives.packed({f"{n}.zip": inner for n in range(10)})
    return inner


def _word(content: str | bytes) -> bytes:
    return documents.packed(documents.office_members("word/document.xml", content))  # type: ignore[arg-type]


SPACES: Final = bytes(b" " * limits.MIB)


@cache
def _gigabyte() -> bytes:
    """A thousand MiB of spaces, as RFC 1950 has them."""
    deflated = zlib.compressobj(9)
    return b"".join(deflated.compress(SPACES) for _ in range(1000)) + deflated.flush()


def _pdf(content: bytes, filters: str) -> bytes:
    objects = documents.pdf_objects(["x"])
    objects[6] = f"<</Length {len(content)}/Filter{filters}>>stream\n{content.decode('latin-1')}\nendstream"
    return documents.pdf_of(objects)


def _with_member(package: bytes, name: str, content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    return workbooks.packed(members | {name: content})


def _png(width: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A grey PNG as wide as high (PNG 1.2, section 3.2, "Chunk layout")."""
    header = struct.pack(">IIBBBBB", width, width, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", header), *chunks, (b"IEND", b""))
    rows = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(rows)


def _good(kind: str, name: str) -> bytes:
    """A good file of about 5 MB; a smaller one makes the comparison stricter."""
    match name:
        case "zip":
            return archives.packed({"a.bin": os.urandom(GOOD_BYTES)}, method=0)
        case "docx":
            dice = random.Random(1)
            words = (f"{dice.getrandbits(64):x} {dice.getrandbits(64):x}" for _ in range(60_000))
            return _word(documents.document_xml("".join(map(documents.paragraph, words))))
        case "xlsx":
            return workbooks.xlsx({"A": [["name", "mass"], *([f"row {n}", n / 7] for n in range(100_000))]})
        case "cdxml":
            return cdxml(*(cdxml_fragment(first=1 + 10 * n) for n in range(8_000))).encode()
        case "cdx":
            return cdx(*(fragment(first=1 + 10 * n) for n in range(600)))  # coordinates end soon behind that
        case "xlsb":
            return _with_member(seeds()[kind, name][0], "xl/media/image.bin", os.urandom(GOOD_BYTES))
        case "ods":
            rows = (workbooks.ods_row(f"row {n}", n / 7) for n in range(100_000))
            return workbooks.ods("".join(rows))
        case "pptx":
            slide = documents.slide_xml(documents.shape("a line of text\n" * 60))
            return documents.pptx([slide] * 1000)
        case "gif" | "tiff" | "czi" | "lif" | "ome-xml" | "xls" | "png":
            return seeds()[kind, name][0] + b"\n" * GOOD_BYTES
        case "pdf":
            return documents.pdf(["a line of text\n" * 60] * 3000)
    seed = seeds()[kind, name][0]
    return (seed + b"\n") * (GOOD_BYTES // len(seed))


LIF: Final = files.lif()
XLSB: Final = sample("any_sheets.xlsb").read_bytes()
SLIDE: Final = "ppt/slides/slide1.xml"
ROWS_OF_ROWS: Final = workbooks.ods_row("a", "b") + (
    '<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="1000"'
    ' office:value-type="float" office:value="1"/></table:table-row>'
)
TEXT: Final = (b"zTXt", b"Comment\0\0" + zlib.compress(SPACES[:-1]))
LOOP: Final = "T02-02_002_page-tree-kids-links-recursive.pdf"
BOMBS: Final[dict[str, tuple[str, str, Any, set[str]]]] = {
    "zip 1000:1": ("bundle", "zip", lambda: archives.packed({"zeros": bytes(64 * limits.MIB)}), {"FILE_BOMB"}),
    "zip in zip in zip": ("bundle", "zip", lambda: _nested(4), {""}),
    "docx 1000:1": ("document", "docx", lambda: _word(b" " * 64 * limits.MIB), {"FILE_BOMB"}),
    "docx laughs": ("document", "docx", lambda: _word(_laughs("w:document")), {"XML_DOCTYPE"}),
    "xlsx 1000:1": ("tabular", "xlsx", lambda: workbooks.packed({"xl/workbook.xml": b" " * 64 * limits.MIB}), {"FILE_BOMB"}),
    "xls of all memory": ("tabular", "xls", lambda: sample("OOM_alloc3.xls").read_bytes(), {"FILE_CORRUPT", "PARSER_MEMORY"}),
    "cdxml laughs": ("chemical", "cdxml", lambda: _laughs("CDXML").encode(), {"FILE_BOMB"}),
    "cdx of 2^31 bytes": ("chemical", "cdx", lambda: cdx(b"\x03\x80\1\0\0\0\0\2\xff\xff\0\0\0\x80" * 100), {"FILE_CORRUPT", ""}),
    "gif of huge canvas": ("image", "gif", lambda: sample("decompression_bomb.gif").read_bytes(), {"FILE_BOMB"}),
    "tiff of 2^31 strips": ("image", "tiff", lambda: tiff(page(4, 4) | {273: (4, 2**31, b"\0\0\x10\0")}), {"", "FILE_CORRUPT"}),
    "czi of 2^31 subblocks": ("microscopy", "czi", lambda: files.czi(count=2**31 - 1), {"", "FILE_CORRUPT"}),
    "czi laughs": ("microscopy", "czi", lambda: files.czi(_laughs("ImageDocument")), {"XML_ENTITIES_REFUSED", "FILE_BOMB"}),
    "lif of 2^31 characters": ("microscopy", "lif", lambda: LIF[:9] + struct.pack("<I", 2**31) + LIF[13:], {"FILE_CORRUPT"}),
    "ome laughs": ("microscopy", "ome-xml", lambda: _laughs("OME").encode(), {"XML_ENTITIES_REFUSED", "FILE_BOMB"}),
    "mzml laughs": ("spectra", "mzml", lambda: _laughs("mzML").encode(), {"XML_ENTITIES_REFUSED"}),
    "pdf of itself": ("document", "pdf", lambda: sample(LOOP).read_bytes(), {"", "FILE_CORRUPT"}),
    "pdf 1000:1": ("document", "pdf", lambda: _pdf(_gigabyte(), "/FlateDecode"), {"FILE_BOMB"}),
    "pdf 1000000:1": ("document", "pdf", lambda: _pdf(zlib.compress(_gigabyte(), 9), "[/FlateDecode /FlateDecode]"), {"FILE_BOMB"}),
    "pptx 1000:1": ("document", "pptx", lambda: _with_member(documents.pptx([""]), SLIDE, 64 * SPACES), {"FILE_BOMB"}),
    "pptx laughs": ("document", "pptx", lambda: _with_member(documents.pptx([""]), SLIDE, _laughs("p:sld").encode()), {""}),
    "xlsb 1000:1": ("tabular", "xlsb", lambda: _with_member(XLSB, "xl/worksheets/sheet1.bin", 64 * SPACES), {"FILE_BOMB"}),
    "ods 1000:1": ("tabular", "ods", lambda: workbooks.ods(" " * 64 * limits.MIB), {"FILE_BOMB"}),
    "ods of 2^30 cells": ("tabular", "ods", lambda: workbooks.ods(ROWS_OF_ROWS), {"FILE_CORRUPT", "FILE_BOMB", "PARSER_MEMORY"}),
    "png of a gigabyte": ("image", "png", lambda: _png(32_000, (b"IDAT", _gigabyte())), {"FILE_BOMB"}),
    "png with a gigabyte of text": ("image", "png", lambda: _png(4, (b"zTXt", b"Comment\0\0" + _gigabyte())), {"FILE_CORRUPT"}),
    "png with a thousand texts": ("image", "png", lambda: _png(4, *([TEXT] * 1000)), {"FILE_CORRUPT"}),
    "png with a huge profile": ("image", "png", lambda: _png(4, (b"iCCP", b"Comment\0\0" + _gigabyte())), {"FILE_CORRUPT"}),
    "xyz of 2^31 atoms": ("geometry", "xyz", lambda: b"999999999\n\n" + b"C 0 0 0\n" * 1000, {""}),
    "csv.gz 1000:1": ("tabular", "csv", lambda: gzip.compress(b"a,b\n" + b"1,2\n" * 20_000_000, 9), {"FILE_BOMB"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("weighed")


def weighed(kind: str, name: str, path: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.unit.parsers.weighing", kind, name, str(path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "layers/shared/python")])}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=HANG_SECONDS, check=False)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@cache
def good(kind: str, name: str, folder: Path) -> dict[str, Any]:
    path = folder / f"good.{name}"
    path.write_bytes(_good(kind, name))
    told = weighed(kind, name, path)
    assert not told["verdict"], told
    assert told["records"], told
    return told


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.timeout(2 * HANG_SECONDS)
def test_a_bomb_ends_with_a_code_in_the_memory_of_a_good_file(bomb: str, folder: Path) -> None:
    kind, name, made, verdicts = BOMBS[bomb]
    path = folder / "bomb"
    path.write_bytes(made())
    told, usual = weighed(kind, name, path), good(kind, name, folder)
    assert told["verdict"] in verdicts, told
    assert not set(told["codes"]) & {"RECORD_UNREADABLE", "PARSER_TIMEOUT", "PARSER_CRASHED"}, told
    for process in ("planner", "worker"):
        assert told[process] <= MORE * usual[process], (process, told, usual)
    assert told["processor"] <= ITEM_SECONDS + PAST_THE_LIMIT_SECONDS, told


GIGABYTE: Final = 1_000_000_000


STREAMING = sorted(
    (row.kind, row.format)
    for row in ROWS
    if row.kind != "generic" and not isinstance(_parser(row.kind).format(row.format), WholeFormat)
)


@pytest.mark.parametrize("format", STREAMING, ids="/".join)
def test_a_line_of_a_gigabyte_is_given_up_long_before_its_end(format: tuple[str, str]) -> None:
    """Whatever the line follows: nothing, or a good file. No block of it is kept once no record can hold it."""
    read, (seed, *_) = _parser(format[0]).format(format[1]), seeds()[format]
    assert not isinstance(read, WholeFormat)
    given = 0

    def blocks(beginning: bytes) -> Iterator[bytes]:
        nonlocal given
        yield beginning
        for _ in range(GIGABYTE // limits.MIB):
            given += limits.MIB
            yield b"7" * limits.MIB

    with pytest.raises(ParseFailure) as refused:
        list(plan(read, blocks(seed), head=seed, size=None))
    assert refused.value.code == "FORMAT_MISMATCH"
    assert given <= 10 * limits.MAX_RECORD_BYTES
