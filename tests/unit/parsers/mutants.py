"""Makes damaged files: cut off, flipped, spliced, with huge counts, also inside of the parts of a package. The dice decide all."""

from __future__ import annotations

import io
import random
import re
import warnings
import zipfile
import zlib
from collections.abc import Sequence

_NUMBER = re.compile(rb"[0-9]+")
_HUGE_TEXTS = (b"2147483648", b"99999999999999999999", b"-1", b"4294967295", b"1e308", b"nan", b"0")
_HUGE_NUMBERS = (2**31, 2**31 - 1, 2**32 - 1, 2**16 - 1, 2**63 - 1, 2**24, 0)


def mutant(seed: bytes, others: Sequence[bytes], dice: random.Random) -> bytes:
    """A damaged copy of a seed.

    Args:
        others: files of which pieces are put in.
    """
    if seed.startswith(b"PK") and dice.random() < 0.75:
        return _inside(seed, others, dice)
    content = bytearray(seed)
    for _ in range(dice.randint(1, 5)):
        _damage(content, others, dice)
    return bytes(content)


def _damage(content: bytearray, others: Sequence[bytes], dice: random.Random) -> None:
    at = dice.randrange(len(content) + 1)
    match dice.choice(("truncate", "flip", "flip", "splice", "splice", "count", "count", "repeat", "remove", "swap")):
        case "truncate":
            if dice.random() < 0.3:  # else little would be left of most
                del content[at:]
        case "flip":
            for place in range(at, min(at + dice.choice((1, 1, 1, 4, 40)), len(content))):
                content[place] ^= 1 << dice.randrange(8)
        case "splice":
            other = dice.choice(others)
            start = dice.randrange(len(other) + 1)
            content[at : at + dice.choice((0, 0, 8, 100))] = other[start : start + dice.choice((4, 30, 300, 3000))]
        case "count":
            _count(content, at, dice)
        case "repeat":
            piece = content[at : at + dice.choice((1, 20, 300))]
            content[at:at] = piece * dice.choice((1, 3, 50, 500))
        case "remove":
            del content[at : at + dice.choice((1, 4, 30, 300))]
        case "swap":
            other_at = dice.randrange(len(content) + 1)
            first, second = sorted((at, other_at))
            content[first:] = content[second:] + content[first:second]


def _count(content: bytearray, at: int, dice: random.Random) -> None:
    """A number that is written, or that the bytes are, becomes a huge one."""
    written = _NUMBER.search(content, at)
    if written and written.start() - at < 100 and dice.random() < 0.6:
        content[written.start() : written.end()] = dice.choice(_HUGE_TEXTS)
        return
    width = dice.choice((2, 4, 8))
    aligned = at // width * width
    value = dice.choice(_HUGE_NUMBERS) & ((1 << 8 * width) - 1)
    content[aligned : aligned + width] = value.to_bytes(width, dice.choice(("little", "big")))


def _inside(seed: bytes, others: Sequence[bytes], dice: random.Random) -> bytes:
    """A sound package with a damaged part: checksums would stop nearly all other damage at the door."""
    with zipfile.ZipFile(io.BytesIO(seed)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = dice.choice(sorted(parts))
    content = bytearray(parts[name])
    for _ in range(dice.randint(1, 4)):
        _damage(content, others, dice)
    parts[name] = bytes(content)
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
