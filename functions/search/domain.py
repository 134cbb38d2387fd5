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
from enum import IntEnum
from typing import Any, Final

from functions.search.mappings import NODES, PROPERTY_TYPES, RECORDS, write_alias
from functions.search.ports import Document, NodeFacts, Versioned
from leanda import ids, limits
from leanda.access.policy import Role
from leanda.contracts.artefacts import FieldValue, Record, RecordStatus

FOLDER: Final = "folder"
FILE: Final = "file"
RECORD: Final = "record"

MAX_VALUE_CHARACTERS: Final = 8_000
"""Of one field's value that are searched; the store keeps all."""
MAX_TEXT_CHARACTERS: Final = 200_000
"""Of one record's names and values that are searched."""
MAX_PAIR_CHARACTERS: Final = 1_000
"""Longer values cannot be filtered for exactly; they are still searched."""
MAX_SHOWN_CHARACTERS: Final = 8_000
"""A property longer than this is not shown with a hit."""
MAX_TERM_BYTES: Final = 1_000
"""An identifier longer than this is compared by its SHA-256 (Lucene refuses terms over 32,766 bytes)."""
SMILES_MEDIA_TYPE: Final = "chemical/x-daylight-smiles"
PAIR: Final = "="

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")


class Stage(IntEnum):
    """How far a record's document is; a later stage wins within a placement."""

    PARSED = 1
    PROCESSED = 2
    TOMBSTONE = 3


def record_version(placement: int, stage: Stage) -> int:
    return placement * 4 + stage


def record_document(record: Record, *, run: int, stage: Stage, node: NodeFacts) -> Versioned:
    """What the index holds of a parsed record; of its file only ids, owner, ancestors, kind and age."""
    unknown: list[FieldValue] = []
    properties: dict[str, Any] = {}
    for name, value in record.properties.items():
        expected = PROPERTY_TYPES.get(name)
        number = number_of(value)
        if expected == "double" and number is not None and not isinstance(value, str):
            properties[name] = number
        elif expected in {"text", "keyword"} and isinstance(value, str) and len(value) <= MAX_SHOWN_CHARACTERS:
            properties[name] = value
        elif expected is None:
            unknown.append(FieldValue(name=name, value=value if isinstance(value, str | int | float | bool) else None))
    fields = [*record.fields[: limits.MAX_INDEXED_FIELDS], *unknown[: limits.MAX_INDEXED_FIELDS]]
    document: Document = {
        **_record_base(node, record.index),
        "deleted": False,
        "readers": readers(node),
        "createdAt": node.shown["createdAt"],
        "kind": node.shown.get("kind", "generic"),
        "status": record.status.value,
        "index": record.index,
        "run": run,
        "stage": int(stage),
        "recordType": record.type,
        "identifiers": list(_identifiers(record, node.id)),
        "text": list(_text(fields, record)),
        "pairs": list(_pairs(fields)),
        "numbers": list(_numbers(fields)),
        "properties": properties,
    }
    if record.name:
        document["name"] = record.name[:MAX_PAIR_CHARACTERS]
    version = record_version(node.placement, stage)
    return Versioned(write_alias(RECORDS), document["id"], version, document)


def record_tombstone(node: NodeFacts, index: int) -> Versioned:
    """What stays of a record that is not to be found any more."""
    document = {**_record_base(node, index), "deleted": True}
    version = record_version(node.placement, Stage.TOMBSTONE)
    return Versioned(write_alias(RECORDS), document["id"], version, document)


def chunk_documents(records: Iterable[Record], *, run: int, stage: Stage, node: NodeFacts) -> Iterator[Versioned]:
    """The documents of one chunk as its file is now.

    Failed records have none: what is indexed is what was parsed. In a later run they replace what an earlier run showed there.
    """
    for record in records:
        if node.deleted:
            yield record_tombstone(node, record.index)
        elif record.status is RecordStatus.PARSED:
            yield record_document(record, run=run, stage=stage, node=node)
        elif run > 1:
            yield record_tombstone(node, record.index)


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
    if not node.deleted:
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
        if len(value) > 64 or not _NUMBER.fullmatch(value):
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


def _record_base(node: NodeFacts, index: int) -> Document:
    return {
        "id": ids.record_id(node.id, index),
        "type": RECORD,
        "key": f"{node.id}:{index:010d}",
        "fileId": node.id,
        "ownerId": node.owner_id,
        "ancestors": [*node.shown.get("ancestors", ()), node.id],
        "placement": node.placement,
    }


def _identifiers(record: Record, file_id: str) -> Iterator[str]:
    """Everything that names this very thing, each as it is written, without repetition."""
    own = record.structure.text.strip() if record.structure and record.structure.media_type == SMILES_MEDIA_TYPE else ""
    names = ("inchiKey", "inchi", "canonicalSmiles", "molecularFormula")
    computed = [record.properties.get(name) for name in names]
    # A SMILES line may carry a title after the structure.
    found = [ids.record_id(file_id, record.index), *computed, own, own.split(maxsplit=1)[0] if own else ""]
    for text in dict.fromkeys(value for value in found if isinstance(value, str) and value):
        yield identifier(text)


def _text(fields: Iterable[FieldValue], record: Record) -> Iterator[str]:
    left = MAX_TEXT_CHARACTERS
    for name in ("inchiKey", "molecularFormula"):
        value = record.properties.get(name)
        if isinstance(value, str):
            yield value[:MAX_PAIR_CHARACTERS]
    for field in fields:
        value = "" if field.value is None else str(field.value)
        line = f"{field.name[:MAX_PAIR_CHARACTERS]}: {value[:MAX_VALUE_CHARACTERS]}"[:left]
        left -= len(line)
        if not line:
            return
        yield line


def _pairs(fields: Iterable[FieldValue]) -> Iterator[str]:
    for field in fields:
        if field.value is not None:
            text = pair(field.name, field.value)
            if len(text) <= MAX_PAIR_CHARACTERS:
                yield text


def _numbers(fields: Iterable[FieldValue]) -> Iterator[dict[str, Any]]:
    for field in fields:
        number = number_of(field.value)
        if number is not None and len(field.name) <= MAX_PAIR_CHARACTERS:
            yield {"name": field.name.strip(), "value": number}
