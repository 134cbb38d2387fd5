"""Stated values become numbers only where a number says the same."""

from __future__ import annotations

import pytest

from functions.parsers.spectra.formats.text import typed


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("4000.1", 4000.1),
        ("0.1000000000000000055", "0.1000000000000000055"),
        ("5.430697500000001", 5.430697500000001),
        ("1e-400", "1e-400"),
        ("0.0", 0.0),
    ],
)
def test_what_a_double_would_round_stays_text(text: str, value: str | float) -> None:
    assert typed(text) == value
