"""ZIP archives for the tests: good ones, and ones that lie."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
from collections.abc import Mapping

MOMENT = (2026, 2, 28, 12, 30, 0)


def packed(members: Mapping[str, bytes] | list[tuple[str, bytes]], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    pairs = members.items() if isinstance(members, Mapping) else members
    with zipfile.ZipFile(out, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # repeated names are meant
        for name, content in pairs:
            archive.writestr(zipfile.ZipInfo(name, MOMENT), content, method)
    return out.getvalue()


def with_entry(archive: bytes, name: str, offset: int, form: str, value: int) -> bytes:
    """The archive with a number of one entry of its directory changed (APPNOTE.TXT 4.3.12)."""
    at = archive.index(b"PK\x01\x02")
    while archive[at + 46 :][: struct.unpack_from("<H", archive, at + 28)[0]] != name.encode():
        at = archive.index(b"PK\x01\x02", at + 4)
    changed = bytearray(archive)
    struct.pack_into(form, changed, at + offset, value)
    return bytes(changed)


def encrypted(archive: bytes, name: str) -> bytes:
    return with_entry(archive, name, 8, "<H", 1)


def by_method(archive: bytes, name: str, method: int) -> bytes:
    return with_entry(archive, name, 10, "<H", method)


def of_size(archive: bytes, name: str, size: int) -> bytes:
    return with_entry(archive, name, 24, "<I", size)


def as_link(archive: bytes, name: str) -> bytes:
    return with_entry(archive, name, 38, "<I", 0o120777 << 16)


def at(archive: bytes, name: str, offset: int) -> bytes:
    return with_entry(archive, name, 42, "<I", offset)
