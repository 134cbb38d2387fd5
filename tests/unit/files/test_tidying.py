"""What runs left behind: removed thirty days after nobody needs it any more, and never a day before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from functions.files.tidying import RESERVE_SECONDS, Tidying
from functions.parsers.chemical.parser import parser as chemical
from functions.parsers.generic.parser import parser as generic
from leanda.access.policy import Viewer
from leanda.changes import messages_of
from leanda.contracts.envelope import Origin
from leanda.contracts.events import DeadLettered, Redriven
from tests.fakes.pipeline import USER, Pipeline

ME = Viewer(USER)
GOOD, OTHER = b"CCO ethanol\nC methane\n", b"CC ethane\n"


class Scene(Pipeline):
    """A file in the inbox, whose bytes change."""

    def __init__(self) -> None:
        super().__init__([chemical(), generic()])
        self.tidying = Tidying(self.nodes, self.runs, self.records, self.artefacts, self.clock)
        self.put(GOOD)
        ((self.file_id),) = (key for key, node in self.nodes.documents.items() if node["type"] == "file")

    def put(self, body: bytes) -> None:
        self.drop("drugs.smi", body)
        self.drain()

    def tidy(self, *, days: float, left: Callable[[], float] = lambda: float("inf")) -> dict[str, int]:
        """Let days pass, then tidy."""
        self.clock.forward(days=days)
        return self.tidying.tidy(left)

    def kept(self) -> dict[int, tuple[int, bool]]:
        """What is there: run → number of records, and whether there are artefacts."""
        records = Counter(one["run"] for one in self.records.documents.values())
        runs = {key[1] for key in self.artefacts.bodies}
        return {run: (records[run], run in runs) for run in sorted({*records, *runs})}


def test_a_file_that_was_processed_once_keeps_all_of_it() -> None:
    scene = Scene()
    before = dict(scene.artefacts.bodies)
    assert scene.tidy(days=1000) == {"retired": 0, "records": 0, "artefacts": 0, "failed": 0}
    assert (scene.kept(), scene.artefacts.bodies) == ({1: (2, True)}, before)


def test_a_run_that_was_replaced_goes_thirty_days_later() -> None:
    scene = Scene()
    scene.clock.forward(days=100)
    scene.put(OTHER)
    scene.tidy(days=29)
    assert scene.kept() == {1: (2, True), 2: (1, True)}
    assert scene.tidy(days=2)["retired"] == 1
    assert scene.kept() == {2: (1, True)}
    assert len(scene.files.list_records(ME, scene.file_id, status=None, cursor=None, limit=9)["items"]) == 1
    assert scene.tidy(days=1000) == {"retired": 0, "records": 0, "artefacts": 0, "failed": 0}
    assert set(scene.runs.documents) == {f"{scene.file_id}:1", f"{scene.file_id}:2"}, "what happened is still known"


def test_what_a_run_made_in_vain_goes_and_the_good_results_before_it_stay() -> None:
    scene = Scene()
    scene.put(b"not(a molecule\n")
    assert scene.files.get(ME, scene.file_id)["activeRun"] == 1
    scene.tidy(days=31)
    assert scene.kept() == {1: (2, True)}


def test_each_replaced_run_counts_from_its_own_successor() -> None:
    scene = Scene()
    scene.put(OTHER)
    scene.clock.forward(days=20)
    scene.put(GOOD)
    scene.tidy(days=20)
    assert scene.kept() == {1: (2, True), 2: (1, True), 3: (2, True)}, "the second was shown until 20 days ago"
    scene.tidy(days=11)
    assert scene.kept() == {3: (2, True)}


def test_a_file_in_the_trash_keeps_what_it_would_show() -> None:
    scene = Scene()
    scene.put(OTHER)
    origin = Origin(cause="request", correlation_id="correlation-1", user_id=USER)
    scene.files.delete(ME, scene.file_id, "file", None, origin)
    scene.drain()
    scene.tidy(days=400)
    assert scene.kept() == {2: (1, True)}
    scene.files.restore(ME, scene.file_id, "file", origin)
    scene.drain()
    assert len(scene.index.shown("leanda-records-write")) == 1


def test_what_there_was_no_time_for_is_done_the_next_time() -> None:
    scene = Scene()
    scene.put(OTHER)
    assert scene.tidy(days=31, left=lambda: RESERVE_SECONDS - 1)["records"] == 0
    assert scene.kept() == {1: (2, True), 2: (1, True)}
    assert scene.tidy(days=0)["records"] == 2
    assert scene.kept() == {2: (1, True)}


def test_a_run_that_cannot_be_looked_after_holds_up_no_other() -> None:
    scene = Scene()
    bad = scene.file_id
    scene.put(OTHER)
    scene.drop("others.smi", GOOD)
    scene.drain()
    scene.drop("others.smi", OTHER)
    scene.drain()
    remove = scene.artefacts.remove

    def broken(file_id: str, run: int) -> int:
        if file_id == bad:
            raise ValueError("planted")
        return remove(file_id, run)

    scene.artefacts.remove = broken  # type: ignore[method-assign]
    done = scene.tidy(days=31)
    assert (done["failed"], done["retired"]) == (1, 2)
    assert {run for file_id, run, *_ in scene.artefacts.bodies if file_id == bad} == {1, 2}
    assert {run for file_id, run, *_ in scene.artefacts.bodies if file_id != bad} == {2}
    scene.artefacts.remove = remove  # type: ignore[method-assign]
    scene.tidy(days=0)
    assert {run for file_id, run, *_ in scene.artefacts.bodies if file_id == bad} == {2}


@pytest.mark.parametrize("before", [True, False])
def test_a_letter_reopens_a_run_only_while_its_results_are_there(before: bool) -> None:
    scene = Scene()
    key = f"{scene.file_id}:2"
    scene.lost = lambda consumer, event: consumer.name.startswith("processor-") and event.data.get("run") == 2
    scene.put(OTHER)
    letter = {
        "fileId": scene.file_id, "letterId": "00000000-0000-4000-8000-00000000000a", "code": "DEFECT", "message": "It broke.",
        "consumer": "processor-on-record-events", "eventType": "leanda.parsers.records.parsed.v1", "run": 2, "chunk": 0,
        "recordKey": f"{scene.file_id}:0",
    }  # fmt: skip
    tell(scene, DeadLettered.model_validate(letter | {"attempt": 1}))
    assert scene.runs.documents[key]["closedBy"] == "letter"
    scene.tidy(days=29 if before else 31)
    tell(scene, Redriven.model_validate(letter | {"attempt": 2}))
    run = scene.runs.documents[key]
    assert ((run["state"] == "Failed"), "tidyAt" in run) == (not before, False)


def tell(scene: Scene, told: DeadLettered | Redriven) -> None:
    origin = Origin(cause=f"letter:{told.attempt}", correlation_id="correlation-1")
    scene.broker.publish(
        messages_of((told,), origin, source="deadletters", at=scene.clock.now(), sequence=0), timeout=1
    )
    scene.drain()
