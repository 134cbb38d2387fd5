"""From what a user asks to what OpenSearch is asked. Pure.

Access is part of the query, in `bool.filter`: hits, total and facets come from the same set. What the user typed meets the query
parser only beside a clause that takes it as it stands, because `()[]=#@+-/\\` mean something in a SMILES.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from functions.search import domain, hiding
from functions.search.errors import FilterInvalid, QueryTooLong
from functions.search.mappings import NODES, PROPERTY_TYPES, RECORDS, STATE_INDEX, read_alias
from leanda.access.policy import Viewer
from leanda.parsing.smiles import plausible_smiles

MAX_Q: Final = 2_000
MAX_WORDS: Final = 64
"""Words of one query; each becomes a clause per searched field, and an index takes 1,024 clauses."""
MAX_FILTERS: Final = 10
MAX_FILTER_CHARACTERS: Final = 1_100
FACETS: Final = ("kind", "status", "type")
FACET_SIZE: Final = 50

_FLAGS: Final = "AND|OR|NOT|PHRASE|PREFIX|PRECEDENCE|ESCAPE|WHITESPACE"
_WORD = re.compile(r"[^\W_]+")
_INCHI_KEY = re.compile(r"(?:inchikey=)?([a-z]{14}-[a-z]{10}-[a-z])", re.IGNORECASE)
_BOUND = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?"
_RANGE = re.compile(rf"(?P<name>.+):(?P<low>{_BOUND})?\.\.(?P<high>{_BOUND})?", re.DOTALL)
_SOURCE: Final = [
    "id", "type", "kind", "fileId", "index", "run", "name", "status", "recordType", "properties", "size", "createdAt",
]  # fmt: skip


@dataclass(frozen=True)
class SearchRequest:
    """A search as the user asks for it."""

    q: str = ""
    type: str | None = None
    kind: str | None = None
    status: str | None = None
    file_id: str | None = None
    filters: tuple[str, ...] = ()

    def scope(self) -> list[Any]:
        """What a cursor is bound to."""
        return [self.q, self.type, self.kind, self.status, self.file_id, list(self.filters)]


@dataclass(frozen=True)
class NumberFilter:
    """A field or property within bounds; both are included."""

    name: str
    low: float | None
    high: float | None


@dataclass(frozen=True)
class ValueFilter:
    """A field or property of exactly this value."""

    name: str
    value: str


def aliases(request: SearchRequest) -> tuple[str, ...]:
    """Where the answer can be: records, files and folders, or both."""
    if request.filters or request.type == domain.RECORD:
        return (read_alias(RECORDS),)
    if request.type in {domain.FILE, domain.FOLDER}:
        return (read_alias(NODES),)
    return (read_alias(NODES), read_alias(RECORDS))


def search_body(
    request: SearchRequest, viewer: Viewer, *, also: Sequence[str] = (), limit: int, after: list[Any] | None
) -> dict[str, Any]:
    """The body of `_search`.

    Args:
        also: identifiers of what the query means; having one of them is as good as having what was typed.
        after: the sort values of the last hit of the page before.

    Raises:
        QueryTooLong: more words than an index can combine.
        FilterInvalid: a filter that cannot be read.
    """
    q = cleaned(request.q)
    body: dict[str, Any] = {
        "size": limit,
        "track_total_hits": True,
        "track_scores": True,
        "query": {"bool": {"filter": [_visible_to(viewer), *_wanted(request)], "must_not": HIDDEN_BELOW}},
        # `key` is a file's id, or a record's file and padded position: unique, and a file comes before its records.
        "sort": [{"_score": "desc"} if q else {"createdAt": "desc"}, {"key": "asc"}],
        "_source": _SOURCE,
        "aggs": {name: {"terms": {"field": name, "size": FACET_SIZE}} for name in FACETS},
        "timeout": "10s",
    }
    if q:
        body["query"]["bool"] |= {"should": _matching(q, also), "minimum_should_match": 1}
        body["highlight"] = _HIGHLIGHT
    if after is not None:
        body["search_after"] = after
    return body


def cleaned(q: str) -> str:
    """The query without control characters and lone surrogates, which cannot be meant."""
    return "".join(" " if unicodedata.category(c) in {"Cc", "Cs"} else c for c in q).strip()


def smiles_of(q: str) -> str | None:
    """The query if it may be the SMILES of a molecule: a word too, if it has only symbols of atoms ("Ni" does, "iron" does not)."""
    q = cleaned(q)
    return q if plausible_smiles(q) else None


def filter_of(text: str) -> NumberFilter | ValueFilter:
    """Read one filter: `name:min..max` (either bound may be left out) or `name:value`.

    Raises:
        FilterInvalid: none of these, or a range that ends before it begins.
    """
    text = cleaned(text)
    if match := _RANGE.fullmatch(text):
        low, high = domain.number_of(match["low"]), domain.number_of(match["high"])
        stated = (match["low"] is not None) + (match["high"] is not None)
        if stated and stated == (low is not None) + (high is not None):
            if low is not None and high is not None and low > high:
                raise FilterInvalid(f"A filter goes from the smaller number to the larger one; this one is `{text}`.")
            return NumberFilter(match["name"].strip(), low, high)
        raise FilterInvalid(detail=text)
    name, colon, value = text.partition(":")
    if not (colon and name.strip() and value.strip()):
        raise FilterInvalid(detail=text)
    return ValueFilter(name.strip(), value.strip())


def _visible_to(viewer: Viewer) -> dict[str, Any]:
    """The access filter: owned by the viewer, or granted to one of the viewer's principals."""
    owned, granted = {"term": {"ownerId": viewer.user_id}}, {"terms": {"readers": list(viewer.principals())}}
    return {"bool": {"should": [owned, granted], "minimum_should_match": 1}}


