"""CSV and TSV: records, their issues, and how the table's description is found."""

from __future__ import annotations

import csv
import io
import itertools
import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.parsers.tabular.formats import CSV, DELIMITED, TSV
from functions.parsers.tabular.formats.dialect import describe, unique_names
from functions.parsers.tabular.formats.lines import RowLines, quoted
from leanda import limits
from leanda.contracts.artefacts import FieldValue, Record, RecordStatus, Structure
from leanda.errors import FileEmpty, FormatMismatch
from leanda.parsing.format import Format, records_of
from leanda.parsing.planner import cut, plan
from leanda.parsing.quotes import MAX_CELL_LINE_ENDS
from leanda.persistence.artefacts import json_line
from tests.samples import SampleRow, manifest, sample
from tests.unit.parsers.reading import codes
from tests.unit.parsers_tabular.csvs import head_of, names, read_all, values

CELLS = st.text(alphabet='ab1 ,;"\r\n\té漢😀', max_size=8)
TABLES = st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=12)


def written(table: list[list[str]], line_end: str, quoting: int) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=line_end, quoting=quoting).writerows(table)  # type: ignore[arg-type]
    return out.getvalue()


# --- boundaries and records ---------------------------------------------------------------------------------------------


@given(
    table=TABLES,
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    cuts=st.sets(st.integers(0, 12)),
)
def test_any_chunking_gives_the_rows_of_the_csv_module(
    table: list[list[str]], line_end: str, quoting: int, codec: str, cuts: set[int]
) -> None:
    text = written(table, line_end, quoting)
    data = text.encode(codec)
    head = head_of(data)
    description = describe(head, tabs_first=False)
    if not text.strip("\r\n"):
        return
    ends = list(CSV.boundaries([data], head=head))
    whole = list(CSV.read(data[: ends[-1]], first_index=0, head=head)) if ends else []
    assert len(whole) == len(ends)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=description.delimiter, strict=True)
        rows = [row for row in reader if row]
    except csv.Error:
        pass  # Another delimiter than it was written with makes more rows equally wide; its quotes are broken then.
    else:
        for record, row in zip(whole, rows[description.skip :], strict=True):
            width = max(len(row), len(description.columns))
            assert values(record) == [cell or None for cell in row] + [None] * (width - len(row))
    bounds = sorted({0, len(ends), *(n for n in cuts if n < len(ends))})
    pieces: list[Record] = []
    for first, last in itertools.pairwise(bounds):
        start = ends[first - 1] if first else 0
        pieces += CSV.read(data[start : ends[last - 1]], first_index=first, head=head)
    assert pieces == whole


@given(size=st.integers(1, 300_000), seed=st.integers(0, 99))
def test_a_plan_does_not_depend_on_block_sizes(size: int, seed: int) -> None:
    rows = "".join(f'{n},"two\nlines {n % seed if seed else n}",x\n' for n in range(3000))
    data = b"id,text,more\n" + rows.encode()
    blocks = (data[at : at + size] for at in range(0, len(data), size))
    assert list(plan(CSV, blocks, head=data, size=len(data))) == list(plan(CSV, [data], head=data, size=len(data)))


def test_the_header_belongs_to_the_first_row_and_trailing_blank_lines_to_none() -> None:
    data = b"\n\na,b\n\n1,2\n\n3,4\n\n\n"
    assert list(CSV.boundaries([data], head=data)) == [11, 16]
    assert [values(record) for record in read_all(data)] == [["1", "2"], ["3", "4"]]


@pytest.mark.parametrize("data", [b"\n\r\n\n", b"\xef\xbb\xbf", b"\xff\xfe\n\0"])
def test_a_file_of_blank_lines_is_empty(data: bytes) -> None:
    with pytest.raises(FileEmpty):
        list(CSV.boundaries([data], head=data))


def test_utf_32_is_refused() -> None:
    data = "a,b\n1,2\n".encode("utf-32")
    with pytest.raises(FormatMismatch):
        list(CSV.boundaries([data], head=data))


# --- rows with something wrong ------------------------------------------------------------------------------------------


