"""Days of what seldom happens: uploads in parts, big tables, large files with and without a SHA-256 to compare, folders that go
and come back, further runs, and what is left of old ones thirty days later; while the index is compared and made anew."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import pytest

from functions.blobs.use_cases import Downloading
from functions.files.models import NewFile, NodeEdit
from functions.files.ports import NodeFilter
from functions.files.tidying import Tidying
from functions.search import rebuild_state
from leanda import limits
from leanda.contracts.events import ParseChunk
from tests.fakes.pipeline import USER
from tests.faults.model import Outcome
from tests.faults.simulated.cloud import TRIES, Simulator, origin, until_done
from tests.faults.simulated.life import ME, compare, make_folder, upload
from tests.unit.parsers_bundle import archives
from tests.unit.search.maintenance import ticking

ROWS = 40
BIG = b"a,b\n" + b"".join(b"%d,x%d\n" % (n, n) for n in range(ROWS))
SEVERAL = b"CCO ethanol\nC methane\nCC ethane\n"
MEMBER = b"CCO\n"
EXPECTED: dict[str, Outcome] = {
    "big.csv": ("Processed", ROWS, ROWS, 0),
    "meant.smi": ("Processed", 3, 3, 0),
    "not meant.smi": ("Failed", 0, 0, 0),
    "given up.smi": ("Failed", 0, 0, 0),
    "never sent.smi": ("Failed", 0, 0, 0),
    "unnoticed.smi": ("Processed", 3, 3, 0),
    "bundle.zip": ("Processed", 1, 1, 0),
    "again.smi": ("Processed", 1, 1, 0),
}
SMALL = {"MAX_POST_BYTES": 24, "MIB": 100, "PART_BYTES": 100, "CHUNK_RECORDS": 2, "PARSE_AT_ONCE_BYTES": 12}
"""What is large on this day: the table has more chunks than a part of a plan."""
LITTLE_TIME = 30.0
"""A plan goes on in another invocation after each of its parts."""


@pytest.fixture(autouse=True, scope="module")
def small() -> Iterator[None]:
    """Imported by who lives this day."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SMALL.items():
            patch.setattr(limits, name, value)
        yield


def live_rarely(cloud: Simulator) -> dict[str, str]:
    """Returns what was acknowledged: file id → name."""
    cloud.time_left, cloud.lost = lambda: LITTLE_TIME, lambda _, event: event.type == ParseChunk.TYPE
    accepted = {key: name for name, key in uploads(cloud).items()}
    cloud.drain()
    cloud.lost = lambda *_: False
    cloud.wait_out()
    again, meant = (
        next(key for key, name in accepted.items() if name == wanted) for wanted in ("again.smi", "meant.smi")
    )
    until_done(lambda: cloud.files.reprocess(ME, again, origin("again")))
    folders(cloud, again)
    until_done(lambda: cloud.files.delete(ME, meant, "file", None, origin("delete")))
    compare_all(cloud)
    until_done(lambda: cloud.files.restore(ME, meant, "file", origin("restore")))
    compare_all(cloud)
    rebuild(cloud)
    cloud.drain()
    look(cloud, again)
    tidy(cloud)
    compare_all(cloud)
    cloud.wait_out()
    return accepted


def uploads(cloud: Simulator) -> dict[str, str]:
    """By name: sent in parts, sent without S3 telling of it, never sent, given up, and to be unpacked."""
    right, wrong = (hashlib.sha256(body).hexdigest() for body in (SEVERAL, BIG))
    found = {
        "big.csv": in_parts(cloud, "big.csv", BIG, None),
        "meant.smi": in_parts(cloud, "meant.smi", SEVERAL, right),
        "not meant.smi": in_parts(cloud, "not meant.smi", SEVERAL, wrong),
        "bundle.zip": upload(cloud, "bundle.zip", archives.packed({"in/a.smi": MEMBER}), "bundle", unpack=True),
        "again.smi": upload(cloud, "again.smi", MEMBER, "again"),
    }
    for name in ("unnoticed.smi", "never sent.smi", "given up.smi"):
        found[name] = announce(cloud, name, SEVERAL, None)
    cloud.objects.put(f"uploads/{found['unnoticed.smi']}", SEVERAL)
    until_done(lambda: cloud.uploading.abort(USER, found["given up.smi"]))
    return found


