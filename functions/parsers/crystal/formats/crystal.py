"""What a data block says of a crystal, typed.

| Property | Unit | Tags, core CIF (in mmCIF with a dot) |
|---|---|---|
| `cellLengthA`, `cellLengthB`, `cellLengthC` | Å | `_cell_length_…` |
| `cellAngleAlpha`, `cellAngleBeta`, `cellAngleGamma` | ° | `_cell_angle_…` |
| `cellVolume` | Å³ | `_cell_volume`; computed from lengths and angles when it is not there |
| each of these + `Uncertainty` | as the value | standard uncertainty: `5.5592(9)`, or a tag `…_su` or `…_esd` |
| `spaceGroupSymbol` | | `_space_group_name_H-M_alt`, `_symmetry_space_group_name_H-M`; else by gemmi |
| `spaceGroupNumber` | 1 to 230 | `_space_group_IT_number`, `_symmetry_Int_Tables_number`; else by gemmi |
| `crystalSystem` | | by gemmi, from the space group |
| `magneticSpaceGroupSymbol`, `magneticSpaceGroupNumber` | BNS | `_space_group_magn.name_BNS`, `….number_BNS` |
| `formula` | | `_chemical_formula_sum`, `_chem_comp.formula`; as the file writes it |
| `formulaWeight` | g/mol | `_chemical_formula_weight`, `_chem_comp.formula_weight` |
| `z` | | `_cell_formula_units_Z`; in mmCIF also `_cell.Z_PDB` |
| `density`, `densityMeasured` | g/cm³ | `_exptl_crystal_density_diffrn`, `…_meas` |
| `temperature` | K | `_diffrn_ambient_temperature`, `_cell_measurement_temperature` |
| `atomCount` | | rows of `_atom_site_…`, or of `_chem_comp_atom…`; 1 without a loop |
| `chemicalName` | | `_chemical_name_systematic`, `…_common`, `…_mineral`, `_struct.title`, `_chem_comp.name` |
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any, Final

from functions.parsers.crystal.formats.document import Block, all_normalised
from functions.parsers.crystal.formats.values import NULLS, Number, number, text
from leanda.contracts.artefacts import Issue
from leanda.parsing.records import information, warning

OPERATIONS: Final = (
    "_space_group_symop_operation_xyz",
    "_symmetry_equiv_pos_as_xyz",
)
WANTED: Final = frozenset(OPERATIONS)
"""Loops whose values are needed; see `document.read`."""
MAX_OPERATIONS: Final = 192
"""The most symmetry operations that a space group has (International Tables A, Fm-3m)."""

_CELL: Final = {
    "cellLengthA": "_cell_length_a",
    "cellLengthB": "_cell_length_b",
    "cellLengthC": "_cell_length_c",
    "cellAngleAlpha": "_cell_angle_alpha",
    "cellAngleBeta": "_cell_angle_beta",
    "cellAngleGamma": "_cell_angle_gamma",
}
_VOLUME: Final = "cellVolume"
_NUMBERS: Final = {
    "formulaWeight": ("_chemical_formula_weight", "_chem_comp_formula_weight"),
    "z": ("_cell_formula_units_z", "_cell_z_pdb"),
    "density": ("_exptl_crystal_density_diffrn",),
    "densityMeasured": ("_exptl_crystal_density_meas",),
    "temperature": ("_diffrn_ambient_temperature", "_diffrn_ambient_temp", "_cell_measurement_temperature"),
}
_TEXTS: Final = {
    "formula": ("_chemical_formula_sum", "_chem_comp_formula"),
    "chemicalName": (
        "_chemical_name_systematic",
        "_chemical_name_common",
        "_chemical_name_mineral",
        "_struct_title",
        "_chem_comp_name",
    ),
    "magneticSpaceGroupSymbol": ("_space_group_magn_name_bns",),
    "magneticSpaceGroupNumber": ("_space_group_magn_number_bns",),
}
_ATOMS: Final = ("_atom_site_label", "_atom_site_id", "_atom_site_fract_x", "_chem_comp_atom_atom_id")
COUNTED: Final = frozenset(_ATOMS)
"""Loops whose rows are counted; see `document.read`."""
_SYMBOL: Final = (
    "_space_group_name_h-m_alt",
    "_symmetry_space_group_name_h-m",
    "_space_group_name_h-m_full",
    "_space_group_name_h-m_ref",
)
_NUMBER: Final = ("_space_group_it_number", "_symmetry_int_tables_number")
_HALL: Final = ("_space_group_name_hall", "_symmetry_space_group_name_hall")
_SCREW: Final = re.compile(r"[(_]([1-5])\)?")
"""How SHELX and LaTeX write the translation of a screw axis: `P2(1)/c`, `P 2_1/c`."""
_CHOICES: Final = {"S": ":1", "Z": ":2"}
"""How the ICSD writes the choice of the origin: `F d -3 m S`, `F d -3 m Z`."""
_VOLUME_TOLERANCE: Final = 0.01


def properties(block: Block, issues: list[Issue]) -> dict[str, Any]:
    """The properties of the table above that the block gives; what it contradicts itself in goes to `issues`."""
    stated_tags = all_normalised([tag for tag, _ in block.scalars])
    # The first value of a tag counts, so it is put in last.
    values = dict(zip(reversed(stated_tags), [value for _, value in reversed(block.scalars)], strict=True))
    stated = _Stated(values, block.columns)
    found = _cell(stated, issues) | _space_group(stated, issues)
    for name, tags in _TEXTS.items():
        if text := stated.text(tags):
            found[name] = text
    for name, tags in _NUMBERS.items():
        if numeric := stated.number(tags):
            _put(found, name, numeric)
    if stated.rounded:
        message = (
            f"More digits are written than a number here has; the fields have them all: {', '.join(stated.rounded)}."
        )
        issues.append(information("NUMBERS_ROUNDED", message, next(iter(stated.rounded))))
    if stated.unread:
        said = ", ".join(f"{tag} {value!r}" for tag, value in stated.unread.items())
        message = f"What should be a number is none, so that it is no property: {said}."
        issues.append(warning("NUMBER_UNREADABLE", message, next(iter(stated.unread))))
    # A single atom needs no loop; a row of which no value is known is none.
    if count := next((block.rows[tag] for tag in _ATOMS if tag in block.rows), 1 if stated.text(_ATOMS) else 0):
        found["atomCount"] = count
    return found


class _Stated:
    """The values of a block by normalised tag.

    Attributes:
        rounded: tags whose numbers were rounded, in the order of asking.
        unread: tags that should have a number and have other text with digits, such as `1,54`; with the beginning of that text.
    """

    def __init__(self, values: dict[str, str], columns: dict[str, list[str]]) -> None:
        self._values = values
        self._columns = columns
        self.rounded: dict[str, None] = {}
        self.unread: dict[str, str] = {}

    def text(self, tags: Iterable[str]) -> str | None:
        """The first of some tags that has a value, on one line; an empty text is none."""
        for tag in tags:
            if text := self._plain(self._values.get(tag, ".")):
                return text
        return None

    def number(self, tags: Iterable[str]) -> Number | None:
        """The first of some tags that has a number, with the uncertainty that the tags beside it state.

        Quotes around it do not matter: the dictionaries say that these tags have numbers, and programs write `'5.64'`.
        """
        for tag in tags:
            if numeric := self._number(tag):
                if numeric.rounded:
                    self.rounded[tag] = None
                if numeric.uncertainty is not None:
                    return numeric
                beside = (self._number(f"{tag}_{suffix}") for suffix in ("su", "esd"))
                return Number(numeric.value, next((float(found.value) for found in beside if found), None))
            said = self._plain(self._values.get(tag, "."))
            if said and any(map(str.isdigit, said)):  # "not measured" is an answer
                self.unread[tag] = said[:40]
        return None

    def column(self, tags: Iterable[str]) -> list[str]:
        """The values of the first of some tags that is in a loop; else the one that it has alone."""
        found = next((self._columns[tag] for tag in tags if tag in self._columns), None)
        if found is None:
            alone = self.text(tags)
            return [alone] if alone else []
        return [text for value in found if (text := self._plain(value))]

    def _number(self, tag: str) -> Number | None:
        return number(text(self._values[tag])) if tag in self._values else None

    @staticmethod
    def _plain(value: str) -> str | None:
        """A value on one line; forms have `?` between the semicolons of a text that nobody filled in."""
        plain = " ".join(text(value).split())
        return None if plain in NULLS else plain or None


def _put(found: dict[str, Any], name: str, numeric: Number) -> None:
    found[name] = numeric.value
    if numeric.uncertainty is not None:
        found[f"{name}Uncertainty"] = numeric.uncertainty


def _cell(stated: _Stated, issues: list[Issue]) -> dict[str, Any]:
    import gemmi

    found: dict[str, Any] = {}
    for name, tag in _CELL.items():
        if numeric := stated.number((tag,)):
            _put(found, name, numeric)
    computed = None
    if all(name in found for name in _CELL):
        parameters = [float(found[name]) for name in _CELL]
        volume = gemmi.UnitCell(*parameters).volume if all(0 < value < 1e6 for value in parameters) else math.nan
        if math.isfinite(volume) and volume > 0 and all(angle < 180 for angle in parameters[3:]):
            computed = volume
        else:
            message = "No cell has these lengths and angles: " + ", ".join(f"{found[name]:g}" for name in _CELL) + "."
            issues.append(warning("CELL_IMPOSSIBLE", message, "_cell_length_a"))
    if numeric := stated.number(("_cell_volume",)):
        _put(found, _VOLUME, numeric)
        if computed is not None:
            allowed = max(_VOLUME_TOLERANCE * computed, 5 * (numeric.uncertainty or 0))
            if abs(numeric.value - computed) > allowed:
                message = f"The stated volume is {numeric.value:g} Å³, lengths and angles give {computed:.6g} Å³."
                issues.append(warning("CELL_VOLUME_CONFLICT", message, "_cell_volume"))
    elif computed is not None:
        found[_VOLUME] = computed
        issues.append(information("CELL_VOLUME_COMPUTED", "The volume is computed from lengths and angles."))
    return found


def _space_group(stated: _Stated, issues: list[Issue]) -> dict[str, Any]:
    """Symbol and number as stated, missing ones by gemmi from what is there: symbol, Hall symbol, operations, number."""
    symbol = stated.text(_SYMBOL)
    numeric = stated.number(_NUMBER)
    number_stated = numeric.value if numeric and isinstance(numeric.value, int) else None
    group, source = _group(symbol, stated)
    found: dict[str, Any] = {}
    if number_stated is not None and not 1 <= number_stated <= 230:
        issues.append(warning("SPACE_GROUP_UNKNOWN", f"There is no space group {number_stated}."))
        number_stated = None
    if group is not None and number_stated not in (None, group.number):
        message = (
            f"The stated number is {number_stated}, but the {source} is of space group {group.number} ({group.xhm()})."
        )
        issues.append(warning("SPACE_GROUP_CONFLICT", message))
    if group is None and number_stated is not None:
        group, source = _by_number(number_stated), "number, in the reference setting; the file does not tell its own"
    if symbol is not None and group is None:
        issues.append(warning("SPACE_GROUP_UNKNOWN", f"The space group symbol {symbol[:40]!r} is not known."))
    if symbol or group is not None:
        found["spaceGroupSymbol"] = symbol if symbol or group is None else group.xhm()
    if number_stated is not None or group is not None:
        found["spaceGroupNumber"] = number_stated if group is None or number_stated is not None else group.number
    if group is not None:
        found["crystalSystem"] = group.crystal_system_str()
        if symbol is None or number_stated is None:
            what = " and ".join(
                [name for name, value in (("symbol", symbol), ("number", number_stated)) if value is None]
            )
            issues.append(information("SPACE_GROUP_COMPUTED", f"The space group's {what} follows from its {source}."))
    return found


def _group(symbol: str | None, stated: _Stated) -> tuple[Any, str]:
    """gemmi's space group and what it follows from, the surest source first."""
    if (group := _by_symbol(symbol, stated)) is not None:
        return group, "symbol"
    if (group := _by_hall(stated.text(_HALL))) is not None:
        return group, "Hall symbol"
    return _by_operations(stated.column(OPERATIONS)), "symmetry operations"


