from __future__ import annotations

from functools import partial

import pytest

from functions.parsers.crystal.formats import cif
from functions.parsers.crystal.formats.values import Number, number
from leanda import limits
from leanda.contracts.artefacts import RecordStatus, Severity
from tests.unit.parsers import reading
from tests.unit.parsers.reading import codes
from tests.unit.parsers_crystal.cifs import BROKEN, PROTEIN, QUARTZ, SALT

read = partial(reading.read, cif.FORMAT)
read_one = partial(reading.read_one, cif.FORMAT)


def test_a_crystal_has_its_cell_with_uncertainties_space_group_and_formula() -> None:
    record = read_one(QUARTZ)
    assert (record.type, record.name, record.status) == ("crystal", "quartz", RecordStatus.PARSED)
    assert record.properties == {
        "cellLengthA": 4.9134,
        "cellLengthAUncertainty": 0.0002,
        "cellLengthB": 4.9134,
        "cellLengthBUncertainty": 0.0002,
        "cellLengthC": 5.4052,
        "cellLengthCUncertainty": 0.001,
        "cellAngleAlpha": 90,
        "cellAngleBeta": 90,
        "cellAngleGamma": 120.0,
        "cellVolume": 113.01,
        "cellVolumeUncertainty": 0.02,
        "spaceGroupSymbol": "P 32 2 1",
        "spaceGroupNumber": 154,
        "crystalSystem": "trigonal",
        "formula": "O2 Si",
        "chemicalName": "Quartz low",
        "z": 3,
        "density": 2.649,
        "temperature": 298,
        "temperatureUncertainty": 2.0,
        "atomCount": 2,
    }
    assert codes(record) == ["SPACE_GROUP_COMPUTED"]
    assert record.toolkit == "gemmi 0.7.5"


def test_every_tag_with_one_value_is_a_field_and_long_loops_are_not() -> None:
    record = read_one(QUARTZ)
    fields = {field.name: field.value for field in record.fields}
    assert fields["_cell_length_a"] == 4.9134
    assert fields["_cell_length_a_su"] == 0.0002
    assert fields["_publ_section_title"] == 'data_ inside of a text is no block,\n\'nor are "quotes"'
    assert fields["_journal_year"] == 1980
    assert fields["_journal_page_first"] == "0456"
    assert fields["_citation_id"] == "primary"
    assert not {"_exptl_crystal_colour", "_exptl_crystal_preparation", "_atom_site_label"} & fields.keys()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"'a b'", "a b"),
        (b'"it\'s"', "it's"),
        (b"\n;\nfirst\n second\n;", "first\n second"),
        (b"\n;first\n;", "first"),
        (b"\n;\\\none \\\nline\n;", "one line"),
        (b"'5'", "5"),
        (b"'?'", "?"),
    ],
)
def test_texts_lose_their_quotes_and_folds_only(value: bytes, expected: str) -> None:
    [field] = read_one(b"data_a\n_x " + value).fields
    assert field.value == expected


def test_the_structure_is_the_blocks_own_text() -> None:
    record = read_one(QUARTZ.replace(b"\n", b"\r\n"))
    assert record.structure is not None
    assert record.structure.media_type == "chemical/x-cif"
    assert record.structure.text == QUARTZ.replace(b"\n", b"\r\n").decode()


def test_mmcif_is_read_with_its_own_tags() -> None:
    record = read_one(PROTEIN)
    assert record.properties["cellLengthA"] == 39.374
    assert record.properties["cellLengthAUncertainty"] == 0.002
    assert record.properties["z"] == 12
    assert record.properties["spaceGroupNumber"] == 182
    assert record.properties["chemicalName"] == "A made-up protein"
    assert record.properties["atomCount"] == 3
    assert record.properties["cellVolume"] == pytest.approx(39.374**2 * 79.734 * 3**0.5 / 2)
    assert codes(record) == ["CELL_VOLUME_COMPUTED", "SPACE_GROUP_COMPUTED"]


