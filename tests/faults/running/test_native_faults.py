"""Native code that crashes, hangs or eats memory on a record of one file among many: that record fails, and says why."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.cloud import Cloud
from tests.faults.model import check
from tests.faults.running.native import broken_reader
from tests.faults.running.rest import drain, world_of

pytestmark = pytest.mark.integration

BUGS = {"SEGFAULT": "PARSER_CRASHED", "HANG": "PARSER_TIMEOUT", "ALLOCATE": "PARSER_MEMORY"}


@pytest.mark.parametrize("files", [12, pytest.param(150, marks=[pytest.mark.long, pytest.mark.timeout(1800)])])
def test_of_many_files_only_the_records_that_kill_their_reader_fail(files: int, cloud: Cloud, tmp_path: Path) -> None:
    person = cloud.person("native")
    names = [f"good-{n}.smi" for n in range(files)]
    bodies = dict.fromkeys(names, b"CCO ethanol\nCCN ethylamine\n")
    bodies |= {f"{bug}.smi": f"CCO ethanol\nCC {bug}\nCCN ethylamine\n".encode() for bug in BUGS}
    with broken_reader(cloud, tmp_path), ThreadPoolExecutor(2) as pool:
        accepted = dict(zip(pool.map(lambda name: person.upload(name, bodies[name]), bodies), bodies, strict=True))
        drain(cloud, accepted)
    expected = dict.fromkeys(names, ("Processed", 2, 2, 0))
    expected |= {f"{bug}.smi": ("ProcessedPartially", 3, 2, 1) for bug in BUGS}
    check(world_of(cloud, person.id), accepted, expected)
    ids = {name: file_id for file_id, name in accepted.items()}
    for bug, code in BUGS.items():
        [failed] = person.client.records(ids[f"{bug}.smi"], status="Failed")
        assert (failed["index"], [issue["code"] for issue in failed["issues"]]) == (1, [code])
