"""The real files of the samples' manifest: what they say of themselves."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import PurePosixPath
from typing import Any

import pytest

from functions.parsers.spectra.parser import parser
from leanda import limits
from leanda.contracts.artefacts import Record, RecordStatus, Severity
from leanda.parsing.signatures import decide
from tests import samples
from tests.samples import manifest
from tests.unit.parsers.reading import read

FORMATS = ("jcamp", "mzml", "spc")


def records_of(form: str, content: bytes) -> list[Record]:
    return read(parser().format(form), content)


def sample(name: str) -> list[Record]:
    row = samples.sample(name)
    return records_of(row.format, row.read_bytes())


def test_every_sample_is_decided_to_be_a_spectrum_of_its_format_with_and_without_its_name() -> None:
    for row in manifest(*FORMATS):
        content = row.read_bytes()
        for name in (PurePosixPath(row.path).name, "noname"):
            kind = decide(content[: limits.HEAD_BYTES], name, len(content))
            assert (kind.kind, kind.format) == ("spectra", row.format), row.path


def test_no_good_sample_contradicts_its_own_labels() -> None:
    for row in manifest(*FORMATS):
        if row.expected == "valid":
            for record in records_of(row.format, row.read_bytes()):
                found = [issue.code for issue in record.issues if issue.severity is not Severity.INFORMATION]
                # This one calls carbon `^1C`.
                assert found == (["NUCLEUS_IMPLAUSIBLE"] if "13Csample" in row.path else []), (row.path, record.issues)


def test_every_checked_line_of_the_samples_is_right() -> None:
    checked = 0
    for row in manifest("jcamp"):
        for record in records_of(row.format, row.read_bytes()):
            checks = record.properties.get("lineChecks", {})
            assert checks.get("abscissasWrong", 0) == checks.get("ordinatesWrong", 0) == 0, row.path
            checked += checks.get("abscissas", 0)
    assert checked > 14_000


# What the files' own labels state: NPOINTS, FIRSTX, LASTX, MINY, MAXY, as the file prints them.
STATED = [
    ("13Csample.jdx", 0, "NMR", "HZ", 32768, 30006.586119220, 0.0, -3.223156, 125.134063),
    ("1h.dx", 0, "NMR", "HZ", 32768, 4789.12587366797, 0.0, -118793, 440519097),
    ("2-Methyl-1-Propanol.jdx", 0, "NMR", "PPM", 2153, 0.449892, 3.951200, -6120.0, 3534337.0),
    ("ethylbenzene.jdx", 0, "IR", "1/CM", 1991, 589.426, 3942.42, 0.016, 0.917),
    ("jcamp-fix.dx", 0, "NMR", "HZ", 16384, 5592.84116331095, 0.0, -156586, 408687150),
    ("jcamp-packed.dx", 0, "NMR", "HZ", 16384, 5592.84116331095, 0.0, -156586, 408687150),
    ("uv.jdx", 0, "UV/VIS", "NANOMETERS", 911, 190.0, 1100.0, -0.362050056458, 0.56627702713),
    ("uv.jdx", 1, "UV/VIS", "NANOMETERS", 911, 190.0, 1100.0, 0.000067866844, 0.652332054536),
    ("withStructure.jdx", 3, "NMR", "HZ", 131072, 9858.80822920372, -2476.62397398877, -0.364862442, 2445.817626953),
    ("ISAS_MS1.DX", 0, "MS", "M/Z", 26, 50.0, 131.0, 1.03, 100.0),
]


@pytest.mark.parametrize(("name", "index", "technique", "x_units", "count", "first", "last", "least", "most"), STATED)
def test_points_are_what_the_labels_state(
    name: str,
    index: int,
    technique: str,
    x_units: str,
    count: int,
    first: float,
    last: float,
    least: float,
    most: float,
) -> None:
    found = sample(name)[index].properties
    assert (found["technique"], found["xUnits"], found["pointCount"]) == (technique, x_units, count)
    assert found["firstX"] == pytest.approx(first, rel=1e-9)
    assert found["lastX"] == pytest.approx(last, rel=1e-9, abs=1e-9)
    # Writers state the extremes before they round the points to integers: one step of the factor is allowed.
    factor = {"13Csample.jdx": 0.0039, "2-Methyl-1-Propanol.jdx": 3.6, "withStructure.jdx": 0.0003}.get(name, 0.0)
    assert found["minY"] == pytest.approx(least, abs=factor)
    assert found["maxY"] == pytest.approx(most, abs=factor)


LABELS = {
    "NPOINTS": "pointCount", "FIRSTX": "firstX", "LASTX": "lastX", "MINX": "minX", "MAXX": "maxX",
    "FIRSTY": "firstY", "MINY": "minY", "MAXY": "maxY",
}  # fmt: skip


def test_no_number_that_a_file_states_of_its_points_is_missed() -> None:
    """Labels as a plain search finds them, block by block: STATED above has no hole, and later samples are compared, too."""
    compared: Counter[str] = Counter()
    for row in manifest("jcamp"):
        records, tables = records_of("jcamp", row.read_bytes()), tables_of(row.read_bytes())
        assert len(records) == len(tables), row.path
        for table, record in zip(tables, records, strict=True):
            stated = dict(re.findall(r"^##(\w+)=(\S+)", table, re.MULTILINE))
            # Writers state ordinates before they round them to integers.
            step = abs(float(stated["YFACTOR"])) if "(X++(Y..Y))" in table and "YFACTOR" in stated else 0.0
            for label in LABELS.keys() & stated.keys() if record.status is RecordStatus.PARSED else ():
                allowed = 10.0 ** -len(stated[label].partition(".")[2]) + (step if label.endswith("Y") else 0)
                found = record.properties[LABELS[label]]
                assert found == pytest.approx(float(stated[label]), abs=allowed, rel=1e-9), (row.path, label)
                compared[label] += 1
    assert compared == {
        "NPOINTS": 13, "FIRSTX": 10, "LASTX": 9, "MINX": 3, "MAXX": 3, "FIRSTY": 9, "MINY": 8, "MAXY": 8,
    }  # fmt: skip


def tables_of(content: bytes) -> list[str]:
    """The blocks of a JCAMP-DX file that hold points, neither links nor structures, their labels without blanks."""
    text = content.decode("latin-1").replace("\r\n", "\n")
    text = re.sub(r"^ *##([^=\n]*)=[ \t]*", lambda label: f"##{label[1].replace(' ', '')}=", text, flags=re.MULTILINE)
    blocks = re.split(r"^(?=##TITLE=)", text, flags=re.MULTILINE)[1:]
    return [block for block in blocks if not re.search(r"^##(DATATYPE=LINK|JCAMP-CS=)", block, re.MULTILINE)]


def test_two_packings_of_one_spectrum_give_the_same_points() -> None:
    [fixed], [packed] = sample("jcamp-fix.dx"), sample("jcamp-packed.dx")
    assert fixed.structure == packed.structure
    # The beginning of the same spectrum, in DIFDUP form.
    [difdup] = sample("jcamp-difdup.dx")
    assert drawn(difdup)["y"] == drawn(fixed)["y"][:30]


def test_what_the_samples_measured() -> None:
    [carbon] = sample("13Csample.jdx")
    assert {name: carbon.properties[name] for name in ("nucleus", "frequency", "solvent", "date")} == {
        "nucleus": "13C",
        "frequency": 125.698126,
        "solvent": "D2O",
        "date": "1999-11-05",
    }
    [proton] = sample("1h.dx")
    assert {name: proton.properties[name] for name in ("nucleus", "frequency", "solvent", "date", "pageCount")} == {
        "nucleus": "1H",
        "frequency": 300.132250975,
        "solvent": "CDCl3",
        "date": "2006-01-31T09:24:52+00:00",
        "pageCount": 2,
    }


def test_assignments_peaks_and_structure_of_one_molecule() -> None:
    protons, carbons, nitrogens, spectrum, peaks = sample("withStructure.jdx")
    assert [len(record.properties["peaks"]) for record in (protons, carbons, nitrogens, peaks)] == [5, 6, 1, 9]
    assert protons.properties["peaks"][0] == {
        "x": 7.2457276154074197194,
        "y": 426.8544921875,
        "width": 0.0,
        "assignment": "3",
    }
    assert peaks.properties["peaks"][-1]["width"] == 0.0015866090278135105019
    for record in (protons, carbons, nitrogens):
        [structure] = record.properties["structures"]
        assert structure["blockId"] == "3"
        assert "\t8\tCl\t" in structure["text"]
    assert "structures" not in spectrum.properties


def test_spectra_of_a_run() -> None:
    records = sample("example.mzML")
    assert sum(record.properties["pointCount"] for record in records) == 11_979
    for record in records:
        found = record.properties
        # The arrays hold 64-bit numbers, the parameters are printed with twelve decimals.
        assert found["minX"] == pytest.approx(found["lowestObservedMz"], abs=1e-11)
        assert found["maxX"] == pytest.approx(found["highestObservedMz"], abs=1e-11)
        assert found["maxY"] == pytest.approx(found["basePeakIntensity"], rel=1e-7)
        assert (found["msLevel"], found["polarity"], found["technique"]) == (1, "positive", "MS")


def test_spc_files_say_what_they_are() -> None:
    [infrared] = sample("Ft-ir.spc")
    fields = {field.name: field.value for field in infrared.fields}
    assert (fields["SCANS"], fields["MODEL"], fields["LWN"]) == (16, "PE Spectrum 2000", 15796.7)
    assert infrared.properties["maxY"] == 100.0
    scans = sample("m_xyxy.spc")
    assert [record.properties["pointCount"] for record in scans[:3]] == [8, 6, 5]
    assert [record.properties["z"] for record in scans] == sorted(record.properties["z"] for record in scans)


def drawn(record: Record) -> dict[str, Any]:
    assert record.structure is not None
    loaded: dict[str, Any] = json.loads(record.structure.text)
    return loaded


def test_what_is_drawn_is_what_was_measured() -> None:
    for row in manifest(*FORMATS):
        for record in records_of(row.format, row.read_bytes())[:20]:
            if record.status is RecordStatus.FAILED:
                continue
            plot, found = drawn(record), record.properties
            factor = plot.get("yFactor", 1)
            heights = sorted(value * factor for value in plot["y"] if value is not None)
            # 32-bit numbers are written with the nine digits that tell them apart.
            assert heights[0] == pytest.approx(found["minY"], rel=1e-8)
            assert heights[-1] == pytest.approx(found["maxY"], rel=1e-8)
            assert plot["points"] == found["pointCount"]
            assert record.structure is not None
            assert len(record.structure.text) < limits.MIB
