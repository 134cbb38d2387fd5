"""The demo's own files are what the demo says they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.demo import EXPECTED, SAMPLES, Sample
from cli.samples.make_samples import LIST, MOLECULES, write_samples
from functions.parsers.chemical.formats.sdf import FORMAT as SDF
from functions.parsers.chemical.formats.smiles import FORMAT as SMILES
from functions.parsers.tabular.formats.csv import CSV
from functions.processor.properties import compute
from leanda.contracts.artefacts import Record, RecordStatus
from leanda.errors import ParseFailure
from leanda.parsing.signatures import decide


def records_of(sample: Sample) -> list[Record]:
    data = (SAMPLES / sample.name).read_bytes()
    kind = decide(data, sample.name, len(data))
    parser = {"sdf": SDF, "smiles": SMILES, "csv": CSV}[kind.format]
    return list(parser.read(data, first_index=0, head=data))


def test_the_script_writes_the_files_that_are_here(tmp_path: Path) -> None:
    write_samples(tmp_path)
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (SAMPLES / path.name).read_bytes(), path.name
    assert {path.name for path in tmp_path.iterdir()} == {sample.name for sample in EXPECTED}


@pytest.mark.parametrize("sample", [s for s in EXPECTED if s.status != "Failed"], ids=lambda s: s.name)
def test_a_sample_has_its_records(sample: Sample) -> None:
    records = records_of(sample)
    failed = [record for record in records if record.status is RecordStatus.FAILED]
    assert (len(records), len(failed)) == (sample.records, sample.failed)
    assert all(record.issues and record.issues[0].message for record in failed)


def test_garbage_is_taken_for_what_its_name_says_and_refused() -> None:
    (sample,) = (sample for sample in EXPECTED if sample.status == "Failed")
    try:
        records = records_of(sample)
    except ParseFailure:
        return
    assert all(record.status is RecordStatus.FAILED for record in records)


def test_the_structures_drawn_are_those_of_the_names() -> None:
    computed, listed = (
        {record.name: compute(record.structure.text).properties for record in records_of(sample) if record.structure}
        for sample in EXPECTED[:2]
    )
    assert list(computed) == [name for name, *_ in MOLECULES]
    assert list(listed) == [name for name, _ in LIST]
    known = {
        "aspirin": "BSYNRYMUTXBXSQ-UHFFFAOYSA-N",
        "caffeine": "RYYVLZVUVIJVGH-UHFFFAOYSA-N",
        "L-alanine": "QNAYBMKLOCPYGJ-REOHCLBHSA-N",
        "diazepam": "AAOVKJBEBIDNHE-UHFFFAOYSA-N",
    }
    assert {name: computed[name]["inchiKey"] for name in known} == known
    assert 190 <= computed["ibuprofen"]["molecularWeight"] <= 210
