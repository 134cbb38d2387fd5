"""InChI lists: one InChI a line, perhaps with a name behind a blank or tab.

IUPAC InChI Technical Manual, section IV. Lines of auxiliary information and keys (`AuxInfo=`, `InChIKey=`) belong to the
InChI before them in the InChI program's own output; here they are no records, for they say nothing that it does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from leanda import limits, structures
from leanda.contracts.artefacts import FieldValue, Issue, Record, Structure
from leanda.parsing import lone_pairs
from leanda.parsing.format import Format
from leanda.parsing.lines import line_ends, lines
from leanda.parsing.records import BOM, BOM_DROPPED, decode, error, failed, guarded, refused, too_large, warning

MOLECULE: Final = "molecule"
MAX_INCHI_CHARACTERS: Final = 20_000
MAX_ATOMS: Final = 1023
"""Besides hydrogen, the most that a standard InChI may have; Indigo thinks for minutes before it refuses a salt of ten thousand."""
_INCHI: Final = re.compile(r"InChI=1S?(?:/[!-~]+)?")
_STANDARD: Final = "InChI=1S/"
_COMPONENT: Final = re.compile(r"(\d*)([^.]+)")
_ELEMENT: Final = re.compile(r"([A-Z][a-z]?)(\d*)")
_HEADER: Final = re.compile(rb"\"?(?:standard[ _]?)?inchi\"?(?![=\w])", re.IGNORECASE)


class InchiFormat:
    """See `leanda.parsing.format.Format`. A record is a line that is neither blank, comment nor header."""

    name = "inchi"
    version = "3"
    empty_is_failure = True

    def boundaries(self, blocks: Iterable[bytes], *, head: bytes, first_index: int = 0) -> Iterator[int]:
        return line_ends(blocks, head=head, first_index=first_index, is_header=_is_header)

    def read(self, data: bytes, *, first_index: int, head: bytes) -> Iterator[Record]:
        found = lines(data, head=head, first_index=first_index, is_header=_is_header)
        for index, line in enumerate(found, first_index):
            yield guarded(MOLECULE, _record, line, index)


FORMAT: Final[Format] = InchiFormat()


def _is_header(said: bytes) -> bool:
    return _HEADER.match(said) is not None


def _record(raw: bytes, index: int) -> Record:
    if len(raw) > limits.MAX_RECORD_BYTES:
        return failed(MOLECULE, index, too_large("line", len(raw)))
    issues: tuple[Issue, ...] = (BOM_DROPPED,) if raw.startswith(BOM) else ()
    line, guessed = decode(raw.removeprefix(BOM).strip())
    issues += guessed
    inchi, _, name = line.replace("\t", " ").partition(" ")
    structure, said = _structure(inchi)
    issues += said
    if refused(issues):
        return failed(MOLECULE, index, *issues, name=name.strip() or None)
    return Record(
        index=index,
        type=MOLECULE,
        name=name.strip() or None,
        structure=structure,
        fields=(FieldValue(name="InChI", value=inchi),),
        properties=_stated(inchi),
        issues=issues,
        toolkit=structures.TOOLKIT,
    )


def _structure(inchi: str) -> tuple[Structure | None, tuple[Issue, ...]]:
    """The molecule of an InChI as SMILES, if it is exactly that molecule.

    The SMILES is turned into an InChI again. Where only hydrogens sit elsewhere (tautomers that one InChI stands for),
    the structure is kept with a Warning; where formula or charge would be others, there is none.
    """
    if len(inchi) > MAX_INCHI_CHARACTERS:
        message = f"The InChI has {len(inchi):,} characters; {MAX_INCHI_CHARACTERS:,} are accepted."
        return None, (error("STRUCTURE_TOO_LARGE", message),)
    if not _INCHI.fullmatch(inchi):
        return None, (error("INCHI_INVALID", f"This is no InChI: {inchi[:60]!r}."),)
    if (atoms := _atoms(inchi)) > MAX_ATOMS:
        message = f"The InChI's formula has {atoms:,} atoms besides hydrogen; {MAX_ATOMS:,} are accepted."
        return None, (error("STRUCTURE_TOO_LARGE", message),)
    try:
        molecule = structures.inchi_session().loadMolecule(inchi)
        smiles = lone_pairs.turned(molecule.smiles())
    except Exception as refusal:
        return None, (error("TOOLKIT_REFUSED", f"Indigo cannot read the InChI: {structures.reason(refusal)}."),)
    structure = Structure(media_type=structures.SMILES, text=smiles)
    try:
        again = structures.inchi(structures.load(smiles)[0])
    except Exception as refusal:
        message = f"The structure that was read gives no InChI: {structures.reason(refusal)}."
        return None, (warning("INCHI_NOT_CONFIRMED", message),)
    if again == inchi:
        return structure, ()
    message = f"The structure that was read has the InChI {again[:MAX_INCHI_CHARACTERS]}"
    if _composition(again) != _composition(inchi):
        return None, (warning("INCHI_NOT_CONFIRMED", f"{message}, so it is not shown."),)
    if inchi.startswith(_STANDARD):
        return structure, (warning("INCHI_DIFFERS", f"{message}."),)
    return structure, ()


def _atoms(inchi: str) -> int:
    """Atoms of the formula, which is the first layer, but for hydrogen. Of a number the first nine digits count."""
    _, formula, *_ = f"{inchi}/".split("/")
    return sum(
        int(times[:9] or 1) * sum(int(count[:9] or 1) for symbol, count in _ELEMENT.findall(component) if symbol != "H")
        for times, component in _COMPONENT.findall(formula)
    )


def _composition(inchi: str) -> tuple[str, ...]:
    """The layers of an InChI that say formula and charge."""
    _, *layers = inchi.split("/")
    return (*layers[:1], *sorted(layer for layer in layers[1:] if layer[:1] in ("q", "p")))


def _stated(inchi: str) -> dict[str, str]:
    try:
        return {"inchi": inchi, "inchiKey": structures.inchi_key(inchi)}
    except Exception:  # What cannot be hashed is still the InChI that the file states.
        return {"inchi": inchi}
