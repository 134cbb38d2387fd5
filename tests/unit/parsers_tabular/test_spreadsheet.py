"""Spreadsheets: typed rows of all sheets, their headers, and files that hurt."""

from __future__ import annotations

import io
import tempfile
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from functions.parsers.guarded import ReaderDied, read_whole
from functions.parsers.packages import FileEncrypted
from functions.parsers.tabular.formats import SPREADSHEETS
from functions.parsers.tabular.formats.cell_errors import CellError, errors_in
from functions.parsers.tabular.formats.spreadsheet import duration
from leanda.contracts.artefacts import Record, RecordStatus
from leanda.errors import FileBomb, FileCorrupt, FormatMismatch, ParseFailure
from leanda.guard import GuardedChild, Limits
from leanda.parsing.signatures import decide
from leanda.persistence.artefacts import pack, rows_in
from leanda.statistics import observe, qualify, typed
from tests.samples import manifest, sample
from tests.unit.parsers_tabular import workbooks as made


def read(data: bytes, name: str = "xlsx") -> list[Record]:
    records = list(SPREADSHEETS[name].records(io.BytesIO(data)))
    assert [record.index for record in records] == list(range(len(records)))
    return records


def told(record: Record) -> dict[str, Any]:
    return {field.name: field.value for field in record.fields}


def values(records: list[Record]) -> list[list[Any]]:
    return [[field.value for field in record.fields] for record in records]


def test_rows_of_all_sheets_are_records_that_know_their_place() -> None:
    sheets = {"Acids": [["name", "pKa"], ["acetic", 4.756]], "Empty": [], "Bases": [["name"], ["ammonia"]]}
    first, second = read(made.xlsx(sheets, hidden=["Bases"]))
    assert (first.type, told(first)) == ("row", {"name": "acetic", "pKa": 4.756})
    assert first.properties == {"sheet": "Acids", "row": 2}
    assert told(second) == {"name": "ammonia"}
    assert second.properties == {"sheet": "Bases", "row": 2, "hidden": True}


def test_values_keep_their_types() -> None:
    row = [7, 0.1, 1e-300, True, "00501", datetime(2020, 1, 2, 3, 4, 5), date(2020, 1, 2), time(1, 2, 3), None, " x "]
    (record,) = read(made.xlsx({"S": [[f"c{n}" for n in range(len(row))], [*row]]}))
    expected = [7, 0.1, 1e-300, True, "00501", "2020-01-02T03:04:05", "2020-01-02", "01:02:03", None, " x "]
    assert values([record]) == [expected]
    assert [type(value) for [value] in zip(values([record])[0][:4], strict=True)] == [int, float, float, bool]


@pytest.mark.parametrize("text", ["100234", "1E5", "1.10", "true", " 7 ", "-3", "2310009E13"])
def test_what_is_stored_as_text_stays_text_and_makes_its_column_one_of_texts(text: str) -> None:
    records = [*rows_in(pack(read(made.xlsx({"S": [["id", "mass"], [text, 1], ["8", 2], ["9", 3.5]]}))))]
    first, *_ = [typed(record) for record in records]
    assert [field["value"] for field in first["fields"]] == [text, 1]
    assert typed(first) == first
    for some in (records, [typed(record) for record in records]):
        assert [qualify(one)["dataType"] for one in observe(some)] == ["string", "decimal"]


def test_dates_and_words_of_text_are_what_they_are() -> None:
    records = [*rows_in(pack(read(made.xlsx({"S": [["on", "good"], ["2020-01-02", "yes"], ["2020-01-03", "no"]]}))))]
    assert [qualify(one)["dataType"] for one in observe(map(typed, records))] == ["date", "boolean"]
    assert all("written" not in field for record in records for field in record["fields"])


def test_a_sheet_with_merged_cells_says_where_they_are() -> None:
    rows = [["Group", None, "Other", None], ["a", "b", "a", "b"], [1, 2, 3, 4]]
    first, second = read(made.xlsx({"S": rows}, merged=["A1:B1", "C1:D1"]))
    [issue] = first.issues
    assert (issue.code, issue.severity.value, issue.place) == ("CELLS_MERGED", "Warning", "S")
    assert issue.message == "Of merged cells only the first has the value: A1:B1, C1:D1."
    assert second.issues == ()
    many = [f"AA{n}:AB{n}" for n in range(1, 8)]
    assert (
        read(made.xlsx({"S": rows}, merged=many))[0]
        .issues[0]
        .message.endswith(": AA1:AB1, AA2:AB2, AA3:AB3, AA4:AB4, AA5:AB5 and 2 more.")
    )


