"""Units of properties that are always in the same one. Where a file chooses the unit, it stands in a property of its own
(`physicalSizeXUnit`, `xUnits`); what has none here is a count, a name or a pure number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_CELL: Final = {
    **dict.fromkeys(("cellLengthA", "cellLengthB", "cellLengthC"), "Å"),
    **dict.fromkeys(("cellAngleAlpha", "cellAngleBeta", "cellAngleGamma"), "°"),
    "cellVolume": "Å³",
}
_OF_ALL: Final = {
    "molecularWeight": "g/mol",
    "monoisotopicMass": "Da",
    "mostAbundantMass": "Da",
    "tpsa": "Å²",
    **_CELL,
    **{f"{name}Uncertainty": unit for name, unit in _CELL.items()},
    "formulaWeight": "g/mol",
    "density": "g/cm³",
    "densityMeasured": "g/cm³",
    "temperature": "K",
}
_OF_TYPE: Final[Mapping[str, Mapping[str, str]]] = {
    "spectrum": {"frequency": "MHz"},
    "page": {"width": "pt", "height": "pt"},
    "image": {"width": "px", "height": "px", "dpiX": "1/in", "dpiY": "1/in", "duration": "ms"}
    | {f"size{axis}": "px" for axis in "XY"},
    "member": {"size": "byte", "compressedSize": "byte"},
}


def units_of(record_type: str, properties: Mapping[str, Any]) -> dict[str, str]:
    """The units of a record's properties, by their names."""
    known = _OF_TYPE.get(record_type, {})
    return {name: unit for name in properties if (unit := known.get(name) or _OF_ALL.get(name))}
