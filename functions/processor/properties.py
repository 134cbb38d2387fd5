"""Computed properties of a molecule.

| Name | Unit | Meaning |
|---|---|---|
| `canonicalSmiles` | | canonical aromatic SMILES; components sorted and joined by `.`; a racemate has ` |&1:…|` behind it |
| `molecularFormula` | | Hill order, all components together, isotopes as their element |
| `molecularWeight` | g/mol | from the standard atomic weights; isotopes as given |
| `monoisotopicMass` | Da | of the most abundant isotope of each element; as in PubChem, an ion's electrons do not count |
| `mostAbundantMass` | Da | of the most abundant isotopologue (`isotopologues`); the same for ions |
| `inchi`, `inchiKey` | | standard InChI and its key |
| `tpsa` | Å² | topological polar surface area of N and O; none of water and lone ions (Ertl et al., J. Med. Chem. 2000, 43, 3714) |
| `logP` | | octanol/water partition, by atom contributions (Wildman & Crippen, J. Chem. Inf. Comput. Sci. 1999, 39, 868) |
| `hydrogenBondDonors` | | hydrogens on N and O (Lipinski et al., Adv. Drug Deliv. Rev. 1997, 23, 3) |
| `hydrogenBondAcceptors` | | N and O atoms (the same) |
| `rotatableBonds` | | single bonds outside of rings between atoms that have further heavy neighbours; amides count |
| `rings` | | rings of the smallest set of smallest rings |

All come from the toolkit that the record names in `toolkit`. Each has a time limit, and one that fails is left out alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from functions.processor import chemistry
from leanda import structures
from leanda.contracts.artefacts import Issue, Severity

DESCRIPTORS: Final[tuple[tuple[str, Callable[[Any], Any]], ...]] = (
    ("tpsa", lambda molecule: molecule.tpsa()),
    ("logP", chemistry.log_p),
    ("hydrogenBondDonors", lambda molecule: molecule.numHydrogenBondDonors()),
    ("hydrogenBondAcceptors", lambda molecule: molecule.numHydrogenBondAcceptors()),
    ("rotatableBonds", lambda molecule: molecule.numRotatableBonds()),
    ("rings", lambda molecule: molecule.countSSSR()),
)
"""Of the molecule as `chemistry.as_descriptors_see_it`."""
NEEDS_ELEMENTS: Final = (
    "molecularFormula", "molecularWeight", "monoisotopicMass", "mostAbundantMass",
    "tpsa", "logP", "hydrogenBondDonors", "hydrogenBondAcceptors",
)  # fmt: skip
"""Properties that would be wrong, not merely incomplete, for a structure with R groups or pseudoatoms."""

CALCULATIONS: Final[tuple[tuple[str, Callable[[Any], Any]], ...]] = (
    ("canonicalSmiles", structures.canonical_smiles),
    ("molecularFormula", lambda molecule: molecule.molecularFormula()),
    ("molecularWeight", lambda molecule: molecule.molecularWeight()),
    ("monoisotopicMass", lambda molecule: molecule.monoisotopicMass()),
    ("mostAbundantMass", chemistry.most_abundant_mass),
    ("inchi", structures.inchi),
)
ISSUES: Final = frozenset({"PROPERTY_FAILED", "PROPERTY_INCOMPLETE", "STRUCTURE_NOT_COMPUTABLE"})
"""Codes of what `compute` warns of."""


@dataclass
class Computed:
    """What is known of a molecule, and what is to be said of that."""

    properties: dict[str, Any] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)


def compute(text: str) -> Computed:
    """The properties of a structure, a molfile or a SMILES.

    It never raises for what a structure holds. Warnings say what is missing: `PROPERTY_FAILED` a property that could not
    be computed, `PROPERTY_INCOMPLETE` one that says less than the structure, `STRUCTURE_NOT_COMPUTABLE` everything, because
    the structure is no molecule (a query).
    """
    try:
        molecule, _, unsaid = structures.load(text)
        molecule.dearomatize()  # as in `structures.load_kekule`
        unspecified = structures.atoms_without_element(molecule)
    except Exception as error:
        return _nothing(structures.reason(error))
    computed = Computed()
    properties, issues = computed.properties, computed.issues

    def add(name: str, calculate: Callable[[Any], Any], given: Any) -> None:
        if unspecified and name in NEEDS_ELEMENTS:
            issues.append(_property_failed(name, f"{unspecified} atoms have no element (R group, * or pseudoatom)"))
            return
        if unsaid and name == "canonicalSmiles":
            issues.append(_property_failed(name, f"a SMILES would say that its {unsaid} bonds are single"))
            return
        try:
            properties[name] = calculate(given)
        except Exception as error:
            issues.append(_property_failed(name, structures.reason(error)))

    for name, calculate in CALCULATIONS:
        add(name, calculate, molecule)
    if "canonicalSmiles" in properties and structures.has_unsaid_groups(molecule):
        message = (
            "canonicalSmiles says nothing of the racemic and relative groups, and has their centres as they are drawn."
        )
        issues.append(_issue("PROPERTY_INCOMPLETE", message, place="canonicalSmiles"))
    if "inchi" in properties:
        add("inchiKey", structures.inchi_key, properties["inchi"])
        issues += _left_out(properties)
    try:
        seen = chemistry.as_descriptors_see_it(molecule)
    except Exception as error:
        issues += [_property_failed(name, structures.reason(error)) for name, _ in DESCRIPTORS]
        return computed
    for name, calculate in DESCRIPTORS:
        add(name, calculate, seen)
    return computed


def of_query() -> Computed:
    """What `compute` says of what is known to be no molecule."""
    return _nothing("it is a query")


def _nothing(why: str) -> Computed:
    return Computed(issues=[_issue("STRUCTURE_NOT_COMPUTABLE", f"Nothing was computed: {why}.")])


def _left_out(properties: dict[str, Any]) -> list[Issue]:
    """What the canonical SMILES does not say of the structure."""
    try:
        if not chemistry.leaves_out_double_bonds(properties.get("canonicalSmiles"), properties["inchi"]):
            return []
        message = "canonicalSmiles does not say whether some of the double bonds are cis or trans; inchi does."
    except Exception as error:
        message = f"canonicalSmiles may leave out what inchi says of double bonds: {structures.reason(error)}."
    return [_issue("PROPERTY_INCOMPLETE", message, place="canonicalSmiles")]


def _property_failed(name: str, why: str) -> Issue:
    return _issue("PROPERTY_FAILED", f"{name} could not be computed: {why}.", place=name)


def _issue(code: str, message: str, place: str | None = None) -> Issue:
    return Issue(code=code, severity=Severity.WARNING, message=message, place=place)
