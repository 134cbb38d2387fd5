"""Identifiers of a SMILES that somebody asks for, by the real toolkit in a real child."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from functions.processor.identifying import Identifying
from functions.processor.properties import compute
from leanda.guard import GuardedChild, Limits


@pytest.fixture(scope="module")
def identifying() -> Iterator[Identifying]:
    child = GuardedChild(Limits(item_seconds=60, call_seconds=60, memory_bytes=1 << 30))
    yield Identifying(child)
    child.close()


@pytest.mark.parametrize("smiles", ["OC(=O)c1ccccc1OC(C)=O", "C1=CC=C(C(=C1)C(=O)O)OC(=O)C", "[Na+].[Cl-]", "C"])
def test_they_are_what_records_have(identifying: Identifying, smiles: str) -> None:
    computed = compute(smiles).properties
    assert identifying.identifiers(smiles) == [computed["canonicalSmiles"], computed["inchiKey"]]


@pytest.mark.parametrize("text", ["c1ccccc", "not a molecule", "C" * 1999 + "(", "\ud800", "\0"])
def test_what_is_no_molecule_has_none_and_the_next_one_has(identifying: Identifying, text: str) -> None:
    assert identifying.identifiers(text) == []
    assert identifying.identifiers("OCC")[0] == "CCO"
