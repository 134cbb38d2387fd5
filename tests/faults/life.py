"""A day of a user, as steps that a client repeats until they are acknowledged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from functions.files.models import NewFile, NewFolder, NodeEdit
from functions.parsers.bundle.parser import parser as bundle
from functions.parsers.chemical.parser import parser as chemical
from functions.parsers.generic.parser import parser as generic
from functions.parsers.tabular.parser import parser as tabular
from leanda.access.policy import Viewer
from leanda.contracts.envelope import Origin
from leanda.errors import Conflict, NotFound, Unavailable
from tests.fakes.pipeline import USER, Pipeline
from tests.faults.boundaries import PORTS, Boundaries, Killed

ME = Viewer(USER)
FILES = {
    "drugs.smi": b"CCO ethanol\nc1ccccc1 benzene\nC methane\n",
    "partly.smi": b"CCO ethanol\nnot(a molecule\n",
    "table.csv": b"a,b\n" + b"".join(b"%d,x%d\n" % (n, n) for n in range(1200)),
    "bad.sdf": b"no molecule\n",
    "raw.bin": b"\0\1\2",
}


def simulator(seed: int, boundaries: Boundaries, *, copies: int = 1) -> Pipeline:
    """A pipeline whose every port call passes a boundary."""
    cloud = Pipeline([chemical(), tabular(), bundle(), generic()], seed=seed, copies=copies)
    cloud.death = Killed
    for port in PORTS:
        boundaries.wrap(getattr(cloud, port), port)
    return cloud


def live(cloud: Pipeline, *, patiently: bool = False) -> dict[str, str]:
    """Upload, drop, move, reprocess and delete; returns what was acknowledged: file id → name.

    A patient user waits between these until the watchdog has nothing more to do.
    """
    accepted: dict[str, str] = {}
    settle = cloud.wait_out if patiently else cloud.drain
    for number, (name, body) in enumerate(FILES.items()):
        accepted[upload(cloud, name, body, f"key-{number}")] = name
    key = cloud.objects.put(f"inbox/{USER}/project/dropped.smi", b"CCCC butane\n")
    until_done(lambda: cloud.receiving.receive(*key))
    settle()
    folder = until_done(
        lambda: cloud.files.create_folder(ME, NewFolder(name="folder"), idempotency_key="folder", origin=_origin("f"))
    )["id"]
    drugs, table = (
        next(key for key, name in accepted.items() if name == wanted) for wanted in ("drugs.smi", "table.csv")
    )
    until_done(lambda: cloud.files.edit(ME, drugs, "file", NodeEdit(parent_id=folder), None, _origin("move")))
    until_done(lambda: cloud.files.reprocess(ME, table, _origin("again")))
    settle()
    gone = next(key for key, name in accepted.items() if name == "partly.smi")
    until_done(lambda: cloud.files.delete(ME, gone, "file", None, _origin("delete")))
    settle()
    return accepted


def outcomes(cloud: Pipeline, accepted: dict[str, str]) -> dict[str, tuple[Any, ...]]:
    found = {}
    for file_id, name in accepted.items():
        node = cloud.nodes.documents[file_id]
        counts = node["counts"]
        found[name] = (node["status"], counts["total"], counts["parsed"], counts["failed"])
    return found


def upload(cloud: Pipeline, name: str, body: bytes, key: str, *, unpack: bool = False) -> str:
    wanted = NewFile(name=name, size=len(body), unpack=unpack)
    made = until_done(lambda: cloud.files.create(ME, wanted, idempotency_key=key, origin=_origin(key)))
    stored = cloud.objects.put(f"uploads/{made['id']}", body)
    until_done(lambda: cloud.receiving.receive(*stored))  # the queue delivers until it is acknowledged
    return str(made["id"])


def until_done(step: Callable[[], Any]) -> Any:
    """What a client or a queue does: repeat until there is an answer. An earlier try may have done it already."""
    for attempt in range(5):
        try:
            return step()
        except (Killed, Unavailable):
            continue
        except (Conflict, NotFound):
            if attempt:
                return None
            raise
    raise AssertionError("no try came through")


def _origin(cause: str) -> Origin:
    return Origin(cause=cause, correlation_id="correlation-1", user_id=USER)
