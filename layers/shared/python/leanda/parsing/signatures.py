"""The one signature table: it decides a file's kind and format, once, from its first bytes, its name and its size.

The order is: no bytes → what the extension says; a look into a container; a magic number; a signature; a text test; the
extension; generic. A row of the table ships with the parser that takes its kind; what has no row is generic.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from leanda import limits
from leanda.parsing.containers import EXTENSIONS, office_format
from leanda.parsing.delimited import best_layout
from leanda.parsing.inflate import Compression, compression_of, inflate_head
from leanda.parsing.pictures import DOUBLE_EXTENSIONS, IMAGE, MICROSCOPY, picture_format
from leanda.parsing.pictures import EXTENSIONS as PICTURE_EXTENSIONS
from leanda.parsing.smiles import plausible_smiles, reaction_layout, telling_smiles
from leanda.parsing.spectra import is_jcamp, is_mzml, is_spc
from leanda.parsing.text import readable_text
from leanda.parsing.xyz import is_xyz


@dataclass(frozen=True)
class Kind:
    """What a file is: the parser family that takes it, its format there, and how its bytes are compressed."""

    kind: str
    format: str
    compression: Compression | None = None


@dataclass(frozen=True)
class Head:
    """The beginning of an uncompressed file, as the tests of the table see it.

    Attributes:
        text: the bytes as text, None when they are binary.
        extension: lower case, without the dot and without `.gz`.
        complete: True when the bytes are the whole file.
    """

    data: bytes
    text: str | None
    extension: str
    complete: bool

    def lines(self, at_most: int = 1000) -> list[str]:
        """The first lines, without one that the end of the head has cut."""
        lines = re.split(r"\r\n|\n|\r", self.text or "")
        if not self.complete and len(lines) > 1:
            lines.pop()
        return lines[:at_most]


type Test = Callable[[Head], bool]


@dataclass(frozen=True)
class Row:
    """One format of one parser.

    Attributes:
        extensions: that promise this format, lower case.
        container: a test of binary content that begins like other formats' (ZIP, OLE); asked before magic numbers.
        magic: (offset, bytes) pairs; one that is present is enough.
        signature: a test for something that only this format has.
        text_test: a test for what the content looks like; asked only when no row has a signature.
    """

    kind: str
    format: str
    extensions: tuple[str, ...] = ()
    container: Test | None = None
    magic: tuple[tuple[int, bytes], ...] = ()
    signature: Test | None = None
    text_test: Test | None = None


def decide(head: bytes, name: str, size: int) -> Kind:
    """The kind, format and compression of a file. It never raises, whatever the bytes.

    Args:
        head: the file's first bytes as stored (compressed, if the file is); `limits.HEAD_BYTES` of them are enough.
        name: the file's name; only a hint.
        size: the stored file's size in bytes.
    """
    extension = extension_of(name)
    if size == 0 or not head:
        row = _by_extension(extension)
        return Kind(row.kind, row.format)
    compression = compression_of(head)
    if compression is None:
        data, complete = head[: limits.HEAD_BYTES], size <= min(len(head), limits.HEAD_BYTES)
    else:
        data = inflate_head(head)
        complete = size <= len(head) and len(data) < limits.HEAD_BYTES
    row = _row_of(Head(data, readable_text(data), extension, complete))
    if row is BUNDLE and compression is not None:
        row = GENERIC  # members are read by range, which a compressed archive does not allow
    return Kind(row.kind, row.format, compression)


def extension_of(name: str) -> str:
    """The lower-case extension without its dot; `.gz` is taken off first. Empty when there is none.

    It has one part, but for the few whose first part decides (`ome.tif`).
    """
    path = PurePosixPath(name.strip().lower().replace("\\", "/"))
    if path.suffix == ".gz":
        path = path.with_suffix("")
    double = "".join(path.suffixes[-2:])[1:]
    return double if double in DOUBLE_EXTENSIONS else path.suffix[1:]


def _row_of(head: Head) -> Row:
    for row in ROWS:
        if row.container is not None and row.container(head):
            return row
    for row in ROWS:
        if any(head.data.startswith(magic, offset) for offset, magic in row.magic):
            return row
    for row in ROWS:
        if row.signature is not None and head.text and row.signature(head):
            return row
    for row in ROWS:
        if row.text_test is not None and head.text and row.text_test(head):
            return row
    return _by_extension(head.extension)


def _by_extension(extension: str) -> Row:
    return next((row for row in ROWS if extension in row.extensions), GENERIC)


# --- chemical: CTfile formats, BIOVIA "CTfile Formats", chapters "The molfile" and "SDfiles" ----------------------------

_COUNTS_LINE = re.compile(r"[ \d]{3}[ \d]{3}[ \d]{0,33}.{0,6}V[23]000\s*")
_OLD_COUNTS_LINE = re.compile(r"[ \d]{2}\d[ \d]{2}\d(?: {2}[ \d]){0,9}\s*")
_TABULAR: Final = ("csv", "tsv", "tab")
_SMILES: Final = ("smi", "smiles")
_INCHI: Final = ("inchi",)
_MOLECULES: Final = ("sdf", "sd", "mol", "mdl")


def _counts_line_at(lines: list[str]) -> int | None:
    """Where the first counts line is, if there is one."""
    return next((n for n, line in enumerate(lines) if "000" in line and _COUNTS_LINE.fullmatch(line)), None)


def _has_molfile(head: Head, lines: list[str]) -> bool:
    """A counts line where a molfile has it (line 4), or anywhere when the extension promises one.

    Tables hold whole molfiles in their cells and reaction files hold them behind headers of their own, but not in line 4.
    """
    if head.extension in _TABULAR and _opens_a_cell(lines[0]):
        return False
    at = _counts_line_at(lines)
    if at is not None:
        return at == 3 or head.extension in _MOLECULES
    # Molfiles before V2000 carry no version; their block must be closed to be believed.
    return len(lines) > 4 and _OLD_COUNTS_LINE.fullmatch(lines[3]) is not None and _has_line(lines, "M  END")


_CELL_START = re.compile(r"(?:^|[,;\t|])\"")


def _opens_a_cell(line: str) -> bool:
    """Whether a quoted cell starts on a line that goes on behind it, as one that holds a molfile does."""
    return line.count('"') % 2 == 1 and _CELL_START.search(line) is not None


def _has_line(lines: list[str], text: str) -> bool:
    return any(line.rstrip() == text for line in lines)


def _is_sdf(head: Head) -> bool:
    lines = head.lines(at_most=20_000)
    delimited = _has_line(lines, "$$$$")
    molfile = _has_molfile(head, lines)
    # A file that calls itself a table may hold whole records in its cells.
    if delimited and (molfile or (head.extension not in _TABULAR and _has_line(lines, "M  END"))):
        return True
    if not molfile:
        return False
    if head.extension in ("sdf", "sd"):
        return True
    # Without a delimiter in sight, data items tell an SD file; a molfile's extension may say otherwise.
    return head.extension not in ("mol", "mdl") and any(line.startswith(">  <") for line in lines)


def _is_molfile(head: Head) -> bool:
    return _has_molfile(head, head.lines(at_most=20_000))


# --- chemical: SMILES, http://opensmiles.org/opensmiles.html section 2 (grammar) ----------------------------------------


def _is_smiles(head: Head) -> bool:
    """Every line starts with a plausible SMILES, and most of them hold something that no word list does.

    Not for files that call themselves tables (a column of SMILES is still a table), nor for unknown extensions.
    """
    if head.extension in _TABULAR or head.extension not in TEXT_EXTENSIONS:
        return False
    tokens = [line.split(None, 1)[0] for line in head.lines() if line.strip()]
    if tokens and tokens[0].lower() == "smiles":
        tokens.pop(0)  # The header that many tools write.
    if not tokens or not all(plausible_smiles(token) for token in tokens):
        return False
    return sum(map(telling_smiles, tokens)) * 2 > len(tokens)


def _is_inchi(head: Head) -> bool:
    """Nearly every line starts with an InChI. A table with a column of them is a table."""
    if head.extension not in TEXT_EXTENSIONS and head.extension not in _INCHI:
        return False
    lines = [line for line in head.lines() if line.strip()]
    return bool(lines) and sum(line.startswith("InChI=1") for line in lines) * 10 >= len(lines) * 9


_CDXML = re.compile(r"\s*+(?:<\?xml[^>]*+>\s*+)?(?:<!--.*?-->\s*+)?(?:<!DOCTYPE\s++CDXML\b|<CDXML\b)", re.DOTALL)


def _is_cdxml(head: Head) -> bool:
    return _CDXML.match(head.text or "") is not None


# --- reaction: CTfile formats, chapters "The rxnfile" and "RDfiles"; lists of reaction SMILES ----------------------------

_REACTION_SMILES: Final = ("rsmi", "rxnsmi")
_RDFILE = re.compile(r"\s*+\$(?:RDFILE\b|[RM]FMT\b|[RM][IE]REG\b)")


def _is_rxn(head: Head) -> bool:
    return (head.text or "").lstrip().startswith("$RXN")


def _is_rdf(head: Head) -> bool:
    return _RDFILE.match(head.text or "") is not None


def _is_reaction_smiles(head: Head) -> bool:
    """Lines or a column of reaction SMILES; a table of reactions is a list of reactions, whatever it is called."""
    if head.extension not in TEXT_EXTENSIONS and head.extension not in _REACTION_SMILES:
        return False
    return reaction_layout(head.lines()) is not None


# --- crystal: CIF 1.1 syntax, IUCr ---------------------------------------------------------------------------------------

_CRYSTAL: Final = ("cif", "mmcif", "mcif")
_DATA_BLOCK = re.compile(r"(?:\s++|#[^\r\n]*+)*+data_\S", re.IGNORECASE)
_CRYSTAL_TAG = re.compile(
    r"^[ \t]*+_(?:cell|atom_site|symmetry|space_group|chemical|chem_comp|entry|audit|exptl_crystal)[._]",
    re.IGNORECASE | re.MULTILINE,
)


def _is_cif(head: Head) -> bool:
    """A data block; under a name that does not promise a crystal also a tag of one, because STAR files have blocks too."""
    if not _DATA_BLOCK.match(head.text or ""):
        return False
    return head.extension in _CRYSTAL or _CRYSTAL_TAG.search(head.text or "") is not None


# --- tabular ------------------------------------------------------------------------------------------------------------

_NOT_A_TABLE = re.compile(r"\s*+(?:[{\[<]|##|\$|data_|%PDF|#!)", re.IGNORECASE)
_LEAST_ROWS: Final = 3
_LEAST_CONSISTENCY: Final = 0.95


def _is_table(head: Head, delimiter_is_tab: bool) -> bool:
    """A delimiter cuts (nearly) all of at least three rows into equally many cells.

    Prose has commas too, so a comma or semicolon must make three columns or more, and must not be followed by a space
    as in a sentence. Tables by name are not asked: their extension is enough, however odd they look.
    """
    if head.extension in _SMILES or head.extension not in TEXT_EXTENSIONS or _NOT_A_TABLE.match(head.text or ""):
        return False
    layout = best_layout(head.text or "", complete=head.complete)
    if (layout.delimiter == "\t") is not delimiter_is_tab:
        return False
    if layout.rows < _LEAST_ROWS or layout.consistency < _LEAST_CONSISTENCY:
        return False
    if layout.delimiter == "\t":
        return True
    text = head.text or ""
    in_sentences = text.count(layout.delimiter + " ")
    return layout.width >= 3 and in_sentences * 2 < text.count(layout.delimiter)


def _is_csv(head: Head) -> bool:
    if head.extension in _TABULAR:
        return head.extension == "csv"
    return _is_table(head, delimiter_is_tab=False)


def _is_tsv(head: Head) -> bool:
    if head.extension in _TABULAR:
        return head.extension != "csv"
    return _is_table(head, delimiter_is_tab=True)


# --- Office files: containers that many formats share ---------------------------------------------------------------------


def _office_row(kind: str, format: str) -> Row:
    def holds(head: Head) -> bool:
        return office_format(head.data, head.extension) == format

    return Row(kind, format, extensions=EXTENSIONS[format], container=holds)


# --- pictures and microscopy: binary, but for OME-XML ---------------------------------------------------------------------


def _picture_row(kind: str, format: str) -> Row:
    def holds(head: Head) -> bool:
        return picture_format(head.data, head.extension) == format

    return Row(kind, format, extensions=PICTURE_EXTENSIONS[format], container=holds)


# --- geometry -------------------------------------------------------------------------------------------------------------


def _is_xyz(head: Head) -> bool:
    return is_xyz(head.lines(at_most=10))


# --- spectra --------------------------------------------------------------------------------------------------------------


def _is_jcamp(head: Head) -> bool:
    return is_jcamp(head.text or "")


def _is_mzml(head: Head) -> bool:
    return is_mzml(head.text or "")


def _is_spc(head: Head) -> bool:
    return is_spc(head.data)


# --- generic: formats that are recognised so that nobody mistakes them; their parsers bring rows of their own -------------

_FOREIGN_MAGIC: Final = (
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    (0, b"\x89HDF\r\n\x1a\n"),
    (0, b"\x1f\x8b"),
    (0, b"\x28\xb5\x2f\xfd"),
    (0, b"\xfd7zXZ\0"),
    (0, b"7z\xbc\xaf\x27\x1c"),
    (0, b"Rar!\x1a\x07"),
    (0, b"\x7fELF"),
    (0, b"SQLite format 3\0"),
    (0, b"PAR1"),
    (257, b"ustar"),
)
_FOREIGN_TEXT = re.compile(
    r"\s*+(?:<\?xml|<!doctype|<html|<svg|<rdf:|data_\S++\s++(?:_|loop_|#)|\{\\rtf)",
    re.IGNORECASE,
)


def _is_foreign_text(head: Head) -> bool:
    return _FOREIGN_TEXT.match(head.text or "") is not None


TEXT_EXTENSIONS: Final = frozenset({"", "txt", "text", "dat", "asc", "prn", "xls", *_MOLECULES, *_SMILES, *_TABULAR})
"""Extensions whose content is looked at line by line (`xls` because instruments like to call their tables so). Any other
extension names a format that is not known here."""

_ZIP_MAGIC: Final = ((0, b"PK\x03\x04"), (0, b"PK\x05\x06"), (0, b"PK\x07\x08"))

BUNDLE: Final = Row("bundle", "zip", extensions=("zip",), magic=_ZIP_MAGIC)
GENERIC: Final = Row("generic", "generic", magic=_FOREIGN_MAGIC, signature=_is_foreign_text)

ROWS: Final = (
    *(_office_row("tabular", format) for format in ("xlsx", "xlsb", "xls", "ods")),
    *(_office_row("document", format) for format in ("docx", "pptx", "doc", "ppt")),
    Row("chemical", "cdx", extensions=("cdx",), magic=((0, b"VjCD0100"),)),
    Row("chemical", "cdxml", extensions=("cdxml",), signature=_is_cdxml),
    Row("crystal", "cif", extensions=_CRYSTAL, signature=_is_cif),
    Row("reaction", "rxn", extensions=("rxn",), signature=_is_rxn),
    Row("reaction", "rdf", extensions=("rdf",), signature=_is_rdf),
    Row("reaction", "reaction-smiles", extensions=_REACTION_SMILES, signature=_is_reaction_smiles),
    Row("spectra", "jcamp", extensions=("jdx", "dx", "jcamp", "jcm"), signature=_is_jcamp),
    Row("spectra", "mzml", extensions=("mzml",), signature=_is_mzml),
    Row("spectra", "spc", extensions=("spc",), container=_is_spc),
    GENERIC,
    Row("chemical", "sdf", extensions=("sdf", "sd"), signature=_is_sdf),
    Row("chemical", "mol", extensions=("mol", "mdl"), signature=_is_molfile),
    Row("geometry", "xyz", extensions=("xyz", "extxyz"), signature=_is_xyz),
    Row("chemical", "smiles", extensions=_SMILES, text_test=_is_smiles),
    Row("chemical", "inchi", extensions=_INCHI, text_test=_is_inchi),
    BUNDLE,
    Row("tabular", "csv", extensions=("csv",), text_test=_is_csv),
    Row("tabular", "tsv", extensions=("tsv", "tab"), text_test=_is_tsv),
    Row("document", "pdf", extensions=("pdf",), magic=((0, b"%PDF-"),)),
    *(_picture_row("image", format) for format in IMAGE),
    *(_picture_row("microscopy", format) for format in MICROSCOPY),
)
"""Within one step the first row that agrees wins."""
