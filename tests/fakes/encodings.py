"""What the real engines take, so that the fakes refuse what these would: BSON in the store, JSON in the topics and the index.

A value that Python holds without trouble may be none for them: an integer beyond 64 bits, half of a surrogate pair, NaN, a key with
a NUL or a dot.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import bson
from bson.codec_options import CodecOptions
from bson.errors import InvalidDocument

from functions.search.opensearch import encoded
from leanda import limits

MAX_DOCUMENT_BYTES: Final = 16 * limits.MIB
"""Of one document (Amazon DocumentDB, "Quotas and limits")."""
MAX_NESTING: Final = 100
"""Levels of one document (the same)."""
MAX_BULK_BYTES: Final = 10 * limits.MIB
"""What Amazon OpenSearch Service takes on small instances in one request, so also of one document."""
MAX_TERM_BYTES: Final = 32_766
"""Lucene, IndexWriter.MAX_TERM_LENGTH."""
MAX_MESSAGE_BYTES: Final = 1_000_000
"""`message.max.bytes` of the producer."""

_OPTIONS: Final = CodecOptions[dict[str, Any]](tz_aware=True, tzinfo=UTC)
_WHOLE: Final = {"long": 2**63, "integer": 2**31, "byte": 2**7}


def stored(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document as the store gives it back.

    Raises:
        InvalidDocument, OverflowError, UnicodeEncodeError: the driver or the store would refuse it.
    """
    body = bson.encode(document)
    if len(body) > MAX_DOCUMENT_BYTES:
        raise InvalidDocument(f"{len(body)} bytes are too many for one document")
    _check_names(document, 1)
    return bson.decode(body, _OPTIONS)


def check_update(values: Mapping[str, Any]) -> None:
    """Refuse values by (dotted) path as the store would.

    Raises:
        InvalidDocument, OverflowError, UnicodeEncodeError: as `stored`.
    """
    for path, value in values.items():
        stored({path.replace(".", "/"): value})


def _check_names(value: Any, level: int) -> None:
    """DocumentDB takes neither dots nor leading dollars in names (Developer Guide, "Functional differences")."""
    if level > MAX_NESTING:
        raise InvalidDocument(f"more than {MAX_NESTING} levels")
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if "." in name or name.startswith("$"):
                raise InvalidDocument(f"{name!r} cannot be a name in the store")
            _check_names(inner, level + 1)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check_names(inner, level + 1)


def strict_json(body: bytes) -> Any:
    """What a body says, read as the standard has it (RFC 8259): UTF-8, and numbers that are numbers.

    Raises:
        ValueError: it is none.
    """
    return json.loads(body.decode("utf-8"), parse_constant=_no_constant)


def check_message(body: bytes) -> None:
    """Refuse an event that no consumer could read, or that the producer would not send.

    Raises:
        ValueError: it is no JSON, or too large.
    """
    strict_json(body)
    if len(body) > MAX_MESSAGE_BYTES:
        raise ValueError(f"{len(body)} bytes are too many for one message")


def refusals(document: Mapping[str, Any], fields: Mapping[str, Any]) -> list[str]:
    """Why an index of these fields (`properties` of its mapping) would refuse a document; nothing if it takes it.

    Raises:
        ValueError: it cannot even be written as JSON.
    """
    body = encoded(document)
    size = [f"{len(body)} bytes"] if len(body) > MAX_BULK_BYTES else []
    return [*size, *_refused(strict_json(body), {"properties": fields}, "")]


def _refused(value: Any, field: Mapping[str, Any], path: str) -> Iterator[str]:
    if value is None:
        return
    kind = field.get("type", "object")
    if isinstance(value, list):
        for one in value:
            yield from _refused(one, field, path)
    elif kind in {"object", "nested"}:
        if not isinstance(value, dict):
            yield f"{path} is no object"
            return
        for name, inner in value.items():
            if name not in field["properties"]:
                yield f"{path}{name} is not mapped"
            else:
                yield from _refused(inner, field["properties"][name], f"{path}{name}.")
    elif not _fits(value, kind, field):
        yield f"{path} is no {kind}: {str(value)[:100]!r}"


def _fits(value: Any, kind: str, field: Mapping[str, Any]) -> bool:
    match kind:
        case "keyword":
            return isinstance(value, str) and (not _is_term(value, field) or len(_utf8(value)) <= MAX_TERM_BYTES)
        case "text":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "double":
            return isinstance(value, int | float) and not isinstance(value, bool) and _is_finite(value)
        case "date":
            return isinstance(value, str) and _is_date(value)
    return type(value) is int and -_WHOLE[kind] <= value < _WHOLE[kind]


def _is_term(value: str, field: Mapping[str, Any]) -> bool:
    return (
        bool(field.get("index", True)) and len(value.encode("utf-16-le", "surrogatepass")) // 2 <= field["ignore_above"]
    )


def _utf8(value: str) -> bytes:
    return value.encode("utf-8", "replace")


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _is_date(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
