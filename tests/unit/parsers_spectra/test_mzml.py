"""mzML files made by hand."""

from __future__ import annotations

import base64
import json
import math
import struct
import zlib
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.parsers.spectra.formats import mzml
from functions.parsers.spectra.formats.mzml_arrays import decoded
from functions.parsers.spectra.formats.mzml_head import XmlEntitiesRefused
from functions.parsers.spectra.formats.text import Unreadable
from leanda import limits
from leanda.contracts.artefacts import Record
from leanda.errors import FormatMismatch
from tests.unit.parsers import reading
from tests.unit.parsers.reading import codes
from tests.unit.parsers_spectra import mzml_files as files

boundaries = partial(reading.boundaries, mzml.FORMAT)
read = partial(reading.read, mzml.FORMAT)


def test_a_spectrum_has_its_points_parameters_and_head() -> None:
    group = '<referenceableParamGroup id="g">' + files.cv("MS:1000130", "positive scan") + "</referenceableParamGroup>"
    more = (
        '<referenceableParamGroupRef ref="g"/>'
        + files.cv("MS:1000511", "ms level", 2)
        + '<scanList count="1"><scan>'
        + files.cv("MS:1000016", "scan start time", 1.5, "minute")
        + "</scan></scanList>"
        + '<precursorList count="1"><precursor><selectedIonList count="1"><selectedIon>'
        + files.cv("MS:1000744", "selected ion m/z", 445.34, "m/z")
        + files.cv("MS:1000041", "charge state", 2)
        + "</selectedIon></selectedIonList><activation>"
        + files.cv("MS:1000133", "collision-induced dissociation")
        + files.cv("MS:1000045", "collision energy", 35.0, "electronvolt")
        + "</activation></precursor></precursorList>"
    )
    [record] = read(files.document(files.spectrum(more=more), groups=group))
    assert (record.name, record.issues) == ("scan=1", ())
    assert record.properties == {
        "technique": "MS",
        "instrument": "Q Exactive",
        "date": "2013-09-10T10:31:08Z",
        "polarity": "positive",
        "representation": "centroid",
        "msLevel": 2,
        "scanStartTime": 1.5,
        "scanStartTimeUnit": "minute",
        "precursors": [
            {"mz": 445.34, "charge": 2, "activation": "collision-induced dissociation", "collisionEnergy": 35.0}
        ],
        "xUnits": "m/z",
        "yUnits": "number of counts",
        "pointCount": 3,
        "firstX": 100.5,
        "lastX": 300.125,
        "firstY": 10.0,
        "lastY": 20.0,
        "minX": 100.5,
        "maxX": 300.125,
        "minY": 10.0,
        "maxY": 300.0,
        "peakCount": 3,
        "peaks": [{"x": 100.5, "y": 10.0}, {"x": 200.25, "y": 300.0}, {"x": 300.125, "y": 20.0}],
    }
    fields = {field.name: field.value for field in record.fields}
    assert fields["positive scan"] is True
    assert (fields["selected ion m/z"], fields["selected ion m/z unit"]) == (445.34, "m/z")
    assert record.structure is not None
    drawn = json.loads(record.structure.text)
    assert (drawn["x"], drawn["y"], drawn["style"]) == ([100.5, 200.25, 300.125], [10, 300, 20], "sticks")


@pytest.mark.parametrize(
    ("text", "accessions", "expected"),
    [
        (files.packed([1.5, -2.25], files.F64), {files.F64, files.NONE}, [1.5, -2.25]),
        (files.packed([1.5, -2.25], files.F32, files.ZLIB), {files.F32, files.ZLIB}, [1.5, -2.25]),
        (files.packed([1, -2], files.I32), {files.I32}, [1, -2]),
        (files.packed([1, 2**40], files.I64, files.ZLIB), {files.I64, files.ZLIB}, [1, 2**40]),
        ("", {files.F64}, []),
    ],
)
def test_arrays_of_every_type(text: str, accessions: set[str], expected: list[float]) -> None:
    assert decoded(text, accessions)[0].tolist() == expected


@given(st.lists(st.integers(0, 2**30), max_size=40))
def test_numpress_pic_gives_the_integers_back(values: list[int]) -> None:
    text = base64.b64encode(files.half_bytes(values)).decode()
    assert decoded(text, {files.PIC, files.F64})[0].tolist() == values


@given(st.lists(st.floats(0, 2000), min_size=1, max_size=40), st.booleans())
def test_numpress_linear_gives_the_numbers_back_to_its_scale(values: list[float], squeezed: bool) -> None:
    raw = files.linear(values, 10_000.0)
    accessions = {"MS:1002746"} if squeezed else {files.LINEAR}
    text = base64.b64encode(zlib.compress(raw) if squeezed else raw).decode()
    found = decoded(text, accessions)[0]
    assert all(math.isclose(a, b, abs_tol=1e-4) for a, b in zip(found, values, strict=True))


