"""Files of any size for the benchmarks, of every format that is a sequence of records; written piece by piece, always the same."""

from __future__ import annotations

import base64
import itertools
import math
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bench import molecules

MOLECULES = 500
"""Different molecules in a file; then they come again."""
_MOST_ROWS = 1_048_576


@dataclass(frozen=True)
class Generated:
    """How a file of a format is made: pieces without end, each a whole record or the file's head, and what ends the file."""

    kind: str
    format: str
    pieces: Callable[[], Iterator[bytes]]
    end: bytes = b""

    def write(self, path: Path, size: int) -> None:
        """Write a file of `size` bytes or up to a record more."""
        pieces = self.pieces()
        with path.open("wb") as file:
            while file.tell() < size:
                file.write(next(pieces))
            file.write(self.end)


@dataclass(frozen=True)
class Workbook:
    """An XLSX with one sheet of numbers and words, of as many bytes of XML as are asked for: packed, it is a sixth of that."""

    kind: str = "tabular"
    format: str = "xlsx"

    def write(self, path: Path, size: int) -> None:
        """Write a workbook; its sheet holds at most the 1,048,576 rows that the format allows, about 190 MB of XML."""
        relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        types = "application/vnd.openxmlformats-officedocument.spreadsheetml"
        packages = "http://schemas.openxmlformats.org/package/2006"
        parts = {
            "[Content_Types].xml": f'<Types xmlns="{packages}/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" '
            f'ContentType="{types}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" '
            f'ContentType="{types}.worksheet+xml"/></Types>',
            "_rels/.rels": f'<Relationships xmlns="{packages}/relationships"><Relationship Id="r1" '
            f'Type="{relation}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{relation}"><sheets><sheet name="samples" sheetId="1" '
            'r:id="r1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{packages}/relationships"><Relationship Id="r1" '
            f'Type="{relation}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        }
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
            for name, text in parts.items():
                package.writestr(name, text)
            with package.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
                sheet.write(f'<worksheet xmlns="{main}"><sheetData>'.encode())
                written = 0
                for row in itertools.islice(_sheet_rows(), _MOST_ROWS):
                    written += sheet.write(row)
                    if written >= size:
                        break
                sheet.write(b"</sheetData></worksheet>")


def sdf() -> Iterator[bytes]:
    """Real molecules, each with a title of its own."""
    for n, record in enumerate(itertools.cycle(_records())):
        yield b"molecule %d" % n + record[record.index(b"\n") :]


def smiles() -> Iterator[bytes]:
    for n, (text, _) in enumerate(itertools.cycle(_written())):
        yield f"{text} molecule-{n}\n".encode()


def inchi() -> Iterator[bytes]:
    for n, (_, text) in enumerate(itertools.cycle(_written())):
        yield f"{text} molecule-{n}\n".encode()


def rdf() -> Iterator[bytes]:
    """Reactions of one molecule to the next, with a registry number and a yield."""
    yield b"$RDFILE 1\n$DATM    11/25/26 10:00\n"
    tables = [molecules.molfile(record) for record in _records()]
    for n, (before, after) in enumerate(itertools.cycle(zip(tables, [*tables[1:], tables[0]], strict=True))):
        reaction = f"$RXN\nreaction {n}\n  Leanda\n\n  1  1\n$MOL\n{before}$MOL\n{after}"
        yield f"$RFMT $RIREG {n + 1}\n{reaction}$DTYPE ROOT:YIELD\n$DATUM {n % 100}\n".encode()


def cif() -> Iterator[bytes]:
    """Small-molecule structures of 60 atoms."""
    columns = "label type_symbol fract_x fract_y fract_z U_iso_or_equiv adp_type occupancy refinement_flags calc_flag"
    dice = random.Random(0)
    atoms = "".join(
        f"C{at} C {dice.random():.5f}(13) {dice.random():.5f}(2) {dice.random():.5f}(12) 0.0{at:02d}(3) Uani 1 . d\n"
        for at in range(60)
    )
    loop = _loop("atom_site_", columns, atoms)
    for n in itertools.count():
        yield (
            f"data_structure_{n}\n_chemical_name_systematic 'structure {n}'\n_chemical_formula_sum 'C60'\n"
            "_cell_length_a 10.123(2)\n_cell_length_b 11.5\n_cell_length_c 12.75(3)\n"
            "_cell_angle_alpha 90\n_cell_angle_beta 101.5(1)\n_cell_angle_gamma 90\n_symmetry_space_group_name_H-M 'P 21/c'\n"
            f"{loop}\n"
        ).encode()


def mmcif() -> Iterator[bytes]:
    """Proteins of 3,000 atoms: blocks of a quarter of a megabyte."""
    columns = (
        "group_PDB id type_symbol label_atom_id label_alt_id label_comp_id label_asym_id label_entity_id label_seq_id "
        "pdbx_PDB_ins_code Cartn_x Cartn_y Cartn_z occupancy B_iso_or_equiv pdbx_formal_charge auth_seq_id auth_comp_id "
        "auth_asym_id auth_atom_id pdbx_PDB_model_num"
    )
    dice = random.Random(0)
    atoms = "".join(
        f"ATOM {at} C CA . ALA A 1 {at % 400} ? {dice.uniform(-50, 50):.3f} {dice.uniform(-50, 50):.3f} "
        f"{dice.uniform(-50, 50):.3f} 1.00 {dice.uniform(5, 80):.2f} ? {at % 400} ALA A CA 1\n"
        for at in range(1, 3001)
    )
    loop = _loop("atom_site.", columns, atoms)
    for n in itertools.count():
        yield (
            f"data_P{n}\n_entry.id P{n}\n_struct.title 'protein {n}'\n_cell.length_a 50.1\n_cell.length_b 60.2\n"
            "_cell.length_c 70.3\n_cell.angle_alpha 90.00\n_cell.angle_beta 90.00\n_cell.angle_gamma 90.00\n"
            f"_symmetry.space_group_name_H-M 'P 21 21 21'\n{loop}#\n"
        ).encode()


def jcamp() -> Iterator[bytes]:
    """LINK blocks, each with two infrared spectra of 2,000 points."""
    for n in itertools.count():
        spectra = "".join(_infrared(f"sample {n}.{part}", 2 * (n % 20) + part) for part in (1, 2))
        yield f"##TITLE= run {n}\n##JCAMP-DX= 5.00\n##DATA TYPE= LINK\n##BLOCKS= 2\n{spectra}##END=\n".encode()


def mzml() -> Iterator[bytes]:
    """Mass spectra of 1,000 points, packed with zlib."""
    yield (
        b'<?xml version="1.0" encoding="utf-8"?>\n<mzML xmlns="http://psi.hupo.org/ms/mzml" version="1.1.0">\n'
        b'<run id="run" startTimeStamp="2026-09-10T10:31:08Z"><spectrumList count="0">\n'
    )
    arrays = [_arrays(seed) for seed in range(50)]
    for n in itertools.count():
        yield (
            f'<spectrum index="{n}" id="scan={n + 1}" defaultArrayLength="1000">'
            f"{_term('MS:1000127', 'centroid spectrum')}{_term('MS:1000511', 'ms level', 1)}{arrays[n % 50]}</spectrum>\n"
        ).encode()


def csv() -> Iterator[bytes]:
    """A table of numbers and words."""
    yield b"id,name,substance,weight,notes\n"
    yield from _rows(b",")


def tsv() -> Iterator[bytes]:
    """The same with tabs."""
    yield b"id\tname\tsubstance\tweight\tnotes\n"
    yield from _rows(b"\t")


FILES: dict[str, Generated | Workbook] = {
    "sdf": Generated("chemical", "sdf", sdf),
    "smiles": Generated("chemical", "smiles", smiles),
    "inchi": Generated("chemical", "inchi", inchi),
    "rdf": Generated("reaction", "rdf", rdf),
    "cif": Generated("crystal", "cif", cif),
    "mmcif": Generated("crystal", "cif", mmcif),
    "jcamp": Generated("spectra", "jcamp", jcamp),
    "mzml": Generated("spectra", "mzml", mzml, b"</spectrumList></run></mzML>\n"),
    "csv": Generated("tabular", "csv", csv),
    "tsv": Generated("tabular", "tsv", tsv),
    "xlsx": Workbook(),
}
"""By the names that the benchmarks take."""


@cache
def _records() -> list[bytes]:
    return molecules.records(MOLECULES)[0]


@cache
def _written() -> list[tuple[str, str]]:
    """SMILES and InChI of the molecules."""
    from indigo import Indigo
    from indigo.inchi import IndigoInchi

    indigo = Indigo()
    inchis, found = IndigoInchi(indigo), []
    for record in _records():
        molecule = indigo.loadMolecule(molecules.molfile(record))
        molecule.foldHydrogens()
        found.append((molecule.smiles().split(" ")[0], inchis.getInchi(molecule)))
    return found


def _loop(category: str, columns: str, rows: str) -> str:
    return "loop_\n" + "".join(f"_{category}{column}\n" for column in columns.split()) + rows


def _infrared(title: str, seed: int) -> str:
    return (
        f"##TITLE= {title}\n##JCAMP-DX= 4.24\n##DATA TYPE= INFRARED SPECTRUM\n##ORIGIN= generated\n##OWNER= public domain\n"
        "##XUNITS= 1/CM\n##YUNITS= ABSORBANCE\n##FIRSTX= 400\n##LASTX= 2399\n##NPOINTS= 2000\n##XFACTOR= 1\n##YFACTOR= 0.001\n"
        f"##XYDATA= (X++(Y..Y))\n{_absorbances(seed)}##END=\n"
    )


@cache
def _absorbances(seed: int) -> str:
    points = [round(1000 * (1 + math.sin(at / (30 + seed)))) for at in range(2000)]
    return "".join(f"{400 + at} {' '.join(map(str, points[at : at + 10]))}\n" for at in range(0, 2000, 10))


def _term(accession: str, name: str, value: Any = "") -> str:
    return f'<cvParam cvRef="MS" accession="{accession}" name="{name}" value="{value}"/>'


def _arrays(seed: int) -> str:
    dice = random.Random(seed)
    masses = sorted(dice.uniform(100, 2000) for _ in range(1000))
    intensities = [dice.expovariate(1e-4) for _ in range(1000)]
    axes = (("MS:1000514", "m/z array", masses), ("MS:1000515", "intensity array", intensities))
    packing = _term("MS:1000523", "64-bit float") + _term("MS:1000574", "zlib compression")
    packed = "".join(
        f"<binaryDataArray>{packing}{_term(axis, name)}<binary>{_packed(values)}</binary></binaryDataArray>"
        for axis, name, values in axes
    )
    return f'<binaryDataArrayList count="2">{packed}</binaryDataArrayList>'


def _packed(values: list[float]) -> str:
    return base64.b64encode(zlib.compress(struct.pack(f"<{len(values)}d", *values))).decode()


def _sheet_rows() -> Iterator[bytes]:
    dice = random.Random(0)
    words = ["ethanol", "benzene", "caffeine", "aspirin"]
    yield _sheet_row(1, ["id", "name", "substance", "weight"])
    for n in itertools.count(2):
        yield _sheet_row(n, [n, f"sample {n}", words[n % 4], round(dice.uniform(1, 500), 2)])


def _sheet_row(number: int, cells: list[int | float | str]) -> bytes:
    told = "".join(
        f'<c r="{column}{number}" t="inlineStr"><is><t>{cell}</t></is></c>'
        if isinstance(cell, str)
        else f'<c r="{column}{number}"><v>{cell}</v></c>'
        for column, cell in zip("ABCD", cells, strict=True)
    )
    return f'<row r="{number}">{told}</row>'.encode()


def _rows(delimiter: bytes) -> Iterator[bytes]:
    words = itertools.cycle([b"ethanol", b"benzene", b"caffeine", b"aspirin"])
    notes = b"measured at noon " * 20
    for n in itertools.count():
        weight = b"%d.%02d" % (n % 400, n % 100)
        yield delimiter.join((b"%d" % n, b"sample %d" % n, next(words), weight, notes)) + b"\n"
