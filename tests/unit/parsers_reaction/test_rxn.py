from __future__ import annotations

import pytest

from functions.parsers.reaction.formats import rxn
from leanda import limits
from leanda.contracts.artefacts import RecordStatus, Severity
from tests.unit.parsers.reading import boundaries, codes, read, read_one
from tests.unit.parsers_reaction.rxns import COPPER, ETHANAL, ETHANOL, OXYGEN, ctab, molfile, rxn_v3000
from tests.unit.parsers_reaction.rxns import rxn as rxnfile

RXN = rxn.FORMAT
ETHANOL_KEY, ETHANAL_KEY, OXYGEN_KEY = (
    "LFQSCWFLJHTTHZ-UHFFFAOYSA-N",
    "IKHGUXGNUITLKF-UHFFFAOYSA-N",
    "MYMOFIZGZYHOMD-UHFFFAOYSA-N",
)


def test_a_reaction_has_its_molecules_by_role_with_smiles_and_keys() -> None:
    record = read_one(RXN, rxnfile(agents=[molfile(OXYGEN, name="oxygen"), molfile(COPPER)]))
    assert (record.type, record.name, record.status) == ("reaction", "oxidation", RecordStatus.PARSED)
    assert record.properties == {
        "reactionSmiles": "CCO>O=O.[Cu]>CC=O",
        "reactants": [{"smiles": "CCO", "inchiKey": ETHANOL_KEY, "name": "ethanol"}],
        "products": [{"smiles": "CC=O", "inchiKey": ETHANAL_KEY, "name": "ethanal"}],
        "agents": [
            {"smiles": "O=O", "inchiKey": OXYGEN_KEY, "name": "oxygen"},
            {"smiles": "[Cu]", "inchiKey": "RYGMFSIKBFXOCR-UHFFFAOYSA-N"},
        ],
        "reactantCount": 1,
        "productCount": 1,
        "agentCount": 2,
    }
    assert record.issues == ()
    assert record.toolkit == "Indigo 1.46.0"


def test_v3000_says_the_same() -> None:
    record = read_one(RXN, rxn_v3000())
    assert record.properties["reactionSmiles"] == "CCO>O=O>CC=O"
    assert [member["inchiKey"] for member in record.properties["agents"]] == [OXYGEN_KEY]
    assert (record.name, record.issues) == ("oxidation", ())


def test_the_structure_is_the_rxnfile_itself() -> None:
    record = read_one(RXN, rxnfile() + "$DTYPE yield\n$DATUM 93\n")
    assert record.structure is not None
    assert record.structure.media_type == "chemical/x-mdl-rxn"
    assert record.structure.text == rxnfile()
    assert [(field.name, field.value) for field in record.fields] == [("yield", "93")]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_line_ends_do_not_matter(line_end: str) -> None:
    record = read_one(RXN, rxnfile().replace("\n", line_end))
    assert record.properties["reactionSmiles"] == "CCO>>CC=O"


def test_components_are_canonical_whatever_their_drawing_and_mapping() -> None:
    drawn = molfile((("O", "C", "C"), ((1, 2, 1), (2, 3, 1))))
    mapped = drawn.replace("O   0  0  0  0  0  0  0  0  0  0", "O   0  0  0  0  0  0  0  0  0  1")
    assert mapped != drawn
    assert read_one(RXN, rxnfile([mapped])).properties["reactants"] == [{"smiles": "CCO", "inchiKey": ETHANOL_KEY}]


def test_several_reactions_in_one_file_are_several_records() -> None:
    content = (rxnfile(name="a") + rxnfile(["broken\n"], name="b") + rxnfile(name="c")).encode()
    assert len(boundaries(RXN, content)) == 3
    records = read(RXN, content, first_index=2)
    assert [(record.index, record.name, record.status.value) for record in records] == [
        (2, "a", "Parsed"),
        (3, "b", "Failed"),
        (4, "c", "Parsed"),
    ]