def test_what_is_wrong_with_one_block_costs_one_record() -> None:
    records = read(SALT + BROKEN + QUARTZ, first_index=5)
    assert [(record.index, record.status.value) for record in records] == [(5, "Parsed"), (6, "Failed"), (7, "Parsed")]
    [issue] = records[1].issues
    assert (issue.code, issue.severity, issue.place) == ("CIF_SYNTAX", Severity.ERROR, "line 2 of the record, column 1")
    assert "Wrong number of values" in issue.message


@pytest.mark.parametrize(
    ("tags", "symbol", "number", "issues"),
    [
        (b"_space_group_IT_number 14", "P 1 21/c 1", 14, ["SPACE_GROUP_COMPUTED"]),
        (b"_space_group_IT_number 227", "F d -3 m:2", 227, ["SPACE_GROUP_COMPUTED"]),
        (b"_space_group_IT_number 48", "P n n n:2", 48, ["SPACE_GROUP_COMPUTED"]),
        (b"_space_group_IT_number 146", "R 3:H", 146, ["SPACE_GROUP_COMPUTED"]),
        (b"_space_group_name_H-M_alt 'P 21/n'", "P 21/n", 14, ["SPACE_GROUP_COMPUTED"]),
        (b"_space_group_name_H-M_alt 'P 21/n' _space_group_IT_number 14", "P 21/n", 14, []),
        (b"_space_group_name_H-M_alt 'P 21/n' _space_group_IT_number 15", "P 21/n", 15, ["SPACE_GROUP_CONFLICT"]),
        (b"_space_group_name_Hall '-P 2ybc'", "P 1 21/c 1", 14, ["SPACE_GROUP_COMPUTED"]),
        (b"_space_group_name_H-M_alt 'Q 5'", "Q 5", None, ["SPACE_GROUP_UNKNOWN"]),
        (b"_symmetry_space_group_name_H-M P2(1)/c", "P2(1)/c", 14, ["SPACE_GROUP_COMPUTED"]),
        (b"_symmetry_space_group_name_H-M 'P 4(2)/m n m'", "P 4(2)/m n m", 136, ["SPACE_GROUP_COMPUTED"]),
        (b"_symmetry_space_group_name_H-M 'P 2_1 2_1 2_1'", "P 2_1 2_1 2_1", 19, ["SPACE_GROUP_COMPUTED"]),
        (b"_space_group_name_H-M_alt 'F d -3 m Z'", "F d -3 m Z", 227, ["SPACE_GROUP_COMPUTED"]),
        (b"_space_group_name_H-M_alt 'I41/amdS'", "I41/amdS", 141, ["SPACE_GROUP_COMPUTED"]),
        (b"_symmetry_space_group_name_H-M '?' _symmetry_Int_Tables_number '2'", "P -1", 2, ["SPACE_GROUP_COMPUTED"]),
        (b"_symmetry_equiv_pos_as_xyz 'x, y, z'", "P 1", 1, ["SPACE_GROUP_COMPUTED"]),
        (b"_space_group_IT_number 231", None, None, ["SPACE_GROUP_UNKNOWN"]),
        (b"_space_group_IT_number x2", None, None, ["NUMBER_UNREADABLE"]),
        (b"loop_ _space_group_symop_operation_xyz x,y,z -x,-y,-z", "P -1", 2, ["SPACE_GROUP_COMPUTED"]),
        (b"loop_ _symmetry_equiv_pos_as_xyz x,y,z '-x, y, q'", None, None, []),
        (b"loop_ _symmetry_equiv_pos_as_xyz " + b"x,y,z " * 5000, None, None, []),
    ],
)
def test_the_space_group_is_the_stated_one_or_follows_from_what_is_stated(
    tags: bytes, symbol: str | None, number: int | None, issues: list[str]
) -> None:
    record = read_one(b"data_a\n" + tags)
    assert record.properties.get("spaceGroupSymbol") == symbol
    assert record.properties.get("spaceGroupNumber") == number
    assert codes(record) == issues


def test_a_setting_that_only_the_number_tells_is_said_to_be_the_reference_setting() -> None:
    [issue] = read_one(b"data_a\n_space_group_IT_number 227").issues
    assert issue.message == (
        "The space group's symbol follows from its number, in the reference setting; the file does not tell its own."
    )


