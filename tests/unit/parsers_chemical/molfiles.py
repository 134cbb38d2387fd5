"""Molfiles and SDfiles written for the tests."""

from __future__ import annotations

from collections.abc import Sequence


def molfile(
    atoms: Sequence[str] = ("C", "C", "O"),
    bonds: Sequence[tuple[int, int, int]] = ((1, 2, 1), (2, 3, 1)),
    *,
    name: str = "ethanol",
    properties: Sequence[str] = (),
) -> str:
    """A V2000 molfile whose atoms stand in a row."""
    lines = [name, "  Leanda", "", f"{len(atoms):3}{len(bonds):3}  0  0  0  0  0  0  0  0999 V2000"]
    lines += [
        f"{1.5 * at:10.4f}{0.75 * (at % 2):10.4f}{0.0:10.4f} {symbol:<3} 0  0  0  0  0  0  0  0  0  0  0  0"
        for at, symbol in enumerate(atoms)
    ]
    lines += [f"{begin:3}{end:3}{order:3}  0  0  0  0" for begin, end, order in bonds]
    return "\n".join([*lines, *properties, "M  END", ""])


def v3000(
    *,
    bond: str = "2 1 2 3",
    counts: str = "3 2 0 0 0",
    end: str = "M  V30 END CTAB\nM  END\n",
    atom: str = "3 O 3 0 0 0",
) -> str:
    """Ethanol as a V3000 molfile; the arguments replace one of its lines."""
    return (
        "ethanol\n  Leanda\n\n  0  0  0     0  0            999 V3000\nM  V30 BEGIN CTAB\n"
        f"M  V30 COUNTS {counts}\nM  V30 BEGIN ATOM\nM  V30 1 C 0 0 0 0\nM  V30 2 C 1.5 -0.75 0 0\nM  V30 {atom}\n"
        f"M  V30 END ATOM\nM  V30 BEGIN BOND\nM  V30 1 1 1 2\nM  V30 {bond}\nM  V30 END BOND\n{end}"
    )


def sdf(*records: str, line_end: str = "\n") -> bytes:
    """An SDfile of molfiles with their data items."""
    return "".join(f"{record}$$$$\n" for record in records).replace("\n", line_end).encode()
