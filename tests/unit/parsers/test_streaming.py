"""Formats of records stream: planning holds no more than it looks at, reading a chunk no record that it has passed on."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from functions.parsers.chemical.formats import inchi, mol, sdf, smiles
from functions.parsers.crystal.formats import cif
from functions.parsers.reaction.formats import rdf, rxn
from functions.parsers.reaction.formats import smiles as reaction_smiles
from functions.parsers.spectra.formats import jcamp, mzml
from functions.parsers.tabular.formats.csv import CSV, ROWS_AT_ONCE, TSV
from functions.processor.completing import complete
from leanda import limits
from leanda.contracts.artefacts import FieldValue, Record
from leanda.parsing.format import Format
from leanda.persistence.artefacts import pack
from tests.unit.parsers_chemical import molfiles
from tests.unit.parsers_crystal import cifs
from tests.unit.parsers_reaction import rxns
from tests.unit.parsers_spectra import jcamp_files, mzml_files

PLANNED_BYTES = 2 * limits.MIB
BLOCK = 8 * limits.KIB
SEARCHED_TOGETHER = 128 * limits.KIB
"""Rows of tables are looked for in 64 KiB at a time, or as many UTF-16 characters."""
FIXED = 512 * limits.KIB
"""What a reader remembers whatever the size of its chunk: patterns, the last few texts."""

POINTS = list(range(1, 200))
SPECTRUM = jcamp_files.spectrum(jcamp_files.affn(POINTS), *jcamp_files.axis(len(POINTS)))
LINK = f"##TITLE= a run\n##JCAMP-DX= 5.00\n##DATA TYPE= LINK\n##BLOCKS= 2\n{SPECTRUM}{SPECTRUM}##END=\n"
CELLS = b'1,"two\nlines",3.25,' + b"a longer text of some words" * 3 + b"\n"
FILES: list[tuple[Format, bytes, bytes, int]] = [
    (sdf.FORMAT, b"", molfiles.sdf(molfiles.molfile()), 1000),
    (mol.FORMAT, b"", molfiles.sdf(molfiles.molfile()), 1000),
    (smiles.FORMAT, b"SMILES\tname\n", b"CCO" * 30 + b"\tpolyether\n", 1000),
    (inchi.FORMAT, b"", b"InChI=1S/C2H6/c1-2/h1-2H3 ethane" + b"," * 60 + b"\n", 1000),
    (cif.FORMAT, b"# a comment\n", cifs.QUARTZ, 300),
    (cif.FORMAT, b"", cifs.PROTEIN, 300),
    (rdf.FORMAT, rxns.RDF_HEADER.encode(), f"$RFMT\n{rxns.rxn()}$DTYPE yield\n$DATUM 1\n".encode(), 400),
    (rxn.FORMAT, b"", rxns.rxn().encode(), 400),
    (reaction_smiles.FORMAT, b"reaction\tyield\n", b"CCO" * 30 + b">>CC=O\t1\n", 2000),
    (jcamp.FORMAT, b"", LINK.encode(), 200),
    (mzml.FORMAT, mzml_files.document(end=False), mzml_files.spectrum(POINTS, POINTS).encode(), 200),
    (CSV, b"number,text,decimal,more\n", CELLS, 10 * ROWS_AT_ONCE),
    (
        CSV,
        "\ufeffnumber;Größe\n".encode("utf-16-le"),
        ("1;" + "lang " * 20 + "\n").encode("utf-16-le"),
        10 * ROWS_AT_ONCE,
    ),
    (TSV, b"number\ttext\n", b"1\t" + b"words " * 20 + b"\n", 10 * ROWS_AT_ONCE),
]
streaming = pytest.mark.parametrize(
    ("form", "header", "record", "count"), FILES, ids=[f"{row[0].name}-{n}" for n, row in enumerate(FILES)]
)


def peak_of(items: Callable[[], Iterator[object]]) -> int:
    """The most bytes that were held at a time behind the first item; what the file's head says is worked out before that."""
    next(items())  # libraries are loaded
    under_way = items()
    tracemalloc.start()
    try:
        next(under_way)
        tracemalloc.reset_peak()
        for _ in under_way:
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@streaming
def test_planning_holds_what_it_looks_at_and_not_the_file(
    form: Format, header: bytes, record: bytes, count: int
) -> None:
    content = header + record * (PLANNED_BYTES // len(record))
    head = content[: limits.HEAD_BYTES]
    pulled = ahead = 0

    def blocks() -> Iterator[bytes]:
        nonlocal pulled
        for at in range(0, len(content), BLOCK):
            pulled = at + BLOCK
            yield content[at : at + BLOCK]

    def ends() -> Iterator[int]:
        nonlocal ahead
        for end in form.boundaries(blocks(), head=head):
            ahead = max(ahead, pulled - end)
            yield end

    assert peak_of(ends) < PLANNED_BYTES / 4
    assert 0 < ahead <= SEARCHED_TOGETHER + 2 * (BLOCK + len(record))


@streaming
def test_reading_a_chunk_holds_no_record_that_was_passed_on(
    form: Format, header: bytes, record: bytes, count: int
) -> None:
    content = header + record * count
    head = content[: limits.HEAD_BYTES]
    seen = 0

    def records() -> Iterator[Record]:
        nonlocal seen
        for record in form.read(content, first_index=0, head=head):
            seen += 1
            yield record

    assert peak_of(records) < 2 * len(content) + FIXED
    assert seen >= count


def test_completing_a_chunk_holds_no_record_that_was_passed_on() -> None:
    fields = (FieldValue(name="note", value="a longer text of some words " * 10), FieldValue(name="number", value="7"))
    body = pack(Record(index=n, type="row", fields=fields) for n in range(3000))
    assert peak_of(lambda: complete({"skip": 0, "without": []}, body)) < FIXED
