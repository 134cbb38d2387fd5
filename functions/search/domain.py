"""The documents of the index and their versions. Pure.

Versions (external; the highest wins): a record's is `placement × 4 + stage`, a file's or folder's is its revision + 1, because
the revision of something new is 0 and the index counts from 1. A deleted thing stays as a tombstone, since a real deletion forgets
its version after a minute and a late write would bring the document back.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from enum import IntEnum
from itertools import islice
from typing import Any, Final

from functions.search.mappings import NODES, PROPERTY_TYPES, RECORDS, write_alias
from functions.search.ports import Document, NodeFacts, Seen, Versioned
from leanda import ids, limits
from leanda.access.policy import Role
from leanda.contracts.artefacts import RecordStatus, Row
from leanda.contracts.events import FileStatus

FOLDER: Final = "folder"
FILE: Final = "file"
RECORD: Final = "record"

MAX_VALUE_CHARACTERS: Final = 8_000
"""Of one field's value that are searched; the store keeps all."""
MAX_TEXT_CHARACTERS: Final = 200_000
"""Of one record's names and values that are searched; its own text has a limit of its own (`limits.MAX_SEARCHED_CHARACTERS`)."""
MAX_PAIR_CHARACTERS: Final = 1_000
"""Longer values cannot be filtered for exactly; they are still searched."""
MAX_SHOWN_CHARACTERS: Final = 8_000
"""A property longer than this is not shown with a hit."""
MAX_IDENTIFIERS: Final = 1_000
"""Of one record; a reaction has a few, a table of reactions in one row could have any number."""
MAX_TERM_BYTES: Final = 1_000
"""An identifier longer than this is compared by its SHA-256 (Lucene refuses terms over 32,766 bytes)."""
SMILES_MEDIA_TYPE: Final = "chemical/x-daylight-smiles"
REACTION_SMILES_MEDIA_TYPE: Final = "chemical/x-daylight-reaction-smiles"
TEXT_MEDIA_TYPE: Final = "text/plain"
"""A page, slide or document: its structure is what a reader reads."""
PAIR: Final = "="

_NAMES: Final = ("inchiKey", "inchi", "canonicalSmiles", "molecularFormula", "reactionSmiles")
_PARTICIPANTS: Final = ("reactants", "products", "agents")
_SIGNS: Final = frozenset("+-.")
_INCHI_KEY = re.compile(r"[A-Z]{14}-[A-Z]{10}-[A-Z]")
_INCHI: Final = "InChI=1"
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")


class Stage(IntEnum):
    """How far a record's document is; a later stage wins within a placement."""

    PARSED = 1
    PROCESSED = 2
    TOMBSTONE = 3


def record_version(placement: int, stage: Stage) -> int:
    return placement * 4 + stage


def record_document(row: Row, *, run: int, stage: Stage, node: NodeFacts) -> Versioned:
    """What the index holds of a parsed record; of its file only ids, owner, ancestors, kind and age."""
    unknown: list[Row] = []
    properties: dict[str, Any] = {}
    computed: Mapping[str, Any] = row.get("properties") or {}
    for name, value in computed.items():
        expected = PROPERTY_TYPES.get(name)
        number = number_of(value)
        if expected == "double" and number is not None and not isinstance(value, str):
            properties[name] = number
        elif expected in {"text", "keyword"} and isinstance(value, str) and len(value) <= MAX_SHOWN_CHARACTERS:
            properties[name] = value
        elif expected is None and not isinstance(value, list):
            unknown.append({"name": name, "value": value if isinstance(value, str | int | float | bool) else None})
    fields = [*(row.get("fields") or ())[: limits.MAX_INDEXED_FIELDS], *unknown[: limits.MAX_INDEXED_FIELDS]]
    index, id_ = row["index"], ids.record_id(node.id, row["index"])
    document: Document = {
        **_record_base(node, id_, index),
        "deleted": False,
        "readers": readers(node),
        "createdAt": node.shown["createdAt"],
        "kind": node.shown.get("kind", "generic"),
        "status": row.get("status", RecordStatus.PARSED.value),
        "index": index,
        "run": run,
        "stage": int(stage),
        "recordType": row["type"],
        "identifiers": list(_identifiers(row, computed, id_)),
        "text": [*_text(fields, computed), *_own_text(row)],
        "pairs": list(_pairs(fields)),
        "numbers": list(_numbers(fields)),
        "properties": properties,
    }
    if row.get("name"):
        document["name"] = row["name"][:MAX_PAIR_CHARACTERS]
    return Versioned(write_alias(RECORDS), id_, record_version(node.placement, stage), document)