def test_cells_with_an_error_are_missing_and_the_row_says_so() -> None:
    many = {"A": [["id", "x", "y"], [1, "#DIV/0!", 2], [2, 3, 4], [3, "#N/A", "#REF!"]], "B": [["id"], [7]]}
    first, second, third, other = read(made.xlsx(many))
    assert values([first, second, third]) == [[1, None, 2], [2, 3, 4], [3, None, None]]
    assert [issue.message for issue in first.issues] == ["Cells with an error have no value: B2 (#DIV/0!)."]
    assert [issue.place for issue in third.issues] == ["A, row 4"]
    assert third.issues[0].message == "Cells with an error have no value: B4 (#N/A), C4 (#REF!)."
    assert second.issues == other.issues == ()
    assert {issue.code for issue in (*first.issues, *third.issues)} == {"CELL_ERROR"}


def test_more_errors_than_can_be_told_are_counted() -> None:
    (record,) = read(made.xlsx({"S": [[f"c{n}" for n in range(30)], [1] + ["#NUM!"] * 29]}))
    assert record.issues[0].message.endswith("K2 (#NUM!) and 19 more.")


def test_a_cell_that_only_looks_like_an_error_is_a_text() -> None:
    texts = '<row r="2"><c r="A2" t="inlineStr"><is><t>t="e" #DIV/0!</t></is></c><c r="B2"><v>1</v></c></row>'
    header = '<row r="1"><c r="A1" t="str"><v>a</v></c><c r="B1" t="str"><v>b</v></c></row>'
    (record,) = read(made.xlsx_of(header + texts))
    assert values([record]) == [['t="e" #DIV/0!', 1]]
    assert record.issues == ()


@pytest.mark.parametrize("size", [1, 7, 64, 1000, 1 << 20])
def test_errors_are_found_wherever_blocks_are_cut(size: int) -> None:
    class Cut(io.BytesIO):
        def read(self, _: int | None = -1, /) -> bytes:
            return super().read(size)

    cells = [f'<c r="B{n}"><v>{n}</v></c><c r="C{n}" s="1" t="e"><f>1/0</f><v>#DIV/0!</v></c>' for n in range(1, 100)]
    sheet = '<c r="A1" t="e"/>' + "".join(cells) + "<x:c t='e' r='D9'><x:v>#N/A</x:v></x:c>"
    expected = [CellError(n, "C", "#DIV/0!") for n in range(1, 100)] + [CellError(9, "D", "#N/A")]
    assert list(errors_in(Cut(sheet.encode()))) == expected


def test_whole_numbers_are_exact_and_large_ones_stay_decimals() -> None:
    rows = "".join(
        f'<row r="{n}"><c r="A{n}"><v>{value}</v></c></row>'
        for n, value in enumerate(["-3", "9007199254740991", "1e20"], 1)
    )
    assert values(read(made.xlsx_of(rows))) == [[-3], [9007199254740991], [1e20]]


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(hours=30), "P1DT6H"),
        (timedelta(minutes=-5), "-PT5M"),
        (timedelta(seconds=1, microseconds=500_000), "PT1.5S"),
        (timedelta(days=2), "P2D"),
        (timedelta(), "PT0S"),
    ],
)
def test_lengths_of_time_are_iso_8601(length: timedelta, text: str) -> None:
    assert duration(length) == text


def test_notes_above_the_header_are_left_out_and_rows_keep_their_numbers() -> None:
    rows = [["Measured in May"], [], ["id", "mass", "note"], [1, 2.5, "a"], [], [2, 3.5, None]]
    records = read(made.xlsx({"S": rows}))
    assert [told(record) for record in records] == [
        {"id": 1, "mass": 2.5, "note": "a"},
        {"id": 2, "mass": 3.5, "note": None},
    ]
    assert [record.properties["row"] for record in records] == [4, 6]


