"""1,181 difficult structures, against what PubChem states of each in the data items of the same file."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest

from functions.parsers.chemical.formats import sdf
from functions.processor import properties
from tests.samples import sample

ELSEWHERE = {
    # Peptides of 150 carbons and more, which PubChem makes 62 to 284 Da heavier: no choice of isotopes is likely to be that.
    *(("mostAbundantMass", index) for index in (756, 777, 778, 779)),
    # Selenium with its atomic weight of before 2013.
    *(("molecularWeight", index) for index in (30, 111)),
}
"""What PubChem states and is not so."""


@cache
def both() -> list[tuple[dict[str, Any], dict[str, str]]]:
    """Computed properties and PubChem's items of every record."""
    records = sdf.FORMAT.read(sample("pubchem-hard-set.sdf.gz").read_bytes(), first_index=0, head=b"")
    return [
        (
            properties.compute(record.structure.text).properties,
            {field.name: str(field.value) for field in record.fields},
        )
        for record in records
        if record.structure
    ]


def test_formulas_are_those_that_pubchem_states() -> None:
    assert len(both()) == 1181
    for computed, stated in both():
        assert computed["molecularFormula"] == re.sub(r"[+-]\d*$", "", stated["PUBCHEM_MOLECULAR_FORMULA"])


@pytest.mark.parametrize(
    ("name", "item", "relative"),
    [
        ("monoisotopicMass", "PUBCHEM_MONOISOTOPIC_WEIGHT", 5e-7),
        ("mostAbundantMass", "PUBCHEM_EXACT_MASS", 5e-7),
        ("molecularWeight", "PUBCHEM_MOLECULAR_WEIGHT", 5e-5),
    ],
)
def test_masses_are_those_that_pubchem_states(name: str, item: str, relative: float) -> None:
    for index, (computed, stated) in enumerate(both()):
        if (name, index) not in ELSEWHERE:
            assert computed[name] == pytest.approx(float(stated[item]), rel=relative), index


def test_connections_are_those_of_the_stated_inchikeys() -> None:
    """The key's first block: what is drawn without a configuration, PubChem leaves without one, and the file does not say so."""
    keys = [(computed["inchiKey"], stated.get("PUBCHEM_IUPAC_INCHIKEY")) for computed, stated in both()]
    compared = [(ours[:14], theirs[:14]) for ours, theirs in keys if theirs]
    assert len(compared) == 377
    assert [ours for ours, _ in compared] == [theirs for _, theirs in compared]
