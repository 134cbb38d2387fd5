"""XYZ files: frames, comments, atoms; RDKit writes and reads the same."""

from __future__ import annotations

import random
import re
from collections import Counter
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.Chem import AllChem

from functions.parsers.geometry.formats import xyz
from leanda.contracts.artefacts import Record, RecordStatus
from leanda.parsing.signatures import Kind, decide
from leanda.parsing.xyz import columns_of, element_of
from tests.unit.parsers import reading
from tests.unit.parsers.reading import codes

WATER = b"3\nwater, by hand\nO 0.0 0.0 0.1173\nH 0.0 0.7572 -0.4692\nH 0.0 -0.7572 -0.4692\n"
SALT = (
    b'2\nLattice="5.64 0 0 0 5.64 0 0 0 5.64" Properties=species:S:1:pos:R:3:charge:R:1 energy=-7.25 pbc="T T T" step=4\r\n'
    b"Na 0 0 0 1.0\r\nCl 2.82 0 0 -1.0\r\n"
)
BROKEN = b"2\ntoo few\nC 0 0 0\n"
FILE = (
    b"\n"
    + WATER
    + BROKEN
    + b"\n"
    + SALT
    + b"not a frame\nat all\n"
    + b"1\n\nAr 0 0 0\n"
    + b"9\nat the end\nHe 0 0 0\n\n\n"
)
STATUS = ["Parsed", "Failed", "Parsed", "Failed", "Parsed", "Failed"]

boundaries = partial(reading.boundaries, xyz.FORMAT)
read = partial(reading.read, xyz.FORMAT)


def test_a_frame_is_a_record_and_a_bad_one_fails_alone() -> None:
    records = read(FILE)
    assert [record.status.value for record in records] == STATUS
    assert [codes(record) for record in records] == [
        [], ["ATOMS_MISSING"], [], ["ATOM_COUNT_INVALID"], [], ["ATOMS_MISSING"],
    ]  # fmt: skip
    assert [record.name for record in records] == ["water, by hand", "too few", None, None, None, "at the end"]
    assert records[1].issues[0].message == "2 atoms are announced, there are 1."
    assert (records[0].structure and records[0].structure.text) == WATER.decode()
    assert records[0].properties == {"atomCount": 3, "formula": "H2O"}


def test_a_number_with_more_digits_than_a_double_keeps_stays_text() -> None:
    (record,) = read(b"1\nenergy=-76.0267907201 exact=0.1000000000000000055 zero=1e-400\nHe 0 0 0\n")
    found = {field.name: field.value for field in record.fields}
    assert found == {"energy": -76.0267907201, "exact": "0.1000000000000000055", "zero": "1e-400"}


def test_keys_of_a_comment_are_fields_and_a_lattice_is_a_cell() -> None:
    (record,) = read(SALT)
    assert [(field.name, field.value) for field in record.fields] == [
        ("Lattice", "5.64 0 0 0 5.64 0 0 0 5.64"),
        ("Properties", "species:S:1:pos:R:3:charge:R:1"),
        ("energy", -7.25),
        ("pbc", "T T T"),
        ("step", 4),
    ]
    assert record.properties == {
        "atomCount": 2, "formula": "ClNa", "cellLengthA": 5.64, "cellLengthB": 5.64, "cellLengthC": 5.64,
        "cellAngleAlpha": 90.0, "cellAngleBeta": 90.0, "cellAngleGamma": 90.0, "cellVolume": pytest.approx(5.64**3),
    }  # fmt: skip


def test_a_slanted_lattice() -> None:
    (record,) = read(b'1\nLattice="2 0 0 -1 1.7320508075688772 0 0 0 5"\nC 0 0 0\n')
    assert record.properties["cellAngleGamma"] == pytest.approx(120)
    assert record.properties["cellVolume"] == pytest.approx(2 * 3**0.5 * 5)


@pytest.mark.parametrize(
    "lattice", ["1 0 0 0 1 0", "a b c d e f g h i", "1 0 0 1 0 0 0 0 1", "nan 0 0 0 1 0 0 0 1", ""]
)
def test_a_lattice_that_spans_no_cell_is_warned_of(lattice: str) -> None:
    (record,) = read(f'1\nLattice="{lattice}"\nC 0 0 0\n'.encode())
    assert (record.status, codes(record)) == (RecordStatus.PARSED, ["LATTICE_UNREADABLE"])
    assert record.properties == {"atomCount": 1, "formula": "C"}


def test_columns_stand_where_the_comment_says() -> None:
    (record,) = read(b"1\nProperties=id:I:1:pos:R:3:species:S:1\n7 1.5 2.5 3.5 Xe\n")
    assert record.properties["formula"] == "Xe"
    columns = columns_of("Properties=id:I:1:pos:R:3:species:S:1")
    assert columns is not None
    assert columns.place_of(["7", "1.5", "2.5", "3.5", "Xe"]) == (1.5, 2.5, 3.5)
    (record,) = read(b"1\nProperties=species:S:1:mass:R:1\nC 0 0 0\n")
    assert codes(record) == ["COLUMNS_UNKNOWN"]