def test_a_table_that_starts_elsewhere_is_found() -> None:
    records = read(made.xlsx({"S": [[], [], [None, None, "a", "b"], [None, None, 1, 2]]}))
    assert [told(record) for record in records] == [{"a": 1, "b": 2}]
    assert records[0].properties["row"] == 4
    far = '<row r="1048576"><c r="XFD1048576"><v>5</v></c></row>'
    assert read(made.xlsx_of(far))[0].properties["row"] == 1048576


def test_without_a_header_columns_are_numbered() -> None:
    rows = [[date(2021, 1, 1), 15, True], [date(2021, 1, 2), 16, False]]
    records = read(made.xlsx({"S": rows}))
    assert told(records[0]) == {"column_1": "2021-01-01", "column_2": 15, "column_3": True}
    assert len(records) == 2


def test_header_cells_are_made_unique_and_numbers_in_them_are_names() -> None:
    (record,) = read(made.xlsx({"S": [["x", "x", None, 2019, "y"], [1, 2, 3, 4, 5]]}))
    assert told(record) == {"x": 1, "x_2": 2, "column_3": 3, "2019": 4, "y": 5}


def test_cells_beyond_the_header_get_names() -> None:
    first, second = read(made.xlsx({"S": [["a", "b", "c"], [1, 2, 3], [4, 5, 6, 7]]}))
    assert told(first) == {"a": 1, "b": 2, "c": 3}
    assert told(second) == {"a": 4, "b": 5, "c": 6, "column_4": 7}


def test_a_workbook_of_empty_sheets_has_no_records() -> None:
    assert read(made.xlsx({"A": [], "B": [["only a header"]]})) == []


def test_a_sheet_that_cannot_be_read_costs_one_record() -> None:
    good = made.xlsx({"A": [["x"], [1]], "B": [["y"], [2]]})
    damaged = made.packed(
        {
            name: content if name != "xl/worksheets/sheet1.xml" else b"<worksheet"
            for name, content in members(good).items()
        }
    )
    records = read(damaged)
    assert [record.status.value for record in records] == ["Failed", "Parsed"]
    assert [(issue.code, issue.place) for issue in records[0].issues] == [("SHEET_UNREADABLE", "A")]
    assert told(records[1]) == {"y": 2}


def members(data: bytes) -> dict[str, bytes]:
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_ods_reads_the_same() -> None:
    rows = made.ods_row("name", "pKa") + made.ods_row("acetic &amp; more", 4.756) + made.ods_row("formic", 4)
    records = read(made.ods(rows), "ods")
    assert [told(record) for record in records] == [
        {"name": "acetic & more", "pKa": 4.756},
        {"name": "formic", "pKa": 4},
    ]


def test_a_row_that_is_too_large_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leanda.limits.MAX_RECORD_BYTES", 100_000)
    data = made.xlsx({"S": [["a", "b", "c", "d"], [1], ["x" * 32_000] * 4, [2]]})
    records = read(data)
    assert [record.status.value for record in records] == ["Parsed", "Failed", "Parsed"]
    assert (records[1].issues[0].code, records[1].issues[0].place) == ("RECORD_TOO_LARGE", "S, row 3")


# --- files that hurt ----------------------------------------------------------------------------------------------------


def test_a_workbook_is_read_where_it_lies_and_under_a_right_name_if_its_own_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = made.xlsx({"a": [["id", "name"], [1, "one"]]})
    records = read(data)
    for name in ("a.xlsx", "a.xls", "a"):
        path = tmp_path / name
        path.write_bytes(data)
        with path.open("rb") as file:
            assert list(SPREADSHEETS["xlsx"].records(file)) == records
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))  # a file with the right name needs no other
    with (tmp_path / "a.xlsx").open("rb") as file:
        assert list(SPREADSHEETS["xlsx"].records(file)) == records


def test_what_is_no_workbook_is_said_to_be_none() -> None:
    for data in (b"a\tb\n1\t2\n", b"", b"\x09\x08\x10\0" * 20):
        with pytest.raises(FormatMismatch):
            read(data, "xls")
    for data in (b"PK\x03\x04 and nothing else", made.packed({"a.txt": "text"})):
        with pytest.raises(FileCorrupt):
            read(data)


