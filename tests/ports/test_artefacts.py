"""One class for the artefacts in memory and those in S3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from functions.files.ports import Leftovers
from leanda.errors import NotFound, Unavailable
from leanda.persistence.artefacts import S3ArtefactStore
from leanda.ports import ArtefactStore
from local.cloud.aws import CloudEndpoint
from tests.fakes.artefacts import FakeArtefacts
from tests.ports.buckets import s3_client, versioned_bucket

pytestmark = pytest.mark.integration
MANY = 1_200
"""More than S3 lists, or removes, at once."""


@dataclass
class World:
    """Artefacts, as those see them who make them and those who remove them."""

    artefacts: ArtefactStore
    leftovers: Leftovers


@pytest.fixture(params=["fake", "real"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "fake":
        fake = FakeArtefacts()
        return World(fake, fake)
    s3 = s3_client(request.getfixturevalue("aws"))
    real = S3ArtefactStore(s3, versioned_bucket(s3))
    return World(real, real)


def test_what_was_put_is_there_by_its_content(world: World) -> None:
    sha = world.artefacts.put("f", 1, 0, "parsed", b"body")
    assert world.artefacts.put("f", 1, 0, "parsed", b"body") == sha
    assert world.artefacts.get("f", 1, 0, "parsed", sha) == b"body"
    with pytest.raises(NotFound):
        world.artefacts.get("f", 1, 0, "processed", sha)


def test_exactly_one_run_of_one_file_is_removed(world: World) -> None:
    others = (("f", 2, 0, "parsed"), ("f", 11, 0, "parsed"), ("ff", 1, 0, "parsed"))
    kept = [(place, world.artefacts.put(*place, b"kept")) for place in others]
    gone = [world.artefacts.put("f", 1, n, "parsed", b"gone") for n in range(MANY)]
    assert world.leftovers.remove("f", 1) == MANY
    assert world.leftovers.remove("f", 1) == 0
    with pytest.raises(NotFound):
        world.artefacts.get("f", 1, 7, "parsed", gone[7])
    assert all(world.artefacts.get(*place, sha) == b"kept" for place, sha in kept)


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.put("f", 1, 0, "parsed", b"body"),
        lambda store: store.get("f", 1, 0, "parsed", "0" * 64),
        lambda store: store.remove("f", 1),
    ],
    ids=["put", "get", "remove"],
)
def test_a_bucket_that_is_not_there_is_waited_for(
    call: Callable[[S3ArtefactStore], object], aws: CloudEndpoint
) -> None:
    with pytest.raises(Unavailable):
        call(S3ArtefactStore(s3_client(aws), "leanda-nowhere"))