def test_ragged_rows_are_kept_with_a_warning() -> None:
    short, long, good = read_all(b"a,b,c\n1,2\n1,2,3,4\n1,2,3\n")
    assert (names(short), values(short), codes(short)) == (["a", "b", "c"], ["1", "2", None], ["ROW_WIDTH"])
    assert (names(long), values(long), codes(long)) == (
        ["a", "b", "c", "column_4"],
        ["1", "2", "3", "4"],
        ["ROW_WIDTH"],
    )
    assert codes(good) == []


def test_a_row_that_cannot_be_decoded_fails_alone() -> None:
    head = "a,b\nö,1\n".encode()
    data = head + b"\xff\xff,2\n" + "ü,3\n".encode()
    good, bad, after = CSV.read(data, first_index=0, head=head)
    assert [record.status for record in (good, bad, after)] == [
        RecordStatus.PARSED,
        RecordStatus.FAILED,
        RecordStatus.PARSED,
    ]
    assert codes(bad) == ["ROW_ENCODING"]


def test_behind_a_head_of_pure_ascii_a_legacy_encoding_is_read_with_a_warning() -> None:
    head = b"a,b\nx,1\n"
    records = list(CSV.read(head + b"Z\xfcrich,2\n" + "Genève,3\n".encode(), first_index=0, head=head))
    assert [values(record)[0] for record in records] == ["x", "Zürich", "Genève"]
    assert [codes(record) for record in records] == [[], ["ENCODING_GUESSED"], []]


def test_a_row_over_the_limit_fails_alone() -> None:
    long = b"x" * (limits.MAX_RECORD_BYTES + 1)
    data = b"a,b\n1,2\n" + long + b",3\n4,5\n"
    records = read_all(data)
    assert [record.status.value for record in records] == ["Parsed", "Failed", "Parsed"]
    assert codes(records[1]) == ["RECORD_TOO_LARGE"]
    assert len(list(CSV.boundaries([data], head=head_of(data)))) == 3


def numbered(rows: int, broken: dict[int, str]) -> bytes:
    return ("id,name,value\n" + "".join(broken.get(n, f"{n},row {n},{n * 0.5}\n") for n in range(rows))).encode()


@pytest.mark.parametrize("last", ["5,6\n", "5,6", '"5",6\n', '5,"6"', '5,"6 7" of\n'])
def test_a_quote_that_is_never_closed_costs_its_own_row(last: str) -> None:
    records = read_all(f'a,b\n1,2\n3,"4\n{last}'.encode())
    assert [values(record) for record in records[:2]] == [["1", "2"], ["3", '"4']]
    assert len(records) == 3
    assert [codes(record) for record in records[:2]] == [[], ["QUOTE_NOT_CLOSED"]]
    assert records[1].issues[0].place == "data row 2"


@pytest.mark.parametrize(
    "broken",
    [
        {10: '10,"broken,5\n'},
        {10: '10,"broken,5\n', 500: '500,"broken,5\n'},
        {10: '10,"3 inch,5\n', 12: '12,a "quoted" word,5\n', 14: '14,"fine",5\n', 16: '16,"two\nlines",5\n'},
        {10: '10,"abc"def,5\n'},
        {10: '10,"He said \\"yes\\", once",5\n'},
        {0: '0,"broken,5\n', 999: '999,"broken,5'},
        {998: '998,fine,"\n'},
    ],
)
def test_of_a_thousand_rows_none_is_lost_to_a_broken_quote(broken: dict[int, str]) -> None:
    data = numbered(1000, broken)
    records = read_all(data)
    assert [values(record)[0] for record in records] == [str(n) for n in range(1000)]
    sound = {14: "fine", 16: "two\nlines", 12: 'a "quoted" word'}
    told = {record.index for record in records if "QUOTE_NOT_CLOSED" in codes(record)}
    assert told == broken.keys() - (sound.keys() if 16 in broken else set())
    assert all(values(records[n])[1] == sound[n] for n in broken if 16 in broken and n in sound)
    whole, head = records, head_of(data)
    ends = list(CSV.boundaries((data[at : at + 100] for at in range(0, len(data), 100)), head=head))
    for first in (1, 10, 11, 12, 500, 501, 999):
        rest = [
            ends[first - 1] + end for end in CSV.boundaries([data[ends[first - 1] :]], head=head, first_index=first)
        ]
        assert rest == ends[first:]
        assert list(CSV.read(data[ends[first - 1] :], first_index=first, head=head)) == whole[first:]


