"""Which picture is drawn, from what, when it is drawn again, and what is told when there is none."""

from __future__ import annotations

import dataclasses
import gzip
import io
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from PIL import Image

from functions.files.picturing import Picturing
from functions.parsers.chemical.parser import parser as chemical
from functions.parsers.document.parser import parser as document
from functions.parsers.generic.parser import parser as generic
from functions.parsers.image.parser import parser as image
from functions.parsers.pictures import use_cases
from functions.parsers.pictures.adapters import FilesSubjects
from functions.parsers.pictures.bootstrap import LIMITS
from functions.parsers.pictures.domain import (
    MAX_ORIGINAL_BYTES,
    MAX_TEXT_CHARACTERS,
    NoPicture,
    NotDrawable,
    PictureNotReady,
    Record,
    Subject,
    drawing_of,
)
from functions.parsers.pictures.use_cases import Pictures
from functions.parsers.tabular.parser import parser as tabular
from leanda.access.policy import Viewer
from leanda.errors import NotFound
from leanda.guard import ChildDied, Death, Guard, GuardedChild
from tests.fakes.objects import FakeBlobSource
from tests.fakes.pictures import InProcessFiles, MemoryAlbum
from tests.fakes.pipeline import USER, Pipeline

ME, OTHER = Viewer(USER), Viewer("22222222-2222-4222-8222-222222222222")
MOLFILE, XY = "chemical/x-mdl-molfile", "application/vnd.leanda.xy+json"
GOOD = Record(0, good=True, media_type=MOLFILE, characters=100)
FILE = Subject("f", 1, "Processed", ended=True, kind="chemical", format="sdf", size=100, blob_id="b", record=GOOD)
PDF = dataclasses.replace(FILE, kind="document", format="pdf", record=Record(0, good=True))
PICTURE = dataclasses.replace(PDF, kind="image", format="png")


class CountingGuard:
    """The real child, and how often it was asked."""

    def __init__(self) -> None:
        self._child = GuardedChild(LIMITS)
        self.calls = 0

    def stream(self, call: str, arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:
        self.calls += 1
        return self._child.stream(call, arguments, payload)

    def close(self) -> None:
        self._child.close()


class DyingGuard:
    """A child that dies of everything."""

    def __init__(self) -> None:
        self.calls = 0

    def stream(self, call: str, arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:
        self.calls += 1
        raise ChildDied(Death.CRASHED, "signal SIGSEGV")
        yield b""


class MemoryCache:
    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        return self.values.get(key)

    def put(self, key: str, value: bytes, *, seconds: int) -> None:
        self.values[key] = value

    def count(self, keys: Sequence[str], *, seconds: int) -> list[int] | None:
        return None


@pytest.fixture(scope="module")
def guard() -> Iterator[CountingGuard]:
    guard = CountingGuard()
    yield guard
    guard.close()


@pytest.fixture
def cloud() -> Pipeline:
    return Pipeline([chemical(), generic(), tabular(), image(), document()])


def pictures_of(cloud: Pipeline, guard: Guard, cache: MemoryCache | None = None) -> Pictures:
    subjects = FilesSubjects(InProcessFiles(Picturing(cloud.nodes, cloud.runs, cloud.records)))
    return Pictures(subjects, FakeBlobSource(cloud.objects, cloud.blobs), guard, MemoryAlbum(), cache)


def png(size: tuple[int, int] = (30, 20)) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, "green").save(target, "PNG")
    return target.getvalue()


# --- what is drawn ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("media_type", "name"),
    [
        (MOLFILE, "molecule"),
        ("chemical/x-daylight-smiles", "molecule"),
        ("chemical/x-mdl-rxn", "reaction"),
        ("chemical/x-daylight-reaction-smiles", "reaction"),
        ("chemical/x-cif", "crystal"),
        (XY, "spectrum"),
    ],
)
def test_a_record_is_drawn_by_what_its_text_is(media_type: str, name: str) -> None:
    record = Record(3, good=True, media_type=media_type, characters=9, properties={"technique": "IR"})
    drawing = drawing_of(dataclasses.replace(FILE, record=record), 3)
    assert (drawing.name, drawing.index, drawing.media_type, drawing.blob_id) == (name, 3, "image/svg+xml", None)
    assert drawing.properties == {"technique": "IR"}


@pytest.mark.parametrize(("subject", "name"), [(PDF, "page"), (PICTURE, "image")])
def test_pages_and_images_are_drawn_from_the_original(subject: Subject, name: str) -> None:
    drawing = drawing_of(subject, None)
    assert (drawing.name, drawing.media_type, drawing.blob_id) == (name, "image/png", "b")


def test_the_picture_of_a_file_and_of_its_first_good_record_are_one() -> None:
    assert drawing_of(FILE, None) == drawing_of(FILE, 0)