def folders(cloud: Simulator, file_id: str) -> None:
    """A file goes into a folder, this one into another one, and that one goes and comes back."""
    outer, other = make_folder(cloud, "outer"), make_folder(cloud, "other")
    inner = make_folder(cloud, "inner", outer)
    until_done(lambda: cloud.files.edit(ME, file_id, "file", NodeEdit(parent_id=inner), None, origin("move")))
    until_done(lambda: cloud.files.edit(ME, outer, "folder", NodeEdit(parent_id=other), None, origin("move outer")))
    until_done(lambda: cloud.files.delete(ME, other, "folder", None, origin("folder goes")))
    cloud.drain()
    cloud.clock.forward(hours=1)
    compare_all(cloud)
    until_done(lambda: cloud.files.restore(ME, other, "folder", origin("folder comes back")))


def announce(cloud: Simulator, name: str, body: bytes, sha256: str | None) -> str:
    wanted = NewFile(name=name, size=len(body), sha256=sha256)
    return str(until_done(lambda: cloud.files.create(ME, wanted, idempotency_key=name, origin=origin(name)))["id"])


def in_parts(cloud: Simulator, name: str, body: bytes, sha256: str | None) -> str:
    """What a client does that loses its connection after the first part: it asks how far it is, and goes on."""
    file_id = announce(cloud, name, body, sha256)
    for some in (1, None):
        told = until_done(lambda: cloud.uploading.progress(USER, file_id))
        for part in told["parts"][:some]:
            end = part["number"] * told["partSize"]
            cloud.objects.send_part(part["url"], body[end - told["partSize"] : end])
    until_done(lambda: cloud.uploading.complete(USER, file_id))
    return file_id


def look(cloud: Simulator, file_id: str) -> None:
    """What a user asks who only looks."""
    files, page = cloud.files, {"cursor": None, "limit": 10}
    until_done(lambda: files.list_files(ME, NodeFilter(), **page))
    until_done(lambda: files.children(ME, USER, **page))
    until_done(lambda: files.get(ME, file_id))
    until_done(lambda: files.content_url(ME, file_id))
    until_done(lambda: files.list_records(ME, file_id, status=None, **page))
    until_done(lambda: files.get_record(ME, file_id, 0))
    blob_id = next(key for key, blob in cloud.blobs.documents.items() if blob["fileId"] == file_id)
    until_done(lambda: Downloading(cloud.blobs, cloud.objects).url(blob_id))


def rebuild(cloud: Simulator) -> None:
    """One that is given up in the middle, and one that goes to its end."""

    def give_up() -> None:
        if cloud.rebuild.status()["phase"] in rebuild_state.KEPT:
            cloud.rebuild.abandon()

    until_done(lambda: cloud.rebuild.start(left=ticking(times=1)))
    until_done(give_up)
    to_rest(lambda: cloud.rebuild.start(left=ticking(times=100))["phase"] == rebuild_state.DONE, cloud)


def compare_all(cloud: Simulator) -> None:
    """Until the index is as the store is, whatever is still under way."""
    to_rest(lambda: compare(cloud, times=100).drift == 0, cloud)


def tidy(cloud: Simulator) -> None:
    cloud.clock.forward(seconds=limits.RUN_KEPT_SECONDS + 60)
    tidying = Tidying(cloud.nodes, cloud.runs, cloud.records, cloud.artefacts, cloud.clock)
    to_rest(lambda: not any(tidying.tidy().values()), cloud)


def to_rest(at_rest: Callable[[], bool], cloud: Simulator) -> None:
    """What a schedule wakes until it has nothing more to do."""
    for _ in range(TRIES):
        if cloud._scheduled(at_rest):
            return
    raise AssertionError("it never comes to rest")