@pytest.mark.parametrize(
    ("atoms", "count"),
    [
        (b"_atom_site_label Cu1 _atom_site_fract_x 0", 1),
        (b"_atom_site.id 7", 1),
        (b"loop_ _atom_site_label Cu1", 1),
        (b"loop_ _atom_site_label Cu1 Cu2", 2),
        (b"_atom_site_label ? _atom_site_fract_x .", None),
        (b"loop_ _atom_site_label _atom_site_fract_x ? ?", None),
    ],
)
def test_an_atom_counts_with_a_loop_and_without(atoms: bytes, count: int | None) -> None:
    assert read_one(b"data_a\n" + atoms).properties.get("atomCount") == count


@pytest.mark.parametrize("unknown", [b"?", b".", b"'?'", b"\n;\n?\n;", b"\n; \n ? \n;"])
def test_a_name_that_nobody_filled_in_is_none(unknown: bytes) -> None:
    """SHELXL writes a question mark into the text of each form."""
    named = b"data_a\n_chemical_name_systematic " + unknown + b"\n_chemical_name_common %s\n"
    assert "chemicalName" not in read_one(named % b"?").properties
    assert read_one(named % b"aspirin").properties["chemicalName"] == "aspirin"


def test_a_number_in_quotes_is_one_where_the_dictionary_has_a_number() -> None:
    record = read_one(b"data_a\n_cell_length_a '5.64(2)'\n_cell.length_b \"5.7\"\n_cell.length_b_esd '0.1'\n_x '5'\n")
    assert {name: value for name, value in record.properties.items() if name.startswith("cell")} == {
        "cellLengthA": 5.64,
        "cellLengthAUncertainty": 0.02,
        "cellLengthB": 5.7,
        "cellLengthBUncertainty": 0.1,
    }
    assert record.fields[-1].value == "5"


def cell(*values: str) -> bytes:
    names = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma", "volume")
    return b"data_a\n" + "".join(f"_cell_{name} {value}\n" for name, value in zip(names, values, strict=False)).encode()


@pytest.mark.parametrize(
    ("values", "volume", "issues"),
    [
        (("2", "3", "4", "90", "90", "90"), 24.0, ["CELL_VOLUME_COMPUTED"]),
        (("2", "3", "4", "90", "90", "90", "24.1"), 24.1, []),
        (("2", "3", "4", "90", "90", "90", "25"), 25, ["CELL_VOLUME_CONFLICT"]),
        (("2", "3", "4", "90", "90", "90", "25(1)"), 25, []),
        (("2", "3", "4", "10", "20", "170"), None, ["CELL_IMPOSSIBLE"]),
        (("2", "3", "0", "90", "90", "90"), None, ["CELL_IMPOSSIBLE"]),
        (("2", "3", "4", "90", "90", "190"), None, ["CELL_IMPOSSIBLE"]),
        (("2", "3", "4"), None, []),
    ],
)
def test_the_volume_is_checked_and_computed_when_missing(
    values: tuple[str, ...], volume: float | None, issues: list[str]
) -> None:
    record = read_one(cell(*values))
    assert record.properties.get("cellVolume") == (pytest.approx(volume) if volume else None)
    assert codes(record) == issues