def test_what_stands_behind_a_closing_quote_is_kept_and_told() -> None:
    records = read_all(b'a,b\n"abc"def,1\n"abc" ,2\n"a,b" c,3\n')
    assert values(records[0]) == ['"abc"def', "1"]
    assert values(records[1]) == ["abc ", "2"]
    assert values(records[2]) == ['"a', 'b" c', "3"]
    assert [codes(record) for record in records] == [["QUOTE_NOT_CLOSED"], [], ["QUOTE_NOT_CLOSED", "ROW_WIDTH"]]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_cell_of_as_many_lines_as_a_cell_may_have_is_one_and_a_longer_one_is_not(line_end: str) -> None:
    fits = f'1,"{f"x{line_end}" * MAX_CELL_LINE_ENDS}",y{line_end}'
    data = f"a,b,c{line_end}{fits}".encode()
    (record,) = read_all(data)
    assert values(record) == ["1", f"x{line_end}" * MAX_CELL_LINE_ENDS, "y"]
    longer = data.replace(b'"x', b'"x' + line_end.encode() + b"x", 1)
    records = read_all(longer)
    assert len(records) == len(list(CSV.boundaries([longer], head=head_of(longer)))) == MAX_CELL_LINE_ENDS + 2
    assert values(records[0]) == ["1", '"x', None]
    assert codes(records[0]) == ["QUOTE_NOT_CLOSED", "ROW_WIDTH"]


@given(
    text=st.text(alphabet='a,"\r\n ', max_size=40),
    sizes=st.integers(1, 9),
    codec=st.sampled_from(["utf-8", "utf-16-le"]),
)
def test_a_plan_with_broken_quotes_gives_the_same_records_in_any_chunks(text: str, sizes: int, codec: str) -> None:
    mark = "\ufeff" if codec == "utf-16-le" else ""
    data = f"{mark}a,b,c\n1,2,3\n{text}".encode(codec)
    head = head_of(data)
    blocks = [data[at : at + sizes] for at in range(0, len(data), sizes)]
    ends = list(CSV.boundaries(blocks, head=head))
    whole = list(CSV.read(data[: ends[-1]], first_index=0, head=head))
    pieces = [
        record
        for index, (start, end) in enumerate(itertools.pairwise([0, *ends]))
        for record in CSV.read(data[start:end], first_index=index, head=head)
    ]
    assert pieces == whole
    said = "".join(str(value) for record in whole for value in values(record) if value is not None)
    assert said.replace('"', "").count("a") == text.count("a"), "nothing is lost"


def test_nul_characters_are_left_out_with_a_warning() -> None:
    (record,) = read_all(b"a,b,c\nx\0y,1,long enough not to be UTF-16\n")
    assert values(record)[0] == "xy"
    assert codes(record) == ["NUL_REMOVED"]


def test_quotes_inside_an_unquoted_cell_mean_themselves() -> None:
    records = read_all(b'size,name\n5" pipe,x\n6",y\n"7""",z\n')
    assert [values(record)[0] for record in records] == ['5" pipe', '6"', '7"']


def test_a_few_damaged_bytes_do_not_make_utf_8_something_else() -> None:
    data = "name,Straße\n".encode() + "Jürgen,Süßwarenstraße\n".encode() * 5 + b"J\xfcrgen,x\n" + "é,y\n".encode()
    records = read_all(data)
    assert [record.status.value for record in records] == ["Parsed"] * 5 + ["Failed", "Parsed"]


@pytest.mark.parametrize("data", [random.Random(1).randbytes(5000), bytes(5000)])
def test_binary_content_is_not_a_table(data: bytes) -> None:
    with pytest.raises(FormatMismatch):
        list(CSV.boundaries([data], head=data))


