"""The files of `tests.faults.files` for simulated lives, ten times as fast: a table of a tenth of the rows, in smaller chunks."""

from __future__ import annotations

from tests.faults import files
from tests.faults.files import Known

CHUNK_RECORDS = 100
"""`limits.CHUNK_RECORDS` of every simulated life."""
ROWS = 120
FILES = files.FILES | {
    "table.csv": Known(b"a,b\n" + b"".join(b"%d,x%d\n" % (n, n) for n in range(ROWS)), ("Processed", ROWS, ROWS, 0))
}
EXPECTED = {name: known.outcome for name, known in FILES.items()}
