"""ZIP archives: one record of type `member` per file in them, in the order of the directory. Nothing is inflated here.

Properties say where a member's bytes are and what must come out of them: `path` (with `/`), `size`, `compressedSize`, `offset` (of
its data in the archive), `method` (0 stored, 8 deflated), `crc32`. The field `Modified` is a time that the archive states without a
zone. Whether the bytes keep that promise is seen by whoever inflates them. Archives within the archive are members like others.
What file managers leave in folders for themselves (`__MACOSX/`, `.DS_Store`, `Thumbs.db`) is passed over; the archive keeps it.

APPNOTE.TXT 6.3.10, sections 4.3.7 (local header) and 4.3.12 (directory).
"""

from __future__ import annotations

import stat
import struct
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Final

from functions.parsers.packages import METHODS, damage_is_a_verdict, is_encrypted, open_archive
from leanda import limits
from leanda.contracts.artefacts import FieldValue, Issue, Record
from leanda.parsing.records import error, failed

TYPE: Final = "member"
_LOCAL_HEADER: Final = struct.Struct("<4s5H3I2H")
_LOCAL_MAGIC: Final = b"PK\x03\x04"
_MOST_PATH_BYTES: Final = 900
_OF_FILE_MANAGERS: Final = frozenset({".ds_store", "thumbs.db", "desktop.ini"})


@dataclass
class Zip:
    """ZIP archives, whatever wrote them."""

    name: str = "zip"
    version: str = "2"
    empty_is_failure: bool = False

    def records(self, file: BinaryIO) -> Iterator[Record]:
        """One record per file in the archive. See `WholeFormat.records`.

        A member that cannot become a file is a failed record: it is encrypted, a link, compressed by another method, too large,
        called like one before it, or its path leads elsewhere.

        Raises:
            FormatMismatch: no ZIP archive.
            FileBomb: more members or bytes than a bundle may have, members that inflate beyond measure or share bytes.
            FileCorrupt: its directory is damaged.
        """
        archive = open_archive(file, most_members=limits.MAX_BUNDLE_MEMBERS, most_bytes=limits.MAX_BUNDLE_BYTES)
        taken: set[str] = set()
        members = [one for one in archive.infolist() if not one.is_dir() and not _is_of_a_file_manager(one.filename)]
        for index, member in enumerate(members):
            path = unicodedata.normalize("NFC", member.filename.replace("\\", "/"))
            offset = _data_offset(file, member)
            problem = _refusal(member, path, taken)
            if problem is None and offset is None:
                message = "There is nothing at the place where the archive says that the member is."
                problem = error("MEMBER_UNREADABLE", message, path)
            if problem is not None:
                yield failed(TYPE, index, problem, name=path[: limits.MAX_NAME_CHARACTERS])
                continue
            taken.add(path)
            yield Record(
                index=index,
                type=TYPE,
                name=path,
                fields=_fields(member),
                properties={
                    "path": path,
                    "size": member.file_size,
                    "compressedSize": member.compress_size,
                    "offset": offset,
                    "method": member.compress_type,
                    "crc32": member.CRC,
                },
            )


def _is_of_a_file_manager(name: str) -> bool:
    *folders, last = name.replace("\\", "/").split("/")
    return folders[:1] == ["__MACOSX"] or last.lower() in _OF_FILE_MANAGERS


def _refusal(member: zipfile.ZipInfo, path: str, taken: set[str]) -> Issue | None:
    """Why a member cannot become a file."""
    segments = path.split("/")
    if is_encrypted(member):
        return error("MEMBER_ENCRYPTED", "The member is protected by a password.", path)
    if stat.S_ISLNK(member.external_attr >> 16):
        return error("MEMBER_LINK", "The member is a link; links are not followed.", path)
    if member.compress_type not in METHODS:
        return error(
            "MEMBER_METHOD", f"The member is compressed by method {member.compress_type}, not by deflate.", path
        )
    if member.file_size > limits.MAX_MEMBER_BYTES:
        message = f"The member has {member.file_size:,} bytes; {limits.MAX_MEMBER_BYTES:,} are accepted."
        return error("MEMBER_TOO_LARGE", message, path)
    if len(segments) > limits.MAX_MEMBER_DEPTH + 1 or len(path.encode(errors="replace")) > _MOST_PATH_BYTES:
        return error("MEMBER_PATH_REFUSED", "The member's path is too long or too deep.", path[:200])
    if any(map(_cannot_be_a_name, segments)):
        message = "The member's path has empty, dot or unprintable parts, or leads out of the archive."
        return error("MEMBER_PATH_REFUSED", message, path)
    if path in taken:
        return error("MEMBER_REPEATED", "A member of this path came before; only the first becomes a file.", path)
    return None


def _cannot_be_a_name(segment: str) -> bool:
    if segment.strip() in {"", ".", ".."} or len(segment) > limits.MAX_NAME_CHARACTERS:
        return True
    return any(unicodedata.category(character)[0] == "C" for character in segment)


def _data_offset(file: BinaryIO, member: zipfile.ZipInfo) -> int | None:
    """Where a member's data begin: behind its local header, whose extra field may be longer than the directory's."""
    if member.header_offset < 0:
        return None
    with damage_is_a_verdict():
        file.seek(member.header_offset)
        header = file.read(_LOCAL_HEADER.size)
    if len(header) < _LOCAL_HEADER.size or not header.startswith(_LOCAL_MAGIC):
        return None
    *_, name_bytes, extra_bytes = _LOCAL_HEADER.unpack(header)
    return int(member.header_offset + _LOCAL_HEADER.size + name_bytes + extra_bytes)


def _fields(member: zipfile.ZipInfo) -> tuple[FieldValue, ...]:
    try:
        return (FieldValue(name="Modified", value=datetime(*member.date_time).isoformat()),)
    except ValueError:
        return ()