@pytest.mark.parametrize(
    ("content", "issues"),
    [
        (b"\xef\xbb\xbfdata_a _x 1", ["CIF_REPAIRED"]),
        (b"data_a _x 1\n\x1a", ["CIF_REPAIRED"]),
        (b"data_a _x 1 _X 2", ["CIF_REPAIRED"]),
        (b"data_a _x 1 loop_ _x _y 2 3", ["CIF_REPAIRED"]),
        ("data_a _x 385–386".encode(), ["CIF_REPAIRED"]),
        ("data_a _x 385–386".encode("cp1252"), ["ENCODING_ASSUMED", "CIF_REPAIRED"]),
        ("data_a _x 'Å'".encode(), []),
        (b"data_a _x '\xc5'", ["ENCODING_ASSUMED"]),
        (b"data_a _x\n_y 1", ["CIF_VALUE_MISSING"]),
        (b"data_a", ["BLOCK_EMPTY"]),
        (b"data_a save_f _x 1 save_ _y 2", ["SAVE_FRAMES_SKIPPED"]),
    ],
)
def test_repaired_blocks_are_kept_and_say_so(content: bytes, issues: list[str]) -> None:
    record = read_one(content)
    assert record.status is RecordStatus.PARSED
    assert codes(record) == issues


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_characters_outside_of_ascii_stay_what_they_are(encoding: str) -> None:
    record = read_one("data_é _é Å~u41~ _y ~uu _z 'µ'".encode(encoding))
    assert record.name == "é"
    assert [(field.name, field.value) for field in record.fields] == [("_é", "Å~u41~"), ("_y", "~uu"), ("_z", "µ")]


def test_a_number_that_json_writes_otherwise_keeps_its_spelling() -> None:
    record = read_one(b"data_a\n_x 6.10\n_y 4.10(3)\n_z 1e2\n_r 0.0312345678901234567\n_s 1.5\n")
    assert [(field.name, field.value, field.written) for field in record.fields] == [
        ("_x", 6.1, "6.10"),
        ("_y", 4.1, "4.10"),
        ("_y_su", 0.03, None),
        ("_z", 100.0, "1e2"),
        ("_r", "0.0312345678901234567", None),
        ("_s", 1.5, None),
    ]


def test_of_a_repeated_tag_the_first_value_counts_and_all_are_fields() -> None:
    record = read_one(b"data_a _cell_length_a 1 _cell_length_a 2")
    assert record.properties["cellLengthA"] == 1
    assert [field.value for field in record.fields] == [1, 2]


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"data_a\nloop_aeae\n_x\n1", "line 2 of the record, column 1"),
        (b"data_a\n_x 'open\n", "line 2 of the record, column 9"),
        (b"data_a\n_x\n;open\n", "line 4 of the record, column 1"),
        (b"words\ndata_a _x 1", "line 1 of the record, column 1"),
        (b"data_a stray", "line 1 of the record, column 8"),
        (b"data_a _x \0", "line 1 of the record, column 11"),
        (b"#\\#CIF_2.0\ndata_a _x [1 2]", "line 2 of the record, column 14"),
    ],
)
def test_damage_that_leaves_a_doubt_fails_at_its_place(content: bytes, place: str) -> None:
    record = read_one(content)
    assert record.status is RecordStatus.FAILED
    assert [(issue.code, issue.place) for issue in record.issues] == [("CIF_SYNTAX", place)]


def test_a_block_that_is_too_large_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cif, "MAX_BLOCK_BYTES", 1000)
    records = read(SALT + b"data_big\n" + b"#" * 1000 + b"\n" + SALT)
    assert [codes(record) for record in records][1] == ["RECORD_TOO_LARGE"]
    assert [record.status.value for record in records] == ["Parsed", "Failed", "Parsed"]


def test_a_text_over_the_record_limit_is_not_kept_but_its_values_are() -> None:
    record = read_one(SALT + b"#" * limits.MAX_RECORD_BYTES)
    assert record.structure is None
    assert record.properties["cellLengthA"] == 5.6402
    assert "STRUCTURE_NOT_KEPT" in codes(record)


