"""Files of absurd counts, lines and depths: read to their end with one record for each boundary, or refused, in seconds.

Seconds of the processor: the clock on the wall would tell who else is working.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Final

import pytest

from functions.parsers.reading import _parser
from leanda import limits
from leanda.contracts.artefacts import Record
from leanda.errors import ParseFailure
from leanda.parsing.format import Format, WholeFormat
from leanda.parsing.planner import cut
from tests.unit.parsers_geometry.test_xyz import WATER
from tests.unit.parsers_reaction import rxns
from tests.unit.parsers_spectra import jcamp_files

SECONDS: Final = {"crystal": 8.0, "geometry": 4.0, "reaction": 15.0, "spectra": 4.0}
"""The most that one may cost, by kind."""
BLOCK: Final = 256 * limits.KIB
LONG_VALUE: Final = f"$RFMT\n{rxns.rxn()}$DTYPE a\n$DATUM ".encode() + (b"x" * 80 + b"+\n") * 50_000
OPEN_TAGS: Final = b"<mzML>" + b"<spectrum " * 200_000
OPEN_HEAD: Final = b"<mzML " + b"<run " * 50_000
NO_RECORD: Final = {OPEN_TAGS, OPEN_HEAD}
GROUP: Final = b"\n_symmetry_space_group_name_H-M '" + b"P 1 " * 100_000 + b"'\n"

FILES: Final[dict[tuple[str, str], list[bytes]]] = {
    ("crystal", "cif"): [
        b"data_a\nloop_\n_x\n" + b"1 " * 1_000_000,
        b"data_a\n" + b"_x 1\n" * 100_000,
        b"data_a\n" + b"loop_ _x 1\n" * 50_000,
        b"data_a " * 20_000,
        b"data_a\n" + b"save_x _y 1 save_\n" * 20_000,
        b"data_a\n_x " + b"9" * 5_000_000,
        b"data_a\n_cell_length_a " + b"1" * 60 + GROUP,
        b"data_a\n_x\n;" + b"\\\n" * 1_000_000 + b";\n",
        b"data_" + b"x" * 3_000_000,
        b"data_a\n_" + b"x" * 3_000_000 + b" 1",
        ("data_a\n_x " + "é" * 300_000).encode(),
    ],
    ("geometry", "xyz"): [
        b"999999999\n\n" + b"C 0 0 0\n" * 200_000,
        b"4294967296\n\nC 0 0 0\n",
        b"1\n" * 40_000,
        b"1\n" + b"a=" * 1_000_000 + b"\nC 0 0 0\n",
        b"1\n" + b"a={" * 1_000_000 + b"\nC 0 0 0\n",
        b"1\nProperties=" + b"pos:R:999:" * 100_000 + b"\nC 0 0 0\n",
        b"1\n\n" + b"C" * 9_000_000,
        b"x" * 9_000_000,
        b"0\n\n" * 20_000,
        b"\n" * 300_000 + WATER,
        b"1\n\nC 1" + b"0" * 4_000_000 + b" 0 0\n",
    ],
    ("reaction", "rdf"): [
        b"$RFMT\n" * 50_000,
        b"$RFMT" + b" " * 5_000_000,
        b"$RFMT\n$RXN\n" + b"$MOL\n" * 500_000,
        LONG_VALUE,
    ],
    ("reaction", "rxn"): [
        b"$RXN\n\n\n\n999999999\n" + b"$MOL\n\n\n\n" * 2_997,
        b"$RXN V3000\n\n\n\n" + b"M  V30 BEGIN CTAB\n" * 200_000,
    ],
    ("reaction", "reaction-smiles"): [
        b">" * 3_000_000,
        b"C" * 3_000_000 + b">>C",
        b'"' * 3_000_000 + b">>C",
        (b"C" * 9000 + b">>" + b"C" * 900 + b"\n") * 2,
        b"[H][H]." * 1200 + b"C>>C\n",
    ],
    ("spectra", "jcamp"): [
        jcamp_files.spectrum(["0A1" + "Z99999" * 30]).encode(),
        jcamp_files.spectrum(["0AJZ9999999" for _ in range(200)]).encode(),
        b"##TITLE= x\n##XYDATA= (X++(Y..Y))\n0 " + b"1 " * 2_000_000 + b"\n##END=\n",
        b"##TITLE= x\n" + b"##A=\n" * 1_000_000 + b"##END=\n",
        b"##TITLE= x\n##A= " + b"$$ x\n" * 1_000_000 + b"##END=\n",
        b"##TITLE= " + b"x" * 5_000_000 + b"\n##END=\n",
        b"##TITLE=x\n" * 20_000,
        b"##TITLE= x\n##PEAK ASSIGNMENTS= (XYA)\n" + b"(1,2,<" * 200_000 + b"\n##END=\n",
        b"##TITLE= x\n##PEAK TABLE= (" + b"X," * 200_000 + b"\n1 2\n##END=\n",
    ],
    ("spectra", "mzml"): [
        OPEN_TAGS,
        b"<mzML>" + b"<spectrum>" * 200_000 + b"</spectrum>",
        b"<mzML><spectrumList><spectrum>" + b"<a>" * 300_000 + b"</spectrum>",
        b"<mzML><spectrumList>" + b"<spectrum/>" * 20_000,
        OPEN_HEAD,
    ],
}
"""By kind and format."""


REFUSED: Final = [
    ("reaction", "rxn", b"x" * 20_000_000, "NO_RECORDS"),
    ("spectra", "jcamp", (b"##" + b" " * 100) * 40_000, "FORMAT_MISMATCH"),
]


def named(value: object) -> str:
    return value[:24].decode() if isinstance(value, bytes) else str(value)


def read_in_chunks(read: Format, content: bytes) -> list[Record]:
    """As the functions do it: planned from blocks, each chunk read by itself."""
    blocks = (content[at : at + BLOCK] for at in range(0, len(content), BLOCK))
    head, records = content[: limits.HEAD_BYTES], list[Record]()
    for row, data in cut(read, blocks, head=head, size=len(content)):
        part = list(read.read(data, first_index=row.first_index, head=head))
        assert len(part) == row.count
        records += part
    return records


@pytest.mark.parametrize(
    ("kind", "name", "content"),
    [(*format, content) for format, contents in FILES.items() for content in contents],
    ids=named,
)
@pytest.mark.timeout(120)
def test_an_absurd_file_ends_in_seconds(kind: str, name: str, content: bytes) -> None:
    read = _parser(kind).format(name)
    assert not isinstance(read, WholeFormat)
    began = time.process_time()
    records = read_in_chunks(read, content)
    assert time.process_time() - began < SECONDS[kind]
    assert [record.index for record in records] == list(range(len(records)))
    assert "RECORD_UNREADABLE" not in {issue.code for record in records for issue in record.issues}
    assert records or content in NO_RECORD


@pytest.mark.parametrize(("kind", "name", "content", "code"), REFUSED, ids=named)
@pytest.mark.timeout(120)
def test_one_without_a_record_is_refused_in_seconds(kind: str, name: str, content: bytes, code: str) -> None:
    read = _parser(kind).format(name)
    assert not isinstance(read, WholeFormat)
    began = time.process_time()
    with pytest.raises(ParseFailure) as refused:
        read_in_chunks(read, content)
    with suppress(ParseFailure):  # which is what planning says too
        assert list(read.read(content, first_index=0, head=content[: limits.HEAD_BYTES])) == []
    assert time.process_time() - began < SECONDS[kind]
    assert refused.value.code == code
