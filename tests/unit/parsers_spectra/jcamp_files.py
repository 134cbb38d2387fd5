"""JCAMP-DX files made by hand: writers of its packed forms, independent of what reads them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise


def squeezed(value: int) -> str:
    digits = str(abs(value))
    return ("@ABCDEFGHI" if value >= 0 else "@abcdefghi")[int(digits[0])] + digits[1:]


def difference(value: int) -> str:
    digits = str(abs(value))
    return ("%JKLMNOPQR" if value >= 0 else "%jklmnopqr")[int(digits[0])] + digits[1:]


def duplicates(count: int) -> str:
    digits = str(count)
    return " STUVWXYZs"[int(digits[0])] + digits[1:]


def affn(values: Sequence[int], first: int = 0, per_line: int = 7) -> Iterator[str]:
    for at in range(0, len(values), per_line):
        yield " ".join(map(str, (first + at, *values[at : at + per_line])))


def pac(values: Sequence[int], first: int = 0, per_line: int = 7) -> Iterator[str]:
    for at in range(0, len(values), per_line):
        yield str(first + at) + "".join(f"{value:+d}" for value in values[at : at + per_line])


def sqz(values: Sequence[int], first: int = 0, per_line: int = 7) -> Iterator[str]:
    for at in range(0, len(values), per_line):
        yield str(first + at) + "".join(map(squeezed, values[at : at + per_line]))


def dif(values: Sequence[int], first: int = 0, per_line: int = 7) -> Iterator[str]:
    """Each line starts with the ordinate that ends the line before; a last line holds nothing but the check."""
    at = 0
    while at < len(values):
        piece = values[at : at + per_line + 1]
        steps = [after - before for before, after in pairwise(piece)]
        yield str(first + at) + squeezed(piece[0]) + "".join(map(difference, steps))
        if len(piece) == 1:
            return
        at += len(steps)
        if at == len(values) - 1:
            yield str(first + at) + squeezed(values[-1])
            return


def difdup(values: Sequence[int], first: int = 0, per_line: int = 7) -> Iterator[str]:
    for line in dif(values, first, per_line):
        yield _with_duplicates(line)


def sqzdup(values: Sequence[int], first: int = 0, per_line: int = 7) -> Iterator[str]:
    for line in sqz(values, first, per_line):
        yield _with_duplicates(line)


def _with_duplicates(line: str) -> str:
    """Equal tokens that follow each other as one with a count; the abscissa stays."""
    tokens: list[str] = []
    for char in line:
        if char.isdigit() and tokens:
            tokens[-1] += char
        else:
            tokens.append(char)
    if line[0] == "-":
        tokens[:2] = ["".join(tokens[:2])]
    packed, run = [tokens[0]], 0
    for at, token in enumerate(tokens[1:], 1):
        run += 1
        if at + 1 < len(tokens) and tokens[at + 1] == token:
            continue
        packed.append(token if run == 1 else token + duplicates(run))
        run = 0
    return "".join(packed)


def block(*labels: str, title: str = "made by hand", end: bool = True) -> str:
    """A block with these labelled data records, each without its `##`."""
    lines = [f"##TITLE= {title}", *(f"##{label}" for label in labels)]
    return "\n".join([*lines, *(["##END="] if end else [])]) + "\n"


def spectrum(lines: Iterable[str], *labels: str, title: str = "made by hand") -> str:
    """A block whose abscissas are 0, 1, 2, …"""
    table = "\n".join(lines)
    return block(
        "JCAMP-DX= 4.24", "DATA TYPE= INFRARED SPECTRUM", *labels, f"XYDATA= (X++(Y..Y))\n{table}", title=title
    )


def axis(count: int, first: float = 0.0, step: float = 1.0) -> tuple[str, ...]:
    last = first + step * (count - 1)
    return (f"FIRSTX= {first}", f"LASTX= {last}", f"NPOINTS= {count}", "XFACTOR= 1", "YFACTOR= 1")


STRUCTURE = block(
    "JCAMP-CS= 3.7",
    "BLOCK_ID= 7",
    "ATOMLIST=\n1 C 3\n2 O 1",
    "BONDLIST=\n1 2 S",
    title="methanol",
)
LINKED = (
    "##TITLE= a run\n##JCAMP-DX= 5.00\n##DATA TYPE= LINK\n##BLOCKS= 3\n"
    + STRUCTURE
    + block(
        "DATA TYPE= NMR PEAK ASSIGNMENTS",
        "CROSS REFERENCE= STRUCTURE: BLOCK_ID= 7",
        "NPOINTS= 2",
        "PEAK ASSIGNMENTS= (XYMA)\n(3.4, 30, S, <1>)\n(2.1, 10, , <2>)",
        title="assigned",
    )
    + spectrum(affn([1, 2, 3]), *axis(3), title="second")
    + "##END= $$ of the LINK block\n"
)
NTUPLES = block(
    "JCAMP-DX= 5.00",
    "DATA TYPE= NMR FID",
    "DATA CLASS= NTUPLES",
    "NTUPLES= NMR FID",
    "VAR_NAME= TIME, FID/REAL, FID/IMAG, PAGE NUMBER",
    "SYMBOL= X, R, I, N",
    "VAR_DIM= 5, 5, 5, 2",
    "UNITS= SECONDS, ARBITRARY UNITS, ARBITRARY UNITS,",
    "FIRST= 0, 10, 1, 1",
    "LAST= 2, 14, 5, 2",
    "FACTOR= 0.5, 2, 2, 1",
    "MIN= 0, 10, 1, 1",
    "MAX= 2, 28, 14, 2",
    "PAGE= N=1\n##DATA TABLE= (X++(R..R)), XYDATA\n0 5 7 9 14 14",
    "PAGE= N=2\n##DATA TABLE= (X++(I..I)), XYDATA\n0 1 2 3 7 6",
    "END NTUPLES= NMR FID",
)
