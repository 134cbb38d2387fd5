"""Damaged files never raise anything but a verdict on the file, and none of them takes long."""

from __future__ import annotations

import random
import time

import pytest

from functions.parsers.reaction.formats import rdf, rxn, smiles
from leanda.errors import ParseFailure
from leanda.parsing.format import Format
from tests.unit.parsers_reaction.reading import boundaries, read
from tests.unit.parsers_reaction.rxns import OXYGEN, RDF, molfile, rxn_v3000
from tests.unit.parsers_reaction.rxns import rxn as rxnfile

MUTANTS = 300
PIECES = (
    b"\0", b"\xff", b"$RXN\n", b"$MOL\n", b"$RFMT\n", b"$MFMT\n", b"$DTYPE", b"$DATUM", b"M  END\n", b"999", b"-1", b"\n", b"\r",
    b"M  V30 ", b"V3000", b"M  V30 BEGIN CTAB\n", b" " * 300, b"\xef\xbb\xbf", b">", b">>", b".", b"|f:0.1|", b",", b'"', b"[",
)  # fmt: skip
SEEDS: tuple[tuple[Format, bytes], ...] = (
    (rxn.FORMAT, rxnfile(agents=[molfile(OXYGEN)]).encode()),
    (rxn.FORMAT, rxn_v3000().encode()),
    (rdf.FORMAT, RDF.encode()),
    (smiles.FORMAT, b"id,rxn\n1,[CH3:1][OH:2]>[Cu]>[CH2:1]=[O:2]\n2,CC.O>>CCO |f:0.1|\n3,c1ccccc1Br>>c1ccccc1\n"),
    (smiles.FORMAT, b"CO>>C=O oxidation\nCC[O-].[Na+].CBr>CCO>CCOC.[Na+].[Br-] Williamson\n>>C\n"),
)


def mutant(seed: bytes, chance: random.Random) -> bytes:
    content = bytearray(seed)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(content) + 1)
        match chance.randrange(5):
            case 0:
                del content[at + chance.randrange(400) :]
            case 1:
                content[at:at] = chance.choice(PIECES)
            case 2:
                content[at : at + 1] = bytes([chance.randrange(256)])
            case 3:
                del content[at : at + chance.randint(1, 80)]
            case 4:
                content[at:at] = content[at : at + chance.randint(1, 200)]
    return bytes(content)


@pytest.mark.parametrize(("form", "seed"), SEEDS, ids=lambda value: getattr(value, "name", ""))
def test_a_mutant_gives_one_record_for_each_boundary_or_a_parse_failure(form: Format, seed: bytes) -> None:
    chance = random.Random(20)
    for _ in range(MUTANTS):
        content = mutant(seed, chance)
        started = time.process_time()
        try:
            ends = boundaries(form, content)
            records = read(form, content)
        except ParseFailure:
            continue
        assert time.process_time() - started < 2, content
        assert [record.index for record in records] == list(range(len(ends))), content
        assert not any(issue.code == "RECORD_UNREADABLE" for record in records for issue in record.issues), content
        assert all(record.issues for record in records if record.structure is None), content


@pytest.mark.parametrize(
    ("form", "content"),
    [
        (rdf.FORMAT, b"$RFMT\n" * 50_000),
        (rdf.FORMAT, b"$RFMT" + b" " * 5_000_000),
        (rdf.FORMAT, b"$RFMT\n$RXN\n" + b"$MOL\n" * 500_000),
        (rdf.FORMAT, b"$RFMT\n" + rxnfile().encode() + b"$DTYPE a\n$DATUM " + (b"x" * 80 + b"+\n") * 50_000),
        (rxn.FORMAT, b"$RXN\n\n\n\n999999999\n" + b"$MOL\n\n\n\n" * 2_997),
        (rxn.FORMAT, b"$RXN V3000\n\n\n\n" + b"M  V30 BEGIN CTAB\n" * 200_000),
        (rxn.FORMAT, b"x" * 20_000_000),
        (smiles.FORMAT, b">" * 3_000_000),
        (smiles.FORMAT, b"C" * 3_000_000 + b">>C"),
        (smiles.FORMAT, b'"' * 3_000_000 + b">>C"),
        (smiles.FORMAT, (b"C" * 9000 + b">>" + b"C" * 900 + b"\n") * 2),
        (smiles.FORMAT, (b"[H][H]." * 1200 + b"C>>C\n")),
    ],
)
def test_absurd_files_end_in_seconds(form: Format, content: bytes) -> None:
    started = time.process_time()
    ends = boundaries(form, content, 256 * 1024)
    assert len(read(form, content)) == len(ends)
    assert time.process_time() - started < 15