def test_long_texts_and_too_many_tags_stay_in_the_structure_only() -> None:
    long = read_one(b"data_a\n_shelx_hkl_file\n;" + b"0 0 1\n" * 20_000 + b";\n_x 1\n")
    assert [field.name for field in long.fields] == ["_x"]
    assert [(issue.code, issue.place) for issue in long.issues] == [("FIELD_NOT_COPIED", "_shelx_hkl_file")]
    many = read_one(b"data_a\n" + b"".join(b"_x%d 1\n" % n for n in range(cif.MAX_FIELDS + 1)))
    assert len(many.fields) == cif.MAX_FIELDS
    assert codes(many) == ["FIELDS_LEFT_OUT"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5.5592(9)", Number(5.5592, 0.0009)),
        ("10.3320(40)", Number(10.332, 0.004)),
        ("298(2)", Number(298, 2.0)),
        ("-1.5e-3(2)", Number(-0.0015, 0.0002)),
        ("90.", Number(90.0)),
        (".5", Number(0.5)),
        ("-0.5", Number(-0.5)),
        ("+12", Number(12)),
        ("0", Number(0)),
        ("0.000001(1)", Number(0.000001, 0.000001)),
        ("5.430697500000001", Number(5.430697500000001)),
        ("0.1234567890123456", Number(0.1234567890123456)),
        ("5.4306975000000012(3)", Number(5.430697500000001, 3e-16, rounded=True)),
        ("12345678901234567890", Number(12345678901234567000.0, rounded=True, identifier=True)),
        ("1234567890123456", Number(1234567890123456.0, identifier=True)),
        ("05.123(2)", Number(5.123, 0.002)),
        ("04", Number(4, identifier=True)),
        ("-007", Number(-7, identifier=True)),
        ("04(1)", Number(4, 1.0)),
        ("1.2.3", None),
        ("15.90.", None),
        ("1e999", None),
        ("1e-400", None),
        ("?", None),
        ("", None),
        ("'5'", None),
        ("1" * 10_000, None),
    ],
)
def test_numbers_are_exact_or_say_that_they_are_not(text: str, expected: Number | None) -> None:
    assert number(text) == expected


def test_a_cell_with_all_digits_of_a_double_is_one_as_any_other() -> None:
    """Programs write the shortest decimal that gives the double back, of up to 17 digits."""
    record = read_one(cell("5.430697500000001", "05.123(2)", "5", "90", "90", "90"))
    assert record.properties["cellLengthA"] == 5.430697500000001
    assert (record.properties["cellLengthB"], record.properties["cellLengthBUncertainty"]) == (5.123, 0.002)
    assert record.properties["cellVolume"] == pytest.approx(5.4306975 * 5.123 * 5)
    fields = [(field.name, field.value, field.written) for field in record.fields]
    assert fields[:3] == [
        ("_cell_length_a", 5.430697500000001, None),
        ("_cell_length_b", 5.123, "05.123"),
        ("_cell_length_b_su", 0.002, None),
    ]
    assert codes(record) == ["CELL_VOLUME_COMPUTED"]


def test_a_number_with_more_digits_than_a_double_is_a_property_that_says_so_and_a_field_as_written() -> None:
    more = cell("5.43069750000000123(4)", "5", "5", "90", "90", "90") + b"_cell_formula_units_Z 04\n"
    record = read_one(more)
    assert record.properties["cellLengthA"] == 5.430697500000001
    assert record.properties["cellVolume"] == pytest.approx(5.4306975 * 25)
    assert record.properties["z"] == 4
    fields = {field.name: (field.value, field.written) for field in record.fields}
    assert fields["_cell_length_a"] == ("5.43069750000000123(4)", None)
    assert fields["_cell_formula_units_Z"] == ("04", None)
    assert [(issue.code, issue.place) for issue in record.issues if issue.code != "CELL_VOLUME_COMPUTED"] == [
        ("NUMBERS_ROUNDED", "_cell_length_a")
    ]


def test_text_where_a_number_belongs_is_no_property_and_the_record_says_so() -> None:
    record = read_one(
        b"data_a\n_cell_length_a 1,54\n_cell_length_b ?\n_cell_length_c 5\n"
        b"_exptl_crystal_density_meas 'not measured'\n_diffrn_ambient_temperature 'below 100'\n"
    )
    assert record.properties == {"cellLengthC": 5}
    [issue] = record.issues
    assert (issue.code, issue.severity, issue.place) == ("NUMBER_UNREADABLE", Severity.WARNING, "_cell_length_a")
    assert "_cell_length_a '1,54', _diffrn_ambient_temperature 'below 100'" in issue.message


def test_a_record_keeps_its_version_and_name() -> None:
    assert (cif.FORMAT.version, read_one(SALT).name) == ("3", "salt")
