"""The file to measure with: real records where the sample files lie beside the checkout, else the project's own."""

from __future__ import annotations

import gzip
from itertools import cycle, islice
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT.parent / "shared" / "samples" / "sdf" / "mols.1000.sdf.gz"
OWN = ROOT / "cli" / "samples" / "molecules.sdf"


def records(count: int) -> tuple[list[bytes], str]:
    """`count` SDF records (repeated as needed), and where they come from."""
    if SAMPLE.exists():
        found, origin = _split(gzip.decompress(SAMPLE.read_bytes())), f"{SAMPLE.name}, repeated"
    else:
        found, origin = _split(OWN.read_bytes()), "the demo's molecules, repeated"
    return list(islice(cycle(found), count)), origin


def molfile(record: bytes) -> str:
    """The connection table of a record, without its data."""
    return record.decode("utf-8", "replace").partition("M  END")[0] + "M  END\n"


def _split(body: bytes) -> list[bytes]:
    return [part + b"$$$$\n" for part in body.replace(b"\r\n", b"\n").split(b"$$$$\n") if part.strip()]
