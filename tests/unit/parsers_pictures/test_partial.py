"""Pictures of files of gigabytes, of which little is fetched: they are those of the same file without the gigabytes."""

from __future__ import annotations

import dataclasses
import gzip
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from functions.parsers.pictures import partial
from functions.parsers.pictures.bootstrap import LIMITS
from functions.parsers.pictures.domain import Drawing, NotDrawable, Record, Subject, drawing_of
from functions.parsers.pictures.partial import BLOCK, BytesMissing, PartialFile
from functions.parsers.pictures.use_cases import Pictures
from leanda import limits
from leanda.access.policy import Viewer
from leanda.guard import GuardedChild
from tests.fakes.pictures import MemoryAlbum
from tests.samples import sample
from tests.unit.parsers.test_large import grown

ME = Viewer("somebody")


class OnDisk:
    """`BlobSource` of one file, which counts what is fetched."""

    def __init__(self, path: Path) -> None:
        self.path, self.fetched = path, 0

    def blocks(self, blob_id: str, *, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            file.seek(offset)
            content = file.read(-1 if length is None else length)
        self.fetched += len(content)
        yield content


@pytest.fixture(scope="module")
def guard() -> Iterator[GuardedChild]:
    guard = GuardedChild(LIMITS)
    yield guard
    guard.close()


def drawing(kind: str, format: str, size: int, index: int = 0) -> Drawing:
    record = Record(index, good=True)
    subject = Subject("f", 1, "Processed", ended=True, kind=kind, format=format, size=size, blob_id="b", record=record)
    return drawing_of(subject, index)


def drawn(source: OnDisk, wanted: Drawing, guard: GuardedChild) -> Image.Image:
    pictures = Pictures(None, source, guard, MemoryAlbum())  # type: ignore[arg-type]  # nobody asks `files`
    image = Image.open(io.BytesIO(pictures.content(ME, wanted)))
    image.load()
    return image


def slide() -> bytes:
    """A pyramid of JPEG tiles, as scanners write it: a page of twelve thousand pixels, and two smaller ones."""
    dice, target = np.random.default_rng(1), io.BytesIO()
    small = dice.integers(0, 255, (30, 40, 3), np.uint8)
    with tifffile.TiffWriter(target, bigtiff=True) as writer:
        for factor in (300, 75, 20):
            level = small.repeat(factor, 0).repeat(factor, 1)
            writer.write(level, tile=(256, 256), compression="zlib", photometric="rgb", subfiletype=int(factor < 300))
    return target.getvalue()


def files() -> dict[tuple[str, str, int], bytes]:
    return {
        ("microscopy", "svs", 0): slide(),
        ("microscopy", "ome-tiff", 0): sample("multi-channel.ome.tif").read_bytes(),
        ("image", "tiff", 0): sample("hopper_lzw.tif").read_bytes(),
        ("image", "tiff", 2): sample("multipage.tiff").read_bytes(),
        ("microscopy", "czi", 0): sample("RGB-multichannel.czi").read_bytes(),
        ("microscopy", "lif", 2): sample("LeicaLASX_wavelength-sweep_example.lif").read_bytes(),
        ("microscopy", "nd2", 0): sample("Nikon_BF007.nd2").read_bytes(),
    }


@pytest.mark.parametrize("of", files(), ids=str)
def test_the_picture_of_a_large_file_is_that_of_the_small_one(
    of: tuple[str, str, int], guard: GuardedChild, tmp_path: Path
) -> None:
    kind, format, index = of
    content = files()[of]
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(content)
    grown(large, format, content)
    whole = dataclasses.replace(drawing(kind, format, len(content), index), size=0)
    partly = drawing(kind, format, large.stat().st_size, index)
    assert (whole.partly, partly.partly) == (False, True)
    source = OnDisk(large)
    picture = drawn(source, partly, guard)
    assert picture.tobytes() == drawn(OnDisk(small), whole, guard).tobytes()
    assert source.fetched < 24 * limits.MIB


def test_a_compressed_file_is_fetched_whole_whatever_its_format(guard: GuardedChild, tmp_path: Path) -> None:
    path = tmp_path / "small.gz"
    path.write_bytes(gzip.compress(sample("hopper_lzw.tif").read_bytes()))
    assert drawn(OnDisk(path), drawing("image", "tiff", limits.GIB), guard).size == (128, 128)


def test_a_picture_that_needs_too_much_of_its_file_is_refused(
    guard: GuardedChild, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that is not compressed is read from its first line to its last."""
    path = tmp_path / "large"
    tifffile.imwrite(path, shape=(5_000, 5_000), dtype=np.uint8, bigtiff=True)
    source, wanted = OnDisk(path), drawing("microscopy", "bigtiff", path.stat().st_size)
    assert drawn(source, wanted, guard).size == (512, 512)
    monkeypatch.setattr(partial, "MAX_BLOCKS", 50)
    with pytest.raises(NotDrawable, match="too much of the file"):
        drawn(source, wanted, guard)


def test_a_partial_file_gives_what_is_here_and_notes_what_is_not(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(BLOCK) + b"b" * BLOCK + b"c" * 10)
    with PartialFile(path, [0, 2]) as file:
        assert file.read(4) == bytes(4)
        assert file.missing is None
        file.seek(-10, io.SEEK_END)
        assert file.read() == b"c" * 10
        assert file.read(1) == b""
        file.seek(BLOCK - 1)
        with pytest.raises(BytesMissing) as lacking:
            file.read(BLOCK)
        assert BytesMissing.blocks(lacking.value.detail or "") == file.missing == range(1, 2)
