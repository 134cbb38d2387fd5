"""Records of artefacts as plain values, for those who only read them once."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator

from pydantic_core import from_json

from functions.search.domain import Row


def rows_in(body: bytes) -> Iterator[Row]:
    """The records of a packed body, one at a time."""
    with gzip.GzipFile(fileobj=io.BytesIO(body)) as stream:
        for line in stream:
            yield from_json(line, cache_strings="keys")
