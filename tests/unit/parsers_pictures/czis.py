"""CZI files with pixels, in each way of coding them that is read; and without the small picture that programs bring along."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from backports import zstd
from PIL import Image

from tests.unit.parsers_microscopy.files import CZI_XML

GRAY8, GRAY16, BGR24, GRAY_FLOAT = 0, 1, 3, 2
PLAIN, JPEG, JPEG_XR, ZSTD0, ZSTD1 = 0, 1, 4, 5, 6


def _jpeg(pixels: Any) -> bytes:
    target = io.BytesIO()
    image = Image.fromarray(pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[..., ::-1]))
    image.save(target, "JPEG", quality=95)
    return target.getvalue()


def _low_and_high_apart(pixels: Any) -> bytes:
    both = np.frombuffer(pixels.tobytes(), np.uint8).reshape(-1, 2)
    return b"\3\1\1" + zstd.compress(both[:, 0].tobytes() + both[:, 1].tobytes())


CODED: Final[dict[str, tuple[int, Callable[[Any], bytes]]]] = {
    "plain": (PLAIN, lambda pixels: bytes(pixels.tobytes())),
    "jpeg": (JPEG, _jpeg),
    "zstd0": (ZSTD0, lambda pixels: zstd.compress(pixels.tobytes())),
    "zstd1": (ZSTD1, lambda pixels: b"\1" + zstd.compress(pixels.tobytes())),
    "zstd1, low and high bytes apart": (ZSTD1, _low_and_high_apart),
    "jpeg xr": (JPEG_XR, lambda pixels: b"nobody reads this" + bytes(pixels.tobytes())),
}


@dataclass
class Piece:
    """A subblock: its pixels (colours as blue, green, red), where they lie, and of how many pixels of the plane one stands."""

    pixels: Any
    x: int = 0
    y: int = 0
    factor: int = 1
    coded: str = "plain"
    axes: Mapping[str, int] = field(default_factory=dict)

    @property
    def pixel_type(self) -> int:
        if self.pixels.ndim == 3:
            return BGR24
        return {"u1": GRAY8, "u2": GRAY16, "f4": GRAY_FLOAT}[self.pixels.dtype.str[1:]]

    def entry(self, place: int) -> bytes:
        height, width = self.pixels.shape[:2]
        axes = [("X", self.x, width * self.factor, width), ("Y", self.y, height * self.factor, height)]
        axes += [(name, at, 1, 1) for name, at in self.axes.items()]
        dimensions = b"".join(
            struct.pack("<4siifi", name.encode(), at, size, 0.0, kept) for name, at, size, kept in axes
        )
        pyramid = 1 if self.factor > 1 else 0
        head = struct.pack(
            "<2siqiiBB4si", b"DV", self.pixel_type, place, 0, CODED[self.coded][0], pyramid, 0, b"", len(axes)
        )
        return head + dimensions


def czi(*pieces: Piece, small: bytes | None = None) -> bytes:
    """A file of these pieces, and of a small picture if there is one."""
    body = bytearray(_segment(b"ZISRAWFILE", bytes(512)))
    xml = CZI_XML.encode()
    metadata = len(body)
    body += _segment(b"ZISRAWMETADATA", struct.pack("<ii", len(xml), 0) + bytes(248) + xml)
    entries = []
    for piece in pieces:
        entry, data = piece.entry(len(body)), CODED[piece.coded][1](piece.pixels)
        entries.append(entry)
        head = struct.pack("<iiq", 4, 0, len(data)) + entry
        body += _segment(b"ZISRAWSUBBLOCK", head.ljust(256, b"\0") + b"<M/>" + data)
    directory = len(body)
    body += _segment(b"ZISRAWDIRECTORY", struct.pack("<i", len(entries)) + bytes(124) + b"".join(entries))
    attachments = 0
    if small is not None:
        place = len(body)
        entry = struct.pack("<2s10sqi16s8s80s", b"A1", b"", place, 0, b"", b"JPG", b"Thumbnail")
        body += _segment(b"ZISRAWATTACH", (struct.pack("<i", len(small)) + bytes(12) + entry).ljust(256, b"\0") + small)
        attachments = len(body)
        body += _segment(b"ZISRAWATTDIR", struct.pack("<i", 1) + bytes(252) + entry)
    header = struct.pack("<iiii16s16siqqiq", 1, 0, 0, 0, b"", b"", 0, directory, metadata, 0, attachments)
    body[32 : 32 + len(header)] = header
    return bytes(body)


def _segment(name: bytes, data: bytes) -> bytes:
    return struct.pack("<16sqq", name, len(data), len(data)) + data
