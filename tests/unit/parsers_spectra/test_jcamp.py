"""JCAMP-DX files made by hand."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.parsers.spectra.formats import jcamp
from functions.parsers.spectra.formats.points import PLOT_POINTS, XY_JSON
from leanda import limits
from leanda.contracts.artefacts import Record, RecordStatus, Severity
from leanda.errors import FormatMismatch
from tests.unit.parsers import reading
from tests.unit.parsers.reading import codes
from tests.unit.parsers_spectra.jcamp_files import LINKED, NTUPLES, STRUCTURE, affn, axis, block, dif, spectrum

boundaries = partial(reading.boundaries, jcamp.FORMAT)
read = partial(reading.read, jcamp.FORMAT)


def only(content: str | bytes) -> Record:
    [record] = read(content)
    return record


def plot(record: Record) -> dict[str, Any]:
    assert record.structure is not None
    assert record.structure.media_type == XY_JSON
    loaded: dict[str, Any] = json.loads(record.structure.text)
    return loaded


def test_a_spectrum_has_its_points_units_and_labels() -> None:
    values = [5, 7, 7, 3, -2, 10]
    record = only(
        spectrum(
            dif(values, first=400),
            "ORIGIN= a laboratory $$ in the cellar",
            "LONG DATE= 2006/01/31 09:24:52.25+0100",
            "XUNITS= 1/CM",
            "YUNITS= ABSORBANCE",
            "FIRSTX= 800",
            "LASTX= 810",
            "NPOINTS= 6",
            "XFACTOR= 2",
            "YFACTOR= 0.5",
            "FIRSTY= 2.5",
            "MINY= -1",
            "MAXY= 5",
            "$NAME= 007",
            "$COUNT= 12",
            "RESOLUTION= 4.00",
        )
    )
    assert record.issues == ()
    assert record.properties | {} == {
        "technique": "IR",
        "dataType": "INFRARED SPECTRUM",
        "formatVersion": "4.24",
        "title": "made by hand",
        "origin": "a laboratory",
        "date": "2006-01-31T09:24:52.25+01:00",
        "xUnits": "1/CM",
        "yUnits": "ABSORBANCE",
        "pointCount": 6,
        "firstX": 800.0,
        "lastX": 810.0,
        "firstY": 2.5,
        "lastY": 5.0,
        "minX": 800.0,
        "maxX": 810.0,
        "minY": -1.0,
        "maxY": 5.0,
        "lineChecks": {"abscissas": 2, "ordinates": 1},
    }
    fields = {field.name: field.value for field in record.fields}
    assert (fields["$NAME"], fields["$COUNT"], fields["RESOLUTION"]) == ("007", 12, 4.0)
    assert [field.name for field in record.fields][:3] == ["TITLE", "JCAMP-DX", "DATA TYPE"]
    assert fields["XYDATA"] == "(X++(Y..Y))"
    assert plot(record) == {
        "points": 6,
        "decimated": False,
        "style": "line",
        "xUnits": "1/CM",
        "yUnits": "ABSORBANCE",
        "yFactor": 0.5,
        "first": 800.0,
        "delta": 2.0,
        "y": values,
    }


@pytest.mark.parametrize(
    ("label", "value", "code"),
    [
        ("NPOINTS", "7", "NPOINTS_MISMATCH"),
        ("FIRSTY", "3", "FIRSTY_MISMATCH"),
        ("MAXY", "12", "MAXY_MISMATCH"),
        ("MINY", "-1", "MINY_MISMATCH"),
        ("LASTX", "9", "ABSCISSA_CHECK_FAILED"),
        ("FIRSTX", "1", "ABSCISSA_CHECK_FAILED"),
        ("NPOINTS", "many", "LABEL_NOT_A_NUMBER"),
    ],
)
def test_a_label_that_contradicts_the_points_is_a_warning(label: str, value: str, code: str) -> None:
    labels = {"FIRSTX": "0", "LASTX": "5", "NPOINTS": "6", "FIRSTY": "5", "MAXY": "10", "MINY": "-3"}
    good = [f"{name}= {text}" for name, text in labels.items()]
    assert only(spectrum(affn([5, 7, 7, 3, -3, 10], per_line=3), *good)).issues == ()
    bad = [f"{name}= {text}" for name, text in (labels | {label: value}).items()]
    record = only(spectrum(affn([5, 7, 7, 3, -3, 10], per_line=3), *bad))
    assert record.status is RecordStatus.PARSED
    assert code in codes(record)
    assert all(issue.severity is Severity.WARNING for issue in record.issues)


def test_a_wrong_check_of_a_line_names_its_line() -> None:
    record = only(spectrum(["0A0JJ", "2A5J", "3A6"], *axis(4)))
    [issue] = record.issues
    assert (issue.code, issue.place) == ("ORDINATE_CHECK_FAILED", "line 11 of the record")
    assert record.properties["lineChecks"] == {"abscissas": 3, "ordinates": 2, "ordinatesWrong": 1}


def test_labels_are_compared_without_blanks_dashes_case_and_place_in_the_line() -> None:
    record = only(
        "  ## TITLE = x\r\n## data_type= Raman Spectrum\r\n##FIRST X=1\r\n##Last-X=2\r\n##N POINTS=2\r\n"
        "##XY/DATA=(X++(Y..Y))\r\n1 3 4\r\n##end=\r\n"
    )
    assert record.properties["technique"] == "Raman"
    assert (record.properties["firstX"], record.properties["lastX"]) == (1.0, 2.0)
    assert record.issues == ()


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_any_line_end_will_do(line_end: str) -> None:
    records = read(LINKED.replace("\n", line_end))
    assert [record.properties["pointCount"] for record in records] == [2, 3]


def test_a_link_block_is_no_record_and_its_structure_belongs_to_a_spectrum() -> None:
    assigned, second = read(LINKED)
    assert (assigned.name, second.name) == ("assigned", "second")
    [structure] = assigned.properties["structures"]
    assert structure["mediaType"] == "chemical/x-jcamp-cs"
    assert structure["blockId"] == "7"
    assert structure["text"] == STRUCTURE.strip()
    assert "structures" not in second.properties
    assert assigned.properties["peaks"] == [
        {"x": 3.4, "y": 30.0, "multiplicity": "S", "assignment": "1"},
        {"x": 2.1, "y": 10.0, "assignment": "2"},
    ]


def test_a_structure_of_the_head_is_found_by_its_block_id() -> None:
    assigned = block("CROSS REFERENCE= STRUCTURE: BLOCK_ID= 7", "PEAK ASSIGNMENTS= (XA)\n(3.4, <1>)")
    first, second = read(STRUCTURE + assigned + assigned)
    assert first.properties["structures"] == second.properties["structures"]


def test_peaks_have_the_multiplicity_that_their_assignment_states() -> None:
    told = "PEAK ASSIGNMENTS= (XYMA)\n(1.2, 5, T, <CH3 (a)>)\n(3.4, 6, 2, <CH2>)\n(5.0, 1, , <OH>)\n(7.2, 1)"
    assert only(block(told)).properties["peaks"] == [
        {"x": 1.2, "y": 5.0, "multiplicity": "T", "assignment": "CH3 (a)"},
        {"x": 3.4, "y": 6.0, "multiplicity": 2.0, "assignment": "CH2"},
        {"x": 5.0, "y": 1.0, "assignment": "OH"},
        {"x": 7.2, "y": 1.0},
    ]


def test_structures_behind_the_last_spectrum_are_kept() -> None:
    record = only(spectrum(affn([1, 2]), *axis(2)) + STRUCTURE)
    assert len(record.properties["structures"]) == 1


def test_a_file_of_structures_alone_has_no_record() -> None:
    assert read(STRUCTURE) == []


def test_pages_of_ntuples_are_one_record() -> None:
    record = only(NTUPLES)
    assert record.issues == ()
    found = record.properties
    assert (found["technique"], found["pageCount"], found["pointCount"], found["totalPointCount"]) == ("NMR", 2, 5, 10)
    assert (found["firstX"], found["lastX"], found["xUnits"]) == (0.0, 2.0, "SECONDS")
    assert (found["minY"], found["maxY"], found["firstY"]) == (10.0, 28.0, 10.0)
    assert found["variables"][1] == {"symbol": "R", "name": "FID/REAL", "units": "ARBITRARY UNITS"}
    drawn = plot(record)
    assert (drawn["label"], drawn["first"], drawn["delta"], drawn["yFactor"]) == ("N=1", 0.0, 0.5, 2.0)
    assert [page["y"] for page in drawn["pages"]] == [[1, 2, 3, 7, 6]]


def test_ntuples_that_contradict_their_lists_are_warned_of() -> None:
    bad = NTUPLES.replace("MAX= 2, 28", "MAX= 2, 99").replace("VAR_DIM= 5, 5", "VAR_DIM= 6, 5")
    assert {"MAXY_MISMATCH", "NPOINTS_MISMATCH"} <= set(codes(only(bad)))


def test_pages_of_peaks_are_read() -> None:
    scans = "\n".join(f"##PAGE= T={n}\n##NPOINTS= 2\n##DATA TABLE= (XY..XY), PEAKS\n{n},1;50,{n}0" for n in (1, 2, 3))
    record = only(
        block(
            "DATA TYPE= MASS SPECTRUM",
            "NTUPLES= MASS SPECTRUM",
            "SYMBOL= X, Y, T",
            "UNITS= M/Z, RELATIVE ABUNDANCE, SECONDS",
            f"VAR_TYPE= x\n{scans}",
        )
    )
    assert record.issues == ()
    assert record.properties["pageCount"] == 3
    assert record.properties["peakCount"] == 6
    assert record.properties["peaks"] == [{"x": 1.0, "y": 1.0}, {"x": 50.0, "y": 10.0}]
    assert plot(record)["style"] == "sticks"


def test_peak_tables_list_their_peaks() -> None:
    record = only(block("DATA TYPE= NMR PEAK TABLE", "NPOINTS= 3", "PEAK TABLE= (XYW..XYW)\n1,2,.5\n3 4 ?\n5;6;7"))
    assert record.properties["peaks"] == [
        {"x": 1.0, "y": 2.0, "width": 0.5},
        {"x": 3.0, "y": 4.0},
        {"x": 5.0, "y": 6.0, "width": 7.0},
    ]
    assert record.issues == ()


def test_points_of_their_own_abscissas() -> None:
    record = only(
        block(
            "DATA TYPE= CYCLIC VOLTAMMETRY",
            "NPOINTS= 4",
            "XFACTOR= 0.1",
            "YFACTOR= 10",
            "FIRSTX= 0.1",
            "LASTX= -0.1",
            "XYPOINTS= (XY..XY)\n1,1;2,2\n1 3\n-1, -4",
        )
    )
    assert record.issues == ()
    assert record.properties["technique"] == "CV"
    assert (record.properties["minX"], record.properties["maxX"], record.properties["minY"]) == (-0.1, 0.2, -40.0)
    assert plot(record)["x"] == [0.1, 0.2, 0.1, -0.1]


def test_interferograms_have_labels_of_their_own() -> None:
    record = only(
        block(
            "DATA TYPE= INFRARED INTERFEROGRAM",
            "RUNITS= MICROMETERS",
            "AUNITS= ARBITRARY UNITS",
            "FIRSTR= 0",
            "LASTR= 4",
            "DELTAR= 2",
            "RFACTOR= 1",
            "AFACTOR= .5",
            "NPOINTS= 3",
            "RADATA= (R++(A..A))\n0+2+4+6",
        )
    )
    assert (record.properties["lastX"], record.properties["maxY"], record.properties["xUnits"]) == (
        4.0,
        3.0,
        "MICROMETERS",
    )


def test_without_labels_of_the_axis_the_lines_tell_it() -> None:
    record = only(block("XFACTOR= 0.5", "XYDATA= (X++(Y..Y))\n10 1 2\n14 3 4\n18 5"))
    assert (record.properties["firstX"], record.properties["lastX"]) == (5.0, 9.0)


@pytest.mark.parametrize(
    ("stated", "parameter", "nucleus", "issue"),
    [
        ("^13C", "<1H>", "13C", []),
        ("1H", "x", "1H", []),
        ("^1C", "<C13>", "13C", ["NUCLEUS_IMPLAUSIBLE"]),
        ("what", "", None, ["NUCLEUS_IMPLAUSIBLE"]),
        ("^195Pt", "", "195Pt", []),
    ],
)
def test_nuclei(stated: str, parameter: str, nucleus: str | None, issue: list[str]) -> None:
    record = only(
        block(
            f".OBSERVE NUCLEUS= {stated}",
            f"$tn= {parameter}",
            ".OBSERVE FREQUENCY= 125.7",
            ".SOLVENT REFERENCE= 39.5 $$ solvent=D2O",
            "XYPOINTS= (XY..XY)\n1 1",
        )
    )
    assert record.properties.get("nucleus") == nucleus
    assert codes(record) == issue
    assert (record.properties["technique"], record.properties["frequency"]) == ("NMR", 125.7)
    assert record.properties["solvent"] == "D2O"


def test_what_is_wrong_with_a_block_costs_this_block() -> None:
    good = spectrum(affn([1, 2]), *axis(2))
    records = read(good + block("DATA TYPE= x", "XYDATA= (X++(Y..Y))\nnothing") + block("ORIGIN= x") + good)
    assert [record.status.value for record in records] == ["Parsed", "Failed", "Failed", "Parsed"]
    assert [codes(record)[-1:] for record in records] == [[], ["NO_DATA"], ["NO_DATA"], []]
    assert records[1].fields[1].value == "x"


def test_a_block_without_end_is_not_believed() -> None:
    good = spectrum(affn([1, 2]), *axis(2))
    records = read(good + good.replace("##END=\n", "") + good + good[:-20])
    assert [codes(record) for record in records] == [[], ["BLOCK_UNTERMINATED"], [], ["BLOCK_UNTERMINATED"]]
    assert {issue.place for record in records for issue in record.issues} == {"line 1 of the record"}
    [nothing_inside] = only("##TITLE= x\n##DATA TYPE= LINK\n##BLOCKS= 1\n").issues
    assert (nothing_inside.code, nothing_inside.place) == ("BLOCK_UNTERMINATED", "record 1")


@pytest.mark.parametrize(
    ("data_type", "count"),
    [("", 1), ("$$ LINK", 1), ("LINK $$ of two", 0), ("  link", 0), ("\nLINK", 0), ("LINKAGE", 1)],
)
def test_what_a_data_type_makes_of_a_block(data_type: str, count: int) -> None:
    assert len(read(block(f"DATA TYPE={data_type}", "XYPOINTS= (XY..XY)\n1 1"))) == count


def test_other_text_is_refused() -> None:
    with pytest.raises(FormatMismatch):
        boundaries(b"# a heading\n\nand prose\n")


def test_encodings_other_than_utf_8_are_noted() -> None:
    record = only(spectrum(affn([1, 2]), "OWNER= J\xe4ger", *axis(2)).encode("latin-1"))
    assert record.properties["owner"] == "J\xe4ger"
    assert codes(record) == ["ENCODING_ASSUMED"]
    assert only(b"\xef\xbb\xbf" + spectrum(affn([1, 2]), *axis(2)).encode()).name == "made by hand"


def test_long_values_are_cut_and_too_many_labels_left_out() -> None:
    many = [f"$P{n}= {n}" for n in range(1200)]
    record = only(spectrum(affn([1, 2]), "$FILE= " + "x" * 9000, *many, *axis(2)))
    assert set(codes(record)) == {"FIELDS_CUT", "FIELDS_LEFT_OUT"}
    assert record.properties["pointCount"] == 2


def test_long_spectra_are_drawn_by_the_extremes_of_their_buckets() -> None:
    values = [(n * 7919) % 1000 for n in range(50_000)]
    values[31_337], values[40_001] = 10**6, -(10**6)
    record = only(spectrum(affn(values), *axis(len(values))))
    assert record.issues == ()
    drawn = plot(record)
    assert drawn["decimated"] is True
    assert len(drawn["at"]) == len(drawn["y"]) <= PLOT_POINTS
    assert drawn["at"] == sorted(drawn["at"])
    assert all(values[at] == y for at, y in zip(drawn["at"], drawn["y"], strict=True))
    assert (max(drawn["y"]), min(drawn["y"])) == (10**6, -(10**6))
    assert len(record.structure.text if record.structure else "") < limits.MIB


@given(st.integers(1, 400), st.sets(st.integers(0, 5)))
def test_records_depend_neither_on_blocks_nor_on_chunks(size: int, cuts: set[int]) -> None:
    good = spectrum(affn([1, 2]), *axis(2)).replace("##END=", "##END= $$ " + "x" * 150)
    content = (LINKED + good + NTUPLES + STRUCTURE + good[:-200] + "\n" + LINKED).encode()
    ends = boundaries(content)
    assert boundaries(content, size) == ends
    assert len(ends) == 7
    head = content[: limits.HEAD_BYTES]
    records: list[Record] = []
    start = 0
    for end in sorted({ends[cut] for cut in cuts} | {ends[-1]}):
        records += jcamp.FORMAT.read(content[start:end], first_index=len(records), head=head)
        start = end
    assert records == list(jcamp.FORMAT.read(content, first_index=0, head=head))


def test_thousands_of_blocks_are_read_one_by_one() -> None:
    one = spectrum(affn([1, 2]), *axis(2))
    content = ("##TITLE= all\n##DATA TYPE= LINK\n##BLOCKS= 3000\n" + one * 3000 + "##END=\n").encode()
    ends = boundaries(content, 65_536)
    assert len(ends) == 3000
    assert ends[-1] == len(content)
    records = list(jcamp.FORMAT.read(content[ends[9] : ends[12]], first_index=10, head=content))
    assert [record.index for record in records] == [10, 11, 12]


@pytest.mark.parametrize(("factor", "wanted"), [("0.001", (0.9, 0.95, 0.5)), ("0.0625", (56.25, 59.375, 31.25))])
def test_ordinates_are_what_the_file_says_and_not_what_binary_arithmetic_makes_of_it(
    factor: str, wanted: tuple[float, float, float]
) -> None:
    first, last = "FIRSTX= 0", "LASTX= 2"
    record = only(spectrum(["0+900+950+500"], first, last, "NPOINTS= 3", "XFACTOR= 1", f"YFACTOR= {factor}"))
    found = record.properties
    assert (found["firstY"], found["maxY"], found["lastY"]) == wanted