@pytest.mark.parametrize(
    ("name", "symbol"),
    [("C", "C"), ("CL", "Cl"), ("cl", "Cl"), ("6", "C"), ("118", "Og"), ("119", None), ("0", None), ("C12", "C"),
     ("H_w", "H"), ("Bq", None), ("X", None), ("Carbon", None), ("²", None)],
)  # fmt: skip
def test_names_of_atoms(name: str, symbol: str | None) -> None:
    assert element_of(name) == symbol


def test_atoms_of_no_element_are_kept_with_a_warning() -> None:
    (record,) = read(b"2\nghost\nBq 0 0 0\nH 0 0 1.0D+00\n")
    assert (codes(record), record.properties) == (["ELEMENT_UNKNOWN"], {"atomCount": 2})


@pytest.mark.parametrize("line", [b"C 0 0", b"C 0 0 x", b"C nan 0 0", b"C 1e999 0 0", b""])
def test_a_line_that_is_no_atom_is_named(line: bytes) -> None:
    (record,) = read(b"2\n\n" + line + b"\nC 0 0 0\n")
    assert (codes(record), record.issues[0].place) == (["ATOM_LINE_INVALID"], "line 3 of the record")


@given(st.sets(st.integers(0, len(STATUS) - 1)), st.integers(1, 40), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_records_depend_neither_on_blocks_nor_on_chunks(cuts: set[int], size: int, line_end: bytes) -> None:
    content = FILE.replace(b"\r\n", b"\n").replace(b"\n", line_end)
    whole = boundaries(content)
    assert boundaries(content, size) == whole
    records: list[Record] = []
    start = 0
    for end in sorted({whole[at] for at in cuts} | {whole[-1]}):
        records += read(content[start:end], first_index=len(records))
        start = end
    assert records == read(content)
    assert [record.status.value for record in records] == STATUS


def hill(elements: Counter[str]) -> str:
    """A formula as RDKit writes it, which does not compute one for atoms without bonds."""
    order = sorted(
        elements, key=lambda symbol: ("CH".find(symbol) if symbol in "CH" and "C" in elements else 2, symbol)
    )
    return "".join(f"{symbol}{elements[symbol] if elements[symbol] > 1 else ''}" for symbol in order)


@pytest.mark.parametrize(
    "smiles", ["CC(=O)Oc1ccccc1C(=O)O", "CN1C=NC2=C1C(=O)N(C(=O)N2C)C", "[Na+].[Cl-]", "F[P](F)(F)(F)F"]
)
def test_rdkit_writes_what_is_read(smiles: str) -> None:
    molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    AllChem.EmbedMolecule(molecule, randomSeed=7)
    block = Chem.MolToXYZBlock(molecule)
    (record,) = read(block.encode())
    again = Chem.MolFromXYZBlock(block)
    assert record.properties["formula"] == hill(Counter(atom.GetSymbol() for atom in again.GetAtoms()))
    columns, lines = columns_of(""), (record.structure.text if record.structure else "").splitlines()[2:]
    assert columns is not None
    places = [columns.place_of(line.split()) for line in lines]
    assert places == [tuple(place) for place in again.GetConformer().GetPositions().tolist()]
    assert record.properties["atomCount"] == molecule.GetNumAtoms()
    assert decide(block.encode(), "unnamed", len(block)) == Kind("geometry", "xyz")


def test_looking_at_all_atoms_at_once_says_what_looking_line_by_line_says(monkeypatch: pytest.MonkeyPatch) -> None:
    chance, frames = random.Random(12), [WATER]
    for _ in range(4000):
        frame = bytearray(WATER)
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(15, len(frame))
            frame[at : at + chance.randrange(2)] = chance.choice(
                (b" ", b"\n", b"\r", b"1", b"-", b".", b"e", b"C", b"1e999", b"O 0 0 0\n")
            )
        frames.append(bytes(frame))
    at_once = [read(frame) for frame in frames]
    monkeypatch.setattr(xyz, "_USUAL_ATOM", re.compile("(?!)"))
    assert [read(frame) for frame in frames] == at_once
    assert len({code for records in at_once for record in records for code in codes(record)}) > 2


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (WATER, "water.txt", Kind("geometry", "xyz")),
        (WATER.replace(b"O 0.0", b"8 0.0"), "", Kind("geometry", "xyz")),
        (SALT, "salt", Kind("geometry", "xyz")),
        (b"", "a.xyz", Kind("geometry", "xyz")),
        (b"\x8fnonsense", "a.extxyz", Kind("geometry", "xyz")),
        (b"3\nvalues\n1 2 3\n4 5 6\n7 8 9\n", "a.txt", Kind("generic", "generic")),
        (b"12\nchapters\nof a book\n", "a.txt", Kind("generic", "generic")),
    ],
)
def test_an_xyz_file_is_known_by_its_lines(content: bytes, name: str, kind: Kind) -> None:
    assert decide(content, name, len(content)) == kind
