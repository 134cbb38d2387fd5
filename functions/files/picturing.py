"""What a picture is drawn from, for the function that draws: whether the viewer may see it, and the record's own text.

Decided here because only `files` knows who may see a file and which run is shown; drawn elsewhere because hostile bytes must not
meet native code where the store's credentials are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from functions.files import domain
from functions.files import runs as run_rules
from functions.files.ports import Nodes, Records, Runs
from functions.files.seeing import visible
from leanda import ids
from leanda.access.policy import Viewer
from leanda.contracts.artefacts import RecordStatus
from leanda.errors import NotFound

SLICE_CHARACTERS: Final = 150_000
"""Of a record's text in one answer: a load balancer passes on 1 MB, and JSON may write a character with six bytes."""
MAX_PROPERTY_CHARACTERS: Final = 200


@dataclass(frozen=True)
class Picturing:
    """The use cases behind the internal API."""

    nodes: Nodes
    runs: Runs
    records: Records

    def subject(self, viewer: Viewer, file_id: str, index: int | None) -> dict[str, Any]:
        """What a picture of a file (no `index`) or of one of its records would be drawn from.

        A file's picture is that of its first good record, so it comes with that record where there is one.

        Returns: `run`, `kind`, `format`, `size`, `blobId` (absent while nothing is uploaded), `status`, whether the shown run
            has `ended`, and `record`: `index`, `type`, `status`, its short `properties` and, if it has a text, `mediaType` and
            `characters`.

        Raises:
            NotFound: the viewer may not see the file, or there is no such record.
        """
        node = visible(self.nodes, viewer, file_id, domain.FILE)
        run = self.runs.get(ids.run_key(file_id, node["activeRun"])) if node.get("blob") else None
        record = self._record(file_id, node["activeRun"], index)
        if record is None and index is not None:
            raise NotFound
        told = {
            "run": node["activeRun"],
            "status": node["status"],
            "ended": run is not None and run_rules.ended(run),
            "kind": node.get("kind"),
            "format": node.get("format"),
            "size": node.get("size"),
            "blobId": run["blobId"] if run else None,
            "record": _told(record) if record else None,
        }
        return {name: value for name, value in told.items() if value is not None}

    def text(self, viewer: Viewer, file_id: str, run: int, index: int, *, offset: int) -> dict[str, Any]:
        """A part of a record's own text, and at which character to go on (`next`, absent at the end).

        Raises:
            NotFound: the viewer may not see the file, there is no such record, or it has no text.
        """
        visible(self.nodes, viewer, file_id, domain.FILE)
        record = self.records.get(file_id, run, index)
        if record is None or not record.get("structure"):
            raise NotFound
        text, end = record["structure"]["text"], offset + SLICE_CHARACTERS
        return {"text": text[offset:end]} | ({"next": end} if end < len(text) else {})

    def _record(self, file_id: str, run: int, index: int | None) -> dict[str, Any] | None:
        if index is not None:
            return self.records.get(file_id, run, index)
        return next(iter(self.records.page(file_id, run, status=RecordStatus.PARSED.value, after=None, limit=1)), None)


def _told(record: dict[str, Any]) -> dict[str, Any]:
    structure = record.get("structure")
    properties = {name: value for name, value in (record.get("properties") or {}).items() if _is_short(value)}
    told = {"index": record["index"], "type": record["type"], "status": record["status"], "properties": properties}
    return told | ({"mediaType": structure["mediaType"], "characters": len(structure["text"])} if structure else {})


def _is_short(value: Any) -> bool:
    return isinstance(value, int | float) or (isinstance(value, str) and len(value) <= MAX_PROPERTY_CHARACTERS)
