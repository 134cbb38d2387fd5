from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.parsers.reaction.formats.smiles import FORMAT
from leanda.contracts.artefacts import RecordStatus
from leanda.parsing.smiles import MAX_CELL_CHARACTERS, ReactionLayout, plausible_reaction, reaction_layout
from tests.unit.parsers.reading import boundaries, codes, in_chunks, read, read_one

TABLE = b"id;rxn;yield\n1;CO>>C=O;93\n\n2;C1CC>>CC;5\n3;[CH3:1][OH:2].[O]>[Cu]>[CH2:1]=[O:2];\n" + b"4;CC>>CO;1\n" * 20


def test_the_reactions_of_a_column_are_records_and_the_other_columns_fields() -> None:
    records = read(FORMAT, TABLE)
    assert len(records) == len(boundaries(FORMAT, TABLE)) == 23
    assert [record.status.value for record in records[:3]] == ["Parsed", "Failed", "Parsed"]
    assert [(field.name, field.value) for field in records[0].fields] == [("id", "1"), ("yield", "93")]
    assert [(field.name, field.value) for field in records[2].fields] == [("id", "3"), ("yield", None)]
    assert records[2].properties["reactionSmiles"] == "CO.[O]>[Cu]>C=O"
    assert records[2].properties["agents"] == [{"smiles": "[Cu]", "inchiKey": "RYGMFSIKBFXOCR-UHFFFAOYSA-N"}]
    assert records[2].structure is not None
    assert records[2].structure.media_type == "chemical/x-daylight-reaction-smiles"
    assert records[2].structure.text == "[CH3:1][OH:2].[O]>[Cu]>[CH2:1]=[O:2]"


@given(st.sets(st.integers(0, 22)))
def test_records_do_not_depend_on_chunks(cuts: set[int]) -> None:
    assert in_chunks(FORMAT, TABLE, cuts) == read(FORMAT, TABLE)


def test_a_line_may_hold_a_reaction_and_its_name() -> None:
    records = read(FORMAT, b"# made by hand\nCO>>C=O oxidation of methanol\nCC.O>>CCO |f:0.1| joined\n>>C\n")
    assert [record.name for record in records] == ["oxidation of methanol", "joined", None]
    assert [member["smiles"] for member in records[1].properties["reactants"]] == ["CC.O"]


def test_parts_that_a_ring_bond_joins_are_one_molecule() -> None:
    record = read_one(FORMAT, b"C1.C1>>CC")
    assert record.status is RecordStatus.PARSED
    assert "CC" in {member["smiles"] for member in record.properties["reactants"]}


def test_molecules_are_the_same_in_aromatic_and_in_drawn_form() -> None:
    """Caffeine, whose six-ring Indigo calls aromatic only where the SMILES does; and rings with two sets of double bonds."""
    for aromatic, drawn in (
        (b"Cn1c(=O)c2c(ncn2C)n(C)c1=O", b"CN1C(=O)C2=C(N=CN2C)N(C)C1=O"),
        (b"c1cc2nsnc2c2nsnc12", b"C1=CC2=NSN=C2C2=NSN=C21"),
    ):
        first, second = read(FORMAT, aromatic + b">>C\n" + drawn + b">>C\n")
        assert codes(first) == codes(second) == []
        assert first.properties == second.properties


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"CC>>CO>C", "REACTION_SMILES_INVALID"),
        (b"CC>CO", "REACTION_SMILES_INVALID"),
        (b"CC", "REACTION_SMILES_INVALID"),
        (b"water>>ice", "REACTION_SMILES_INVALID"),
        (b"CC>>[Xx]", "TOOLKIT_REFUSED"),
        (b"C" * MAX_CELL_CHARACTERS + b">>C", "STRUCTURE_TOO_LARGE"),
    ],
)
def test_lines_that_are_no_reaction_fail_alone(line: bytes, code: str) -> None:
    content = b"CO>>C=O\n" * 10 + line + b"\nCO>>C=O\n"
    records = read(FORMAT, content)
    assert [record.status.value for record in records] == ["Parsed"] * 10 + ["Failed", "Parsed"]
    assert codes(records[10]) == [code]


def test_an_empty_reaction_is_kept_with_a_warning() -> None:
    assert codes(read_one(FORMAT, b">>")) == ["REACTION_EMPTY"]


@pytest.mark.parametrize(
    ("lines", "layout"),
    [
        (["CO>>C=O"], ReactionLayout(None)),
        (["CO>>C=O name", "CC>>CO name, with comma"], ReactionLayout(None)),
        (["rxn", "CO>>C=O"], ReactionLayout("\t", 0, ("rxn",))),
        (["a,b", "1,CO>>C=O"], ReactionLayout(",", 1, ("a", "b"))),
        (["1\tCO>>C=O |f:0.1,2.3|\tx"], ReactionLayout("\t", 1)),
        (['1,"CO>>C=O |f:0.1,2.3|",x'], ReactionLayout(",", 1)),
        (["a,b", "1,2"], None),
        (["a > b > c"], None),
        (["CO>>C=O", *["prose > and > more"] * 5], None),
        ([], None),
        (["", "# only a comment"], None),
    ],
)
def test_layouts(lines: list[str], layout: ReactionLayout | None) -> None:
    found = reaction_layout(lines)
    assert (found and (found.column, found.header)) == (layout and (layout.column, layout.header))
    if layout and layout.column:
        assert found is not None
        assert found.delimiter == layout.delimiter


@pytest.mark.parametrize("text", ["C>>", ">>C", "C>O>C", "[CH3:1][OH:2]>>[CH2:1]=[O:2]", "C.C>>CC |f:0.1|"])
def test_reactions_are_plausible(text: str) -> None:
    assert plausible_reaction(text)


@pytest.mark.parametrize(
    "text", ["", ">>", "a>b>c", "C>C", "C>>C>", "C >> C", "C>>C extra", "->->", "C>>" + "C" * 10_001]
)
def test_other_texts_are_not(text: str) -> None:
    assert not plausible_reaction(text)