def test_blank_lines_are_not_kept_in_memory() -> None:
    blocks = itertools.chain([b"a,b\n1,2\n"], itertools.repeat(b"\r\n" * 32768, 320), [b"3,4\n"])
    tracemalloc.start()
    ends = list(CSV.boundaries(blocks, head=b"a,b\n1,2\n"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert ends == [8, 8 + 320 * 65536 + 4]
    assert peak < 2 * limits.MIB


# --- description of the table -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "delimiter", "columns"),
    [
        ("a,b\n1,2\n", ",", ("a", "b")),
        ("a;b\n1,5;2,5\n", ";", ("a", "b")),
        ("a\tb\nx, y\tz\n", "\t", ("a", "b")),
        ("a|b|c\n1|2|3\n", "|", ("a", "b", "c")),
        ('a;b\n"1,2,3";4\n"5,6,7";8\n', ";", ("a", "b")),
        ("1,5;2,5\n3,5;4,5\n", ";", ("column_1", "column_2")),
        ("name\nAnna\nBert\n", ",", ("name",)),
        ("1,null,0\n2,0,\n", ",", ("column_1", "column_2", "column_3")),
        ("country,2010,2011\nCH,1,2\n", ",", ("country", "2010", "2011")),
        ("sep=;\na,b;c\n1,2;3\n", ";", ("a,b", "c")),
        ("A title\n\nRegion:,all\nid,name,x,y\n1,a,2,3\n2,b,2,3\n3,c,4,5\n", ",", ("id", "name", "x", "y")),
    ],
)
def test_delimiter_and_header_are_found(text: str, delimiter: str, columns: tuple[str, ...]) -> None:
    table = describe(text.encode(), tabs_first=False)
    assert (table.delimiter, table.columns) == (delimiter, columns)


def test_the_line_that_tells_the_delimiter_is_no_row() -> None:
    data = b"sep=;\r\na;b\r\n1;2\r\n"
    assert [values(record) for record in read_all(data)] == [["1", "2"]]
    assert list(CSV.boundaries([data], head=data)) == [len(data)]


def test_a_tab_separated_file_keeps_its_tabs_where_commas_are_as_regular() -> None:
    data = b"a,b\tc,d\n1,2\t3,4\n"
    assert describe(data, tabs_first=True).delimiter == "\t"
    assert [values(record) for record in read_all(data, TSV)] == [["1,2", "3,4"]]


def test_names_are_never_empty_and_never_twice() -> None:
    assert unique_names(["a", "", "a", " a ", "a_2", "column_2"]) == (
        "a",
        "column_2_2",
        "a_3",
        "a_4",
        "a_2",
        "column_2",
    )


@given(st.lists(st.sampled_from(["a", "a_2", "", "b", "column_2", "column_2_2"]), max_size=12))
def test_all_names_are_unique(cells: list[str]) -> None:
    found = unique_names(cells)
    assert len(set(found)) == len(cells)
    assert all(found)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_common_encodings_are_read(codec: str) -> None:
    text = "Name,Größe in Ångström,Straße\n" + "Jürgen,1.5,Süßwarenstraße in Düsseldorf\n" * 20
    records = read_all(text.encode(codec))
    assert len(records) == 20
    assert names(records[0]) == ["Name", "Größe in Ångström", "Straße"]
    assert values(records[19]) == ["Jürgen", "1.5", "Süßwarenstraße in Düsseldorf"]
    assert codes(records[0]) == (["ENCODING_GUESSED"] if codec == "cp1252" else [])


def test_five_thousand_columns_are_read() -> None:
    header = ",".join(f"a rather long column name {n}" for n in range(5000))
    data = f"{header}\n{','.join('1' * 5000)}\n".encode()
    (record,) = read_all(data)
    assert names(record)[4999] == "a rather long column name 4999"


def test_a_header_that_is_longer_than_the_head_names_the_columns_that_fit() -> None:
    header = ",".join(f"{n:0100d}x" for n in range(5000))
    data = f"{header}\n{','.join('1' * 5000)}\n".encode()
    head = head_of(data)
    assert len(list(CSV.boundaries([data], head=head))) == 1
    (record,) = CSV.read(data, first_index=0, head=head)
    assert len(record.fields) == 5000
    assert len(set(names(record))) == 5000
    assert names(record)[-1] == "column_5000"


# --- the real files -----------------------------------------------------------------------------------------------------


def _formats(row: SampleRow) -> Format:
    return DELIMITED["tsv" if row.path.endswith(".tsv") else "csv"]


def test_all_samples_give_the_manifests_records_in_any_blocks() -> None:
    rows = manifest("csv", "reaction-smiles")
    assert rows
    for row in rows:
        data, format = row.read_bytes(), _formats(row)
        head = head_of(data)
        blocks = [data[at : at + 50_021] for at in range(0, len(data), 50_021)]
        records = [
            record
            for part, chunk in cut(format, blocks, head=head, size=len(data))
            for record in format.read(chunk, first_index=part.first_index, head=head)
        ]
        assert [record.index for record in records] == list(range(len(records))), row.path
        failed = [record for record in records if record.status is RecordStatus.FAILED]
        assert failed == [], row.path
        if row.records is not None and row.format == "csv":
            assert len(records) == row.records, row.path


@pytest.mark.parametrize(
    ("name", "records"),
    [
        ("null.csv", 10),
        ("sparse_with_column_errors.csv", 2237),
        ("weird_head_padding.csv", 77),
        ("example_rxns.csv", 996),
    ],
)
def test_samples_whose_records_the_manifest_leaves_open(name: str, records: int) -> None:
    row = sample(name)
    assert len(read_all(row.read_bytes(), _formats(row))) == records


def test_big5_is_read_as_such() -> None:
    record = read_all(sample("characters.csv").read_bytes())[0]
    assert names(record)[:2] == ["id", "景點編號"]


def test_what_was_read_before_changes_nothing() -> None:
    table = b"x" * 140_000 + b";y\n" + b"1,5;2,5\n" * 20
    usual = csv.field_size_limit(131_072)  # as in a process that has read nothing yet
    try:
        for _ in range(2):
            describe.cache_clear()
            assert [values(record) for record in read_all(table)] == [[1.5, 2.5]] * 20
    finally:
        csv.field_size_limit(usual)


# --- rows are written down at once ----------------------------------------------------------------------------------------


_ANY_CELL = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\n"), max_size=8) | st.sampled_from(
    ["", "\\u0000", '"', "\\", "%s", "\x7f", "\u2028", "a\tb"]
)