def record_tombstone(node: NodeFacts, index: int, *, at: datetime | None = None) -> Versioned:
    """What stays of a record that is not to be found any more, in this placement of its file.

    Args:
        at: the time after which it may be purged counts from here; default: when the file changed last.
    """
    id_ = ids.record_id(node.id, index)
    document = _buried(_record_base(node, id_, index), at.isoformat() if at else node.shown["updatedAt"])
    version = record_version(node.placement, Stage.TOMBSTONE)
    return Versioned(write_alias(RECORDS), id_, version, document)


def tombstone_of(seen: Seen, *, at: datetime) -> Versioned:
    """A tombstone of exactly the record document that was seen: one that was written since then wins."""
    names = ("id", "key", "fileId", "ownerId", "placement")
    document = {"type": RECORD} | {name: seen.document[name] for name in names if name in seen.document}
    return Versioned(write_alias(RECORDS), seen.id, seen.version, _buried(document, at.isoformat()), over_equal=True)


def may_judge(node: NodeFacts, seen: Seen) -> bool:
    """Whether facts are new enough to say of a record document that it is not to be found: not of one that is of newer facts."""
    return bool(seen.document["placement"] <= node.placement)


def unknown_node_tombstone(node_id: str, version: int, *, at: datetime) -> Versioned:
    """A tombstone of the document of a node that `files` has never heard of."""
    document = _buried({"id": node_id, "key": node_id}, at.isoformat())
    return Versioned(write_alias(NODES), node_id, version, document, over_equal=True)


def shows_records(node: NodeFacts) -> bool:
    """Whether the records of a node's active run are to be found: not those of a deleted file, nor of one whose run failed."""
    return node.type == FILE and not node.deleted and node.shown.get("status") != FileStatus.FAILED.value


def has_results(node: NodeFacts) -> bool:
    """Whether a run of the file has finished with something to show, or with nothing wrong."""
    return node.shown.get("status") in {FileStatus.PROCESSED.value, FileStatus.PROCESSED_PARTIALLY.value}


def chunk_documents(rows: Iterable[Row], *, run: int, stage: Stage, node: NodeFacts) -> Iterator[Versioned]:
    """The documents of one chunk as its file is now.

    Failed records have none: what is indexed is what was parsed. In a later run they replace what an earlier run showed there.
    """
    shown = shows_records(node)
    for row in rows:
        if node.deleted:
            yield record_tombstone(node, row["index"])
        elif not shown:
            return
        elif row.get("status", RecordStatus.PARSED.value) == RecordStatus.PARSED.value:
            yield record_document(row, run=run, stage=stage, node=node)
        elif run > 1:
            yield record_tombstone(node, row["index"])


def surplus_tombstones(node: NodeFacts, previous_total: int) -> Iterator[Versioned]:
    """Tombstones for the records that an earlier run had beyond the end of the active one."""
    return (record_tombstone(node, index) for index in range(node.total, previous_total))


def node_document(node: NodeFacts) -> Versioned:
    """What the index holds of a file or folder, or its tombstone."""
    shown = node.shown
    document: Document = {
        "id": node.id,
        "type": node.type,
        "key": node.id,
        "ownerId": node.owner_id,
        "ancestors": list(shown.get("ancestors", ())),
        "placement": node.placement,
        "revision": node.revision,
        "deleted": node.deleted,
    }
    if node.type == FILE:
        document["fileId"] = node.id
    if node.deleted:
        document["tombstonedAt"] = shown["updatedAt"]
    else:
        document |= {
            "readers": readers(node),
            "name": str(shown["name"])[:MAX_PAIR_CHARACTERS],
            "identifiers": [text for text in (node.id, shown.get("sha256")) if text],
            "text": _field_names(shown.get("metadata") or {}),
            "createdAt": shown["createdAt"],
            "updatedAt": shown["updatedAt"],
        }
        names = ("parentId", "kind", "format", "size", "status")
        document |= {name: shown[name] for name in names if shown.get(name) is not None}
    return Versioned(write_alias(NODES), node.id, node.revision + 1, document)


def readers(node: NodeFacts) -> list[str]:
    """The principals that a grant on the node itself lets read it."""
    return sorted(principal for principal, role in node.grants.items() if Role[role.upper()] >= Role.READ)


def identifier(text: str) -> str:
    """An identifier as a term; of a very long one, its digest."""
    raw = text.encode("utf-8", "replace")
    return text if len(raw) <= MAX_TERM_BYTES else f"sha256:{hashlib.sha256(raw).hexdigest()}"


def pair(name: str, value: object) -> str:
    """A field's name and value as one term (its case and accents are folded by the index)."""
    return f"{name.strip()}{PAIR}{value if not isinstance(value, bool) else str(value).lower()}"


