"""What is known of a table's columns: numbers with decimal commas, and molecules."""

from __future__ import annotations

import pytest

from functions.parsers.tabular.formats import CSV
from leanda import limits
from leanda.persistence.artefacts import pack, rows_in
from leanda.statistics import typed
from tests.unit.parsers.reading import codes
from tests.unit.parsers_tabular.csvs import head_of, read_all, values

# --- decimal commas -----------------------------------------------------------------------------------------------------


def test_a_column_of_numbers_with_decimal_commas_is_one_of_numbers() -> None:
    records = read_all(b"name;mass;n\na;1,50;1\nb;-0,125;2\nc;3;3\nd;;4\ne;n/a;5\n")
    fields = [(record.fields[1].value, record.fields[1].written) for record in records]
    assert fields == [(1.5, "1,50"), (-0.125, "-0,125"), ("3", None), (None, None), ("n/a", None)]
    assert records[0].fields[2].value == "1"
    ragged = read_all(b"a;b\n1,5;2,5\n3,5\n")
    assert [field.value for field in ragged[1].fields] == [3.5, None]
    assert codes(ragged[1]) == ["ROW_WIDTH"]


@pytest.mark.parametrize(
    "table",
    [
        b'a,b\n"1,50",x\n"2,25",y\n',
        b"a;b\n1,234;x\n2,345;y\n",
        b"a;b\n1,50;x\n1.234,50;y\n",
        b"a;b\n1,50;x\n2.5;y\n",
        b"a;b\n1,50;x\nabout 2;y\n",
        b"a;b\n007,5;x\n2,5;y\n",
        b"a;b\n1,2,3;x\n2,5;y\n",
        b"a;b\n2,12345678901234567890;x\n2,12345678901234567891;y\n",
    ],
)
def test_where_a_comma_may_mean_something_else_cells_stay_text(table: bytes) -> None:
    assert all(isinstance(record.fields[0].value, str) for record in read_all(table))


def test_behind_the_first_rows_the_column_is_the_same_in_every_chunk() -> None:
    table = b"n;x\n" + b"".join(b"%d;%d,5\n" % (n, n) for n in range(20_000)) + b"20000;none\n20001;1,234\n"
    head, ends = head_of(table), list(CSV.boundaries([table], head=head_of(table)))
    last = list(CSV.read(table[ends[-4] :], first_index=len(ends) - 3, head=head))
    assert [values(record)[1] for record in last] == [19999.5, "none", 1.234]


# --- codes --------------------------------------------------------------------------------------------------------------


def typed_values(table: bytes, column: int = 0) -> list[object]:
    rows = [typed(row) for row in rows_in(pack(read_all(table)))]
    assert [typed(row) for row in rows] == rows
    return [row["fields"][column].get("value") for row in rows]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["A1", "1E5", "B2"], ["A1", "1E5", "B2"]),
        (["A1", " 1e5 ", "", "7", "n/a"], ["A1", " 1e5 ", None, 7, "n/a"]),
        (["2310009E13", "4930402H24"], ["2310009E13", "4930402H24"]),
        (["1E5", "2E3"], [100000.0, 2000.0]),
        (["1E5", "12"], [100000.0, 12]),
        (["1E5", "2.5", "none of it"], [100000.0, 2.5, "none of it"]),
        (["1E5", "<0.5", "7"], [100000.0, "<0.5", 7]),
        (["1E5", "1E-5", "none of it"], [100000.0, 1e-05, "none of it"]),
        (["A1", "1E+5"], ["A1", 100000.0]),
    ],
)
def test_what_reads_as_a_number_among_codes_is_a_code(cells: list[str], expected: list[object]) -> None:
    table = "".join(f"{cell},x\n" for cell in ["id", *cells]).encode()
    assert typed_values(table) == expected


def test_codes_are_known_behind_the_first_rows_and_in_rows_of_another_width() -> None:
    table = b"id,mass\n" + b"".join(b"A%d,%d\n" % (n, n) for n in range(40_000)) + b"1E5,1E5\n2E5\n3E5,7,8\n"
    assert len(table) > limits.HEAD_BYTES
    assert typed_values(table)[-3:] == ["1E5", "2E5", "3E5"]
    assert typed_values(table, 1)[-3:] == [100000.0, None, 7]


# --- molecules ----------------------------------------------------------------------------------------------------------


def structures(data: bytes) -> list[str | None]:
    return [record.structure.text if record.structure else None for record in read_all(data)]


def test_a_column_of_smiles_gives_each_row_its_structure() -> None:
    table = b"id,Canonical SMILES,note\n1,CCO,a\n2, c1ccccc1 ,b\n3,n/a,c\n4,,d\n5,what is it?,e\n6,CC,f\n7,C,g\n"
    assert structures(table) == ["CCO", "c1ccccc1", None, None, "what is it?", "CC", "C"]
    assert {record.structure.media_type for record in read_all(table) if record.structure} == {
        "chemical/x-daylight-smiles"
    }
    assert values(read_all(table)[1])[1] == " c1ccccc1 ", "the cell itself stays as it is"


def test_a_column_of_smiles_is_known_by_its_cells_where_its_name_says_nothing() -> None:
    assert structures(b"no,mol\n1,CC(=O)O\n2,c1ccccc1\n3,O\n") == ["CC(=O)O", "c1ccccc1", "O"]


@pytest.mark.parametrize(
    "table",
    [
        b"code,name\nCN,China\nCO,Colombia\nIN,India\nNO,Norway\n",
        b"id,formula\n1,C2H6O\n2,C6H6\n3,H2O\n",
        b"id,rxn_smiles\n1,CC=O>>CCO\n2,C=C>>CC\n3,C#N>>CN\n",
        b"id,SMILES\n1,unknown\n2,not drawn\n3,CC\n",
        b"id,mol\n1,CC(=O)O\n2,c1ccccc1\n3,acetone\n",
        b"x,y\n1,2\n3,4\n5,6\n",
        b"SMILES\n",
    ],
)
def test_words_codes_and_reactions_are_no_structures(table: bytes) -> None:
    assert set(structures(table)) <= {None}


def test_every_chunk_of_a_table_finds_the_same_column() -> None:
    table = b"no,mol\n" + b"".join(b"%d,CC(=O)O%s\n" % (n, b"C" * (n % 7)) for n in range(20_000))
    head, ends = head_of(table), list(CSV.boundaries([table], head=head_of(table)))
    last = list(CSV.read(table[ends[-3] :], first_index=len(ends) - 2, head=head))
    assert [record.structure.text for record in last if record.structure] == [
        "CC(=O)O" + "C" * (n % 7) for n in (19_998, 19_999)
    ]
