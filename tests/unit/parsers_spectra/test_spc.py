"""SPC files made by hand."""

from __future__ import annotations

import json
import math
from functools import partial

import pytest

from functions.parsers.spectra.formats import spc
from leanda.contracts.artefacts import Record, RecordStatus
from leanda.errors import FileCorrupt, FormatMismatch, ParseFailure
from tests.unit.parsers import reading
from tests.unit.parsers.reading import codes
from tests.unit.parsers_spectra import spc_files as files

VALUES = [0.5, 1.25, -3.0, 7.75, 2.0]

read = partial(reading.read, spc.FORMAT)


def ordinates(record: Record) -> list[float]:
    assert record.structure is not None
    drawn = json.loads(record.structure.text)
    return [value * drawn.get("yFactor", 1) for value in drawn["y"]]


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_file_of_either_byte_order(order: str) -> None:
    content = files.single(VALUES, order, log_at=512 + 32 + 20) + files.log(b"RES = 4.\r\nname=007\r\nfree text", order)
    [record] = read(content)
    assert record.properties == {
        "technique": "IR",
        "title": "a sample",
        "instrument": "FTS 40",
        "date": "2024-02-29T23:59:00",
        "xUnits": "Wavenumber (cm-1)",
        "yUnits": "Absorbance",
        "pointCount": 5,
        "firstX": 400.0,
        "lastX": 800.0,
        "firstY": 0.5,
        "lastY": 2.0,
        "minX": 400.0,
        "maxX": 800.0,
        "minY": -3.0,
        "maxY": 7.75,
    }
    assert [(field.name, field.value) for field in record.fields] == [
        ("fcmnt", "a sample"),
        ("fres", "4 cm-1"),
        ("fsource", "FTS 40"),
        ("RES", 4.0),
        ("name", "007"),
        ("log", "free text"),
    ]
    assert ordinates(record) == VALUES
    assert record.issues == ()


def test_integers_of_32_and_16_bits_are_scaled_by_the_exponent() -> None:
    wide = files.header(count=3, exponent=20) + files.subheader() + files.integers([2**11, -(2**12), 5])
    assert ordinates(read(wide)[0]) == [0.5, -1.0, 5 / 2**12]
    short = (
        files.header(count=2, exponent=10, flags=files.SHORT) + files.subheader() + files.integers([64, -1], code="h")
    )
    assert ordinates(read(short)[0]) == [1.0, -1 / 64]


def test_shared_abscissas_stand_before_the_first_subfile() -> None:
    content = (
        files.header(count=3, flags=files.X) + files.floats([1, 4, 9]) + files.subheader() + files.floats([5, 6, 7])
    )
    [record] = read(content)
    assert record.structure is not None
    assert json.loads(record.structure.text)["x"] == [1, 4, 9]


def test_subfiles_of_one_axis() -> None:
    body = b"".join(files.subheader(n, z=n * 1.5) + files.floats([n, n + 1]) for n in range(3))
    records = read(files.header(count=2, subfiles=3, flags=files.MULTI) + body)
    assert [record.name for record in records] == ["a sample [1]", "a sample [2]", "a sample [3]"]
    assert [record.properties["z"] for record in records] == [0.0, 1.5, 3.0]
    assert [record.properties["zUnits"] for record in records] == ["Minutes"] * 3
    assert [ordinates(record) for record in records] == [[0, 1], [1, 2], [2, 3]]


@pytest.mark.parametrize("directory", [True, False])
def test_subfiles_with_abscissas_of_their_own(directory: bool) -> None:
    spectra = [[(43.5, 100), (27.25, 50)], [(18.0, 7)], [(1.0, 1), (2.0, 2), (3.0, 3)]]
    records = read(files.own_abscissas(spectra, directory=directory))
    assert [record.properties["pointCount"] for record in records] == [2, 1, 3]
    assert records[0].properties["firstX"] == 43.5
    assert ordinates(records[0]) == [100, 50]
    assert records[0].properties["technique"] == "MS"


def test_labels_of_the_file_are_its_units() -> None:
    content = files.single(VALUES, flags=files.LABELS, labels=b"Potential (V)\0Current (A)\0Time")
    [record] = read(content)
    assert (record.properties["xUnits"], record.properties["yUnits"]) == ("Potential (V)", "Current (A)")


def test_the_layout_before_1996() -> None:
    values = [2**20, -(2**19), 2**12 + 3]
    [record] = read(files.old(values))
    assert ordinates(record) == [value / 2**12 for value in values]
    assert (record.properties["date"], record.properties["yUnits"]) == ("1993-04-18T09:20:00", "Transmission")
    assert (record.properties["firstX"], record.properties["lastX"]) == (400.0, 800.0)
    assert [(field.name, field.value) for field in record.fields] == [("ocmnt", "old sample"), ("ores", "8 cm-1")]
    several = read(files.old(values, subfiles=4))
    assert [ordinates(one) for one in several] == [ordinates(record)] * 4


def test_old_files_keep_the_type_of_z_beside_the_year() -> None:
    for record in read(files.old([1, 2], subfiles=2, z_type=4)):
        assert (record.properties["date"], record.properties["zUnits"]) == ("1993-04-18T09:20:00", "Seconds")
    for record in read(files.old([1, 2], subfiles=2, z_type=1)):
        assert (record.properties["date"], record.properties["zUnits"]) == ("1993-04-18T09:20:00", "Wavenumber (cm-1)")


def test_labels_of_old_files_are_announced_by_the_type_of_z() -> None:
    [record] = read(files.old([1, 2], z_type=15, labels=b"Potential (V)\0Current (A)\0"))
    assert (record.properties["xUnits"], record.properties["yUnits"]) == ("Potential (V)", "Current (A)")
    assert record.properties["date"] == "1993-04-18T09:20:00"


