"""The real sample files, which lie outside of the repository (they keep the licences of their sources)."""

from __future__ import annotations

import csv
import gzip
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

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

    def read_bytes(self) -> bytes:
        """The file's content, uncompressed."""
        content = (samples_root() / self.path).read_bytes()
        return gzip.decompress(content) if self.path.endswith(".gz") else content


def samples_root() -> Path:
    """Folder of the samples: `LEANDA_SAMPLES`, or `shared/samples` beside the checkout.

    Without it a test is skipped; where CI runs it fails, because there a skip would go unseen.
    """
    root = _root()
    if not (root / "MANIFEST.csv").is_file():
        reason = f"the sample files are not at {root}; set LEANDA_SAMPLES to their folder"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return root


def manifest(*formats: str) -> list[SampleRow]:
    """Rows of the given formats (all without one), in the manifest's order; skips or fails as `samples_root`."""
    samples_root()
    return [row for row in _rows() if not formats or row.format in formats]


def _root() -> Path:
    configured = os.environ.get("LEANDA_SAMPLES")
    return Path(configured) if configured else Path(__file__).resolve().parents[2] / "shared" / "samples"


@cache
def _rows() -> tuple[SampleRow, ...]:
    with (_root() / "MANIFEST.csv").open(encoding="utf-8", newline="") as file:
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
