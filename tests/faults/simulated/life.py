"""Lives of a user, as steps that a client repeats until they are acknowledged: a fixed day, and one that goes as it happens."""

from __future__ import annotations

import random
from datetime import timedelta

from functions.files.models import NewFile, NewFolder, NodeEdit
from functions.search import rebuild_state
from functions.search.comparing import Report
from leanda import ids
from leanda.access.policy import Viewer
from leanda.errors import Conflict, InvalidRequest, NotFound
from tests.fakes.pipeline import USER
from tests.faults.simulated.cloud import Simulator, origin, until_done
from tests.faults.simulated.files import FILES
from tests.unit.search.maintenance import ticking

ME = Viewer(USER)
DROPPED = ("project/dropped.dat", "project/other.dat", "plain.dat")
"""Places in the inbox where all kinds of bytes replace each other, be those before processed or not."""

MAINTAINED = 0.4
"""How often the index is compared, or made anew, right after a step of the user."""


def live(cloud: Simulator, *, patiently: bool = False) -> dict[str, str]:
    """Upload, drop, move, reprocess and delete; returns what was acknowledged: file id → name.

    A patient user waits between these until the watchdog has nothing more to do.
    """
    accepted: dict[str, str] = {}
    settle = cloud.wait_out if patiently else cloud.drain
    for number, (name, known) in enumerate(FILES.items()):
        accepted[upload(cloud, name, known.body, f"key-{number}")] = name
    accepted |= drop(cloud, "project/dropped.smi", b"CCCC butane\n")
    accepted |= drop(cloud, "project/replaced.csv", FILES["table.csv"].body)
    cloud.deliver(rounds=8)
    accepted |= drop(cloud, "project/replaced.csv", b"a,b\n1,2\n")
    settle()
    folder = make_folder(cloud, "folder")
    drugs, table = (
        next(key for key, name in accepted.items() if name == wanted) for wanted in ("drugs.smi", "table.csv")
    )
    until_done(lambda: cloud.files.edit(ME, drugs, "file", NodeEdit(parent_id=folder), None, origin("move")))
    until_done(lambda: cloud.files.reprocess(ME, table, origin("again")))
    settle()
    gone = next(key for key, name in accepted.items() if name == "partly.smi")
    until_done(lambda: cloud.files.delete(ME, gone, "file", None, origin("delete")))
    settle()
    return accepted


class RandomLife:
    """Uploads, drops, renames, moves, deletions, restorations and further runs in any order, while events are under way; and the
    index is compared and made anew, for a short time at once.

    Args:
        quick: leave out the file of many records, so that more happens in the same time.
    """

    def __init__(self, cloud: Simulator, seed: int, *, quick: bool = True) -> None:
        self.cloud, self.dice = cloud, random.Random(seed)
        self.accepted: dict[str, str] = {}
        self._names = [name for name in FILES if not (quick and name == "table.csv")]
        self._folders: list[str] = []
        self._steps = 0

    def go_on(self, steps: int) -> None:
        """So many steps of the user, each followed by some deliveries, and some by maintenance before these."""
        for _ in range(steps):
            self._steps += 1
            self._act(f"step-{self._steps}")
            if self.dice.random() < MAINTAINED:
                maintain(self.cloud, self.dice.choice(("reconcile", "rebuild")), times=self.dice.randint(0, 2))
            self.cloud.deliver(rounds=self.dice.randint(0, 12))
        self.cloud.drain()

    def _act(self, cause: str) -> None:
        files, own, dice = self.cloud.files, list(self.accepted), self.dice
        what = dice.choices(
            ("upload", "drop", "rename", "move", "move folder", "delete", "restore", "reprocess", "folder goes"),
            (7, 2, 3, 3, 1, 1, 2, 2, 1),
        )[0]
        if what == "upload" or not own:
            name = dice.choice(self._names)
            self.accepted[upload(self.cloud, name, FILES[name].body, cause)] = name
            return
        if what == "drop":
            self.accepted |= drop(self.cloud, dice.choice(DROPPED), FILES[dice.choice(self._names)].body)
            return
        if not self._folders or (len(self._folders) < 12 and dice.random() < 0.2):
            parent = dice.choice([None, *self._folders[:3]])
            try:
                self._folders.append(make_folder(self.cloud, cause, parent))
            except InvalidRequest:
                return  # its folder is in one that was deleted a moment ago
        file_id, told = dice.choice(own), origin(cause)
        folder, other = dice.choice(self._folders), dice.choice([USER, *self._folders])
        edits = {
            "rename": (file_id, "file", NodeEdit(name=f"{cause}.dat")),
            "move": (file_id, "file", NodeEdit(parent_id=folder)),
            "move folder": (folder, "folder", NodeEdit(parent_id=other)),
        }
        try:
            if what in edits:
                until_done(lambda: files.edit(ME, *edits[what], None, told))
            elif what == "delete":
                until_done(lambda: files.delete(ME, file_id, "file", None, told))
            elif what == "folder goes":
                until_done(lambda: files.delete(ME, folder, "folder", None, told))
                self.cloud.deliver(rounds=dice.randint(0, 12))
                until_done(lambda: files.restore(ME, folder, "folder", origin(f"{cause} back")))
            elif what == "restore":
                until_done(lambda: files.restore(ME, file_id, "file", told))
            else:
                until_done(lambda: files.reprocess(ME, file_id, told))
        except (Conflict, NotFound, InvalidRequest):
            return  # a folder into itself, a file that is deleted already: refused, and nothing was acknowledged


def upload(cloud: Simulator, name: str, body: bytes, key: str, *, unpack: bool = False) -> str:
    wanted = NewFile(name=name, size=len(body), unpack=unpack)
    made = until_done(lambda: cloud.files.create(ME, wanted, idempotency_key=key, origin=origin(key)))
    stored = cloud.objects.put(f"uploads/{made['id']}", body)
    until_done(lambda: cloud.receiving.receive(*stored))  # the queue delivers until it is acknowledged
    return str(made["id"])


def drop(cloud: Simulator, path: str, body: bytes) -> dict[str, str]:
    """Put bytes into the inbox; file id → path of the file that they become, or change."""
    stored = cloud.objects.put(f"inbox/{USER}/{path}", body)
    until_done(lambda: cloud.receiving.receive(*stored))
    return {ids.file_id_of_inbox(USER, path): path}


def make_folder(cloud: Simulator, key: str, parent: str | None = None) -> str:
    wanted = NewFolder(name=key, parent_id=parent)
    return str(until_done(lambda: cloud.files.create_folder(ME, wanted, idempotency_key=key, origin=origin(key)))["id"])


def maintain(cloud: Simulator, what: str, *, times: int) -> None:
    """A piece of a round of the reconciler, or of a rebuild, that is over after so many looks at the time."""
    if what == "reconcile":
        compare(cloud, times=times)
        return
    state = until_done(lambda: cloud.rebuild.start(left=ticking(times=times)))
    assert state["phase"] in (*rebuild_state.OPEN, rebuild_state.DONE), state


def compare(cloud: Simulator, *, times: int) -> Report:
    """What the reconciler says of its next piece. In a life there is nothing that it could not repair."""
    go_on, grace = cloud.reconciler.go_on, timedelta(0)
    report = Report(**until_done(lambda: go_on(left=ticking(times=times), grace=grace))["report"])
    assert not report.beyond_repair, report
    return report
