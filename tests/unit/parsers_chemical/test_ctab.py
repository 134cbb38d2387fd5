from __future__ import annotations

import random
from collections import Counter

import pytest

from leanda.contracts.artefacts import Issue, Severity
from leanda.parsing import ctab, ctab_v3000
from tests.unit.parsers_chemical.molfiles import molfile, v3000


def check(text: str) -> tuple[Issue, ...]:
    return ctab.check(text.encode().splitlines())


def changed(old: str, new: str, text: str | None = None) -> str:
    text = text or molfile()
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    "text",
    [
        molfile(),
        molfile([], []),
        v3000(),
        v3000(bond="2 1 -\nM  V30 2 3"),
        v3000(atom="3 [N,O] 3 0 0 0 CHG=-1"),
        v3000(atom="3 NOT [N, O] 3 0 0 0"),
        molfile(properties=["M  CHG  2   1   1   3  -1", "A    2", "any 12 text", "V    1 x", "S  SKP  1", "skipped"]),
        changed("  1  2  1  0  0  0  0", "  1  2  1"),
        changed("  1  2  1  0  0  0  0", "  1  2  1  6     0  0"),
        changed("O   0  0  0  0  0  0  0  0  0  0  0  0", "O   0  5  1  0  0  0  0  0  0"),
        changed("O   0  0  0  0  0  0  0  0  0  0  0  0", "O"),
        changed("O   0  0  0  0  0  0  0  0  0  0  0  0", "O   0  0  0  0  0  0  0  0  0 12  1  0"),
        changed("  2  3  1  0  0  0  0", "  2  3  1  0  0  0  4"),
        changed("    0.0000    0.0000    0.0000 C", "      0.00  -1.2e-03   +0.     C"),
        changed("0999 V2000", ""),
        changed("  0  0  0  0  0  0  0  0999", "  1  0  0  0  0  0  0  0999").replace(
            "M  END", "  3 F    2   7   8\nM  END"
        ),
    ],
)
def test_sound_tables_pass(text: str) -> None:
    assert check(text) == ()


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (changed("    1.5000", "0.000j98k0"), "ATOM_LINE_INVALID", 6),
        (changed("    1.5000", "    1.5 00"), "ATOM_LINE_INVALID", 6),
        (changed("    1.5000", "   1.5000 "), None, None),
        (changed("    1.5000", "       nan"), "ATOM_LINE_INVALID", 6),
        (changed("    1.5000", "    1..500"), "ATOM_LINE_INVALID", 6),
        (changed("    1.5000", "   1.5000"), "ATOM_LINE_INVALID", 6),
        (changed("O   0  0", "O   0 k0"), "ATOM_LINE_INVALID", 7),
        (changed("O   0  0", "O   0 5 "), None, None),
        (changed("O   0  0  0", "O   0  51 0"), "ATOM_LINE_INVALID", 7),
        (changed("  2  3  1", "  2  4  1"), "BOND_LINE_INVALID", 9),
        (changed("  2  3  1", "  0  3  1"), "BOND_LINE_INVALID", 9),
        (changed("  2  3  1", " 2x 3  1 "), "BOND_LINE_INVALID", 9),
        (changed("  2  3  1", "  2   3 1"), "BOND_LINE_INVALID", 9),
        (changed("  2  3  1  0  0", "  2  3  1  0k967"), "BOND_LINE_INVALID", 9),
        (changed("  2  3  1  0", "  2  3  11 0"), "BOND_LINE_INVALID", 9),
        (changed("  3  2", "  3  3"), "CTAB_COUNT_MISMATCH", 10),
        (changed("  3  2", "  3  1"), "CTAB_COUNT_MISMATCH", 9),
        (changed("  3  2", "  4  2"), "ATOM_LINE_INVALID", 8),
        (changed("  3  2", "  9  9"), "CTAB_TRUNCATED", 10),
        (changed("  3  2", "  3 -2"), "COUNTS_LINE_INVALID", 4),
        (changed("  3  2", "3 2   "), "COUNTS_LINE_INVALID", 4),
        (changed("V2000", "V1999"), "COUNTS_LINE_INVALID", 4),
        (changed("M  END\n", ""), "CTAB_UNTERMINATED", 9),
        (molfile(properties=["M  CHG  2   1   1"]), "PROPERTY_LINE_INVALID", 10),
        (molfile(properties=["M  ISO  1   4  13"]), "PROPERTY_LINE_INVALID", 10),
        (molfile(properties=["M  RAD  1   1   x"]), "PROPERTY_LINE_INVALID", 10),
        ("a\nb\nc", "CTAB_TRUNCATED", 3),
        ("", "CTAB_TRUNCATED", None),
        (v3000(counts="3 3 0 0 0"), "CTAB_COUNT_MISMATCH", 16),
        (v3000(counts="4 2 0 0 0"), "CTAB_COUNT_MISMATCH", 16),
        (v3000(counts="three"), "COUNTS_LINE_INVALID", 6),
        (v3000(bond="2 1 2 4"), "BOND_LINE_INVALID", 14),
        (v3000(bond="2 1 2"), "BOND_LINE_INVALID", 14),
        (v3000(atom="3 O 3 0.0j 0 0"), "ATOM_LINE_INVALID", 10),
        (v3000(atom="2 O 3 0 0 0"), "ATOM_LINE_INVALID", 10),
        (v3000(end="M  END\n"), "CTAB_BLOCK_UNPAIRED", 5),
        (v3000(end="M  V30 END BOND\nM  END\n"), "CTAB_BLOCK_UNPAIRED", 16),
        (v3000(end="M  V30 END CTAB\n"), "CTAB_UNTERMINATED", 16),
        (v3000(end="zzz\nM  V30 END CTAB\nM  END\n"), "CTAB_INVALID", 16),
        (molfile([], []).replace("V2000", "V3000"), "CTAB_TRUNCATED", 5),
        (changed("M  V30 COUNTS 3 2 0 0 0\n", "", v3000()), "COUNTS_LINE_INVALID", 5),
    ],
)
def test_damaged_tables_fail_at_their_line(text: str, code: str | None, line: int | None) -> None:
    issues = check(text)
    if code is None:
        assert issues == ()
        return
    [issue] = issues
    assert (issue.code, issue.severity, issue.place) == (
        code,
        Severity.ERROR,
        f"line {line} of the record" if line else None,
    )


