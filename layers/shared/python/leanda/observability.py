"""Structured logs with one correlation id from the request to the last event.

The id lives in a context variable, so that code deep inside an adapter need not pass it along.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, Final

from aws_lambda_powertools import Logger

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_work: ContextVar[Mapping[str, Any]] = ContextVar("work", default=_NOTHING)
_TEXT_MAX: Final = 2000


logger: Final = Logger(
    service=os.environ.get("LEANDA_FUNCTION", "leanda"), level=os.environ.get("LOG_LEVEL", "INFO"), use_rfc3339=True
)

# What the clients of OpenSearch, S3 and the rest log (retries above all) is written by the same handler, with the same keys.
for _library in ("urllib3", "opensearch", "botocore"):
    logging.getLogger(_library).handlers = list(logger.handlers)
    logging.getLogger(_library).propagate = False


def correlation_id() -> str:
    """The id of the piece of work that is being done, `-` outside of one."""
    return str(_work.get().get("correlation_id", "-"))


@contextmanager
def correlated(value: str, **keys: Any) -> Iterator[None]:
    """Everything logged inside carries this correlation id and these keys; after it, what it stands in counts again."""
    outer = _work.get()
    inner = {**outer, **keys, "correlation_id": value}
    token = _work.set(inner)
    logger.append_keys(**inner)
    try:
        yield
    finally:
        _work.reset(token)
        logger.remove_keys(inner)  # Powertools' own `append_context_keys` would leave nothing of what is around it
        logger.append_keys(**outer)


def shortened(text: str) -> str:
    """Text for a log or a letter, cut so that a hostile input cannot flood either."""
    return text if len(text) <= _TEXT_MAX else f"{text[:_TEXT_MAX]}… ({len(text)} characters)"
