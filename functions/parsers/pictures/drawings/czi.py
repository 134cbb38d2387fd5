"""Pixels of a CZI file for a small picture: one plane of a scene, from the level of its pyramid that has just enough of them.

ZEISS "CZI (ZISRAW) File Format" 1.2. Subblocks are read that are stored as they are, as JPEG, or with Zstandard ("zstd0" and
"zstd1"). JPEG XR, which older programs write, has no decoder small enough to ship (ADR 36); such files show the small picture that
nearly all bring along as an attachment.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable
from functools import cached_property
from typing import Any, BinaryIO, Final

from functions.parsers import czi_file
from functions.parsers.czi_file import Axis, Subblock
from functions.parsers.opening import opened
from functions.parsers.pictures.domain import NotDrawable
from leanda import limits
from leanda.errors import FileBomb, FileCorrupt

MAX_ATTACHMENTS: Final = 1000
MAX_THUMBNAIL_BYTES: Final = 16 * limits.MIB
MAX_CHANNELS: Final = 6
MAX_PIXELS: Final = 100_000_000
"""Pixels that are decoded for one picture, of all channels."""
MAX_PIECE_BYTES: Final = 256 * limits.MIB
"""Of one subblock, decoded."""

_TYPES: Final = {
    0: ("u1", 1),
    1: ("<u2", 1),
    2: ("<f4", 1),
    3: ("u1", 3),
    4: ("<u2", 3),
    8: ("<f4", 3),
    9: ("u1", 4),
    12: ("<i4", 1),
}
"""The type of a sample and samples per pixel: of Gray8, Gray16, Gray32Float, Bgr24, Bgr48, Bgr96Float, Bgra32, Gray32."""
_PLAIN, _JPEG, _ZSTD0, _ZSTD1 = 0, 1, 5, 6
_NAMES: Final = {2: "LZW", 4: "JPEG XR"}
_SIZES: Final = struct.Struct("<iiq")
_ATTACHMENT: Final = struct.Struct("<2s10sqi16s8s80s")
_ATTACHMENT_DIRECTORY_HEADER_BYTES: Final = 256
_ATTACHMENT_HEADER_BYTES: Final = 256


class CodedOtherwise(NotDrawable):
    summary = "No picture can be made of this file: its pixels are coded in a way that is not read, and it brings no small picture."


class Czi:
    """A file that stays open."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._places = czi_file.places(file)

    @cached_property
    def _subblocks(self) -> list[Subblock]:
        return list(czi_file.subblocks(self._file, self._places.directory))

    @cached_property
    def scenes(self) -> list[int]:
        """Numbers of the scenes, in the order of the file's records.

        Raises:
            FileCorrupt: the directory cannot be read.
        """
        return sorted({czi_file.scene_of(block) for block in self._subblocks if not czi_file.is_reduced(block)})

    def small_picture(self) -> bytes | None:
        """The attachment that shows the whole file: a JPEG, or what the program chose."""
        try:
            size = czi_file.segment(self._file, self._places.attachments, b"ZISRAWATTDIR")
            (count,) = czi_file.COUNT.unpack(self._file.read(czi_file.COUNT.size))
            self._file.seek(_ATTACHMENT_DIRECTORY_HEADER_BYTES - czi_file.COUNT.size, 1)
            entries = self._file.read(min(max(count, 0), MAX_ATTACHMENTS) * _ATTACHMENT.size)
            for _, _, place, _, _, _, title in _ATTACHMENT.iter_unpack(entries):
                if title.split(b"\0")[0] == b"Thumbnail":
                    czi_file.segment(self._file, place, b"ZISRAWATTACH")
                    (length,) = czi_file.COUNT.unpack(self._file.read(czi_file.COUNT.size))
                    self._file.seek(_ATTACHMENT_HEADER_BYTES - czi_file.COUNT.size, 1)
                    if 0 < length <= min(MAX_THUMBNAIL_BYTES, size):
                        return self._file.read(length)
        except (FileCorrupt, struct.error):
            pass  # A damaged list of attachments costs nothing but these.
        return None

    def plane(self, index: int, side: int) -> tuple[Any, list[str]]:
        """A scene as an array and the names of its axes: of Z the middle, of everything else but channels the beginning.

        Args:
            index: of the scene among all, in their order.
            side: about twice as many pixels are returned in each direction, where there are as many.

        Raises:
            CodedOtherwise: in no way that is known here.
            FileBomb: too many pixels would have to be decoded.
            FileCorrupt: it is damaged.
        """
        if index >= len(self.scenes):
            raise FileCorrupt(detail=f"there is no scene {index}")
        pieces = _of_one_plane([block for block in self._subblocks if czi_file.scene_of(block) == self.scenes[index]])
        channels = sorted({_start(block, "C") for block in pieces})[:MAX_CHANNELS]
        pieces = [block for block in pieces if _start(block, "C") in channels]
        pixel_type = next((block.pixel_type for block in pieces if _start(block, "C") == channels[0]), -1)
        if pixel_type not in _TYPES:
            raise CodedOtherwise(detail=f"pixel type {pixel_type}")
        # Channels of other types (a photograph beside fluorescence) cannot be added to the first one.
        pieces = [block for block in pieces if block.pixel_type == pixel_type]
        channels = [channel for channel in channels if any(_start(block, "C") == channel for block in pieces)]
        level = _level(pieces, side)
        if sum(_stored(block, "X") * _stored(block, "Y") for block in level) > MAX_PIXELS:
            raise FileBomb("The picture has too many pixels to make a small one of it.")
        return self._assembled(level, channels, side)

    def _assembled(self, level: list[Subblock], channels: list[int], side: int) -> tuple[Any, list[str]]:
        import numpy as np

        kind, samples = _TYPES[level[0].pixel_type]
        (left, right), (top, bottom) = _reach(level, "X"), _reach(level, "Y")
        factor = _factor(level[0])
        step = max(1, int(max(right - left, bottom - top) / factor) // (2 * side))
        scale = factor * step
        canvas = np.zeros(
            (len(channels), max(1, round((bottom - top) / scale)), max(1, round((right - left) / scale)), samples), kind
        )
        for block in level:
            piece = self._decoded(block, kind, samples)[::step, ::step]
            at = channels.index(_start(block, "C"))
            y, x = round((_axis(block, "Y").start - top) / scale), round((_axis(block, "X").start - left) / scale)
            room = canvas[at, y : y + piece.shape[0], x : x + piece.shape[1]]
            room[:] = piece[: room.shape[0], : room.shape[1]]
        if samples == 1:
            return canvas[..., 0], ["C", "Y", "X"]
        return canvas[:1, :, :, :3], ["C", "Y", "X", "S"]

    def _decoded(self, block: Subblock, kind: str, samples: int) -> Any:
        """A subblock's pixels: rows, columns, samples; colours as red, green, blue."""
        import numpy as np

        size = czi_file.segment(self._file, block.place, b"ZISRAWSUBBLOCK")
        start = self._file.tell()
        head = self._file.read(_SIZES.size)
        if len(head) < _SIZES.size:
            raise FileCorrupt(detail="a subblock is cut by the end of the file")
        before, _, length = _SIZES.unpack(head)
        if before < 0 or not 0 < length <= size:
            raise FileCorrupt(detail=f"a subblock of {length} bytes")
        self._file.seek(start + block.header_bytes + before)
        data = self._file.read(length)
        width, height = _stored(block, "X"), _stored(block, "Y")
        if block.compression == _JPEG:
            return _of_jpeg(data, width, height, samples)
        row = width * samples * np.dtype(kind).itemsize
        data = _expanded(data, block.compression, row * height, np.dtype(kind).itemsize)
        # Writers round the height of a level's last pieces up, and write a row less.
        rows = min(height, len(data) // row)
        if not rows:
            raise FileCorrupt(detail=f"{len(data)} bytes of pixels where {row * height} are told")
        pixels = np.frombuffer(data, kind, rows * width * samples).reshape(rows, width, samples)
        return pixels if samples == 1 else pixels[..., [2, 1, 0, 3][:samples]]


def _of_one_plane(blocks: list[Subblock]) -> list[Subblock]:
    """Those of the middle of Z and of the beginning of time and whatever else there is."""
    for name in sorted({axis.name for block in blocks for axis in block.axes} - {"X", "Y", "C", "S", "M"}):
        starts = sorted({_start(block, name) for block in blocks})
        wanted = starts[len(starts) // 2] if name == "Z" else starts[0]
        blocks = [block for block in blocks if _start(block, name) == wanted]
    return [block for block in blocks if _stored(block, "X") > 0 and _stored(block, "Y") > 0]


def _level(blocks: list[Subblock], side: int) -> list[Subblock]:
    """The pieces of the coarsest level that covers everything with enough pixels; else of the finest."""
    levels: dict[float, list[Subblock]] = {}
    for block in blocks:
        levels.setdefault(_factor(block), []).append(block)
    if not levels:
        raise FileCorrupt(detail="the scene has no pixels")
    finest = levels[min(levels)]
    whole = [_reach(finest, name) for name in ("X", "Y")]
    for factor in sorted(levels, reverse=True):
        ends = [_reach(levels[factor], name) for name in ("X", "Y")]
        covers = all(end[1] - end[0] >= 0.95 * (all_[1] - all_[0]) for end, all_ in zip(ends, whole, strict=True))
        if covers and max(end[1] - end[0] for end in ends) / factor >= side:
            return levels[factor]
    return finest


def _factor(block: Subblock) -> float:
    """How many pixels of the plane one stored pixel stands for: 1, 2, 3, 4, 8, …"""
    x = _axis(block, "X")
    return float(max(1, round(x.size / _stored(block, "X"))))


def _axis(block: Subblock, name: str) -> Axis:
    return next((axis for axis in block.axes if axis.name == name), Axis(name, 0, 1, 1))


def _start(block: Subblock, name: str) -> int:
    return _axis(block, name).start


def _stored(block: Subblock, name: str) -> int:
    axis = _axis(block, name)
    return axis.stored or axis.size


def _reach(blocks: Iterable[Subblock], name: str) -> tuple[int, int]:
    axes = [_axis(block, name) for block in blocks]
    return min(axis.start for axis in axes), max(axis.start + axis.size for axis in axes)


def _of_jpeg(data: bytes, width: int, height: int, samples: int) -> Any:
    import numpy as np

    with opened(io.BytesIO(data), "JPEG") as image:
        if (image.width, image.height) != (width, height):
            raise FileCorrupt(
                detail=f"a JPEG of {image.width} × {image.height} pixels where {width} × {height} are told"
            )
        pixels = np.asarray(image.convert("L" if samples == 1 else "RGB"))
    pixels = pixels.reshape(height, width, -1)
    return pixels if samples < 4 else np.pad(pixels, ((0, 0), (0, 0), (0, 1)))


def _expanded(data: bytes, compression: int, size: int, width: int) -> bytes:
    """At most `size` bytes of a subblock's samples, each of `width` bytes.

    "zstd1" begins with a header of 1 or 3 bytes, which says whether low and high bytes of 16-bit samples stand apart
    (ZEISS "CZI (ZISRAW) File Format" 1.2.2, "zstd1").
    """
    if size > MAX_PIECE_BYTES:
        raise FileBomb(
            "The picture has too many pixels to make a small one of it.", detail=f"{size} bytes in one piece"
        )
    if compression == _PLAIN:
        return data[:size]
    if compression not in (_ZSTD0, _ZSTD1):
        raise CodedOtherwise(detail=_NAMES.get(compression, f"compression {compression}"))
    from backports import zstd

    skipped = data[0] if compression == _ZSTD1 else 0
    apart = skipped == 3 and data[1] == 1 and bool(data[2] & 1)
    try:
        data = zstd.ZstdDecompressor().decompress(data[skipped:], max_length=size)
    except zstd.ZstdError as error:
        raise FileCorrupt(detail=f"Zstandard: {error}") from error
    if not apart or width != 2:
        return data
    half = len(data) // 2
    together = bytearray(2 * half)
    together[::2], together[1::2] = data[:half], data[half : 2 * half]
    return bytes(together)
