"""What can go wrong with the index that waiting does not cure."""

from __future__ import annotations

from leanda.errors import Conflict, InvalidRequest, LeandaError


class DocumentRefused(LeandaError):
    """The index can never take a document as it is."""

    code, summary = "DOCUMENT_REFUSED", "The search index does not accept a document."


class QueryRefused(InvalidRequest):
    code, summary = "QUERY_REFUSED", "The search cannot be run as it is written; make it simpler."


class QueryTooLong(InvalidRequest):
    code, summary = "QUERY_TOO_LONG", "The search has too many words."


class FilterInvalid(InvalidRequest):
    code = "FILTER_INVALID"
    summary = "A filter is `name:min..max`, `name:min..`, `name:..max` or `name:value`."


class Overtaken(Conflict):
    code, summary = "OVERTAKEN", "Another invocation has gone on with this work."
