"""Structured logs with one correlation id from the request to the last event.

The id lives in a context variable, so that code deep inside an adapter need not pass it along.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from aws_lambda_powertools import Logger

_correlation: ContextVar[str] = ContextVar("correlation", default="-")
_TEXT_MAX: Final = 2000


logger: Final = Logger(
    service=os.environ.get("LEANDA_FUNCTION", "leanda"), level=os.environ.get("LOG_LEVEL", "INFO"), use_rfc3339=True
)


def correlation_id() -> str:
    """The id of the piece of work that is being done, `-` outside of one."""
    return _correlation.get()


@contextmanager
def correlated(value: str, **keys: Any) -> Iterator[None]:
    """Everything logged inside carries this correlation id and these keys."""
    token = _correlation.set(value)
    names = {"correlation_id": value, **keys}
    try:
        with logger.append_context_keys(**names):
            yield
    finally:
        _correlation.reset(token)


def shortened(text: str) -> str:
    """Text for a log or a letter, cut so that a hostile input cannot flood either."""
    return text if len(text) <= _TEXT_MAX else f"{text[:_TEXT_MAX]}… ({len(text)} characters)"
