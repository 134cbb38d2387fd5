"""Structures as Indigo reads them: the verdict that makes a record parsed or failed, and the molecules of a reaction.

For every parser of structures; Indigo is imported on first use.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from leanda.contracts.artefacts import Issue
from leanda.parsing import lone_pairs
from leanda.parsing.records import error, warning

TOOLKIT: Final = "Indigo 1.46.0"
MOLFILE: Final = "chemical/x-mdl-molfile"
SMILES: Final = "chemical/x-daylight-smiles"
CALL_MILLISECONDS: Final = 5000
"""Longest time of one call into Indigo."""
MAX_DROPPED_KEYWORDS: Final = 16
MAX_CANONICAL_ATOMS: Final = 5000
"""Canonical numbering of larger structures takes Indigo longer than its own time limit."""

_LINE_END: Final = re.compile(r"[\r\n]")
_KEYWORD_UNKNOWN: Final = re.compile(r"unsupported property of CTAB3000(?: \(in (\w+) block\))?: (\S+)")
_STANDARD_INCHI: Final = ""


@cache
def session() -> Any:
    """One Indigo session per process, made on first use; options as in the original system."""
    from indigo import Indigo

    indigo = Indigo()
    indigo.setOption("ignore-stereochemistry-errors", True)
    indigo.setOption("unique-dearomatization", False)
    indigo.setOption("ignore-noncritical-query-features", True)
    indigo.setOption("timeout", CALL_MILLISECONDS)
    # Else rings that are aromatic only because a SMILES says so (caffeine's) get no double bonds.
    indigo.setOption("dearomatize-verification", False)
    # The same structure gives the same text at any time.
    indigo.setOption("molfile-saving-skip-date", True)
    return indigo


@cache
def inchi_session() -> Any:
    """Indigo's InChI generator and reader of this process."""
    from indigo.inchi import IndigoInchi

    return IndigoInchi(session())


def verdict(text: str) -> tuple[Issue, ...]:
    """What Indigo says of a structure (a molfile or a SMILES); an issue of severity Error means it refuses.

    Queries (atom lists, any bonds) are no molecules, but they are good records: they come with a Warning. So do V3000
    keywords that Indigo does not know: it would refuse the whole molecule, so it is asked again without them.
    """
    return load(text)[1]


def load(text: str) -> tuple[Any, tuple[Issue, ...]]:
    """Indigo's molecule of a molfile or a SMILES, and what is to be said of it; None for a query and what it refuses."""
    if "\0" in text:
        return None, (error("STRUCTURE_HOLDS_NUL", "There is a NUL character in the structure."),)
    text = without_name(text)
    issues: list[Issue] = []
    for _ in range(MAX_DROPPED_KEYWORDS):
        molecule, message = _asked(session().loadMolecule, lone_pairs.turned(text))
        unknown = _KEYWORD_UNKNOWN.search(message or "")
        if unknown is None:
            break
        block, keyword = unknown.groups()
        text, count = drop_keyword(text, keyword)
        if not count:
            break
        issues.append(
            warning(
                "KEYWORD_DROPPED",
                f"The V3000 keyword {keyword} is not known; it was ignored.",
                f"{block or 'ATOM'} block",
            )
        )
    if message is None:
        return molecule, tuple(issues)
    if _asked(session().loadQueryMolecule, text)[1] is None:
        query = warning("QUERY_STRUCTURE", f"A query, not a molecule; nothing is computed from it: {message}.")
        return None, (*issues, query)
    return None, (*issues, error("TOOLKIT_REFUSED", f"Indigo cannot read the structure: {message}."))


def without_name(text: str) -> str:
    """A molfile without its name, because Indigo guesses formats by it: `$RXN` as name would make it a reaction."""
    line_end = _LINE_END.search(text)
    return text[line_end.start() :] if line_end else text


def drop_keyword(text: str, keyword: str) -> tuple[str, int]:
    """The molfile without one V3000 keyword and its values, and how often it was there."""
    return re.subn(rf" {re.escape(keyword)}=(?:\([^)]*\)|\"[^\"]*\"|\S*)", "", text)


def _asked(ask: Any, text: str) -> tuple[Any, str | None]:
    """The answer, or why not. Indigo also raises plain exceptions (bad UTF-8, its own wrapper): one record's matter."""
    try:
        return ask(text), None
    except Exception as refusal:
        return None, reason(refusal)


def reason(refusal: Exception) -> str:
    """What an error of Indigo says, as a sentence's part."""
    value = getattr(refusal, "value", None)
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(refusal)
    return text.removeprefix("molecule auto loader: ").strip().rstrip(".") or type(refusal).__name__


@dataclass(frozen=True, slots=True)
class Component:
    """A molecule of a reaction. What could not be computed is None, and `problem` says why, as a sentence's part."""

    smiles: str | None = None
    inchi_key: str | None = None
    problem: str | None = None


def component(molecule: Any) -> Component:
    """Canonical SMILES (aromatic, without atom mapping, parts sorted) and standard InChIKey of a molecule.

    Both from single and double bonds: rings that an aromatic SMILES calls aromatic, Indigo would leave as they are.
    """
    molecule = molecule.clone()
    molecule.dearomatize()
    try:
        smiles = canonical_smiles(molecule)
    except Exception as refusal:
        return Component(problem=reason(refusal))
    unspecified = int(molecule.countPseudoatoms()) + int(molecule.countRSites())
    if unspecified:
        return Component(smiles, problem=f"{unspecified} of its atoms without an element (R group, * or abbreviation)")
    try:
        # The options are said explicitly: without them a molecule with a racemic stereo group switches this and all
        # later InChIs of the process to non-standard ones.
        inchi = inchi_session().getInchi(molecule, _STANDARD_INCHI)
        return Component(smiles, inchi_session().getInchiKey(inchi))
    except Exception as refusal:
        return Component(smiles, problem=reason(refusal))


def canonical_smiles(molecule: Any) -> str:
    """Canonical SMILES, the same for every drawing of a molecule, part by part: of many equal parts Indigo takes hours.

    Raises:
        ValueError: over `MAX_CANONICAL_ATOMS`.
        IndigoException: it takes too long, or the structure has no SMILES.
    """
    if (atoms := molecule.countAtoms()) > MAX_CANONICAL_ATOMS:
        raise ValueError(f"it has {atoms:,} atoms; {MAX_CANONICAL_ATOMS:,} are accepted")
    parts = []
    for found in molecule.iterateComponents():
        part = found.clone()
        part.aromatize()
        parts.append(lone_pairs.turned(part.canonicalSmiles()))
    if len(parts) > 1 and any(" |" in part for part in parts):
        whole = molecule.clone()
        whole.aromatize()
        return lone_pairs.turned(whole.canonicalSmiles())
    return ".".join(sorted(parts))
