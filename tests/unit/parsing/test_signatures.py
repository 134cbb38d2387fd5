"""The kind of a file."""

from __future__ import annotations

import gzip
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanda import limits
from leanda.parsing.signatures import ROWS, Kind, decide, extension_of, plausible_smiles
from tests.samples import manifest, samples_root

SDF, MOL, SMILES = Kind("chemical", "sdf"), Kind("chemical", "mol"), Kind("chemical", "smiles")
CIF, RXN, RDF, RSMI = (
    Kind("crystal", "cif"),
    Kind("reaction", "rxn"),
    Kind("reaction", "rdf"),
    Kind("reaction", "reaction-smiles"),
)
CDX, CDXML, INCHI = Kind("chemical", "cdx"), Kind("chemical", "cdxml"), Kind("chemical", "inchi")
CSV, TSV, GENERIC = Kind("tabular", "csv"), Kind("tabular", "tsv"), Kind("generic", "generic")
PDF = Kind("document", "pdf")

MOLFILE = b"""water
  made by hand

  1  0  0  0  0  0  0  0  0  0999 V2000
    0.0000    0.0000    0.0000 O   0  0  0  0  0  0  0  0  0  0  0  0
M  END
"""
MOLFILE_V3000 = b"""water
  made by hand

  0  0  0     0  0            999 V3000
M  V30 BEGIN CTAB
M  V30 COUNTS 1 0 0 0 0
M  V30 END CTAB
M  END
"""
SDFILE = MOLFILE + b">  <id>\n1\n\n$$$$\n" + MOLFILE + b"$$$$\n"
SMILES_LINES = b"Nc1ccc(S(=O)(=O)Nc2ccccn2)cc1 CHEMBL700\nCl.N=C(N)N CHEMBL1200728\nCC(=O)O acetic acid\n"
TABLE = b"id,smiles,mass\n1,CCO,46.07\n2,CCC,44.10\n3,c1ccccc1,78.11\n"
PROSE = b"""It was a bright cold day, and the clocks were striking thirteen.
Winston Smith, his chin nuzzled into his breast, slipped quickly
through the glass doors of the mansions; not quickly enough, though.
"""
POEM = b"Roses are red, my love\nViolets are blue, my love\nSugar is sweet, my love\nAnd so are you, my love\n"


