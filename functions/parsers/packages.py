"""ZIP packages (Office Open XML, OpenDocument): judged by their directory before anything in them is inflated.

A directory can lie about sizes, but not to `zipfile`, which never inflates a member beyond the size that was promised.
APPNOTE.TXT 6.3.10, sections 4.3.12 (directory) to 4.3.16 (its end); ISO/IEC 29500-2, Open Packaging Conventions.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

from leanda import limits
from leanda.errors import FileBomb, FileCorrupt, FormatMismatch, ParseFailure

OLE_MAGIC: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MAX_MEMBERS: Final = 20_000
MAX_DIRECTORY_BYTES: Final = 8 * limits.MIB
MAX_TOTAL_BYTES: Final = limits.GIB
"""All members together, inflated."""
RATIO_GRACE_BYTES: Final = limits.MIB
"""Members up to this size are not judged by their ratio."""
MEDIA_GRACE_BYTES: Final = 64 * limits.MIB
"""Pictures are never inflated here, and an empty one may shrink a thousandfold without being a bomb."""
_MEDIA: Final = (".bmp", ".emf", ".wmf", ".tif", ".tiff", ".png", ".jpg", ".jpeg", ".gif", ".wav", ".avi")

# Where writers of Office Open XML put it (ISO/IEC 29500-2, section 11, "Thumbnails", leaves the name open).
_PREVIEWS: Final = ("docprops/thumbnail.jpeg", "docprops/thumbnail.jpg", "docprops/thumbnail.png")

_END: Final = struct.Struct("<4s4H2IH")
_END64_LOCATOR: Final = struct.Struct("<4sIQI")
_END64: Final = struct.Struct("<4sQ2H2I4Q")
_LONGEST_COMMENT: Final = 0xFFFF
_ENCRYPTED_FLAG: Final = 0x1
METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

# What `zipfile` and `zlib` raise on damaged packages.
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    IndexError,
)


class FileEncrypted(ParseFailure):
    code, summary = "FILE_ENCRYPTED", "The file is protected by a password; it is kept, but not read."


class Package:
    """An open package whose directory was found harmless. Names of parts ignore case, as the Open Packaging Conventions say."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._members = {_part_name(member.filename): member for member in archive.infolist()}

    def __contains__(self, name: str) -> bool:
        return _part_name(name) in self._members

    def names(self) -> list[str]:
        """Names of all parts, lower case, without a leading slash."""
        return list(self._members)

    @property
    def preview(self) -> str | None:
        """Name of the part that is a picture of the document, where a writer put one that can be shown."""
        return next((name for name in _PREVIEWS if name in self), None)

    @contextmanager
    def part(self, name: str, *, at_most: int) -> Iterator[BinaryIO]:
        """A part, inflated while it is read.

        Raises:
            KeyError: there is no such part.
            FileBomb: it is larger than `at_most` bytes.
            FileCorrupt: it cannot be inflated.
        """
        member = self._members[_part_name(name)]
        if member.file_size > at_most:
            raise FileBomb(detail=f"{member.filename} has {member.file_size} bytes, more than {at_most}")
        if member.compress_type not in METHODS:
            raise FileCorrupt(detail=f"{member.filename} is compressed by method {member.compress_type}")
        with damage_is_a_verdict(), self._archive.open(member) as stream:
            yield stream  # type: ignore[misc]  # a ZipExtFile reads like a BinaryIO


def open_package(file: BinaryIO) -> Package:
    """Open a package after judging its directory: number of members, their sizes, ratios and total.

    Raises:
        FormatMismatch: it is no ZIP archive.
        FileEncrypted: members are encrypted, or it is an encrypted Office document (ECMA-376 part 2 inside OLE).
        FileBomb: it would inflate to more than is allowed, or members share their bytes.
        FileCorrupt: its directory cannot be read.
    """
    file.seek(0)
    if file.read(len(OLE_MAGIC)) == OLE_MAGIC:
        raise (
            FileEncrypted if holds_encrypted_package(file) else FormatMismatch(detail="an OLE file, not a ZIP archive")
        )
    archive = open_archive(file, most_members=MAX_MEMBERS, most_bytes=MAX_TOTAL_BYTES)
    if any(is_encrypted(member) for member in archive.infolist()):
        raise FileEncrypted
    return Package(archive)


def open_archive(file: BinaryIO, *, most_members: int, most_bytes: int) -> zipfile.ZipFile:
    """Open a ZIP archive after judging its directory; nothing is inflated.

    Args:
        most_members: entries that it may have.
        most_bytes: what they may have together, inflated.

    Raises:
        FormatMismatch: it is no ZIP archive.
        FileBomb: it has more, a member inflates to more than `limits.MAX_INFLATE_RATIO` times its size, or members share bytes.
        FileCorrupt: its directory cannot be read.
    """
    file.seek(0)
    if not file.read(2).startswith(b"PK"):
        raise FormatMismatch(detail="not a ZIP archive")
    size = _directory_bytes(file)
    if size > MAX_DIRECTORY_BYTES:
        raise FileBomb(detail=f"the directory has {size} bytes")
    with damage_is_a_verdict():
        archive = zipfile.ZipFile(file)
    _judge(archive.infolist(), most_members=most_members, most_bytes=most_bytes, stored=file.seek(0, 2))
    return archive


def is_encrypted(member: zipfile.ZipInfo) -> bool:
    return bool(member.flag_bits & _ENCRYPTED_FLAG)


def _judge(members: list[zipfile.ZipInfo], *, most_members: int, most_bytes: int, stored: int) -> None:
    if len(members) > most_members:
        raise FileBomb(detail=f"{len(members)} members; {most_members} are accepted")
    total = sum(member.file_size for member in members)
    if total > most_bytes:
        raise FileBomb(detail=f"the members have {total} bytes; {most_bytes} are accepted")
    if sum(member.compress_size for member in members) > stored:
        raise FileBomb(detail="members overlap: together they are larger than the file")
    for member in members:
        grace = MEDIA_GRACE_BYTES if member.filename.lower().endswith(_MEDIA) else RATIO_GRACE_BYTES
        if member.file_size > max(grace, member.compress_size * limits.MAX_INFLATE_RATIO):
            raise FileBomb(detail=f"{member.filename}: {member.compress_size} bytes inflate to {member.file_size}")


def _directory_bytes(file: BinaryIO) -> int:
    """Size of the central directory as its end record states it; 0 when there is none (`zipfile` will say so)."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END.size - _LONGEST_COMMENT))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > len(tail):
        return 0
    stated = int(_END.unpack_from(tail, at)[5])
    locator_at = at - _END64_LOCATOR.size
    if locator_at >= 0 and tail.startswith(b"PK\x06\x07", locator_at):
        offset = _END64_LOCATOR.unpack_from(tail, locator_at)[2]
        if offset + _END64.size <= size:
            file.seek(offset)
            stated = max(stated if stated != 0xFFFFFFFF else 0, int(_END64.unpack(file.read(_END64.size))[8]))
    return stated


def holds_encrypted_package(file: BinaryIO) -> bool:
    """Whether an OLE file's directory names the stream of ECMA-376 encryption ([MS-OFFCRYPTO] section 2.3.4.4)."""
    file.seek(0)
    name = "EncryptedPackage".encode("utf-16-le")
    overlap = b""
    while block := file.read(limits.MIB):
        if name in overlap + block:
            return True
        overlap = block[-len(name) :]
    return False


def _part_name(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()


@contextmanager
def damage_is_a_verdict() -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise FileCorrupt(detail=f"{type(error).__name__}: {error}"[:300]) from error