def _wanted(request: SearchRequest) -> list[dict[str, Any]]:
    exact = {"type": request.type, "kind": request.kind, "status": request.status, "fileId": request.file_id}
    clauses: list[dict[str, Any]] = [{"term": {name: value}} for name, value in exact.items() if value]
    return clauses + [_filter_clause(filter_of(text)) for text in request.filters]


def _matching(q: str, also: Sequence[str]) -> list[dict[str, Any]]:
    """The ways in which something can match: by words, or by being named exactly so."""
    exact = {"constant_score": {"filter": {"terms": {"identifiers": _spellings(q, also)}}, "boost": 50}}
    words = len(_WORD.findall(q))
    if words > MAX_WORDS:
        if any(c.isspace() for c in q):
            raise QueryTooLong(f"A search may have at most {MAX_WORDS} words; this one has {words}.")
        return [exact]  # one very long word: an identifier, or nothing
    parsed = {
        "simple_query_string": {
            "query": q,
            "fields": ["name^3", "name.whole^2", "text"],
            "default_operator": "and",
            "flags": _FLAGS,
            "lenient": True,
            "analyze_wildcard": True,
        }
    }
    return [exact, parsed]


def _spellings(q: str, also: Sequence[str]) -> list[str]:
    """The forms of an identifier that a user may write for the one that is indexed."""
    found = [domain.identifier(text) for text in (q, *also)]
    if match := _INCHI_KEY.fullmatch(q):
        found.append(match[1].upper())
    if len(q) > 1 and q[0] == q[-1] == '"':
        found.append(domain.identifier(q[1:-1].strip()))
    return list(dict.fromkeys(found))


def _filter_clause(wanted: NumberFilter | ValueFilter) -> dict[str, Any]:
    name = wanted.name
    ways: list[dict[str, Any]] = []
    expected = PROPERTY_TYPES.get(name)
    if isinstance(wanted, NumberFilter):
        bounds = {key: value for key, value in (("gte", wanted.low), ("lte", wanted.high)) if value is not None}
    else:
        number = domain.number_of(wanted.value)
        bounds = {} if number is None else {"gte": number, "lte": number}
        ways.append({"term": {"pairs": domain.pair(name, wanted.value)}})
        if expected == "keyword":
            ways.append({"term": {f"properties.{name}": wanted.value}})
        elif expected == "text":
            ways.append({"term": {"identifiers": domain.identifier(wanted.value)}})
    if bounds:
        both: list[dict[str, Any]] = [{"term": {"numbers.name": name}}, {"range": {"numbers.value": bounds}}]
        ways.append({"nested": {"path": "numbers", "query": {"bool": {"filter": both}}}})
        if expected == "double":
            ways.append({"range": {f"properties.{name}": bounds}})
    return {"bool": {"should": ways, "minimum_should_match": 1}}


_LOOKED_UP: Final = {"index": STATE_INDEX, "id": hiding.NOTE, "path": f"{hiding.HIDDEN}.id"}
HIDDEN_BELOW: Final[list[dict[str, Any]]] = [{"terms": {"id": _LOOKED_UP}}, {"terms": {"ancestors": _LOOKED_UP}}]
"""Folders that are being deleted and what is below them: the index looks up, at each search, which these are (OpenSearch, "Terms
query", "Terms lookup"). Without the document there are none."""

_HIGHLIGHT: Final[dict[str, Any]] = {
    "encoder": "html",  # the text is a user's: it is escaped, and only the marks are markup
    "pre_tags": ["<em>"],
    "post_tags": ["</em>"],
    "fields": {
        "name": {"number_of_fragments": 0},
        "text": {"number_of_fragments": 3, "fragment_size": 150},
        "identifiers": {"number_of_fragments": 0},
    },
}
