"""ZIP archives: their members as records, and what is refused before anything is inflated."""

from __future__ import annotations

import gzip
import io
import random
import zipfile
import zlib

import pytest

from functions.blobs.domain import MemberCorrupt
from functions.blobs.members import content
from functions.parsers.bundle.formats.zip import Zip
from leanda import limits
from leanda.contracts.artefacts import Record, RecordStatus
from leanda.errors import FileBomb, FileCorrupt, FormatMismatch, ParseFailure
from leanda.parsing.signatures import Kind, decide
from tests.unit.parsers_bundle import archives as made

MEMBERS = {"readme.txt": b"Three files.", "spectra/ir.jdx": b"##TITLE=x\n" * 100, "spectra/deep/Ä.csv": b"a,b\n1,2\n"}


def read(archive: bytes) -> list[Record]:
    return list(Zip().records(io.BytesIO(archive)))


def codes(records: list[Record]) -> list[str | None]:
    return [record.issues[0].code if record.issues else None for record in records]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_each_member_says_where_its_bytes_are_and_what_comes_out_of_them(method: int) -> None:
    archive = made.packed({"empty/": b"", **MEMBERS}, method=method)
    records = read(archive)
    assert [record.name for record in records] == list(MEMBERS)
    assert [field.value for field in records[0].fields] == ["2026-02-28T12:30:00"]
    for record, expected in zip(records, MEMBERS.values(), strict=True):
        said = record.properties
        data = archive[said["offset"] :][: said["compressedSize"]]
        taken = content([data], method=said["method"], size=said["size"], crc32=said["crc32"])
        assert b"".join(taken) == expected


def test_what_file_managers_left_there_is_no_member() -> None:
    litter = {"__MACOSX/._readme.txt": b"x", "spectra/.DS_Store": b"x", "spectra\\Thumbs.db": b"x", "desktop.ini": b"x"}
    like_it = {"spectra/__MACOSX/a.txt": b"x", "a.DS_Store": b"x"}
    assert [record.name for record in read(made.packed({**litter, **like_it}))] == list(like_it)


def test_only_an_archive_that_no_other_parser_takes_is_a_bundle() -> None:
    archive = made.packed(MEMBERS)
    assert decide(archive, "results.zip", len(archive)) == Kind("bundle", "zip")
    assert decide(archive, "results", len(archive)) == Kind("bundle", "zip")
    book = made.packed({"[Content_Types].xml": b"x", "xl/workbook.xml": b"x"})
    assert decide(book, "book.zip", len(book)) == Kind("tabular", "xlsx")
    squeezed = gzip.compress(archive)
    assert decide(squeezed, "results.zip.gz", len(squeezed)).kind == "generic", "it cannot be read by range"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("../up.txt", "MEMBER_PATH_REFUSED"),
        ("a/../../up.txt", "MEMBER_PATH_REFUSED"),
        ("/etc/passwd", "MEMBER_PATH_REFUSED"),
        ("..\\up.txt", "MEMBER_PATH_REFUSED"),
        ("a//b", "MEMBER_PATH_REFUSED"),
        ("a/\x07/b", "MEMBER_PATH_REFUSED"),
        ("n" * 300, "MEMBER_PATH_REFUSED"),
        ("d/" * (limits.MAX_MEMBER_DEPTH + 1) + "deep.txt", "MEMBER_PATH_REFUSED"),
        ("d/" * limits.MAX_MEMBER_DEPTH + "deep.txt", None),
        ("name with spaces & ü.txt", None),
    ],
)
def test_a_path_that_leads_elsewhere_costs_one_member(name: str, code: str | None) -> None:
    records = read(made.packed({name: b"x", "good.txt": b"y"}))
    assert codes(records) == [code, None]
    assert [record.status for record in records][1] is RecordStatus.PARSED


def test_members_that_cannot_become_files_say_why_and_the_others_stay() -> None:
    archive = made.packed([(name, b"content " * 9) for name in ("a", "b", "c", "d", "e")])
    archive = made.encrypted(archive, "a")
    archive = made.by_method(archive, "b", 99)
    archive = made.as_link(archive, "c")
    archive = made.at(archive, "d", 5)
    assert codes(read(archive)) == ["MEMBER_ENCRYPTED", "MEMBER_METHOD", "MEMBER_LINK", "MEMBER_UNREADABLE", None]