_NAMES = ("100 %s", 'a "b"', "\\", "\0", "é", "")


@given(st.lists(st.lists(_ANY_CELL, min_size=6, max_size=6), min_size=1, max_size=30))
def test_a_row_that_is_written_at_once_is_the_line_of_its_record(rows: list[list[str]]) -> None:
    lines = RowLines(_NAMES)
    for index, row in enumerate(rows):
        structure = Structure(media_type="chemical/x-daylight-smiles", text=row[0]) if row[0] else None
        line = lines.line_of_texts(index, row, structure)
        if line is None:
            assert any("\0" in cell for cell in row)
            continue
        fields = tuple(FieldValue(name=name, value=cell or None) for name, cell in zip(_NAMES, row, strict=True))
        record = Record(index=index, type="row", fields=fields, structure=structure)
        assert line == json_line(record)
        values = [quoted(cell) if cell else None for cell in row]
        assert lines.line(index, values, structure) == line


def test_tables_with_more_patterns_of_empty_cells_than_are_kept_are_written_all_the_same() -> None:
    lines, cells = RowLines(_NAMES), ["a", "b", "c", "d", "e", "f"]
    for pattern in range(64):
        row = [cell if pattern & 1 << n else "" for n, cell in enumerate(cells)]
        values = [quoted(cell) if cell else None for cell in row]
        assert lines.line_of_texts(pattern, row) == lines.line(pattern, values, None)
    assert lines.line_of_texts(0, cells[:5]) is None


def test_a_table_without_trouble_is_written_at_once_and_a_row_with_an_issue_is_not() -> None:
    data = b"a,b\n1,2\n3\n4,\n"
    written = list(CSV.written(data, first_index=0, head=data))
    assert [isinstance(one, bytes) for one in written] == [True, False, True]
    assert list(records_of(written)) == list(CSV.read(data, first_index=0, head=data))
