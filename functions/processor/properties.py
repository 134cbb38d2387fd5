"""Computed properties of a record.

| Name | Unit | Meaning |
|---|---|---|
| `canonicalSmiles` | | canonical aromatic SMILES; components sorted and joined by `.` |
| `molecularFormula` | | Hill order, all components together, isotopes as their element |
| `molecularWeight` | g/mol | from the standard atomic weights; isotopes as given |
| `monoisotopicMass` | Da | of the most abundant isotope of each element |
| `mostAbundantMass` | Da | of the most abundant isotopologue |
| `inchi`, `inchiKey` | | standard InChI and its key |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from functions.processor import chemistry
from leanda.contracts.artefacts import Issue, Record, RecordStatus, Severity

NEEDS_ELEMENTS: Final = ("molecularFormula", "molecularWeight", "monoisotopicMass", "mostAbundantMass")
"""Properties that would be wrong, not merely incomplete, for a structure with R groups or pseudoatoms."""

_CALCULATIONS: Final[tuple[tuple[str, Callable[[Any], Any]], ...]] = (
    ("canonicalSmiles", chemistry.canonical_smiles),
    ("molecularFormula", lambda molecule: molecule.molecularFormula()),
    ("molecularWeight", lambda molecule: molecule.molecularWeight()),
    ("monoisotopicMass", lambda molecule: molecule.monoisotopicMass()),
    ("mostAbundantMass", lambda molecule: molecule.mostAbundantMass()),
    ("inchi", chemistry.inchi),
)
_MEDIA_TYPES: Final = frozenset({chemistry.MOLFILE_MEDIA_TYPE, chemistry.SMILES_MEDIA_TYPE})


def compute(record: Record) -> Record:
    """The record with its properties; it stays as it is if it failed or has no molecular structure.

    It never raises for what a structure holds: a property that cannot be computed is left out, with a Warning
    `PROPERTY_FAILED` that names it; a structure that is no molecule (a query) has a Warning `STRUCTURE_NOT_COMPUTABLE`.
    Computing again gives the same record.
    """
    structure = record.structure
    if record.status is RecordStatus.FAILED or structure is None or structure.media_type not in _MEDIA_TYPES:
        return record
    try:
        molecule = chemistry.load(structure.media_type, structure.text)
        unspecified = chemistry.atoms_without_element(molecule)
    except Exception as error:
        return _with(
            record, {}, [_issue("STRUCTURE_NOT_COMPUTABLE", f"Nothing was computed: {chemistry.reason(error)}.")]
        )
    properties: dict[str, Any] = {}
    issues: list[Issue] = []
    for name, calculate in _CALCULATIONS:
        if unspecified and name in NEEDS_ELEMENTS:
            issues.append(_property_failed(name, f"{unspecified} atoms have no element (R group, * or pseudoatom)"))
            continue
        try:
            properties[name] = calculate(molecule)
        except Exception as error:
            issues.append(_property_failed(name, chemistry.reason(error)))
    if "inchi" in properties:
        try:
            properties["inchiKey"] = chemistry.inchi_key(properties["inchi"])
        except Exception as error:
            issues.append(_property_failed("inchiKey", chemistry.reason(error)))
    return _with(record, properties, issues)


def _with(record: Record, properties: dict[str, Any], issues: list[Issue]) -> Record:
    kept = tuple(issue for issue in record.issues if issue.code not in ("PROPERTY_FAILED", "STRUCTURE_NOT_COMPUTABLE"))
    return record.model_copy(
        update={
            "properties": record.properties | properties,
            "issues": kept + tuple(issues),
            "toolkit": chemistry.TOOLKIT,
        }
    )


def _property_failed(name: str, why: str) -> Issue:
    return _issue("PROPERTY_FAILED", f"{name} could not be computed: {why}.", place=name)


def _issue(code: str, message: str, place: str | None = None) -> Issue:
    return Issue(code=code, severity=Severity.WARNING, message=message, place=place)