def test_of_two_members_with_one_path_the_first_becomes_a_file() -> None:
    records = read(made.packed([("a.txt", b"1"), ("a.txt", b"2"), ("\u00e4.txt", b"3"), ("a\u0308.txt", b"4")]))
    assert codes(records) == [None, "MEMBER_REPEATED", None, "MEMBER_REPEATED"]


def test_a_member_that_is_too_large_costs_one_member(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_MEMBER_BYTES", 50)
    assert codes(read(made.packed({"a": b"x" * 51, "b": b"x" * 50}))) == ["MEMBER_TOO_LARGE", None]


def test_an_archive_within_is_a_member_like_others() -> None:
    inner = made.packed({"x": b"0" * 1000})
    assert codes(read(made.packed({"inner.zip": inner}))) == [None]


def test_an_empty_archive_is_good() -> None:
    assert read(made.packed({})) == []


BOMB = made.packed({"zeros": bytes(4 * limits.MIB)})


@pytest.mark.parametrize(
    "archive",
    [
        pytest.param(BOMB, id="1000:1"),
        pytest.param(made.packed({f"{n}.txt": b"" for n in range(limits.MAX_BUNDLE_MEMBERS + 1)}), id="too many"),
        pytest.param(
            made.of_size(made.of_size(made.packed({"a.tif": b"x", "b.tif": b"y"}), "a.tif", 0xFFFFFFF0), "b.tif", 0xFFFFFFF0),
            id="too much",
        ),
        pytest.param(made.with_entry(made.packed({"a": b"x" * 99, "b": b"y"}), "b", 20, "<I", 1 << 20), id="overlapping"),
    ],
)  # fmt: skip
def test_bombs_are_refused_before_they_are_inflated(archive: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile.ZipFile, "open", None)
    with pytest.raises(FileBomb):
        read(archive)


@pytest.mark.parametrize(
    ("archive", "failure"),
    [(b"PK\x03\x04 but no directory", FileCorrupt), (b"no archive", FormatMismatch), (b"PK\x05\x06", FileCorrupt)],
)
def test_what_is_no_archive_is_a_failed_file(archive: bytes, failure: type[ParseFailure]) -> None:
    with pytest.raises(failure):
        read(archive)


def test_damaged_archives_end_in_records_or_in_a_verdict() -> None:
    seed = 20260
    chance = random.Random(seed)
    good = made.packed(MEMBERS)
    for n in range(1500):
        damaged = bytearray(good)
        for _ in range(chance.randint(1, 6)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        if n % 5 == 0:
            damaged = damaged[: chance.randrange(len(damaged))]
        try:
            records = read(bytes(damaged))
        except ParseFailure:
            continue
        assert [record.index for record in records] == list(range(len(records))), f"seed {seed}, input {n}"


class TestContent:
    """`functions.blobs.members.content`: nothing but what was promised comes out."""

    DATA = zlib.compress(b"abc" * 1000)[2:-4]
    CRC = zlib.crc32(b"abc" * 1000)

    def taken(self, data: bytes, *, method: int = 8, size: int = 3000, crc32: int = CRC) -> bytes:
        return b"".join(content([data[:7], data[7:]], method=method, size=size, crc32=crc32))

    def test_deflated_and_stored(self) -> None:
        assert self.taken(self.DATA) == b"abc" * 1000
        assert self.taken(b"x" * 9, method=0, size=9, crc32=zlib.crc32(b"x" * 9)) == b"x" * 9
        assert self.taken(b"", method=0, size=0, crc32=0) == b""

    @pytest.mark.parametrize(
        ("data", "promised"),
        [
            (DATA, {"size": 2999}),
            (DATA, {"size": 3001}),
            (DATA, {"crc32": 1}),
            (DATA[:-3], {}),
            (b"\xff" * 50, {}),
            (b"", {}),
            (b"x" * 3000, {"method": 0}),
        ],
    )
    def test_a_broken_promise(self, data: bytes, promised: dict[str, int]) -> None:
        with pytest.raises(MemberCorrupt):
            self.taken(data, **promised)

    def test_a_bomb_is_noticed_before_it_fills_memory(self) -> None:
        bomb = zlib.compress(bytes(300 * limits.MIB), 9)[2:-4]
        got: list[int] = []
        with pytest.raises(MemberCorrupt):
            got.extend(map(len, content([bomb], method=8, size=2 * limits.MIB, crc32=0)))
        assert sum(got) <= 2 * limits.MIB
        assert max(got) <= limits.MIB
