"""The real sample files, which lie outside of the repository (they keep the licences of their sources)."""

from __future__ import annotations

import csv
import gzip
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

import pytest


@dataclass(frozen=True)
class SampleRow:
    """One row of the samples' MANIFEST.csv.

    Attributes:
        expected: valid (all records good), partial, invalid (the file fails), either (tools disagree).
        records: how many records the file has; None where that is not defined.
    """

    path: str
    format: str
    expected: str
    records: int | None
    notes: str

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return PurePosixPath(self.path).name

    @property
    def file(self) -> Path:
        """Where the file lies on this machine."""
        return samples_root() / self.path

    def read_bytes(self) -> bytes:
        """The file's content, uncompressed."""
        content = self.file.read_bytes()
        return gzip.decompress(content) if self.path.endswith(".gz") else content


def samples_root() -> Path:
    """Folder of the samples: `LEANDA_SAMPLES`, or `shared/samples` beside the checkout.

    Without it a test is skipped; where CI runs it fails, because there a skip would go unseen.
    """
    root = folder()
    if not _manifest().is_file():
        reason = f"the sample files are not at {root}; set LEANDA_SAMPLES to their folder"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return root


def manifest(*formats: str) -> list[SampleRow]:
    """Rows of the given formats (all without one), in the manifest's order; skips or fails as `samples_root`."""
    samples_root()
    return [row for row in _rows() if not formats or row.format in formats]


def sample(name: str) -> SampleRow:
    """The row of the one file with that name; skips or fails as `samples_root`."""
    [row] = [row for row in manifest() if row.name == name]
    return row


def rows_to_collect() -> list[SampleRow]:
    """All rows, to make a test of each. Where the samples are not there it is empty: a test beside must ask for them."""
    return list(_rows()) if _manifest().is_file() else []


def folder() -> Path:
    """Where the samples should be, whether or not they are there."""
    configured = os.environ.get("LEANDA_SAMPLES")
    return Path(configured) if configured else Path(__file__).resolve().parents[2] / "shared" / "samples"


def _manifest() -> Path:
    return folder() / "MANIFEST.csv"


@cache
def _rows() -> tuple[SampleRow, ...]:
    with _manifest().open(encoding="utf-8", newline="") as file:
        return tuple(
            SampleRow(
                path=row["path"],
                format=row["format"],
                expected=row["expected"],
                records=int(row["records"]) if row["records"] else None,
                notes=row["notes"],
            )
            for row in csv.DictReader(file)
        )
