"""rxnfiles and RD files written for the tests."""

from __future__ import annotations

from collections.abc import Sequence

ETHANOL = (("C", "C", "O"), ((1, 2, 1), (2, 3, 1)))
ETHANAL = (("C", "C", "O"), ((1, 2, 1), (2, 3, 2)))
OXYGEN = (("O", "O"), ((1, 2, 2),))
COPPER = (("Cu",), ())

Drawn = tuple[Sequence[str], Sequence[tuple[int, int, int]]]


def molfile(drawn: Drawn = ETHANOL, *, name: str = "", properties: Sequence[str] = ()) -> str:
    atoms, bonds = drawn
    lines = [name, "  Leanda", "", f"{len(atoms):3}{len(bonds):3}  0  0  0  0  0  0  0  0999 V2000"]
    lines += [
        f"{1.5 * at:10.4f}{0.75 * (at % 2):10.4f}{0.0:10.4f} {symbol:<3} 0  0  0  0  0  0  0  0  0  0  0  0"
        for at, symbol in enumerate(atoms)
    ]
    lines += [f"{begin:3}{end:3}{order:3}  0  0  0  0" for begin, end, order in bonds]
    return "\n".join([*lines, *properties, "M  END", ""])


def rxn(
    reactants: Sequence[str] = (molfile(name="ethanol"),),
    products: Sequence[str] = (molfile(ETHANAL, name="ethanal"),),
    agents: Sequence[str] = (),
    *,
    name: str = "oxidation",
    counts: str | None = None,
) -> str:
    agent_count = f"{len(agents):3}" if agents else ""
    counts = f"{len(reactants):3}{len(products):3}{agent_count}" if counts is None else counts
    molecules = "".join(f"$MOL\n{molecule}" for molecule in (*reactants, *products, *agents))
    return f"$RXN\n{name}\n  Leanda\n\n{counts}\n{molecules}"


def ctab(drawn: Drawn) -> str:
    atoms, bonds = drawn
    lines = ["BEGIN CTAB", f"COUNTS {len(atoms)} {len(bonds)} 0 0 0", "BEGIN ATOM"]
    lines += [f"{n} {symbol} {1.5 * n} 0 0 0" for n, symbol in enumerate(atoms, 1)]
    lines += ["END ATOM", "BEGIN BOND"]
    lines += [f"{n} {order} {begin} {end}" for n, (begin, end, order) in enumerate(bonds, 1)]
    return "".join(f"M  V30 {line}\n" for line in [*lines, "END BOND", "END CTAB"])


def rxn_v3000(*, counts: str = "1 1 1", end: str = "M  END\n", agent: str = ctab(OXYGEN)) -> str:
    return (
        f"$RXN V3000\noxidation\n  Leanda\n\nM  V30 COUNTS {counts}\n"
        f"M  V30 BEGIN REACTANT\n{ctab(ETHANOL)}M  V30 END REACTANT\n"
        f"M  V30 BEGIN PRODUCT\n{ctab(ETHANAL)}M  V30 END PRODUCT\n"
        f"M  V30 BEGIN AGENT\n{agent}M  V30 END AGENT\n{end}"
    )


RDF_HEADER = "$RDFILE 1\n$DATM    11/25/26 10:00\n"
RDF = (
    RDF_HEADER
    + f"$RFMT $RIREG 7\n{rxn()}$DTYPE yield\n$DATUM 93.5\n$DTYPE note\n$DATUM first line\n second line\n"
    + f"$MFMT $MIREG 8\n$MOL\n{molfile(name='alone')}$DTYPE id\n$DATUM M8\n"
    + f"$REREG E9\n{rxn_v3000()}"
    + f"$RFMT\n$RIREG 10\n{rxn(name='two lines')}"
    + f"$MFMT\n{molfile(OXYGEN, name='oxygen')}"
    + "$MEREG none\n$DTYPE a\n$DATUM b\n"
    + f"$RFMT\n{rxn((), ())}"
)