def kind_of(data: bytes, name: str) -> Kind:
    return decide(data[: limits.HEAD_BYTES], name, len(data))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.sdf", SDF),
        ("a.SD", SDF),
        ("a.mol", MOL),
        ("a.MDL", MOL),
        ("a.smi", SMILES),
        ("a.Smiles", SMILES),
        ("a.csv", CSV),
        ("a.TSV", TSV),
        ("a.tab", TSV),
        ("a.b.csv.gz", CSV),
        ("a.pdf", PDF),
        ("a.XLSM", Kind("tabular", "xlsx")),
        ("a.dot", GENERIC),
        ("a", GENERIC),
        ("", GENERIC),
        (".csv", GENERIC),
    ],
)
def test_the_extension_decides_for_a_file_without_bytes_and_for_garbage(name: str, kind: Kind) -> None:
    assert decide(b"", name, 0) == kind
    assert kind_of(b"\x01\x02\x03 garbage \xff\xfe", name) == kind


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (MOLFILE, "anything", MOL),
        (MOLFILE, "a.mol", MOL),
        (MOLFILE, "a.sdf", SDF),
        (MOLFILE, "a.txt", MOL),
        (MOLFILE.replace(b"\n", b"\r\n"), "a.dat", MOL),
        (MOLFILE.replace(b"\n", b"\r"), "a.dat", MOL),
        (b"\xef\xbb\xbf" + MOLFILE, "a", MOL),
        (MOLFILE.decode().encode("utf-16"), "a", MOL),
        (MOLFILE_V3000, "a", MOL),
        (MOLFILE.replace(b"999 V2000", b""), "a", MOL),
        (SDFILE, "a", SDF),
        (SDFILE, "a.mol", SDF),
        (SDFILE, "a.csv", SDF),
        (MOLFILE + b">  <id>\n1\n\n", "a", SDF),
        (b"no molecule\nat all\n\n\n$$$$\n" + SDFILE, "a.txt", SDF),
        (b"$RXN\n\n\n\n  1  0\n$MOL\n" + MOLFILE, "a.txt", RXN),
        (b"$RFMT\n$RXN\n\n\n\n  1  0\n$MOL\n" + MOLFILE, "a.txt", RDF),
        (b'id,structure\n1,"' + MOLFILE + b'"\n2,"' + MOLFILE + b'"\n', "a.csv", CSV),
        (b'id,mol,x\n1,"' + MOLFILE + b'$$$$\n",5\n2,"' + MOLFILE + b'$$$$\n",6\n', "a.csv", CSV),
        (b'"mol";"x"\n"' + MOLFILE + b'$$$$\n";5\n', "a.csv", CSV),
        (b'1\t"' + MOLFILE + b'$$$$\n"\n', "a.tsv", TSV),
        (b'1,"' + MOLFILE + b'"\n', "a.csv", CSV),
        (b'"a",b' + SDFILE, "a.csv", SDF),
        (b"%PDF-1.7\n", "a.sdf", PDF),
        (b"\x89PNG\r\n\x1a\n\0\0", "a.csv", Kind("image", "png")),
        (b"PK\x03\x04rest", "a.csv", Kind("bundle", "zip")),
        (b"<!DOCTYPE html><html>no file here</html>", "a.csv", GENERIC),
        (b"$MFMT $MIREG 1\n$MOL\n" + MOLFILE, "a", RDF),
        (b'<?xml version="1.0"?><rdf:RDF/>', "a.rdf", GENERIC),
        (b"<rdf:RDF>", "a.rdf", GENERIC),
        (b"\xef\xbb\xbf# a comment\n\ndata_x\n_cell_length_a 4\n", "a.txt", CIF),
        (b"data_x loop_ _a 1", "a.CIF", CIF),
        (b"data_optics\n\nloop_\n_rlnVoltage\n300\n", "a.star", GENERIC),
        (b"VjCD0100\x04\x03\x02\x01", "a.sdf", CDX),
        (b'<?xml version="1.0" encoding="UTF-8" ?>\n<!DOCTYPE CDXML SYSTEM "x.dtd" >\n<CDXML/>', "a.txt", CDXML),
        (b"<CDXML></CDXML>", "a", CDXML),
        (b"[CH3:1]O>>[CH2:1]=O oxidation\nC.C>O>CC\n", "a.smi", RSMI),
        (b"id,rxn\n1,CO>>C=O\n2,CC=O>>CCO\n", "a.csv", RSMI),
        (b"ReactionSmiles\tyear\nCO>>C=O |f:0.1|\t1976\n", "a.rsmi", RSMI),
        (b"id,arrow\n1,a>b>c\n2,>>\n", "a.csv", CSV),
    ],
)
def test_a_signature_beats_the_name(data: bytes, name: str, kind: Kind) -> None:
    assert kind_of(data, name) == kind


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (SMILES_LINES, "a.txt", SMILES),
        (SMILES_LINES, "a", SMILES),
        (b"SMILES Name\n" + SMILES_LINES, "a", SMILES),
        (SMILES_LINES.replace(b" CHEMBL", b"\tCHEMBL"), "a.txt", SMILES),
        (SMILES_LINES, "a.md", GENERIC),
        (b"CCO,ethanol\nCCC,propane\nc1ccccc1,benzene\n", "a.smi", SMILES),
        (b"CCO\nCCC\nc1ccccc1\n", "a.csv", CSV),
        (TABLE, "a.csv", CSV),
        (TABLE, "a.txt", CSV),
        (TABLE, "a", CSV),
        (TABLE, "a.sdf", CSV),
        (TABLE.replace(b",", b";"), "a.dat", CSV),
        (TABLE.replace(b",", b"\t"), "a.txt", TSV),
        (TABLE.replace(b",", b"\t"), "a.csv", CSV),
        (TABLE.replace(b",", b"\t"), "a.xls", TSV),
        (TABLE.decode().encode("utf-16"), "a.txt", CSV),
        (b"a\tb\n1\t2\n3\t4\n", "a", TSV),
        (PROSE, "a.txt", GENERIC),
        (POEM, "a.txt", GENERIC),
        (PROSE, "a.sdf", SDF),
        (b"I\nON\nSO\nNO\nCOIN\n", "a.txt", GENERIC),
        (b"C1\nC2\nC3\nN4\n", "a.txt", GENERIC),
        (b"one, two, three\n" * 5, "a.txt", GENERIC),
        (b"key;value\n" * 5, "a.txt", GENERIC),
        (b"Nc1ccc(S(=O)(=O)Nc2ccccn2)cc1\n" * 10_000, "a", SMILES),
        (b"one line, with a comma\n", "a.txt", GENERIC),
        (b'{"a":1,"b":2,"c":3}\n' * 9, "a.txt", GENERIC),
        (b"print(1, 2, 3)\n" * 5, "a.py", GENERIC),
        (b"a,b,c\n" * 9, "a.log", GENERIC),
        (b"InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3\n" * 5, "a.inchi", INCHI),
        (b"InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3\n" * 5, "a.txt", INCHI),
        (b"InChI,n\n" + b'"InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3",1\n' * 5, "a.csv", CSV),
    ],
)
def test_text_is_judged_by_its_lines(data: bytes, name: str, kind: Kind) -> None:
    assert kind_of(data, name) == kind


