from __future__ import annotations

import pytest

from leanda.rounding import is_rounded


@pytest.mark.parametrize(
    "text",
    ["0", "-0.0", "0e99999999999999999999", "1.5", "5.430697500000001", "0.1234567890123456", "1e22", "5e-324", "1E5"],
)
def test_a_number_that_comes_back_as_it_was_is_not_rounded(text: str) -> None:
    assert not is_rounded(text, float(text))


@pytest.mark.parametrize(
    "text",
    [
        "5.4306975000000012",
        "0.12345678901234567",
        "12345678901234567890.5",
        "1.2345e-320",
        "1e-400",
        "-0.1E-99999999999999999999",
    ],
)
def test_a_number_that_becomes_another_one_or_0_is_rounded(text: str) -> None:
    assert is_rounded(text, float(text))
