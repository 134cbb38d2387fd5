"""The two indices: files and folders, and records.

Mappings are strict, and a user's field names are values, never keys: any number of distinct names, and one name that is a number
in one file and text in another, leave the mapping as it is. Text goes into one analysed field, exact values into one keyword field
of `name=value` pairs, and numbers into one nested field of `{name, value}`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Self

from leanda import limits

NODES: Final = "leanda-nodes"
RECORDS: Final = "leanda-records"

PROPERTY_TYPES: Final[dict[str, str]] = {
    "canonicalSmiles": "text",
    "inchi": "text",
    "inchiKey": "keyword",
    "molecularFormula": "keyword",
    "molecularWeight": "double",
    "monoisotopicMass": "double",
    "mostAbundantMass": "double",
    "tpsa": "double",
    "logP": "double",
    "hydrogenBondDonors": "double",
    "hydrogenBondAcceptors": "double",
    "rotatableBonds": "double",
    "rings": "double",
}
"""Computed properties that have a field of their own. `text` ones are found through `identifiers` and only shown from here."""

_UNSORTED: Final = {"doc_values": False}
"""Of what is only asked for: without its column, which sorting and counting need, documents are smaller and cheaper to index."""
_KEYWORD: Final = {"type": "keyword", "ignore_above": 1024}
_FOLDED: Final = {"type": "keyword", "ignore_above": 8191, "normalizer": "folded"} | _UNSORTED
"""8,191 characters are at most 32,764 bytes of UTF-8; a term may have 32,766 (Lucene, IndexWriter.MAX_TERM_LENGTH)."""
_STORED_ONLY: Final = {"type": "keyword", "index": False, "doc_values": False}


@dataclass(frozen=True)
class IndexDefinition:
    """An index behind two aliases: one to write to, and one to read from that does not show tombstones."""

    alias: str
    generation: int
    body: dict[str, Any]

    @property
    def index(self) -> str:
        return f"{self.alias}-v{self.generation}"

    def of_generation(self, generation: int) -> Self:
        return replace(self, generation=generation)

    @property
    def write_alias(self) -> str:
        return write_alias(self.alias)

    @property
    def read_alias(self) -> str:
        return read_alias(self.alias)


def write_alias(alias: str) -> str:
    return f"{alias}-write"


def read_alias(alias: str) -> str:
    return f"{alias}-read"


def next_alias(alias: str) -> str:
    """Names the index that is being built beside the one in use; while it exists, whoever writes writes to both."""
    return f"{alias}-next"


ALIASES: Final = (NODES, RECORDS)
STATE_INDEX: Final = "leanda-search-state"
STATE_BODY: Final[dict[str, Any]] = {
    "settings": {"index": {"number_of_shards": 1, "auto_expand_replicas": "0-1"}},
    "mappings": {"dynamic": False, "properties": {}},
}
"""How far a rebuild and the reconciler are, and which folders are hidden: one document each, read by id and never searched."""


def definitions(*, local: bool) -> tuple[IndexDefinition, ...]:
    """Both indices; on one machine with one shard each."""
    return (
        _definition(NODES, _NODE_FIELDS, shards=1),
        _definition(RECORDS, _RECORD_FIELDS, shards=1 if local else 3),
    )


def _definition(alias: str, fields: dict[str, Any], *, shards: int) -> IndexDefinition:
    body = {
        "settings": {
            "index": {
                "number_of_shards": shards,
                "auto_expand_replicas": "0-1",
                # Said explicitly: otherwise an index that nobody searched for 30 s stops refreshing.
                "refresh_interval": "1s",
                # Deletions are tombstones; what somebody deletes past Leanda is to be written again soon, not after a minute.
                "gc_deletes": "0s",
                "mapping.nested_objects.limit": 2 * limits.MAX_INDEXED_FIELDS,
            },
            "analysis": _ANALYSIS,
        },
        "mappings": {"dynamic": "strict", "properties": _COMMON_FIELDS | fields},
        "aliases": {
            write_alias(alias): {"is_write_index": True},
            read_alias(alias): {"filter": {"term": {"deleted": False}}},
        },
    }
    return IndexDefinition(alias, 1, body)


_ANALYSIS: Final[dict[str, Any]] = {
    "normalizer": {"folded": {"type": "custom", "filter": ["lowercase", "asciifolding"]}},
    "tokenizer": {
        # Words of a file's name are runs of letters and digits: `aspirin_batch-7.SDF` has four.
        "name_words": {"type": "pattern", "pattern": "[^\\p{L}\\p{N}]+"},
    },
    "filter": {"beginnings": {"type": "edge_ngram", "min_gram": 2, "max_gram": 20, "preserve_original": True}},
    "analyzer": {
        "name_index": {
            "type": "custom",
            "tokenizer": "name_words",
            "filter": ["lowercase", "asciifolding", "beginnings"],
        },
        "name_search": {"type": "custom", "tokenizer": "name_words", "filter": ["lowercase", "asciifolding"]},
        "values": {"type": "custom", "tokenizer": "standard", "filter": ["lowercase", "asciifolding"]},
    },
}

_COMMON_FIELDS: Final[dict[str, Any]] = {
    "id": _KEYWORD,
    "type": _KEYWORD,
    "key": _KEYWORD,
    "fileId": _KEYWORD,
    "ownerId": _KEYWORD | _UNSORTED,
    "ancestors": _KEYWORD | _UNSORTED,
    "readers": _KEYWORD | _UNSORTED,
    "deleted": {"type": "boolean"},
    "tombstonedAt": {"type": "date"},
    "placement": {"type": "long"},
    "createdAt": {"type": "date"},
    "kind": _KEYWORD,
    "status": _KEYWORD,
    "name": {
        "type": "text",
        "analyzer": "name_index",
        "search_analyzer": "name_search",
        "fields": {"whole": {"type": "text", "analyzer": "name_search"}},
    },
    "text": {"type": "text", "analyzer": "values", "index_options": "offsets"},
    "identifiers": {"type": "keyword", "ignore_above": 8191} | _UNSORTED,
}

_NODE_FIELDS: Final[dict[str, Any]] = {
    "parentId": _KEYWORD,
    "format": _KEYWORD,
    "size": {"type": "long"},
    "updatedAt": {"type": "date"},
    "revision": {"type": "long"},
}

_RECORD_FIELDS: Final[dict[str, Any]] = {
    "index": {"type": "integer"},
    "run": {"type": "integer"},
    "stage": {"type": "byte"},
    "recordType": _KEYWORD,
    "pairs": _FOLDED,
    "numbers": {
        "type": "nested",
        "dynamic": "strict",
        "properties": {"name": _FOLDED, "value": {"type": "double"} | _UNSORTED},
    },
    "properties": {
        "dynamic": "strict",
        "properties": {
            name: _STORED_ONLY if type_ == "text" else ({"type": "double"} if type_ == "double" else _KEYWORD)
            for name, type_ in PROPERTY_TYPES.items()
        },
    },
}
