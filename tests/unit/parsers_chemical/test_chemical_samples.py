"""The real files of the samples' manifest: how many records, and what becomes of them."""

from __future__ import annotations

from functions.parsers.chemical.formats import mol, sdf, smiles
from leanda import limits
from leanda.contracts.artefacts import RecordStatus
from leanda.errors import ParseFailure
from leanda.parsing.format import Format
from tests.samples import manifest

FORMATS: dict[str, Format] = {"sdf": sdf.FORMAT, "mol": mol.FORMAT, "smiles": smiles.FORMAT}
BLOCK = 64 * limits.KIB


def outcome(form: Format, content: bytes) -> tuple[int, str]:
    """Number of boundaries, and valid, partial or invalid as the manifest means it."""
    head = content[: limits.HEAD_BYTES]
    try:
        ends = list(form.boundaries((content[at : at + BLOCK] for at in range(0, len(content), BLOCK)), head=head))
        records = list(form.read(content, first_index=0, head=head))
    except ParseFailure:
        return 0, "invalid"
    assert len(records) == len(ends)
    parsed = sum(record.status is RecordStatus.PARSED for record in records)
    return len(ends), "invalid" if not parsed else "valid" if parsed == len(records) else "partial"


def test_every_sample_has_the_records_and_the_outcome_of_its_manifest_row() -> None:
    differences = []
    for row in manifest(*FORMATS):
        count, result = outcome(FORMATS[row.format], row.read_bytes())
        if row.expected != "either" and (result != row.expected or count != (row.records or 0)):
            differences.append((row.path, row.expected, row.records, result, count))
    assert differences == []


def test_the_file_with_two_bad_records_of_20_gives_18_good_ones() -> None:
    [row] = [row for row in manifest("sdf") if "first_and_second_are_invalid" in row.path]
    records = list(sdf.FORMAT.read(row.read_bytes(), first_index=0, head=b""))
    # The file's name says first and second, but the header with one line too many stands in the first and the third.
    assert [record.index for record in records if record.status is RecordStatus.FAILED] == [0, 2]
    assert len(records) == 20