def test_the_second_page_of_a_pdf_has_a_picture_and_of_an_image_only_what_is_there() -> None:
    second = Record(1, good=True)
    assert drawing_of(dataclasses.replace(PDF, record=second), 1).index == 1
    with pytest.raises(NoPicture):
        drawing_of(dataclasses.replace(PICTURE, record=second), 1)


def test_a_record_that_names_its_page_is_drawn_from_that() -> None:
    slide = dataclasses.replace(PICTURE, kind="microscopy", format="svs")
    label = Record(2, good=True, properties={"page": 5})
    assert drawing_of(dataclasses.replace(slide, record=label), 2).index == 4
    with pytest.raises(NoPicture):
        drawing_of(dataclasses.replace(slide, record=Record(2, good=True)), 2)


def test_an_office_document_shows_its_preview_and_without_one_its_text() -> None:
    text = Record(0, good=True, media_type="text/plain", characters=9)
    word = dataclasses.replace(PDF, format="docx", record=text)
    assert (drawing_of(word, None).name, drawing_of(word, None).media_type) == ("text", "image/svg+xml")
    brings = dataclasses.replace(word, record=dataclasses.replace(text, properties={"preview": True}))
    assert (drawing_of(brings, None).name, drawing_of(brings, None).media_type) == ("preview", "image/png")
    second = dataclasses.replace(word, format="pptx", record=dataclasses.replace(text, index=1))
    assert (drawing_of(second, 1).name, drawing_of(second, 1).index) == ("text", 1)


@pytest.mark.parametrize(("format", "index"), [("lif", 2), ("nd2", 2), ("czi", 0)])
def test_images_of_microscopes_have_pictures_of_their_own_where_the_format_has_them(format: str, index: int) -> None:
    subject = dataclasses.replace(PDF, kind="microscopy", format=format, record=Record(index, good=True))
    drawing = drawing_of(subject, index)
    assert (drawing.name, drawing.index, drawing.format) == ("plane", index, format)


NO_RECORD = dataclasses.replace(FILE, record=None)


@pytest.mark.parametrize(
    ("subject", "index", "error"),
    [
        (dataclasses.replace(FILE, record=Record(0, good=False, media_type=MOLFILE)), 0, NoPicture),
        (dataclasses.replace(FILE, record=Record(0, good=True, media_type="application/json")), None, NoPicture),
        (dataclasses.replace(FILE, record=Record(0, good=True)), None, NoPicture),
        (NO_RECORD, None, NoPicture),
        (dataclasses.replace(NO_RECORD, ended=False), None, PictureNotReady),
        (dataclasses.replace(FILE, record=dataclasses.replace(GOOD, index=5), ended=False), None, PictureNotReady),
        (dataclasses.replace(NO_RECORD, blob_id=None, status="Loading", ended=False), None, PictureNotReady),
        (dataclasses.replace(NO_RECORD, blob_id=None, status="Failed", ended=False), None, NoPicture),
        (dataclasses.replace(PDF, status="Failed"), None, NoPicture),
        (dataclasses.replace(PDF, record=None, ended=False), None, PictureNotReady),
        (dataclasses.replace(PDF, record=Record(0, good=False)), 0, NoPicture),
        (dataclasses.replace(PDF, size=MAX_ORIGINAL_BYTES + 1), None, NotDrawable),
        (
            dataclasses.replace(FILE, record=dataclasses.replace(GOOD, characters=MAX_TEXT_CHARACTERS + 1)),
            0,
            NotDrawable,
        ),
        (dataclasses.replace(PDF, kind="microscopy", format="ome-xml"), None, NoPicture),
        (dataclasses.replace(PDF, format="doc"), None, NoPicture),
        (dataclasses.replace(FILE, kind="generic", format="generic", record=None), None, NoPicture),
    ],
)
def test_why_there_is_no_picture(subject: Subject, index: int | None, error: type[Exception]) -> None:
    with pytest.raises(error):
        drawing_of(subject, index)


def test_another_run_or_record_is_another_picture() -> None:
    keys = {drawing_of(dataclasses.replace(FILE, run=run), 0).key for run in (1, 2)}
    keys.add(drawing_of(dataclasses.replace(FILE, record=dataclasses.replace(GOOD, index=7)), 7).key)
    keys.add(drawing_of(dataclasses.replace(FILE, file_id="g"), 0).key)
    assert len(keys) == 4


# --- drawing, once --------------------------------------------------------------------------------------------------------


def test_a_molecule_is_drawn_once_and_then_kept(cloud: Pipeline, guard: CountingGuard) -> None:
    file_id, before = cloud.upload("a.smi", b"CCO ethanol\n"), guard.calls
    cloud.deliver()
    pictures = pictures_of(cloud, guard)
    drawing = pictures.drawing(ME, file_id, 0)
    first, again = pictures.content(ME, drawing), pictures.content(ME, drawing)
    assert first == again
    assert first.startswith(b"<svg ")
    assert guard.calls == before + 1


