"""Characters of symbol fonts as Unicode.

A document names such a character by its place in the font, alone (`6D`) or in the private use area (`F06D`): ISO/IEC 29500-1,
17.3.3.30. The places of the font Symbol are those of Adobe's Symbol encoding (PostScript Language Reference, third edition,
appendix E.12). Its mu is the micro sign, as in the Adobe Glyph List: units are made of it.
"""

from __future__ import annotations

from typing import Final

_PRIVATE: Final = 0xF000
_NONE: Final = "\N{REPLACEMENT CHARACTER}"
_SYMBOL: Final = dict(
    enumerate(
        " !∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλµνοπθρστυϖωξψζ{|}∼",
        0x20,
    )
) | dict(
    enumerate(
        "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊⟨®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪\ufffd⟩∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭",
        0xA0,
    )
)
_WINGDINGS: Final = {
    0x4A: "☺", 0x4B: "😐", 0x4C: "☹", 0x6C: "●", 0x6E: "■", 0xA7: "▪", 0xA8: "◻", 0xDF: "←", 0xE0: "→", 0xE1: "↑", 0xE2: "↓",
    0xE7: "⇐", 0xE8: "⇒", 0xF3: "⇔", 0xFB: "✗", 0xFC: "✓", 0xFD: "☒", 0xFE: "☑",
}  # fmt: skip
"""Those that Word itself writes for `-->`, `<=>` and `:)`, and the marks of lists."""
_PICTURES: Final = ("wingdings", "webdings", "marlett", "zapf dingbats", "zapfdingbats")
"""Beginnings of the names of fonts without letters: at the place of a letter they have a picture."""


def symbol(font: str, code: str) -> str:
    """The character at a place of a font, in hexadecimal; U+FFFD for one that is not known, nothing for a code that is none."""
    try:
        place = int(code, 16)
    except ValueError:
        return ""
    if _PRIVATE + 0x20 <= place <= _PRIVATE + 0xFF:
        place -= _PRIVATE
    name = font.strip().lower()
    if place <= 0xFF and name == "symbol":
        return _SYMBOL.get(place, _NONE)
    if place <= 0xFF and name.startswith(_PICTURES):
        return _WINGDINGS.get(place, _NONE) if name == "wingdings" else _NONE
    character = chr(place) if 0 <= place <= 0xFFFF else _NONE
    return character if character.isprintable() and not 0xE000 <= place <= 0xF8FF else _NONE