@given(st.lists(st.floats(0, 1e6), max_size=40))
def test_numpress_slof_gives_the_numbers_back_nearly(values: list[float]) -> None:
    text = base64.b64encode(files.slof(values, 4000.0)).decode()
    found = decoded(text, {files.SLOF})[0]
    assert all(abs(a - b) <= 1.3e-4 * (b + 1) for a, b in zip(found, values, strict=True))


@pytest.mark.parametrize(
    ("text", "accessions", "code"),
    [
        ("AAAA", {files.F64}, "ARRAY_CORRUPT"),
        ("A", {files.F64}, "ARRAY_CORRUPT"),
        ("\xe4\xe4", {files.F64}, "ARRAY_CORRUPT"),
        (files.packed([1.0], files.F64), {files.F64, files.ZLIB}, "ARRAY_CORRUPT"),
        (base64.b64encode(zlib.compress(b"x" * 800)[:-6]).decode(), {files.F64, files.ZLIB}, "ARRAY_CORRUPT"),
        (base64.b64encode(zlib.compress(bytes(40 * limits.MIB), 9)).decode(), {files.F64, files.ZLIB}, "ARRAY_BOMB"),
        (files.packed([1.0], files.F64), set(), "ARRAY_ENCODING_UNKNOWN"),
        (files.packed([1.0], files.F64), {files.F64, "MS:1003780"}, "ARRAY_ENCODING_UNKNOWN"),
        ("AAAA", {files.LINEAR}, "ARRAY_CORRUPT"),
        (base64.b64encode(struct.pack(">d", 0.0) + bytes(8)).decode(), {files.LINEAR}, "ARRAY_CORRUPT"),
        (base64.b64encode(struct.pack(">d", 1e-9) + b"\xff" * 8).decode(), {files.SLOF}, "ARRAY_CORRUPT"),
        (base64.b64encode(b"\x01\x11").decode(), {files.PIC}, "ARRAY_CORRUPT"),
    ],
)
def test_arrays_that_do_not_hold_what_they_say_are_refused(text: str, accessions: set[str], code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        decoded(text, accessions)
    assert refused.value.issue.code == code


def test_charges_of_deconvoluted_peaks_are_no_intensities() -> None:
    """The order of the arrays is free; "charge array" is MS:1000516."""
    x, y = (files.array(axis, files.packed((1.0, 2.0), files.F64), files.F64) for axis in (files.MZ, files.INTENSITY))
    charges = files.array("MS:1000516", files.packed((2, 3), files.I32), files.I32, unit="")
    [record] = read(files.document(files.spectrum(arrays=charges + x + y, length=2)))
    assert record.properties["peaks"] == [{"x": 1.0, "y": 1.0}, {"x": 2.0, "y": 2.0}]
    [record] = read(files.document(files.spectrum(arrays=x + charges, length=2)))
    assert codes(record) == ["NO_DATA"]


@pytest.mark.parametrize(
    "before",
    [
        files.cv("MS:1000529", "instrument serial number", "SN05311B"),
        files.cv("MS:1000032", "customization", "nano source"),
        '<userParam name="site" value="Kiel"/>',
    ],
)
def test_the_instrument_is_a_model_not_what_is_said_of_it(before: str) -> None:
    configuration = '<instrumentConfiguration id="IC1">'
    content = files.document(files.spectrum()).decode().replace(configuration, configuration + before)
    assert read(content.encode())[0].properties["instrument"] == "Q Exactive"
    without = content.replace(files.cv("MS:1001911", "Q Exactive"), files.cv("MS:1000031", "instrument model"))
    assert "instrument" not in read(without.encode())[0].properties


def test_a_level_or_a_charge_that_nothing_has_is_none() -> None:
    ion = files.cv("MS:1000744", "selected ion m/z", 445.34) + files.cv("MS:1000041", "charge state", "1e300")
    more = files.cv("MS:1000511", "ms level", "1e300") + (
        "<precursorList count='1'><precursor><selectedIonList count='1'><selectedIon>"
        f"{ion}</selectedIon></selectedIonList></precursor></precursorList>"
    )
    [record] = read(files.document(files.spectrum(more=more)))
    assert "msLevel" not in record.properties
    assert record.properties["precursors"] == [{"mz": 445.34}]


def test_what_is_wrong_with_a_spectrum_costs_this_spectrum() -> None:
    good = files.spectrum()
    x = files.array(files.MZ, files.packed([1.0], files.F64), files.F64)
    nan = files.array(files.MZ, files.packed([math.nan], files.F64), files.F64)
    y = files.array(files.INTENSITY, files.packed([1, 2], files.F32), files.F32)
    broken = [
        (files.spectrum(arrays=x + y, name="arrays differ"), "ARRAYS_DIFFER"),
        (files.spectrum(arrays=x, name="no intensities"), "NO_DATA"),
        (files.spectrum(arrays="", name="nothing"), "NO_DATA"),
        (
            files.spectrum(arrays=nan + files.array(files.INTENSITY, files.packed([1], files.F32), files.F32)),
            "ARRAY_CORRUPT",
        ),
        (files.spectrum(more="<open>"), "XML_INVALID"),
        (files.spectrum(more="&undefined;"), "XML_INVALID"),
    ]
    records = read(files.document(good, *(part for one, _ in broken for part in (one, good))))
    assert [record.status.value for record in records] == ["Parsed", *["Failed", "Parsed"] * len(broken)]
    assert [codes(record) for record in records[1::2]] == [[code] for _, code in broken]


def test_a_spectrum_without_points_is_good() -> None:
    empty = '<spectrum index="0" id="empty" defaultArrayLength="0"/>'
    records = read(files.document(empty, files.spectrum(arrays="", length=0), files.spectrum()))
    assert [record.status.value for record in records] == ["Parsed"] * 3
    assert records[0].structure is None


def test_a_count_that_is_wrong_is_a_warning() -> None:
    [record] = read(files.document(files.spectrum(length=7)))
    assert codes(record) == ["NPOINTS_MISMATCH"]


def test_missing_intensities_are_missing_points() -> None:
    [record] = read(files.document(files.spectrum(intensity=(1, math.nan, 3))))
    assert (record.properties["missingPoints"], record.properties["maxY"]) == (1, 3.0)
    assert record.structure is not None
    assert json.loads(record.structure.text)["y"] == [1.0, None, 3.0]


@pytest.mark.parametrize("kept", [0.4, 0.7, 0.95])
def test_a_file_that_is_cut_off_ends_with_a_failed_spectrum(kept: float) -> None:
    content = files.document(*[files.spectrum()] * 5)
    records = read(content[: int(len(content) * kept)])
    assert codes(records[-1]) == ["SPECTRUM_CUT_OFF"]
    assert all(record.status.value == "Parsed" for record in records[:-1])


def test_chromatograms_alone_are_a_good_file_without_records() -> None:
    content = files.document().replace(b"spectrumList", b"chromatogramList")
    assert read(content) == []
    assert not mzml.FORMAT.empty_is_failure


@pytest.mark.parametrize(
    "declaration",
    [b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>', b'<!DOCTYPE x SYSTEM "file:///etc/passwd">'],
)
def test_document_types_are_refused(declaration: bytes) -> None:
    content = files.document(files.spectrum()).replace(b"<mzML", declaration + b"<mzML")
    with pytest.raises(XmlEntitiesRefused):
        boundaries(content)


@pytest.mark.parametrize("content", [b"<svg/>", b"no xml", files.document().replace(b"utf-8", b"utf-7")])
def test_other_files_are_refused(content: bytes) -> None:
    with pytest.raises(FormatMismatch):
        boundaries(content)


def test_encodings_are_those_of_the_declaration() -> None:
    [record] = read(files.document(files.spectrum(name="J\xe4ger"), encoding="iso-8859-1"))
    assert record.name == "J\xe4ger"


COMMENT = '<!-- was <spectrum index="9"> </spectrum> <spectrumList> -- > -->'


@given(st.integers(1, 700))
def test_tags_in_comments_are_none(size: int) -> None:
    plain = [files.spectrum(name="1"), files.spectrum(name="2"), files.spectrum(name="3")]
    content = files.document(COMMENT + plain[0], COMMENT + plain[1] + COMMENT, plain[2] + COMMENT)
    assert boundaries(content, size) == boundaries(content)
    assert [(record.name, codes(record)) for record in read(content)] == [("1", []), ("2", []), ("3", [])]


def test_a_comment_without_an_end_hides_what_follows_it() -> None:
    content = files.document(files.spectrum(), "<!--" + files.spectrum(), end=False)
    assert [codes(record) for record in read(content)] == [[], ["SPECTRUM_CUT_OFF"]]


def test_a_precursor_that_is_a_window_says_where_it_is() -> None:
    window = (
        '<precursorList count="1"><precursor><isolationWindow>'
        + files.cv("MS:1000827", "isolation window target m/z", 412.5, "m/z")
        + files.cv("MS:1000828", "isolation window lower offset", 12.5, "m/z")
        + files.cv("MS:1000829", "isolation window upper offset", 13, "m/z")
        + "</isolationWindow><activation>"
        + files.cv("MS:1000422", "beam-type collision-induced dissociation")
        + "</activation></precursor></precursorList>"
    )
    [record] = read(files.document(files.spectrum(more=window)))
    assert record.properties["precursors"] == [
        {
            "isolationTargetMz": 412.5,
            "isolationLowerOffset": 12.5,
            "isolationUpperOffset": 13.0,
            "activation": "beam-type collision-induced dissociation",
        }
    ]


@given(st.integers(1, 700), st.sets(st.integers(0, 3)))
def test_records_depend_neither_on_blocks_nor_on_chunks(size: int, cuts: set[int]) -> None:
    empty = '<spectrum index="1" id="empty" defaultArrayLength="0" />'
    content = files.document(files.spectrum(name="a" * 300), empty, files.spectrum(), files.spectrum())[:-120]
    ends = boundaries(content)
    assert boundaries(content, size) == ends
    assert len(ends) == 4
    records: list[Record] = []
    start = 0
    for end in sorted({ends[cut] for cut in cuts} | {ends[-1]}):
        records += mzml.FORMAT.read(content[start:end], first_index=len(records), head=content)
        start = end
    assert records == read(content)
