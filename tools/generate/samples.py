"""The golden samples of `events/domain`: one reviewed event for each type, written by hand and never generated."""

from __future__ import annotations

import json
from collections.abc import Iterator

from leanda.contracts.envelope import Event
from leanda.contracts.registry import REGISTRY
from tools.generate.places import ROOT

FOLDER = ROOT / "events" / "domain"


def sample(type_: str) -> Event:
    """The golden sample of a type.

    Raises:
        FileNotFoundError: nobody has written it yet.
    """
    path = FOLDER / f"{type_}.json"
    if not path.is_file():
        raise FileNotFoundError(
            f"{path.relative_to(ROOT)} is missing: write one realistic event of the new type by hand."
        )
    return Event.from_bytes(path.read_bytes())


def samples(topic: str | None = None) -> list[Event]:
    """All golden samples, or those of one topic, in the order of their time. That none is missing is for a test to say."""
    wanted = [name for name, model in REGISTRY.items() if topic is None or model.TOPIC.name == topic]
    found = [sample(name) for name in wanted if name in set(names())]
    return sorted(found, key=lambda event: (event.time, event.type))


def artefact_sample(name: str) -> dict[str, object]:
    """The sample of a line of an artefact: `record`, `field-statistics`."""
    found: dict[str, object] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def names() -> Iterator[str]:
    """What lies in the folder, without `.json`."""
    yield from (path.stem for path in sorted(FOLDER.glob("*.json")))
