"""JCAMP-DX 4.24, 5 and 6: one record for each spectrum, whatever the technique and however its points are packed.

Standards: see `jcamp_blocks`, `asdf`, `jcamp_tables` and `jcamp_ntuples`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache, partial
from typing import Any, Final

from functions.parsers.spectra.formats import jcamp_ntuples, jcamp_tables, terms
from functions.parsers.spectra.formats.jcamp_blocks import Block, blocks_of, ends, is_link
from functions.parsers.spectra.formats.jcamp_tables import TABLES, Measured, Stated, line_of, value_of
from functions.parsers.spectra.formats.points import plot_of, properties_of
from functions.parsers.spectra.formats.text import TYPE, Fields, Unreadable, judging, number, typed
from leanda import limits
from leanda.contracts.artefacts import Issue, Record
from leanda.errors import FormatMismatch
from leanda.parsing.format import Format
from leanda.parsing.records import decode, error, failed, information, one_by_one, warning

STRUCTURE: Final = "chemical/x-jcamp-cs"
MAX_STRUCTURE_BYTES: Final = 256 * limits.KIB
_MAX_STRUCTURES: Final = 16
_MAX_REFERRED: Final = 32
"""A structure elsewhere in the file is repeated for a spectrum up to this times the spectrum's own size."""

_SOLVENT: Final = re.compile(r"solvent\s*=\s*([\w+-]{1,30})", re.IGNORECASE)
_REFERENCED: Final = re.compile(r"BLOCK_ID\s*=\s*(\w+)")
_TITLE: Final = re.compile(rb"##\s*T\s*I\s*T\s*L\s*E\s*=", re.IGNORECASE)


class JcampFormat:
    """See `leanda.parsing.format.Format`; a record is a block that is neither a LINK block nor a structure."""

    name = "jcamp"
    version = "2"
    empty_is_failure = True

    def boundaries(self, blocks: Iterable[bytes], *, head: bytes, first_index: int = 0) -> Iterator[int]:  # noqa: ARG002
        if not _TITLE.search(head):
            raise FormatMismatch(detail="no ##TITLE= at the beginning")
        return ends(blocks)

    def read(self, data: bytes, *, first_index: int, head: bytes) -> Iterator[Record]:
        read = judging(partial(_record, referable=_structures_of_head(head)))
        return one_by_one(TYPE, read, data, ends([data]), first_index)


FORMAT: Format = JcampFormat()


def _record(data: bytes, index: int, *, referable: dict[str, str]) -> Record:
    spectrum: Block | None = None
    structures: list[Block] = []
    for block in blocks_of(data):
        if _is_structure(block):
            structures.append(block)
        elif not _is_link(data, block) and spectrum is None:
            spectrum = block
    if spectrum is None:
        return failed(TYPE, index, _unterminated("block"))
    fields, issues = _fields(data, spectrum)
    name = (value_of(data, spectrum.labels[0]) or "").split("\n")[0].strip()[:1000] or None
    if not spectrum.closed:
        issue = _unterminated("spectrum", line_of(data, spectrum.start))
        return failed(TYPE, index, issue, name=name, fields=tuple(fields.values))
    try:
        read = jcamp_ntuples.measured if spectrum.get("DATATABLE") else jcamp_tables.measured
        result = read(data, spectrum)
    except Unreadable as problem:
        return failed(TYPE, index, *issues, problem.issue, name=name, fields=tuple(fields.values))
    properties, more_issues = _described(data, spectrum, result)
    issues += tuple(more_issues)
    found, structure_issues = _structures(data, structures, referable, spectrum)
    if found:
        properties["structures"] = found
    return Record(
        index=index,
        type=TYPE,
        name=name,
        structure=plot_of(result.pages, x_units=result.x_units, y_units=result.y_units, sticks=result.sticks),
        fields=tuple(fields.values),
        properties=properties,
        issues=(*issues, *structure_issues, *result.issues),
    )


def _unterminated(what: str, place: str | None = None) -> Issue:
    return error("BLOCK_UNTERMINATED", f"The {what} that starts here has no ##END=; the file may be cut off.", place)


def _is_structure(block: Block) -> bool:
    return block.get("JCAMPCS") is not None


def _is_link(data: bytes, block: Block) -> bool:
    if block.get("BLOCKS"):
        return True
    return any(label.key == "DATATYPE" and is_link(data[label.start : label.end]) for label in block.labels)


def _fields(data: bytes, block: Block) -> tuple[Fields, tuple[Issue, ...]]:
    """The block's own labels in order, without the data; of a table its form, as `(X++(Y..Y))`."""
    fields = Fields()
    issues: tuple[Issue, ...] = ()
    for label in block.labels:
        if label.key in ("END", "ENDNTUPLES", "PAGE", "DATATABLE", ""):
            continue
        if label.key in TABLES:
            form = data[label.start : min(label.end, label.start + 200)].lstrip(b" \t").splitlines()[:1]
            fields.add(label.name, decode(b"".join(form))[0].split("$$")[0].strip())
            continue
        if not issues:
            issues = decode(data[label.start : label.end])[1]
        value = value_of(data, label)
        fields.add(label.name, typed(value) if value is not None else None)
    return fields, issues + fields.issues()