@pytest.mark.parametrize(
    ("text", "smiles", "issues"),
    [
        (rxnfile((), ()), None, ["REACTION_EMPTY"]),
        (rxnfile((), (), [molfile(COPPER)]), None, ["REACTION_EMPTY"]),
        (rxnfile(products=()), "CCO>>", []),
        (rxnfile(reactants=()), ">>CC=O", []),
        (rxnfile([molfile((("L",), ()), properties=["M  ALS   1  2 F N   O   "])]), None, ["QUERY_STRUCTURE"]),
        (rxnfile([molfile((("Ph", "Br"), ((1, 2, 1),)))]), "Br*>>CC=O", ["COMPONENT_NOT_COMPUTED"]),
    ],
)
def test_odd_reactions_are_kept_and_say_so(text: str, smiles: str | None, issues: list[str]) -> None:
    record = read_one(RXN, text)
    assert record.status is RecordStatus.PARSED
    assert record.properties.get("reactionSmiles") == smiles
    assert codes(record) == issues
    assert all(issue.severity is Severity.WARNING for issue in record.issues)


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        (rxnfile(counts="  1  2"), "RXN_COUNT_MISMATCH", "line 5 of the record"),
        (rxnfile(counts="  1"), "RXN_COUNTS_INVALID", "line 5 of the record"),
        (rxnfile(counts="9 1  1  1"), "RXN_COUNTS_INVALID", "line 5 of the record"),
        (rxnfile(counts="  1 0j"), "RXN_COUNTS_INVALID", "line 5 of the record"),
        (rxnfile(counts="  1  1\nwords"), "RXN_LINE_UNKNOWN", "line 6 of the record"),
        ("$RXN\n\n", "RXN_TRUNCATED", "line 1 of the record"),
        (rxnfile().replace("    1.5000", "0.000j98k0", 1), "ATOM_LINE_INVALID", "reactant 1, line 12 of the record"),
        (
            rxnfile().replace("  2  3  2  0", "  2  3  2  0k967"),
            "BOND_LINE_INVALID",
            "product 1, line 26 of the record",
        ),
        (rxnfile([molfile((("C", "C"), ((1, 2, 1), (1, 2, 2))))]), "TOOLKIT_REFUSED", "reactant 1"),
        (rxn_v3000(counts="1 1 0"), "RXN_COUNT_MISMATCH", "record 1"),
        (rxn_v3000(counts="one 1 1"), "RXN_COUNTS_INVALID", "line 5 of the record"),
        (rxn_v3000(end=""), "RXN_UNTERMINATED", "line 45 of the record"),
        (rxn_v3000(end="M  V30 END AGENT\nM  END\n"), "RXN_BLOCK_UNPAIRED", "line 46 of the record"),
        (rxn_v3000(end="M  V30 BEGIN AGENT\nM  END\n"), "RXN_BLOCK_UNPAIRED", "line 47 of the record"),
        (rxn_v3000(end="zzz\nM  END\n"), "RXN_LINE_UNKNOWN", "line 46 of the record"),
        (
            rxn_v3000(agent=ctab(OXYGEN).replace("1 2 1 2", "1 2 1 3")),
            "BOND_LINE_INVALID",
            "agent 1, line 42 of the record",
        ),
    ],
)
def test_damage_fails_the_reaction_at_its_place(text: str, code: str, place: str) -> None:
    record = read_one(RXN, text)
    assert record.status is RecordStatus.FAILED
    assert [(issue.code, issue.place) for issue in record.issues] == [(code, place)]
    assert record.structure is None


def test_a_molecule_may_be_called_like_a_keyword() -> None:
    record = read_one(RXN, rxnfile([molfile(ETHANOL, name="$MOL")], [molfile(ETHANAL, name="$MOL")]))
    assert [member["name"] for member in record.properties["reactants"]] == ["$MOL"]


def test_a_counts_line_with_loose_columns_is_read() -> None:
    assert read_one(RXN, rxnfile(counts="1 1")).properties["reactionSmiles"] == "CCO>>CC=O"


@pytest.mark.parametrize("content", [b"", b"Dear colleagues,\n $RXN is behind a blank\n"])
def test_a_file_without_a_reaction_has_no_record(content: bytes) -> None:
    assert boundaries(RXN, content) == []
    assert read(RXN, content) == []


def test_a_reaction_that_is_too_large_fails_alone() -> None:
    records = read(RXN, rxnfile() + " " * limits.MAX_RECORD_BYTES + "\n" + rxnfile())
    assert [record.status.value for record in records] == ["Failed", "Parsed"]
    assert codes(records[0]) == ["RECORD_TOO_LARGE"]
