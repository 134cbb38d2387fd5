"""Makes damaged files: cut off, flipped, spliced, with huge counts, also inside of the parts of a package. The dice decide all."""

from __future__ import annotations

import io
import random
import re
import warnings
import zipfile
import zlib
from collections.abc import Sequence
from typing import Final

_NUMBER: Final = re.compile(rb"[0-9]+")
_HUGE_TEXTS: Final = (b"2147483648", b"99999999999999999999", b"-1", b"4294967295", b"1e308", b"nan", b"0")
_HUGE_NUMBERS: Final = (2**31, 2**31 - 1, 2**32 - 1, 2**16 - 1, 2**63 - 1, 2**24, 1, 0)
_WORDS: Final = (b"\0", b"\xff" * 4, b"\n", b"\r", b"-1", b"999", b"<", b" " * 300, b"\xef\xbb\xbf")
_IN_PLACE: Final = ("flip", "flip", "digits", "count", "word")
_WAYS: Final = (*_IN_PLACE, "word", "splice", "truncate", "repeat", "remove", "swap")
_HEADER: Final = 600
"""Bytes at the beginning, where most formats say what follows."""


def mutant(seed: bytes, others: Sequence[bytes], dice: random.Random, words: Sequence[bytes] = ()) -> bytes:
    """A damaged copy of a seed.

    Args:
        others: files of which pieces are put in.
        words: what means something in the seed's format, to be put in too.
    """
    if seed.startswith(b"PK") and dice.random() < 0.75:
        return _inside(seed, others, dice, words)
    return _damaged(seed, others, dice, words)


def _damaged(seed: bytes, others: Sequence[bytes], dice: random.Random, words: Sequence[bytes]) -> bytes:
    """A copy with one to twelve faults. In a quarter of all copies every byte keeps its place: parts point at each other."""
    content = bytearray(seed)
    in_place, reach = dice.random() < 0.25, dice.choice((len(seed), len(seed), len(seed), _HEADER))
    for _ in range(dice.choice((1, 1, 1, 1, 2, 3, 4, dice.randint(1, 12)))):
        at = dice.randrange(min(len(content), reach) + 1)
        match dice.choice(_IN_PLACE if in_place else _WAYS):
            case "flip":
                for place in range(at, min(at + dice.choice((1, 1, 1, 4, 40)), len(content))):
                    content[place] ^= dice.choice((1 << dice.randrange(8), dice.randrange(256)))
            case "digits":  # which leaves most texts well-formed
                if written := _NUMBER.search(content, at):
                    for place in range(*written.span()):
                        content[place] = dice.choice(b"0123456789")
            case "count":
                _count(content, at, dice, in_place=in_place)
            case "word":
                word = dice.choice((*_WORDS, *words))
                content[at : at + (len(word) if in_place or dice.random() < 0.5 else 0)] = word
            case "splice":
                other = dice.choice(others)
                start = dice.randrange(len(other) + 1)
                content[at : at + dice.choice((0, 0, 8, 100))] = other[start : start + dice.choice((4, 30, 300, 3000))]
            case "truncate":
                del content[at + dice.choice((0, dice.randrange(400))) :]
            case "repeat":
                piece = content[at : at + dice.choice((1, 20, 300))]
                content[at:at] = piece * dice.choice((1, 1, 3, 3, 50, 500))
            case "remove":
                del content[at : at + dice.choice((1, 4, 30, 300))]
            case "swap":
                first, second = sorted((at, dice.randrange(len(content) + 1)))
                content[first:] = content[second:] + content[first:second]
    return bytes(content)


def _count(content: bytearray, at: int, dice: random.Random, *, in_place: bool) -> None:
    """A number that is written, or that the bytes are, becomes a huge one."""
    written = None if in_place else _NUMBER.search(content, at)
    if written and written.start() - at < 100 and dice.random() < 0.6:
        content[written.start() : written.end()] = dice.choice(_HUGE_TEXTS)
        return
    width = dice.choice((2, 4, 8))
    start = dice.choice((at, at // width * width, at // width * width))
    value = dice.choice(_HUGE_NUMBERS) & ((1 << 8 * width) - 1)
    content[start : start + width] = value.to_bytes(width, dice.choice(("little", "big")))


def _inside(seed: bytes, others: Sequence[bytes], dice: random.Random, words: Sequence[bytes]) -> bytes:
    """A sound package with a damaged part: checksums would stop nearly all other damage at the door."""
    with zipfile.ZipFile(io.BytesIO(seed)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = dice.choice(sorted(parts))
    parts[name] = _damaged(parts[name], others, dice, words)
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore", UserWarning)
        for part, data in parts.items():
            archive.writestr(zipfile.ZipInfo(part), data)
    return out.getvalue()


def png_chunks_mended(content: bytes) -> bytes:
    """A PNG whose chunks have the checksums of what they hold, so that damage gets past them."""
    at, mended = 8, content[:8]
    while at + 12 <= len(content):
        length = int.from_bytes(content[at : at + 4], "big")
        if at + 12 + length > len(content):
            break
        body = content[at + 4 : at + 8 + length]
        mended += content[at : at + 4] + body + zlib.crc32(body).to_bytes(4, "big")
        at += 12 + length
    return mended + content[at:]