def number_of(value: object) -> float | None:
    """The finite number that a value is or that a text states in full; None for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        value = value.strip()
        if not (value[:1].isdecimal() or value[:1] in _SIGNS) or len(value) > 64 or not _NUMBER.fullmatch(value):
            return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except (OverflowError, TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _field_names(metadata: Mapping[str, Any]) -> list[str]:
    """The names of a file's fields; their values are its records'."""
    fields = metadata.get("fields") or ()
    return [str(field["name"])[:MAX_PAIR_CHARACTERS] for field in fields[: limits.MAX_INDEXED_FIELDS]]


def _record_base(node: NodeFacts, id_: str, index: int) -> Document:
    return {
        "id": id_,
        "type": RECORD,
        "key": f"{node.id}:{index:010d}",
        "fileId": node.id,
        "ownerId": node.owner_id,
        "ancestors": [*node.shown.get("ancestors", ()), node.id],
        "placement": node.placement,
    }


def _buried(document: Document, at: str) -> Document:
    return document | {"deleted": True, "tombstonedAt": at}


def _identifiers(row: Row, computed: Mapping[str, Any], id_: str) -> Iterator[str]:
    """Everything that names this very thing or a molecule in it, each as it is written, without repetition."""
    found = (
        id_,
        *(computed.get(name) for name in _NAMES),
        *_own_smiles(row),
        *_of_participants(computed),
        *_stated(row),
    )
    texts = dict.fromkeys(value for value in found if isinstance(value, str) and value)
    for text in islice(texts, MAX_IDENTIFIERS):
        yield identifier(text)


def _own_smiles(row: Row) -> Iterator[str]:
    structure = row.get("structure")
    if structure and structure["mediaType"] in (SMILES_MEDIA_TYPE, REACTION_SMILES_MEDIA_TYPE):
        own = structure["text"].strip()
        yield own
        yield from own.split(maxsplit=1)[:1]  # a line may carry a title after the structure


def _of_participants(computed: Mapping[str, Any]) -> Iterator[Any]:
    """InChIKeys and SMILES of a reaction's molecules (`functions.parsers.reactions`): each of them finds the reaction."""
    for participant in _participants(computed):
        yield participant.get("inchiKey")
        yield participant.get("smiles")


def _participants(computed: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for role in _PARTICIPANTS:
        members = computed.get(role)
        if isinstance(members, list):
            yield from (member for member in members if isinstance(member, Mapping))


def _stated(row: Row) -> Iterator[str]:
    """InChIKeys and InChIs that the file itself states, in whatever field."""
    for field in row.get("fields") or ():
        value = field.get("value")
        if isinstance(value, str):
            value = value.strip()
            if value.startswith(_INCHI) or _INCHI_KEY.fullmatch(value):
                yield value


def _text(fields: Iterable[Row], computed: Mapping[str, Any]) -> Iterator[str]:
    left = MAX_TEXT_CHARACTERS
    for name in ("inchiKey", "molecularFormula"):
        value = computed.get(name)
        if isinstance(value, str):
            yield value[:MAX_PAIR_CHARACTERS]
    names = dict.fromkeys(member["name"] for member in _participants(computed) if isinstance(member.get("name"), str))
    if names:
        yield "\n".join(islice(names, MAX_IDENTIFIERS))[:MAX_VALUE_CHARACTERS]
    for field in fields:
        value = field.get("written", field.get("value"))
        text = "" if value is None else str(value)
        line = f"{field['name'][:MAX_PAIR_CHARACTERS]}: {text[:MAX_VALUE_CHARACTERS]}"[:left]
        left -= len(line)
        if not line:
            return
        yield line


def _own_text(row: Row) -> Iterator[str]:
    """What stands on a page, on a slide, in a document; as one value, so that a phrase is found across its lines."""
    structure = row.get("structure")
    if structure and structure["mediaType"] == TEXT_MEDIA_TYPE and structure["text"]:
        yield structure["text"][: limits.MAX_SEARCHED_CHARACTERS]


def _pairs(fields: Iterable[Row]) -> Iterator[str]:
    for field in fields:
        value = field.get("value")
        if value is not None:
            for said in dict.fromkeys((value, field.get("written", value))):
                text = pair(field["name"], said)
                if len(text) <= MAX_PAIR_CHARACTERS:
                    yield text


def _numbers(fields: Iterable[Row]) -> Iterator[dict[str, Any]]:
    for field in fields:
        number = number_of(field.get("value"))
        if number is not None and len(field["name"]) <= MAX_PAIR_CHARACTERS:
            yield {"name": field["name"].strip(), "value": number}