def test_passwords_are_recognised_in_all_packages() -> None:
    protected = (
        '<manifest:file-entry manifest:full-path="content.xml"><manifest:encryption-data/></manifest:file-entry>'
    )
    with pytest.raises(FileEncrypted):
        read(made.ods(made.ods_row("x"), manifest=protected), "ods")


def test_a_table_without_an_end_is_damage_and_no_endless_search() -> None:
    damaged = made.ods(made.ods_row("a") + "</table:t>able>")
    with pytest.raises(FileCorrupt, match="damaged"):
        read(damaged, "ods")


def test_rows_repeated_without_measure_are_a_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    repeated = made.ods_row(1).replace("table-row>", 'table-row table:number-rows-repeated="20000">', 1)
    assert len(read(made.ods(repeated), "ods")) == 20_000
    monkeypatch.setattr("functions.parsers.tabular.formats.spreadsheet._FEW_RECORDS", 1000)
    with pytest.raises(FileBomb):
        read(made.ods(repeated), "ods")


def test_bombs_are_refused_by_their_directory() -> None:
    with pytest.raises(FileBomb):
        read(made.xlsx_of(" " * 20_000_000))


def test_a_stray_cell_far_away_ends_the_child_not_the_function(tmp_path: Path) -> None:
    path = tmp_path / "sparse.xlsx"
    cells = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    path.write_bytes(made.xlsx_of(cells))
    guard = GuardedChild(Limits(item_seconds=60, memory_bytes=1 << 29))
    try:
        with pytest.raises(ReaderDied):
            list(read_whole(guard, "tabular", "xlsx", str(path)))
        path.write_bytes(made.xlsx({"S": [["a"], [1]]}))
        for together in (True, False):
            assert len(list(read_whole(guard, "tabular", "xlsx", str(path), together=together))) == 1
    finally:
        guard.close()


# --- the real files and other libraries -----------------------------------------------------------------------------------


def test_samples_have_the_kind_and_the_outcome_of_their_manifest() -> None:
    for row in manifest("spreadsheet"):
        data, name = row.read_bytes(), row.path.rpartition("/")[2]
        kind = decide(data, name, len(data))
        assert kind.kind == "tabular", row.path
        if row.expected == "invalid":
            with pytest.raises(ParseFailure) as failure:
                read(data, kind.format)
            assert ("pass_protected" in row.path) == (failure.value.code == "FILE_ENCRYPTED"), row.path
            continue
        records = read(data, kind.format)
        assert row.expected == "valid", row.path
        assert records, row.path
        assert all(record.status is RecordStatus.PARSED for record in records), row.path


def test_cells_are_those_that_openpyxl_reads() -> None:
    from openpyxl import load_workbook

    for row in manifest("spreadsheet"):
        if not row.path.endswith(".xlsx") or row.expected != "valid":
            continue
        oracle = load_workbook(io.BytesIO(row.read_bytes()), data_only=True)
        for record in read(row.read_bytes()):
            sheet = oracle[record.properties["sheet"]]
            cells = [cell.value for cell in sheet[record.properties["row"]]]
            assert [comparable(field.value) for field in record.fields] == [
                comparable(cell) for cell in cells[: len(record.fields)]
            ], (row.path, record.properties)


def test_types_and_extremes_of_a_sheet_are_those_of_its_cells() -> None:
    from openpyxl import load_workbook

    content = sample("bad_dimensions.xlsx").read_bytes()
    columns = {
        str(column["name"]): column for column in map(qualify, observe(map(typed, rows_in(pack(read(content))))))
    }
    assert {name: column["dataType"] for name, column in columns.items()} == {
        "PN": "string",
        "Qty": "integer",
        "Price": "decimal",
    }
    for name, *values in load_workbook(io.BytesIO(content)).active.iter_cols(1, 3, 1, 4, values_only=True):
        present = [value for value in values if value is not None]
        assert (columns[name]["count"], columns[name]["nulls"]) == (len(present), 3 - len(present))
        if name != "PN":
            assert (columns[name]["min"], columns[name]["max"]) == (min(present), max(present))


