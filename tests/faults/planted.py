"""Planted bugs: one mechanism at a time is taken out of a copy of the code, and the tests must notice (`make planted`)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests import samples

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("functions", "layers", "local", "cdk", "cli", "client", "tests", "requirements", "pyproject.toml")
TABLE = ROOT / "docs" / "planted-bugs.md"


@dataclass(frozen=True)
class Bug:
    """One mechanism: where it is, what stands there, what is planted, and which tests must go red."""

    mechanism: str
    file: str
    before: str
    after: str
    tests: str


LAYER = "layers/shared/python/leanda"
BUGS = (
    Bug(
        "dedup insert",
        "functions/files/adapters.py",
        '"_id": ids.stored_record_key(file_id, run, record["index"]),',
        '"_id": ids.new_id(),',
        "tests/ports/test_store.py",
    ),
    Bug(
        "write concern of many documents",
        f"{LAYER}/persistence/client.py",
        'if others or details.get("writeConcernErrors"):',
        "if others:",
        "tests/unit/layer/test_store_errors.py",
    ),
    Bug(
        "run guard",
        "functions/files/runs.py",
        '    return RANK[RunState(run["state"])] >= RANK[RunState.FINISHED]',
        "    return False",
        "tests/unit/files",
    ),
    Bug(
        "index version",
        "functions/search/domain.py",
        "return placement * 4 + stage",
        "return 1",
        "tests/unit/search tests/faults/simulated",
    ),
    Bug(
        "tombstone",
        "functions/search/domain.py",
        '        if node.deleted:\n            yield record_tombstone(node, row["index"])',
        "        if node.deleted:\n            continue",
        "tests/unit/search tests/faults/simulated",
    ),
    Bug(
        "outbox pull by id",
        f"{LAYER}/persistence/aggregates.py",
        '{"$pull": {"outbox": {"id": {"$in": [e["id"] for e in pending]}}}}',
        '{"$set": {"outbox": []}}',
        "tests/ports/test_store.py",
    ),
    Bug(
        "relay",
        f"{LAYER}/persistence/aggregates.py",
        "                owner.publish(key)\n",
        "                pass\n",
        "tests/ports/test_store.py tests/faults/simulated",
    ),
    Bug(
        "key fence",
        f"{LAYER}/messaging/consumer.py",
        "if any((one.record.place, one.record.key) in self._fenced for one in group):",
        "if False:",
        "tests/faults/simulated/test_defects.py",
    ),
    Bug(
        "half-batch rule",
        f"{LAYER}/messaging/consumer.py",
        "self._defective[place] * 2 > self._tried[place]",
        "False",
        "tests/faults/simulated/test_defects.py",
    ),
    Bug(
        "DLQ-publish check",
        f"{LAYER}/messaging/consumer.py",
        '            return False\n        logger.error("dead-lettered"',
        '            return True\n        logger.error("dead-lettered"',
        "tests/faults/simulated/test_defects.py",
    ),
    Bug(
        "watchdog guard",
        "functions/files/runs.py",
        '    if ended(run):\n        return NOTHING\n    counts = totals(run, "parsed")',
        '    counts = totals(run, "parsed")',
        "tests/faults/simulated/test_simulator.py",
    ),
    Bug(
        "repetition of lost tasks",
        "functions/files/watching.py",
        "Change(again=some, guarded=False)",
        "Change(guarded=False)",
        "tests/unit/files/test_watchdog.py",
    ),
    Bug(
        "repetition has the same id",
        "functions/files/repeating.py",
        'data=kept["data"], at=at, sequence=kept["sequence"]',
        'data=kept["data"], at=at, sequence="again"',
        "tests/unit/files/test_watchdog.py",
    ),
    Bug(
        "placement of a reopened run",
        "functions/files/advancing.py",
        '    if reopened:\n        changed["placement"] = node["placement"] + 1\n',
        "",
        "tests/unit/files/test_letters.py",
    ),
    Bug(
        "plan goes on behind a part",
        f"{LAYER}/parsing/tasks.py",
        '"offset": last.offset + last.length',
        '"offset": last.offset',
        "tests/unit/parsers/test_planning.py",
    ),
    Bug(
        "sweep of the inbox",
        "functions/blobs/sweeping.py",
        "for blob_id in found.keys() - known.keys():",
        "for blob_id in known.keys() - found.keys():",
        "tests/unit/blobs/test_sweep.py",
    ),
    Bug(
        "erasure of what is to come",
        "functions/history/use_cases.py",
        "redacted(one) if {one.file_id, one.user_id} & gone else one",
        "one",
        "tests/unit/history/test_erasing.py",
    ),
    Bug(
        "presigned version id",
        "functions/blobs/adapters.py",
        '            "VersionId": version_id,\n            "ResponseContentDisposition"',
        '            "ResponseContentDisposition"',
        "tests/unit/blobs",
    ),
    Bug(
        "access filter of the search",
        "functions/search/queries.py",
        'return {"bool": {"should": [owned, granted], "minimum_should_match": 1}}',
        'return {"match_all": {}}',
        "tests/unit/search",
    ),
    Bug(
        "look after a move",
        "functions/files/settling.py",
        "        refusal = way_up(nodes, node).refusal()\n        if refusal is None:",
        "        refusal = None\n        if refusal is None:",
        "tests/faults/simulated/test_crossing.py",
    ),
    Bug(
        "look after something was made",
        "functions/files/settling.py",
        "        refusal = way_up(nodes, node).refusal() if node else None",
        "        refusal = None",
        "tests/faults/simulated/test_crossing.py",
    ),
    Bug(
        "hidden below a deleted folder",
        "functions/search/queries.py",
        '"must_not": HIDDEN_BELOW',
        '"must_not": []',
        "tests/unit/search/test_hiding.py",
    ),
    Bug(
        "revision of what is hidden",
        "functions/search/hiding.py",
        "known is None or known.revision < word.revision",
        "True",
        "tests/unit/search/test_hiding.py",
    ),
    Bug(
        "access check of the API",
        "functions/files/seeing.py",
        '(Guarded(found["ownerId"], found["grants"]) for found in path)) < needed:',
        '(Guarded(found["ownerId"], found["grants"]) for found in path)) < Role.NONE:',
        "tests/unit/files",
    ),
)


def main() -> int:
    """Plant each bug and run its tests; the number of bugs that nobody noticed.

    Tests that fail anyway would notice everything, so all of them are run on the code as it is first.
    """
    every = sorted({test for bug in BUGS for test in bug.tests.split()})
    if _fail(every):
        raise SystemExit("The tests are red before anything is planted.")
    rows, missed = [], 0
    for bug in BUGS:
        noticed = _fail(bug.tests.split(), bug)
        missed += not noticed
        rows.append(f"| {bug.mechanism} | `{bug.file}` | `{bug.tests}` | {'red' if noticed else '**GREEN**'} |")
        print(rows[-1], flush=True)
    head = (
        "# Planted bugs\n\nEach row takes one mechanism out of a copy of the code and runs the tests named; they must go red.\n"
        "All of them were green before, on a copy of the code as it is. Written by `make planted`.\n\n"
        "| Mechanism taken out | Where | Tests | Outcome |\n|---|---|---|---|\n"
    )
    TABLE.write_text(head + "\n".join(rows) + f"\n\n{len(BUGS) - missed} of {len(BUGS)} noticed.\n")
    return missed


def _fail(tests: list[str], bug: Bug | None = None) -> bool:
    """Whether tests go red in a copy of the code, with a bug or as it is."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "leanda"
        copy.mkdir()
        for source in SOURCES:
            here = ROOT / source
            if here.is_dir():
                shutil.copytree(here, copy / source, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(here, copy / source)
        if bug:
            _plant(bug, copy)
        environment = {
            **os.environ,
            "LEANDA_SAMPLES": str(samples.folder()),
            "LEANDA_SEED": "7",
            "PYTHONPATH": f"{copy}:{copy / LAYER}/..:{copy / 'client'}",
        }
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-x",
            "-m",
            "not long",
            "-p",
            "no:cacheprovider",
            *tests,
        ]
        result = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
        if result.returncode not in {0, 1}:
            name = bug.mechanism if bug else "as it is"
            raise SystemExit(f"{name}: the tests did not run:\n{result.stdout[-2000:]}{result.stderr[-2000:]}")
        return result.returncode == 1


def _plant(bug: Bug, copy: Path) -> None:
    file = copy / bug.file
    text = file.read_text()
    if text.count(bug.before) != 1:
        raise SystemExit(f"{bug.mechanism}: the code to take out is not there once in {bug.file}; mend this list")
    file.write_text(text.replace(bug.before, bug.after))


if __name__ == "__main__":
    sys.exit(main())