def _described(data: bytes, block: Block, result: Measured) -> tuple[dict[str, Any], list[Issue]]:
    """What the labels say of the spectrum, and what its points show."""
    issues: list[Issue] = []
    stated = Stated(data, block, issues)
    data_type = stated.text("DATATYPE")
    found: dict[str, Any] = {
        "technique": terms.technique(data_type) or ("NMR" if stated.text(".OBSERVENUCLEUS") else None),
        "dataType": data_type,
        "dataClass": stated.text("DATACLASS"),
        "formatVersion": stated.text("JCAMPDX"),
        "title": value_of(data, block.labels[0]),
        "origin": stated.text("ORIGIN"),
        "owner": stated.text("OWNER"),
        "date": _date(stated),
        "nucleus": _nucleus(stated, issues),
        "frequency": stated.number(".OBSERVEFREQUENCY"),
        "solvent": _solvent(data, block, stated),
        "instrument": stated.text("SPECTROMETERDATASYSTEM", "$INSTRUM"),
        "casNumber": stated.text("CASREGISTRYNO", "CASREGISTRYNUMBER"),
        "molecularFormula": stated.text("MOLFORM"),
        "xUnits": result.x_units,
        "yUnits": result.y_units,
        **properties_of(result.pages[0]),
        **result.properties,
        "peakCount": result.peak_count,
        "peaks": result.peaks or None,
        "lineChecks": result.checks or None,
    }
    for name in ("title", "dataType", "origin", "owner"):
        if isinstance(found[name], str):
            found[name] = found[name][:1000]
    return {name: value for name, value in found.items() if value is not None}, issues


def _date(stated: Stated) -> str | None:
    """LONG DATE, else DATE with TIME, else what Varian (a day) and Bruker (a Unix time) note among the parameters."""
    return (
        terms.date(stated.text("LONGDATE"))
        or terms.date(stated.text("DATE"), stated.text("TIME"))
        or terms.date((stated.text("$DATE") or "").strip("<> "))
        or terms.unix_date(number(stated.text("$DATE")))
    )


def _nucleus(stated: Stated, issues: list[Issue]) -> str | None:
    """The observed nucleus. A mass number that the element does not have is replaced by what the parameters say."""
    text = stated.text(".OBSERVENUCLEUS")
    if text is None:
        return None
    found = terms.nuclide(text)
    if found is None:
        found = terms.nuclide(stated.text("$NUC1", "$TN", "$NUCLEUS"))
        instead = f"the spectrometer's parameters say {found}" if found else "no parameter says which is meant"
        issues.append(warning("NUCLEUS_IMPLAUSIBLE", f"{text[:40]!r} is not a nucleus of NMR; {instead}."))
    return found


def _solvent(data: bytes, block: Block, stated: Stated) -> str | None:
    """.SOLVENT NAME, else the parameter of Bruker and Varian, else what Varian writes behind its reference."""
    found = stated.text(".SOLVENTNAME", "$SOLVENT")
    if found and (found := found.strip("<> ")):
        return found[:200]
    label = block.get(".SOLVENTREFERENCE")
    match = _SOLVENT.search(data[label.start : label.end].decode("latin-1")) if label else None
    return match[1] if match else None


def _structures(
    data: bytes, blocks: list[Block], referable: dict[str, str], spectrum: Block
) -> tuple[list[dict[str, Any]], list[Issue]]:
    """Structures that stand beside the spectrum, and those of the file's head to which it refers by BLOCK_ID."""
    found: list[dict[str, Any]] = []
    left_out = 0
    for block in blocks:
        if len(found) == _MAX_STRUCTURES or block.end - block.start > MAX_STRUCTURE_BYTES:
            left_out += 1
            continue
        found.append(_structure(decode(data[block.start : block.end])[0].strip(), value_of(data, block.get("BLOCKID"))))
    beside = {structure.get("blockId") for structure in found}
    for wanted in dict.fromkeys(_REFERENCED.findall(value_of(data, spectrum.get("CROSSREFERENCE")) or "")):
        text = referable.get(wanted)
        if text is None or wanted in beside:
            continue
        if len(text) > _MAX_REFERRED * len(data) or len(found) == _MAX_STRUCTURES:
            left_out += 1
            continue
        found.append(_structure(text, wanted))
    if not left_out:
        return found, []
    return found, [information("STRUCTURES_LEFT_OUT", f"{left_out:,} structures are too many or too long.")]


def _structure(text: str, block_id: str | None) -> dict[str, Any]:
    return {"mediaType": STRUCTURE, "text": text} | ({"blockId": block_id} if block_id else {})


@lru_cache(maxsize=2)
def _structures_of_head(head: bytes) -> dict[str, str]:
    """The structures in the file's first bytes by their BLOCK_ID: later spectra refer to them."""
    if b"JCAMP-CS" not in head:
        return {}
    try:
        blocks = [block for block in blocks_of(head) if block.closed and _is_structure(block)]
    except Unreadable:
        return {}
    return {
        block_id: decode(head[block.start : block.end])[0].strip()
        for block in blocks
        if (block_id := value_of(head, block.get("BLOCKID")))
    }
