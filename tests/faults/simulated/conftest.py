"""Small chunks for all simulated lives."""

from collections.abc import Iterator

import pytest

from leanda import limits
from tests.faults.simulated.files import CHUNK_RECORDS


@pytest.fixture(autouse=True, scope="module")
def small_chunks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "CHUNK_RECORDS", CHUNK_RECORDS)
        yield
