from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.parsers.chemical.formats import inchi
from leanda import limits
from leanda.contracts.artefacts import RecordStatus
from tests.unit.parsers import reading
from tests.unit.parsers.reading import codes

ETHANOL = "InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3"
FILE = (
    "InChI\tname\n"
    f"{ETHANOL}\tethanol\n# a comment\n\n"
    "InChI=1S/ClH.Na/h1H;/q;+1/p-1 table salt\n"
    "InChI=1S/broken\n"
    "InChI=1S/C3H7NO2/c1-2(4)3(5)6/h2H,4H2,1H3,(H,5,6)/t2-/m0/s1"
).encode()

boundaries = partial(reading.boundaries, inchi.FORMAT)
read = partial(reading.read, inchi.FORMAT)


def test_each_inchi_is_a_molecule_with_a_smiles() -> None:
    records = read(FILE)
    assert [(record.index, record.name, record.status.value) for record in records] == [
        (0, "ethanol", "Parsed"),
        (1, "table salt", "Parsed"),
        (2, None, "Failed"),
        (3, None, "Parsed"),
    ]
    assert records[0].structure is not None
    assert records[0].structure.media_type == "chemical/x-daylight-smiles"
    assert [(field.name, field.value) for field in records[0].fields] == [("InChI", ETHANOL)]
    assert records[0].properties == {"inchi": ETHANOL, "inchiKey": "LFQSCWFLJHTTHZ-UHFFFAOYSA-N"}
    assert records[3].properties["inchiKey"] == "QNAYBMKLOCPYGJ-REOHCLBHSA-N"


@given(st.sets(st.integers(0, 3)), st.integers(1, 30))
def test_records_depend_neither_on_blocks_nor_on_chunks(cuts: set[int], size: int) -> None:
    assert boundaries(FILE, size) == boundaries(FILE)
    assert reading.in_chunks(inchi.FORMAT, FILE, cuts) == read(FILE)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("CCO", "INCHI_INVALID"),
        ("InChI=2S/CH4/h1H4", "INCHI_INVALID"),
        ("LFQSCWFLJHTTHZ-UHFFFAOYSA-N", "INCHI_INVALID"),
        ("InChI=1S/CH4/h1H5", "TOOLKIT_REFUSED"),
        ("InChI=1S//", "TOOLKIT_REFUSED"),
        ("InChI=1S/C\0H4", "INCHI_INVALID"),
        ("InChI=1S/" + "C" * 20_001, "STRUCTURE_TOO_LARGE"),
        ("InChI=1S/Cl9999H.Na/h1H;/q;+1/p-1", "STRUCTURE_TOO_LARGE"),
        ("InChI=1S/9999ClH.Na/h1H;/q;+1/p-1", "STRUCTURE_TOO_LARGE"),
        ("InChI=1S/C99999999999", "STRUCTURE_TOO_LARGE"),
        ("x" * (limits.MAX_RECORD_BYTES + 1), "RECORD_TOO_LARGE"),
    ],
)
def test_lines_that_are_no_inchi_fail_alone(line: str, code: str) -> None:
    records = read(f"{ETHANOL}\n{line}\n{ETHANOL}\n")
    assert [record.status.value for record in records] == ["Parsed", "Failed", "Parsed"]
    assert codes(records[1]) == [code]


def test_a_structure_with_another_charge_is_not_shown() -> None:
    [record] = read(
        "InChI=1S/C9H12N5O/c1-9(2)4-6(3-7(15)5-9)10-8-11-13-14-12-8/h3H,4-5H2,1-2H3,(H-,10,11,12,13,14,15)/q-1/p-1"
    )
    assert record.status is RecordStatus.PARSED
    assert record.structure is None
    assert codes(record) == ["INCHI_NOT_CONFIRMED"]
    assert len(record.properties["inchiKey"]) == 27


def test_a_tautomer_of_the_same_composition_is_kept_with_a_warning() -> None:
    [record] = read(
        "InChI=1S/C11H12N4OS/c1-7-4-3-5-8(6-7)12-10(16)9-11(17-2)14-15-13-9/h3-6H,1-2H3,(H2,12,13,14,15,16)/p-1"
    )
    assert record.structure is not None
    assert codes(record) == ["INCHI_DIFFERS"]