def _by_symbol(symbol: str | None, stated: _Stated) -> Any:
    import gemmi

    if symbol is None or len(symbol) > 40:
        return None
    alpha, gamma = (stated.number((_CELL[name],)) for name in ("cellAngleAlpha", "cellAngleGamma"))
    # The angles tell the rhombohedral from the hexagonal setting of an R group.
    angles = (float(alpha.value) if alpha else 0.0, float(gamma.value) if gamma else 0.0)
    group = gemmi.find_spacegroup_by_name(symbol, *angles)
    return gemmi.find_spacegroup_by_name(_respelled(symbol), *angles) if group is None else group


def _respelled(symbol: str) -> str:
    """A symbol in the spelling of the International Tables."""
    symbol = _SCREW.sub(r"\1", symbol)
    return symbol[:-1].rstrip() + _CHOICES.get(symbol[-1:], symbol[-1:])


def _by_hall(hall: str | None) -> Any:
    import gemmi

    if hall is None or len(hall) > 80:
        return None
    try:
        return gemmi.find_spacegroup_by_ops(gemmi.symops_from_hall(hall))
    except (RuntimeError, ValueError):
        return None


def _by_operations(operations: list[str]) -> Any:
    import gemmi

    if not 0 < len(operations) <= MAX_OPERATIONS:
        return None
    try:
        return gemmi.find_spacegroup_by_ops(gemmi.GroupOps([gemmi.Op(triplet) for triplet in operations]))
    except (RuntimeError, ValueError):
        return None


def _by_number(number: int) -> Any:
    """The group in its reference setting, which is not the first that gemmi has where there are two choices of the origin."""
    import gemmi

    return gemmi.get_spacegroup_reference_setting(number)
