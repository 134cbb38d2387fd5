"""Properties come with their units, and these are what the parsers' own tables state."""

from __future__ import annotations

import re

import pytest

from functions.files import views
from functions.parsers.crystal.formats import crystal
from functions.processor import properties
from leanda.units import units_of

NO_UNITS = {"", "Unit", "---", "as the value", "1 to 230", "BNS"}


@pytest.mark.parametrize(
    ("told", "count"), [(crystal.__doc__, 11), (properties.__doc__, 4)], ids=["crystal", "molecule"]
)
def test_units_are_those_of_the_tables_that_define_the_properties(told: str, count: int) -> None:
    stated = {
        name: unit.strip()
        for names, unit in re.findall(r"^\| ([^|]*) \| ([^|]*)\|", told, re.MULTILINE)
        if unit.strip() not in NO_UNITS
        for name in re.findall(r"`(\w+)`", names)
    }
    assert len(stated) == count
    assert units_of("crystal", stated) == stated


def test_a_width_is_in_pixels_or_in_points() -> None:
    size = {"width": 1, "height": 2}
    assert units_of("image", size) == dict.fromkeys(size, "px")
    assert units_of("page", size) == dict.fromkeys(size, "pt")
    assert units_of("row", size) == {}


def test_a_record_is_shown_with_the_units_that_it_needs() -> None:
    stored = {"recordId": "r", "index": 0, "type": "crystal", "status": "Parsed"}
    shown = views.record(stored | {"properties": {"cellLengthA": 5.64, "cellLengthAUncertainty": 0.01, "z": 4}})
    assert shown["units"] == {"cellLengthA": "Å", "cellLengthAUncertainty": "Å"}
    assert "units" not in views.record(stored | {"properties": {"z": 4}})
