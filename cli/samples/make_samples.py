"""Writes the sample files of `leanda demo`: `python -m cli.samples.make_samples`. The same files come out every time.

Structures are written from SMILES known from textbooks; Indigo draws them. Melting points are rounded literature values.
"""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Final

from indigo import Indigo

HERE: Final = Path(__file__).parent

MOLECULES: Final = (
    ("aspirin", "CC(=O)Oc1ccccc1C(=O)O", 135.0, "analgesic"),
    ("caffeine", "Cn1cnc2c1C(=O)N(C(=O)N2C)C", 238.0, "stimulant"),
    ("paracetamol", "CC(=O)Nc1ccc(cc1)O", 169.0, "analgesic"),
    ("ibuprofen", "CC(C)Cc1ccc(cc1)C(C)C(=O)O", 76.0, "analgesic"),
    ("benzene", "c1ccccc1", 5.5, "solvent"),
    ("naphthalene", "c1ccc2ccccc2c1", 80.3, "hydrocarbon"),
    ("phenol", "Oc1ccccc1", 40.5, "reagent"),
    ("glycerol", "OCC(O)CO", 17.8, "solvent"),
    ("dopamine", "NCCc1ccc(O)c(O)c1", 128.0, "neurotransmitter"),
    ("vanillin", "COc1cc(C=O)ccc1O", 81.5, "flavour"),
    ("L-alanine", "C[C@H](N)C(=O)O", 297.0, "amino acid"),
    ("diazepam", "CN1c2ccc(Cl)cc2C(=NCC1=O)c1ccccc1", 132.0, "sedative"),
)

LIST: Final = (
    ("water", "O"),
    ("methane", "C"),
    ("ethanol", "CCO"),
    ("acetone", "CC(C)=O"),
    ("acetic acid", "CC(=O)O"),
    ("toluene", "Cc1ccccc1"),
    ("pyridine", "c1ccncc1"),
    ("urea", "NC(N)=O"),
    ("D-glucose", "OC[C@H]1OC(O)[C@H](O)[C@@H](O)[C@@H]1O"),
    ("sodium chloride", "[Na+].[Cl-]"),
)

MEASUREMENTS: Final = """\
Sample,Solvent,Measured,Temperature (K),Absorbance,Diluted
A-001,water,2024-03-01,293.15,0.512,true
A-002,water,2024-03-01,298.15,0.498,true
A-003,ethanol,2024-03-02,293.15,0.731,false
A-004,ethanol,2024-03-02,298.15,0.702,false
A-005,"acetone, dry",2024-03-03,293.15,,true
A-006,"acetone, dry",2024-03-03,298.15,0.215,true
B-001,toluene,2024-03-04,293.15,1.043,false
B-002,toluene,2024-03-04,298.15,0.996,false
"""

GARBAGE_SEED: Final = 20240301


def molfile(name: str, smiles: str) -> str:
    """A V2000 molfile with 2D coordinates. Indigo's second line holds the time; a fixed one takes its place."""
    indigo = Indigo()
    indigo.setOption("molfile-saving-mode", "2000")
    molecule = indigo.loadMolecule(smiles)
    molecule.dearomatize()
    molecule.layout()
    lines = str(molecule.molfile()).splitlines()
    return "\n".join([name, "  Leanda  03012400002D", "", *lines[3:]]) + "\n"


def sdf_record(structure: str, **fields: object) -> str:
    data = "".join(f">  <{name}>\n{value}\n\n" for name, value in fields.items())
    return f"{structure}{data}$$$$\n"


def write_samples(folder: Path) -> None:
    """Write all samples into a folder."""
    records = [
        sdf_record(molfile(name, smiles), Name=name, Melting_Point=point, Use=use)
        for name, smiles, point, use in MOLECULES
    ]
    _write(folder / "molecules.sdf", "".join(records))
    _write(folder / "list.smi", "".join(f"{smiles} {name}\n" for name, smiles in LIST))
    _write(folder / "measurements.csv", MEASUREMENTS)
    _write(folder / "partly-bad.sdf", "".join([records[4], bad_coordinate(), records[6], bad_count(), records[7]]))
    # Bytes of no format at all under a name that promises one.
    (folder / "garbage.sdf").write_bytes(random.Random(GARBAGE_SEED).randbytes(600))  # noqa: S311


def bad_coordinate() -> str:
    """A record in which a digit of a coordinate became a letter."""
    structure = molfile("bad coordinate", "CCO")
    broken = re.sub(r"^( +-?\d+\.\d{3})\d", r"\1j", structure, count=1, flags=re.MULTILINE)
    return sdf_record(broken, Name="bad coordinate")


def bad_count() -> str:
    """A record whose counts line promises more atoms than follow."""
    lines = molfile("bad count", "CCO").splitlines()
    lines[3] = " 9" + lines[3][2:] if lines[3][2] == " " else "  9" + lines[3][3:]
    return sdf_record("\n".join(lines) + "\n", Name="bad count")


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write_samples(HERE)
