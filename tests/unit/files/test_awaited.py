"""A file whose bytes are awaited asks for them again, until it is known what became of them, or nobody ever says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from functions.files.models import NewFile
from functions.parsers.bundle.parser import parser as bundle
from functions.parsers.chemical.parser import parser as chemical
from functions.parsers.generic.parser import parser as generic
from leanda.access.policy import Viewer
from leanda.contracts.envelope import Event, Origin
from leanda.contracts.events import MemberRequested, UploadRequested
from leanda.errors import Unavailable
from leanda.messaging import Consumer
from tests.fakes.pipeline import USER, Pipeline
from tests.unit.parsers_bundle import archives as made

ME = Viewer(USER)


@pytest.fixture
def cloud() -> Pipeline:
    return Pipeline([chemical(), bundle(), generic()])


def never_reaches_blobs(kind: str) -> Callable[[Consumer, Event], bool]:
    return lambda consumer, event: consumer.name == "blobs-on-file-events" and event.type == kind


def reaches(*_: Any) -> bool:
    return False


def files(cloud: Pipeline) -> dict[str, dict[str, Any]]:
    return {node["name"]: cloud.files.get(ME, key) for key, node in cloud.nodes.documents.items() if "status" in node}


def asked(cloud: Pipeline, **later: float) -> int:
    cloud.clock.forward(**later)
    count = cloud.watchdog.look_after()["asked"]
    cloud.deliver()
    return count


def unpacked(cloud: Pipeline) -> None:
    cloud.lost = never_reaches_blobs(MemberRequested.TYPE)
    cloud.upload("two.zip", made.packed({"a.smi": b"C\n", "b.smi": b"CC\n"}), unpack=True)
    cloud.deliver()
    assert files(cloud)["a.smi"]["status"] == "Loading"


def test_members_of_a_bundle_whose_request_got_lost_come_all_the_same(cloud: Pipeline) -> None:
    unpacked(cloud)
    cloud.lost = reaches
    assert asked(cloud, minutes=14) == 0
    assert asked(cloud, minutes=2) == 2
    assert {name: files(cloud)[name]["status"] for name in ("a.smi", "b.smi")} == dict.fromkeys(
        ("a.smi", "b.smi"), "Processed"
    )
    assert asked(cloud, days=1) == 0, "nothing is awaited any more"
    assert len({event.id for event in cloud.broker.events(MemberRequested.TYPE)}) == 2, "the same was asked again"


def test_an_upload_that_was_never_opened_expires_like_any_other(cloud: Pipeline) -> None:
    """Whoever announced the file died, and so did the word of it."""
    opened, cloud.uploads.insert = cloud.uploads.insert, _silent  # type: ignore[method-assign]
    cloud.lost = never_reaches_blobs(UploadRequested.TYPE)
    with pytest.raises(Unavailable):
        cloud.files.create(
            ME, NewFile(name="a.smi", size=5), idempotency_key=None, origin=Origin(cause="c", correlation_id="one")
        )
    cloud.deliver()
    cloud.uploads.insert, cloud.lost = opened, reaches  # type: ignore[method-assign]
    assert asked(cloud, minutes=16) == 1
    cloud.clock.forward(hours=25)
    cloud.sweeping.sweep()
    cloud.deliver()
    assert (files(cloud)["a.smi"]["status"], files(cloud)["a.smi"]["failure"]["code"]) == ("Failed", "UPLOAD_EXPIRED")
    assert asked(cloud, days=9) == 0


def test_a_file_of_which_nobody_ever_says_a_word_fails_with_a_reason(cloud: Pipeline) -> None:
    unpacked(cloud)
    assert [asked(cloud, days=7) for _ in range(5)] == [2, 2, 2, 2, 0]
    failed = files(cloud)["a.smi"]
    assert (failed["status"], failed["failure"]["code"]) == ("Failed", "UPLOAD_EXPIRED")
    cloud.lost = reaches
    again = Origin(cause="again", correlation_id="two", user_id=USER)
    cloud.files.reprocess(ME, files(cloud)["two.zip"]["id"], again)
    cloud.deliver()
    assert files(cloud)["a.smi"]["status"] == "Processed", "the bundle gives it when it is unpacked again"
    assert asked(cloud, days=1) == 0


def test_a_file_that_has_its_bytes_asks_for_nothing(cloud: Pipeline) -> None:
    cloud.upload("a.smi", b"C\n")
    cloud.upload("empty.smi", b"")
    cloud.drop("b.smi", b"CC\n")
    cloud.deliver()
    assert asked(cloud, days=1) == 0
    assert not any("told" in node for node in cloud.nodes.documents.values())


def _silent(*_: Any, **__: Any) -> bool:
    raise Unavailable