def test_cells_of_old_workbooks_are_those_that_xlrd_reads() -> None:
    import xlrd

    row = sample("issues.xls")
    oracle = xlrd.open_workbook(file_contents=row.read_bytes())
    records = read(row.read_bytes(), "xls")
    for record in records:
        cells = oracle.sheet_by_name(record.properties["sheet"]).row(record.properties["row"] - 1)
        for field, cell in zip(record.fields, cells, strict=True):
            if cell.ctype == xlrd.XL_CELL_DATE:
                assert field.value == xlrd.xldate_as_datetime(cell.value, oracle.datemode).date().isoformat()
            else:
                assert field.value == cell.value
    rows = [row for sheet in oracle.sheets() for row in sheet.get_rows() if any(cell.value != "" for cell in row)]
    assert len(records) == len(rows) - 1  # Of `issue2` the first row is a header: there is a word in it.


def test_cells_of_binary_workbooks_are_those_that_pyxlsb_reads() -> None:
    import pyxlsb

    with pyxlsb.open_workbook(io.BytesIO(sample("any_sheets.xlsb").read_bytes())) as oracle:
        expected = {(name, cell.r + 1, cell.c): cell.v for name in oracle.sheets for cell in cells_of(oracle, name)}
    assert cells(read(sample("any_sheets.xlsb").read_bytes(), "xlsb")) == expected
    assert len(expected) == 7


def cells_of(workbook: Any, name: str) -> list[Any]:
    with workbook.get_sheet(name) as sheet:
        return [cell for row in sheet.rows(sparse=True) for cell in row if cell.v is not None]


ODF = {name: f"urn:oasis:names:tc:opendocument:xmlns:{name}:1.0" for name in ("table", "office", "text")}


@pytest.mark.parametrize("name", ["any_sheets.ods", "issues.ods"])
def test_cells_of_an_ods_are_those_that_its_xml_states(name: str) -> None:
    """No kept library reads ODS but ours; what the file states (ODF 1.3 part 3, section 19.387 ff.) is plain XML."""
    content = ET.fromstring(members(sample(name).read_bytes())["content.xml"])
    expected = {}
    for table in content.iterfind(".//table:table", ODF):
        at = 0
        for row in table.iterfind("table:table-row", ODF):
            for column, cell in enumerate(row.iterfind("table:table-cell", ODF)):
                if (value := stated_by(cell)) is not None:
                    expected[table.get(f"{{{ODF['table']}}}name"), at + 1, column] = value
            at += int(row.get(f"{{{ODF['table']}}}number-rows-repeated", 1))
    records = read(sample(name).read_bytes(), "ods")
    headers = {key: value for key, value in expected.items() if key not in cells(records)}
    assert cells(records) == {key: value for key, value in expected.items() if key not in headers}
    assert {row for _, row, _ in headers} <= {1}


def stated_by(cell: ET.Element) -> Any:
    def attribute(name: str) -> str:
        return cell.get(f"{{{ODF['office']}}}{name}", "")

    match attribute("value-type"):
        case "float":
            return float(attribute("value"))
        case "boolean":
            return attribute("boolean-value") == "true"
        case "date":
            return attribute("date-value")
        case "string":
            return "".join(cell.find("text:p", ODF).itertext())  # type: ignore[union-attr]
    return None


def cells(records: list[Record]) -> dict[tuple[str, int, int], Any]:
    """Values by sheet, row from 1 and column from 0; of tables that begin in the first column."""
    return {
        (record.properties["sheet"], record.properties["row"], column): field.value
        for record in records
        for column, field in enumerate(record.fields)
        if field.value is not None
    }


def comparable(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().removesuffix("T00:00:00")
    if isinstance(value, timedelta):
        return duration(value)
    return value.isoformat() if isinstance(value, date | time) else value


def test_each_sheet_has_its_own_column_of_smiles() -> None:
    sheets = {
        "Acids": [["name", "SMILES"], ["acetic", "CC(=O)O"], ["unknown", None]],
        "Bases": [["smiles", "pKb"], ["N", 4.75]],
        "None": [["name", "pKa"], ["water", 14]],
    }
    found = [record.structure.text if record.structure else None for record in read(made.xlsx(sheets))]
    assert found == ["CC(=O)O", None, "N", None]