WITH_BLOCKS = "M  V30 BEGIN SGROUP\nM  V30 1 DAT 0 ATOMS=(1 1)\nM  V30 END SGROUP\nM  V30 END CTAB\nM  END\n"
MAPPED = changed("O   0  0  0  0  0  0  0  0  0  0  0  0", "O   0  3  0  0  0  0  0  0  0 12  1  0").replace(
    "  2  3  1  0  0  0  0", "  2  3  1  1  0  0  4"
)


@pytest.mark.parametrize("text", [molfile(), MAPPED, v3000(), v3000(end=WITH_BLOCKS)])
def test_looking_at_a_table_as_a_whole_says_what_looking_line_by_line_says(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice, tables = random.Random(20261130), [text]
    for _ in range(4000):
        damaged = list(text)
        for _ in range(dice.randint(1, 3)):
            at = dice.randrange(text.index("\n\n") + 2, len(text))
            damaged[at] = dice.choice((*" 01239-+.\nMEVC", "", damaged[at] * 2))
        tables.append("".join(damaged))
    as_a_whole = list(map(check, tables))
    monkeypatch.setattr(ctab, "_are_numbers", lambda *_: False)
    monkeypatch.setattr(ctab_v3000, "_is_usual", lambda _: False)
    assert list(map(check, tables)) == as_a_whole
    assert as_a_whole[0] == ()
    assert len(Counter(issue.code for issues in as_a_whole for issue in issues)) > 3  # the dice found much to say


def test_a_line_of_no_known_kind_is_a_warning() -> None:
    [issue] = check(molfile(properties=["Hello"]))
    assert (issue.code, issue.severity, issue.place) == ("CTAB_LINE_UNKNOWN", Severity.WARNING, "line 10 of the record")


@pytest.mark.parametrize("number", ["1" * 100_000, "1" * 100_000 + "x"])
@pytest.mark.parametrize("atom", ["{} O 3 0 0 0", "3 O {} 0 0 0", "3 O 3 0 0 {}"])
def test_absurdly_long_numbers_neither_hang_nor_raise(number: str, atom: str) -> None:
    check(v3000(atom=atom.format(number)))
    check(v3000(bond=f"2 1 2 {number}", counts=f"{number} 2"))
    check(molfile(properties=[f"M  CHG  1 {number} 1", f"M  CHG {number}"]))
