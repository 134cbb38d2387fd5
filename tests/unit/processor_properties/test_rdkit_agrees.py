"""RDKit as second opinion on the SD files of the samples.

The two toolkits disagree where a structure can be read in two ways; how often, and in which molecules, is stated here,
so that a new disagreement is seen.
"""

from __future__ import annotations

import re

import pytest
from rdkit import Chem, RDLogger
from rdkit.Chem.rdMolDescriptors import CalcMolFormula

from functions.processor import properties
from leanda.contracts.artefacts import Record, Structure
from tests.samples import SampleRow, manifest

MACROCYCLES = frozenset({788, 789, 790, 800, 801, 802, 808, 829, 835, 852, 877, 878, 881, 883, 890, 909, 915, 916})
"""Double-bond stereo in conjugated macrocycles and porphyrinoids, which RDKit and Indigo perceive differently."""
IODONIUM_SALTS = frozenset({479, 480})
"""Arsenic anions: RDKit's clean-up rewrites their charges, Indigo takes them as drawn."""
KNOWN = {
    "sdf/pubchem-hard-set.sdf.gz": MACROCYCLES | IODONIUM_SALTS,
}


def molfiles(row: SampleRow) -> list[str]:
    records = re.split(r"^\$\$\$\$.*\n?", row.read_bytes().decode("latin-1").replace("\r\n", "\n"), flags=re.MULTILINE)
    return [record.partition("\nM  END")[0] + "\nM  END\n" for record in records if "\nM  END" in record]


def disagreements(row: SampleRow) -> tuple[set[int], set[int]]:
    """Indices of records whose InChIKeys and whose formulas differ; records that a toolkit refuses do not count."""
    keys, formulas = set(), set()
    for index, text in enumerate(molfiles(row)):
        molecule = Chem.MolFromMolBlock(text)
        if molecule is None:
            continue
        structure = Structure(media_type="chemical/x-mdl-molfile", text=text)
        computed = properties.compute(Record(index=index, type="molecule", structure=structure)).properties
        if computed.get("inchiKey") != Chem.MolToInchiKey(molecule):
            keys.add(index)
        if computed.get("molecularFormula") != re.sub(r"[+-]\d*$", "", CalcMolFormula(molecule)):
            formulas.add(index)
    return keys, formulas


@pytest.fixture(autouse=True)
def _quiet_rdkit() -> None:
    RDLogger.DisableLog("rdApp.*")


def test_inchikeys_and_formulas_agree_but_for_the_known_molecules() -> None:
    for row in manifest("sdf"):
        keys, formulas = disagreements(row)
        assert keys == KNOWN.get(row.path, frozenset()), row.path
        assert formulas == set(), row.path
