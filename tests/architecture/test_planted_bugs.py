"""Each planted bug still finds the mechanism that it takes out; whether the tests notice it, `make planted` shows."""

from __future__ import annotations

import pytest

from tests.faults.planted import BUGS, ROOT, Bug


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.mechanism)
def test_the_mechanism_stands_where_it_is_taken_out(bug: Bug) -> None:
    assert (ROOT / bug.file).read_text().count(bug.before) == 1
    assert (ROOT / bug.tests.split("::")[0].split()[0]).exists()
