"""Molecules and reactions as Indigo reads them and, where the file gives no places in the plane, as Indigo lays them out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Final

from functions.parsers import toolkit
from functions.parsers.pictures.domain import NotDrawable
from functions.parsers.pictures.drawings import sketch
from functions.parsers.pictures.drawings.sketch import Atom, Bond, Line, Point, Scheme, Sketch
from leanda import structures
from leanda.contracts.artefacts import Issue, Severity

SIDE: Final = 400
WIDTH: Final = 800
MAX_ATOMS: Final = 1000
"""Of larger structures nothing can be seen, and laying them out takes minutes."""

MAX_SYMBOL_CHARACTERS: Final = 12
MAX_COORDINATE: Final = 1e6

# Indigo API, `Bond.bondStereo`.
_EITHER, _UP, _DOWN = 4, 5, 6
_LINES: Final = {_UP: Line.UP, _DOWN: Line.DOWN, _EITHER: Line.EITHER}
_AROMATIC: Final = 4


def molecule(text: str) -> bytes:
    """The SVG of a molfile or a SMILES; queries are drawn too.

    Raises:
        NotDrawable: Indigo refuses it, it has no atom, or more than `MAX_ATOMS`.
    """
    found, issues = toolkit.load(text)
    if found is None:
        found = _query(text, issues)
    return sketch.molecule(_sketch(found), side=SIDE, label="Structure")


def reaction(text: str) -> bytes:
    """The SVG of an RXN file or a reaction SMILES: reactants, agents above the arrow, products.

    Raises:
        NotDrawable: see `molecule`.
    """
    found = _reaction(text)
    sides = (found.iterateReactants(), found.iterateCatalysts(), found.iterateProducts())
    reactants, agents, products = ([_sketch(one.clone()) for one in side if one.countAtoms()] for side in sides)
    if not (reactants or agents or products):
        raise NotDrawable("The reaction has no molecules to draw.")
    return sketch.scheme(Scheme(reactants, agents, products), width=WIDTH, label="Reaction scheme")


def _query(text: str, issues: tuple[Issue, ...]) -> Any:
    if said := next((issue.message for issue in issues if issue.severity is Severity.ERROR), None):
        raise NotDrawable(said)
    try:
        return structures.load_query(text)
    except Exception as refusal:
        raise NotDrawable(detail=structures.reason(refusal)) from refusal


def _reaction(text: str) -> Any:
    try:
        return structures.load_reaction(text)
    except Exception:  # a query, or nothing that Indigo can read
        try:
            return structures.session().loadQueryReaction(text)
        except Exception as refusal:
            raise NotDrawable(detail=structures.reason(refusal)) from refusal


def _sketch(found: Any) -> Sketch:
    """What is drawn of Indigo's molecule, which is changed: Kekulé bonds, places in the plane."""
    if not 0 < found.countAtoms() <= MAX_ATOMS:
        raise NotDrawable(f"The structure has {found.countAtoms():,} atoms; from 1 to {MAX_ATOMS:,} can be drawn.")
    try:
        _flatten(found)
        atoms = list(found.iterateAtoms())
        places = {atom.index(): at for at, atom in enumerate(atoms)}
        drawn = [_atom(atom) for atom in atoms]
        bonds = list(_bonds(found, places, drawn))
    except Exception as refusal:
        raise NotDrawable(detail=structures.reason(refusal)) from refusal
    return Sketch(drawn, bonds)


def _flatten(found: Any) -> None:
    """A drawing in the file stays as it is; a model in space, or no places at all, becomes a fresh drawing."""
    _kekulize(found)
    in_space = found.hasZCoord()
    if in_space:
        found.foldHydrogens()
    if in_space or not found.hasCoord() or not _on_paper(found):
        found.layout()


def _on_paper(found: Any) -> bool:
    """Whether the places are numbers that can be drawn; a file can state any."""
    return all(abs(value) < MAX_COORDINATE for atom in found.iterateAtoms() for value in atom.xyz())


def _kekulize(found: Any) -> None:
    """Double bonds for aromatic ones. Only Indigo's other model takes rings with a carbonyl (caffeine) for aromatic."""
    session = structures.session()
    session.setOption("aromaticity-model", "generic")
    try:
        with suppress(Exception):  # aromatic bonds at an R group: they stay, drawn with a dashed line
            found.dearomatize()
    finally:
        session.setOption("aromaticity-model", "basic")


def _atom(atom: Any) -> Atom:
    x, y, _ = atom.xyz()
    return Atom(
        x=x,
        y=y,
        symbol=atom.symbol()[:MAX_SYMBOL_CHARACTERS],
        hydrogens=_stated(atom.countImplicitHydrogens),
        charge=_stated(atom.charge),
        isotope=_stated(atom.isotope),
        radicals=_stated(atom.radicalElectrons),
    )


def _stated(ask: Callable[[], int | None]) -> int:
    """A number that an atom of a query may not have."""
    try:
        return ask() or 0
    except Exception:
        return 0


def _bonds(found: Any, places: dict[int, int], atoms: list[Atom]) -> Iterator[Bond]:
    insides = _insides(found, places, atoms)
    for bond in found.iterateBonds():
        a, b = places[bond.source().index()], places[bond.destination().index()]
        order = bond.bondOrder()
        line = _LINES.get(bond.bondStereo(), Line.PLAIN)
        if order == _AROMATIC:
            order, line = 1, Line.AROMATIC
        elif order not in (1, 2, 3):
            order, line = 1, Line.ANY
        yield Bond(a, b, order, line, insides.get(frozenset((a, b))))


def _insides(found: Any, places: dict[int, int], atoms: list[Atom]) -> dict[frozenset[int], Point]:
    """For each bond in a ring the middle of that ring; of several the one that looks most like benzene."""
    rings: list[tuple[tuple[int, int], Point, list[frozenset[int]]]] = []
    for ring in found.iterateSSSR():
        members = [places[atom.index()] for atom in ring.iterateAtoms()]
        pairs = [
            frozenset((places[bond.source().index()], places[bond.destination().index()]))
            for bond in ring.iterateBonds()
        ]
        doubles = sum(bond.bondOrder() in (2, _AROMATIC) for bond in ring.iterateBonds())
        middle = (
            sum(atoms[at].x for at in members) / len(members),
            sum(atoms[at].y for at in members) / len(members),
        )
        rings.append(((doubles, -abs(len(members) - 6)), middle, pairs))
    chosen: dict[frozenset[int], Point] = {}
    for _, middle, pairs in sorted(rings, key=lambda ring: ring[0]):
        chosen.update(dict.fromkeys(pairs, middle))
    return chosen
