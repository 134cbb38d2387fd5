"""Batches in portions: nothing is left out, nothing changes places, and no portion is heavier than it need be."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from leanda.messaging import portions


@given(weights=st.lists(st.integers(0, 30)), most=st.integers(1, 40))
def test_portions_hold_all_in_order_and_are_light_unless_one_event_is_heavy(weights: list[int], most: int) -> None:
    received: Any = list(enumerate(weights))
    found = list(portions(received, weight=lambda one: one[1], most=most))  # type: ignore[index]
    assert [one for portion in found for one in portion] == received
    for portion in found:
        assert len(portion) == 1 or sum(weight for _, weight in portion) <= most  # type: ignore[misc,attr-defined]
    for before, after in itertools.pairwise(found):
        assert sum(weight for _, weight in before) + after[0][1] > most  # type: ignore[misc,attr-defined,index]