def test_an_image_is_drawn_once_and_has_an_address(cloud: Pipeline, guard: CountingGuard) -> None:
    file_id, before = cloud.upload("a.png", png()), guard.calls
    cloud.deliver()
    pictures = pictures_of(cloud, guard)
    drawing = pictures.drawing(ME, file_id, None)
    assert pictures.url(ME, drawing) == pictures.url(ME, drawing)
    assert guard.calls == before + 1
    kept = pictures.album.get(drawing.key)
    assert kept is not None
    assert Image.open(io.BytesIO(kept)).size == (30, 20)


def test_an_image_that_was_only_to_be_stored_is_drawn_as_well(cloud: Pipeline, guard: CountingGuard) -> None:
    file_id = cloud.upload("a.png", png(), process=False)
    cloud.deliver()
    pictures = pictures_of(cloud, guard)
    drawing = pictures.drawing(ME, file_id, None)
    pictures.url(ME, drawing)
    assert pictures.album.has(drawing.key)


def test_a_compressed_original_is_drawn_as_well(cloud: Pipeline, guard: CountingGuard) -> None:
    file_id = cloud.upload("a.png.gz", gzip.compress(png()))
    cloud.deliver()
    pictures = pictures_of(cloud, guard)
    drawing = pictures.drawing(ME, file_id, None)
    pictures.url(ME, drawing)
    assert pictures.album.has(drawing.key)


def test_an_original_that_unpacks_to_too_much_is_refused(
    cloud: Pipeline, guard: CountingGuard, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_id = cloud.upload("a.png.gz", gzip.compress(png((900, 900))))
    cloud.deliver()
    monkeypatch.setattr(use_cases, "MAX_ORIGINAL_BYTES", 100)
    pictures = pictures_of(cloud, guard)
    with pytest.raises(NotDrawable, match="unpacks to far more"):
        pictures.url(ME, pictures.drawing(ME, file_id, None))


def test_to_others_there_is_nothing_kept_or_not(cloud: Pipeline, guard: CountingGuard) -> None:
    file_id = cloud.upload("a.smi", b"CCO ethanol\n")
    cloud.deliver()
    pictures = pictures_of(cloud, guard)
    pictures.content(ME, pictures.drawing(ME, file_id, 0))
    for index in (None, 0):
        with pytest.raises(NotFound) as refused:
            pictures.drawing(OTHER, file_id, index)
        assert refused.value.code == "NOT_FOUND"


def test_a_table_has_no_picture(cloud: Pipeline, guard: CountingGuard) -> None:
    file_id = cloud.upload("a.csv", b"n,comment\n1,one\n2,two\n")
    cloud.deliver()
    for index in (None, 0):
        with pytest.raises(NoPicture):
            pictures_of(cloud, guard).drawing(ME, file_id, index)


# --- what cannot be drawn -------------------------------------------------------------------------------------------------


def test_the_reason_comes_from_the_child(cloud: Pipeline, guard: CountingGuard) -> None:
    file_id = cloud.upload("long.smi", b"C" * 1200 + b" long\n")
    cloud.deliver()
    pictures = pictures_of(cloud, guard)
    with pytest.raises(NotDrawable, match="1,200 atoms"):
        pictures.content(ME, pictures.drawing(ME, file_id, 0))


def test_a_death_is_told_and_remembered_where_there_is_a_cache(cloud: Pipeline) -> None:
    file_id = cloud.upload("a.smi", b"CCO ethanol\n")
    cloud.deliver()
    for cache, calls in ((MemoryCache(), 1), (None, 2)):
        guard = DyingGuard()
        pictures = pictures_of(cloud, guard, cache)
        drawing = pictures.drawing(ME, file_id, 0)
        for _ in range(2):
            with pytest.raises(NotDrawable, match="crashed"):
                pictures.content(ME, drawing)
        assert guard.calls == calls
        assert not pictures.album.has(drawing.key)


def test_a_defect_of_ours_is_no_verdict_on_the_record(guard: CountingGuard, cloud: Pipeline) -> None:
    file_id = cloud.upload("a.smi", b"CCO ethanol\n")
    cloud.deliver()
    pictures = pictures_of(cloud, guard)
    drawing = dataclasses.replace(pictures.drawing(ME, file_id, 0), name="nothing of that name")
    with pytest.raises(RuntimeError, match="KeyError"):
        pictures.content(ME, drawing)


def test_a_picture_of_too_many_pixels_is_refused(cloud: Pipeline, guard: CountingGuard) -> None:
    """11,000 × 11,000 pixels of one colour: 1 MB of PNG would become 363 MB."""
    target = io.BytesIO()
    Image.new("1", (11_000, 11_000)).save(target, "PNG")
    file_id = cloud.upload("bomb.png", target.getvalue())
    cloud.deliver()
    pictures = pictures_of(cloud, guard)
    with pytest.raises(NotDrawable, match="too many pixels"):
        pictures.url(ME, pictures.drawing(ME, file_id, None))