@pytest.mark.parametrize("exponent", [0x80, -0x80])
def test_old_files_may_hold_floating_numbers(exponent: int) -> None:
    [record] = read(files.old(VALUES, exponent=exponent))
    assert ordinates(record) == VALUES


def test_floating_numbers_may_be_announced_for_the_file_alone() -> None:
    body = b"".join(files.subheader(n, exponent=0) + files.floats(VALUES) for n in range(2))
    records = read(files.header(count=5, subfiles=2, flags=files.MULTI) + body)
    assert [ordinates(record) for record in records] == [VALUES] * 2


@pytest.mark.parametrize(("z_step", "z_next"), [(0.0, 2.5), (0.5, None)])
def test_evenly_spaced_subfiles_may_say_their_z_with_the_first_alone(z_step: float, z_next: float | None) -> None:
    first = files.subheader(z=2.0, z_next=z_next) + files.floats([1])
    others = b"".join(files.subheader(n) + files.floats([1]) for n in (1, 2))
    records = read(files.header(count=1, subfiles=3, flags=files.MULTI, z_step=z_step) + first + others)
    assert [record.properties["z"] for record in records] == [2.0, 2.5, 3.0]
    assert [record.fields[0].value for record in records] == [2.0, 2.5, 3.0]


def test_z_that_is_stated_or_in_no_order_is_not_computed() -> None:
    stated = b"".join(files.subheader(n, z=z, z_next=z + 1) + files.floats([1]) for n, z in enumerate((2.0, 4.0, 8.0)))
    records = read(files.header(count=1, subfiles=3, flags=files.MULTI) + stated)
    assert [record.properties["z"] for record in records] == [2.0, 4.0, 8.0]
    first = files.subheader(z=2.0, z_next=3.0) + files.floats([1])
    other = files.subheader(1, z=0.0) + files.floats([1])
    records = read(files.header(count=1, subfiles=2, flags=files.MULTI | files.ARBITRARY_Z) + first + other)
    assert [record.properties["z"] for record in records] == [2.0, 0.0]


def test_a_flag_makes_a_general_spectrum_a_chromatogram() -> None:
    [record] = read(files.single(VALUES, flags=files.CHROMATOGRAM, experiment=0, x_type=5))
    assert record.properties["technique"] == "chromatography"
    [record] = read(files.old([1, 2], flags=files.CHROMATOGRAM))
    assert record.properties["technique"] == "chromatography"


def test_a_single_spectrum_needs_no_count_of_subfiles() -> None:
    [record] = read(files.single(VALUES, subfiles=0))
    assert ordinates(record) == VALUES


def test_a_subfile_that_is_cut_off_fails_and_so_do_those_behind_it() -> None:
    body = b"".join(files.subheader(n) + files.floats([n, n + 1]) for n in range(3))
    records = read((files.header(count=2, subfiles=3, flags=files.MULTI) + body)[:-50])
    assert [record.status for record in records] == [RecordStatus.PARSED, RecordStatus.FAILED, RecordStatus.FAILED]
    assert codes(records[1]) == ["SUBFILE_CUT_OFF"]


def test_with_a_directory_a_bad_subfile_costs_only_itself() -> None:
    content = bytearray(files.own_abscissas([[(1.0, 1)], [(2.0, 2)], [(3.0, 3)]]))
    at = 512 + (32 + 6) + 16
    content[at : at + 4] = (2**31).to_bytes(4, "little")
    records = read(bytes(content))
    assert [record.status.value for record in records] == ["Parsed", "Failed", "Parsed"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"K",
        b"\0K" + bytes(100),
        b"just text",
        files.header(count=5, subfiles=0, flags=files.MULTI),
        files.header(count=5, subfiles=2**31),
        files.header(count=2**31, subfiles=1, flags=files.X),
        files.old([1])[:200],
    ],
)
def test_what_is_no_spc_file_is_refused(content: bytes) -> None:
    with pytest.raises(ParseFailure) as refused:
        read(content)
    assert isinstance(refused.value, FormatMismatch | FileCorrupt)


def test_counts_that_the_file_has_no_room_for_are_refused() -> None:
    for count in (1000, 2**24, 2**32 - 1):
        [record] = read(files.header(count=count) + files.subheader() + files.floats(VALUES))
        assert record.status is RecordStatus.FAILED


def test_subfiles_that_all_point_to_the_same_points_are_stopped() -> None:
    content = bytearray(files.own_abscissas([[(float(n), n) for n in range(2000)]] + [[(1.0, 1)]] * 500))
    directory = int.from_bytes(content[4:8], "little")
    for n in range(501):
        content[directory + 12 * n : directory + 12 * n + 4] = (512).to_bytes(4, "little")
    records = read(bytes(content))
    assert {code for record in records for code in codes(record)} == {"SUBFILES_OVERLAP"}
    assert sum(record.status is RecordStatus.PARSED for record in records) < 20


def test_values_that_are_no_numbers_are_missing() -> None:
    [record] = read(files.single([1.0, math.nan, math.inf, 4.0]))
    assert (record.properties["missingPoints"], record.properties["maxY"]) == (2, 4.0)
    [record] = read(files.single(VALUES, first=math.nan))
    assert codes(record) == ["SUBFILE_CORRUPT"]


def test_a_log_that_points_nowhere_is_noted() -> None:
    [record] = read(files.single(VALUES, log_at=10**9))
    assert (record.status, codes(record)) == (RecordStatus.PARSED, ["LOG_UNREADABLE"])
