"""Small pictures, made by hand or by Pillow, whose properties are known."""

from __future__ import annotations

import io
import struct
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo


def encoded(format: str, mode: str = "RGB", size: tuple[int, int] = (30, 20), **options: Any) -> bytes:
    target = io.BytesIO()
    Image.new(mode, size, 0).save(target, format, **options)
    return target.getvalue()


def exif() -> bytes:
    """EXIF with a camera, a date with its offset, an exposure, an orientation, and a position that only those see who ask."""
    block = Image.Exif()
    block[0x010F], block[0x0110], block[0x0112] = "Leica", "M11", 6
    block[0x0132] = "2024:05:02 08:00:00"
    details = block.get_ifd(0x8769)
    details[0x9003], details[0x9011] = "2024:05:01 17:45:09", "+02:00"
    details[0x829A], details[0x8827] = 1 / 250, 400
    details[0x9000], details[0x927C] = b"0232", b"maker notes with 48.8584 N"
    position = block.get_ifd(0x8825)
    position[1], position[2] = "N", (48.0, 51.0, 30.24)
    position[3], position[4] = "E", (2.0, 17.0, 40.2)
    position[5], position[6] = b"\0", 324.5
    return block.tobytes()


def placed_tiff(exif: bytes) -> bytes:
    """A TIFF page with directories for EXIF and position of its own."""
    target = io.BytesIO()
    Image.new("L", (4, 4)).save(target, "TIFF", exif=exif)
    return target.getvalue()


def jpeg() -> bytes:
    return encoded("JPEG", exif=exif(), dpi=(300, 300), comment=b"plate 7")


def png() -> bytes:
    texts = PngInfo()
    texts.add_text("Software", "LEANDA tests")
    texts.add_itxt("Title", "Größe")
    texts.add_text("exif:GPSLatitude", "48/1, 51/1, 30/1")
    texts.add_text("XML:com.adobe.xmp", "<x:xmpmeta><exif:GPSLatitude>48</exif:GPSLatitude></x:xmpmeta>")
    return encoded("PNG", "I;16", pnginfo=texts, dpi=(254, 127))


def gif(frames: int = 3) -> bytes:
    pictures = [Image.new("P", (8, 6), n) for n in range(frames)]
    for n, picture in enumerate(pictures):
        picture.putpalette([n, n, n] * 256)
    target = io.BytesIO()
    pictures[0].save(target, "GIF", save_all=True, append_images=pictures[1:], duration=70, loop=0, disposal=2)
    return target.getvalue()


def webp(frames: int = 1) -> bytes:
    pictures = [Image.new("RGB", (16, 12), (n * 90, 0, 0)) for n in range(frames)]
    target = io.BytesIO()
    pictures[0].save(target, "WEBP", save_all=frames > 1, append_images=pictures[1:], exif=exif())
    return target.getvalue()


def tiff(*pages: dict[int, tuple[int, int, bytes]], order: str = "<", big: bool = False) -> bytes:
    """A TIFF of hand-made directories: tag → (type, count, value bytes)."""
    mark = b"II" if order == "<" else b"MM"
    inline, entry = (8, "Q") if big else (4, "I")
    body = bytearray(mark + struct.pack(f"{order}H", 43 if big else 42))
    body += struct.pack(f"{order}HHQ", 8, 0, 16) if big else struct.pack(f"{order}I", 8)
    for n, tags in enumerate(pages):
        count_size, entry_size = (8, 20) if big else (2, 12)
        values_at = len(body) + count_size + entry_size * len(tags) + inline
        directory, values = bytearray(struct.pack(f"{order}{'Q' if big else 'H'}", len(tags))), bytearray()
        for tag, (kind, count, value) in sorted(tags.items()):
            directory += struct.pack(f"{order}HH{entry}", tag, kind, count)
            if len(value) <= inline:
                directory += value.ljust(inline, b"\0")
            else:
                directory += struct.pack(f"{order}{entry}", values_at + len(values))
                values += value
        following = values_at + len(values) if n < len(pages) - 1 else 0
        body += directory + struct.pack(f"{order}{entry}", following) + values
    return bytes(body)


def short(value: int, order: str = "<") -> tuple[int, int, bytes]:
    return 3, 1, struct.pack(f"{order}H", value)


def long(value: int, order: str = "<") -> tuple[int, int, bytes]:
    return 4, 1, struct.pack(f"{order}I", value)


def ascii_(text: str) -> tuple[int, int, bytes]:
    data = text.encode() + b"\0"
    return 2, len(data), data


def rational(above: int, below: int, order: str = "<") -> tuple[int, int, bytes]:
    return 5, 1, struct.pack(f"{order}II", above, below)


def page(
    width: int, height: int, order: str = "<", **more: tuple[int, int, bytes]
) -> dict[int, tuple[int, int, bytes]]:
    """An 8-bit grey page without pixels; `more` by names like `t270`."""
    tags = {256: long(width, order), 257: long(height, order), 258: short(8, order), 259: short(1, order)}
    return tags | {262: short(1, order)} | {int(name[1:]): value for name, value in more.items()}