def test_gzip_is_looked_into() -> None:
    assert kind_of(gzip.compress(SDFILE), "a.sdf.gz") == Kind("chemical", "sdf", "gzip")
    assert kind_of(gzip.compress(SDFILE), "no-name") == Kind("chemical", "sdf", "gzip")
    assert kind_of(gzip.compress(TABLE), "a.csv.gz") == Kind("tabular", "csv", "gzip")
    assert kind_of(gzip.compress(PROSE), "a.txt.gz") == Kind("generic", "generic", "gzip")
    assert kind_of(gzip.compress(b""), "a.csv.gz") == Kind("tabular", "csv", "gzip")
    assert kind_of(gzip.compress(gzip.compress(TABLE)), "a.csv.gz") == Kind("generic", "generic", "gzip")
    assert kind_of(b"\x1f\x8bdamaged", "a.sdf.gz") == Kind("chemical", "sdf", "gzip")
    assert kind_of(TABLE, "a.csv.gz") == CSV


def test_a_head_in_the_middle_of_a_file_is_enough() -> None:
    rows = b"".join(b"%d,name %d,%d\n" % (n, n, n * n) for n in range(50_000))
    assert kind_of(b"id,name,square\n" + rows, "a.txt") == CSV
    compressed = gzip.compress(SDFILE * 20_000, compresslevel=1)
    assert decide(compressed[:3000], "a", len(compressed)) == Kind("chemical", "sdf", "gzip")


@pytest.mark.parametrize(
    "token", ["C", "c1ccccc1", "[Na+].[Cl-]", "C[C@@H](N)O", "C/C=C\\C", "C%12CC%12", "[13CH4]", "*C"]
)
def test_smiles_are_plausible(token: str) -> None:
    assert plausible_smiles(token)


@pytest.mark.parametrize(
    "token", ["", "Hello", "C1", "C(C", "=C", "1C", "C)", "water", "CC>>CO", "id", "[not an atom]"]
)
def test_other_words_are_not(token: str) -> None:
    assert not plausible_smiles(token)


@given(data=st.binary(max_size=200), name=st.text(max_size=12), size=st.integers(0, 10**12))
def test_it_never_raises(data: bytes, name: str, size: int) -> None:
    assert decide(data, name, size).kind in {row.kind for row in ROWS}
    assert decide(b"\x1f\x8b\x08" + data, name, size).kind in {row.kind for row in ROWS}


@given(text=st.text(alphabet='ab,;\t|"\r\n\0$M END V2000[](=1C', max_size=80))
def test_it_never_raises_on_nearly_right_text(text: str) -> None:
    for name in ("a.csv", "a.sdf", "a.txt"):
        decide(text.encode(), name, len(text))


@pytest.mark.parametrize(
    "data",
    [
        b"data_x" + b"\n" * limits.HEAD_BYTES,
        b" " * limits.HEAD_BYTES,
        b"," * limits.HEAD_BYTES,
        b"a,b,c\n" + b'"' * limits.HEAD_BYTES,
        b"(" * limits.HEAD_BYTES,
        b"C" + b"[C" * limits.HEAD_BYTES,
        (b" " * 100_000 + b"x,") * 3,
        b"C1" * limits.HEAD_BYTES,
    ],
)
@pytest.mark.timeout(60)
def test_no_text_makes_the_search_quadratic(data: bytes) -> None:
    for name in ("a", "a.sdf", "a.smi", "a.csv"):
        kind_of(data, name)


def test_mutated_files_have_a_kind() -> None:
    rng = random.Random(3)
    for _ in range(500):
        data = bytearray(rng.choice([SDFILE, TABLE, SMILES_LINES, gzip.compress(SDFILE)]))
        for _ in range(rng.randint(1, 8)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        assert kind_of(bytes(data), rng.choice(["a.sdf", "a", "a.csv", "a.txt"])).kind


def test_extensions_ignore_case_folders_and_gz() -> None:
    assert extension_of("A/B.c/D.SDF.GZ") == "sdf"
    assert extension_of("archive.tar.gz") == "tar"
    assert extension_of("a.gz") == ""
    assert extension_of("C:\\data\\x.Csv") == "csv"
    assert extension_of("Slide 1.OME.Tif") == "ome.tif"
    assert extension_of("some.more.tif") == "tif"


def test_samples_keep_their_kind_without_a_name() -> None:
    for row in manifest("sdf", "mol", "smiles"):
        data = (samples_root() / row.path).read_bytes()
        if row.expected != "invalid":
            assert kind_of(data, "noname").kind == "chemical", row.path
