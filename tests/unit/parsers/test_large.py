"""Files that are read with random access: many gigabytes of pixels cost nothing, and what does not fit the disk is told so."""

from __future__ import annotations

import io
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from functions.files.models import NewFile
from functions.parsers.image.parser import parser as image
from functions.parsers.reading import _parser
from leanda import limits
from leanda.access.policy import Viewer
from leanda.contracts.envelope import Origin
from leanda.parsing.format import WholeFormat
from tests.fakes.pipeline import USER, Pipeline
from tests.unit.parsers.seeds import seeds
from tests.unit.parsers_image.pictures import png

LARGE = 8 * limits.GIB
OF_MANY_PIXELS = [
    ("image", "tiff"),
    *(("microscopy", name) for name in ("bigtiff", "ome-tiff", "svs", "czi", "lif", "nd2")),
]


class Counted(io.FileIO):
    """A file that counts what is read of it."""

    taken = 0

    def readinto(self, buffer: Any, /) -> int:
        count = super().readinto(buffer) or 0
        self.taken += count
        return count

    def readall(self) -> bytes:
        raise AssertionError("nobody asks for the whole file")


def read(path: Path, kind: str, name: str) -> tuple[list[Any], int]:
    """Its records, and how many bytes were read for them."""
    format = _parser(kind).format(name)
    assert isinstance(format, WholeFormat)
    counted = Counted(path)
    with io.BufferedReader(counted) as file:
        return list(format.records(file)), counted.taken


def grown(path: Path, name: str, small: bytes) -> None:
    """The same file with gigabytes of pixels at its end, which take no room on the disk."""
    if name == "nd2":  # its table of contents comes last, and says where it begins
        (at,) = struct.unpack("<Q", small[-8:])
        with path.open("wb") as file:
            file.write(small[:at])
            file.seek(LARGE)
            file.write(small[at:-8] + struct.pack("<Q", LARGE))
    else:
        with path.open("wb") as file:
            file.write(small)
            file.truncate(LARGE)


@pytest.mark.parametrize(("kind", "name"), OF_MANY_PIXELS)
def test_of_gigabytes_of_pixels_no_more_is_read_than_of_some_kilobytes(kind: str, name: str, tmp_path: Path) -> None:
    small, large = tmp_path / f"small.{name}", tmp_path / f"large.{name}"
    content = seeds()[kind, name][0]
    small.write_bytes(content)
    grown(large, name, content)
    usual, taken_usually = read(small, kind, name)
    records, taken = read(large, kind, name)
    assert records == usual
    assert records
    assert taken <= taken_usually + limits.MIB


def outcome(size: int) -> tuple[Any, ...]:
    """Of a picture, where its parser reads up to `size` bytes."""
    cloud, body = Pipeline([replace(image(), whole_bytes=size)]), png()
    origin = Origin(cause="request", correlation_id="correlation-1", user_id=USER)
    made = cloud.files.create(Viewer(USER), NewFile(name="a.png", size=len(body)), idempotency_key="key", origin=origin)
    cloud.receiving.receive(*cloud.objects.put(f"uploads/{made['id']}", body))
    cloud.deliver()
    shown = cloud.files.get(Viewer(USER), made["id"])
    return shown["status"], shown["totalRecords"], (shown.get("failure") or {}).get("code")


def test_a_file_that_does_not_fit_the_disk_says_so() -> None:
    assert outcome(len(png())) == ("Processed", 1, None)
    assert outcome(len(png()) - 1) == ("Failed", 0, "FILE_TOO_LARGE_TO_READ")
