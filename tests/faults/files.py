"""Files whose outcome is known: good, partly bad, cut into chunks, unreadable, and of no format at all."""

from __future__ import annotations

from dataclasses import dataclass

from tests.faults.model import Outcome


@dataclass(frozen=True)
class Known:
    """A file and what becomes of it."""

    body: bytes
    outcome: Outcome


FILES = {
    "drugs.smi": Known(b"CCO ethanol\nc1ccccc1 benzene\nC methane\n", ("Processed", 3, 3, 0)),
    "partly.smi": Known(b"CCO ethanol\nnot(a molecule\n", ("ProcessedPartially", 2, 1, 1)),
    "table.csv": Known(b"a,b\n" + b"".join(b"%d,x%d\n" % (n, n) for n in range(1200)), ("Processed", 1200, 1200, 0)),
    "bad.sdf": Known(b"no molecule\n", ("Failed", 1, 0, 1)),
    "raw.bin": Known(b"\0\1\2", ("Processed", 0, 0, 0)),
}
EXPECTED = {name: known.outcome for name, known in FILES.items()}
