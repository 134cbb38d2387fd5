"""Whether a picture's file reaches its end, and how many frames an animation has: found by hopping over the blocks.

GIF89a specification, section 15 and appendix A; PNG specification (third edition) 11.2.5 IEND; ITU-T T.81 B.1.1.3 EOI;
RFC 9649 section 2.4 "WebP File Header". Pillow tells neither without decoding, and its count of a GIF's frames has no limit.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import BinaryIO, Final

MAX_FRAMES: Final = 10_000
"""Frames of an animation that are counted."""
MAX_BLOCKS: Final = 2_000_000
_WINDOW_BYTES: Final = 64 * 1024
_TAIL_BYTES: Final = 64 * 1024
_SHORT_TAIL_BYTES: Final = 64
"""Nearly all files end with their end."""
MAX_SEGMENTS: Final = 10_000
"""Of a JPEG, before its pixels."""
_START_OF_SCAN: Final = 0xDA
_JPEG_END, _PNG_END = b"\xff\xd9", b"IEND\xaeB`\x82"


@dataclass(frozen=True)
class Animation:
    """Frames of a GIF. `complete` is False when the file ends, or the counting did, before the trailer."""

    frames: int
    milliseconds: int
    complete: bool
    counted_all: bool


def is_complete(file: BinaryIO, pillow: str) -> bool:
    """False when the file was certainly cut; what programs append behind the end does not matter."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    start = file.read(12)
    if pillow == "WEBP":
        return size >= int.from_bytes(start[4:8], "little") + 8
    if pillow == "BMP":
        return size >= int.from_bytes(start[2:6], "little")
    end = {"JPEG": _JPEG_END, "PNG": _PNG_END}.get(pillow, b"")
    for tail_bytes in (_SHORT_TAIL_BYTES, _TAIL_BYTES):
        file.seek(max(0, size - tail_bytes))
        if end in file.read(tail_bytes):
            return True
    return pillow == "JPEG" and _scan_ends(file)


def _scan_ends(file: BinaryIO) -> bool:
    """Whether the scan of a JPEG ends anywhere: cameras append a film of any length to a picture.

    The segments before it are hopped over, because a preview in them has an end of its own; in the scan no pixels look like an
    end (ITU-T T.81 B.1.1.5).
    """
    file.seek(2)
    for _ in range(MAX_SEGMENTS):
        head = file.read(4)
        size = int.from_bytes(head[2:])
        if len(head) < 4 or head[0] != 0xFF or size < 2:
            return False
        if head[1] == _START_OF_SCAN:
            break
        file.seek(size - 2, io.SEEK_CUR)
    last = b""
    while window := file.read(_WINDOW_BYTES):
        if _JPEG_END in last + window:
            return True
        last = window[-1:]
    return False


def gif_animation(file: BinaryIO) -> Animation:
    """The frames of a GIF and how long they show, in steps of 10 ms as the format has them."""
    file.seek(0)
    header = file.read(13)
    if len(header) == 13 and header[10] & 0x80:
        file.seek(3 * 2 ** ((header[10] & 7) + 1), io.SEEK_CUR)
    frames = milliseconds = 0
    for _ in range(MAX_BLOCKS):
        mark = file.read(1)
        if mark == b"\x3b":
            return Animation(frames, milliseconds, complete=True, counted_all=True)
        if mark == b"\x2c":
            descriptor = file.read(9)
            if len(descriptor) < 9:
                break
            if frames == MAX_FRAMES:
                return Animation(frames, milliseconds, complete=True, counted_all=False)
            frames += 1
            if descriptor[8] & 0x80:
                file.seek(3 * 2 ** ((descriptor[8] & 7) + 1), io.SEEK_CUR)
            file.seek(1, io.SEEK_CUR)
        elif mark == b"\x21":
            label = file.read(1)
            if label == b"\xf9":
                control = file.read(6)
                milliseconds += 10 * int.from_bytes(control[2:4], "little")
                if not control.endswith(b"\0"):
                    break
                continue
        else:
            break
        if not _skip_sub_blocks(file):
            break
    return Animation(frames, milliseconds, complete=False, counted_all=True)


def _skip_sub_blocks(file: BinaryIO) -> bool:
    """Go behind the block without content that ends them. They have 255 bytes at most, so many are looked at in one window."""
    hops = 0
    while hops < MAX_BLOCKS and (window := file.read(_WINDOW_BYTES)):
        at, end = 0, len(window)
        while at < end and (size := window[at]):
            at += 1 + size
            hops += 1
        if at < end:
            file.seek(at + 1 - end, io.SEEK_CUR)
            return True
        file.seek(at - end, io.SEEK_CUR)
    return False
