"""Cursors: opaque, signed, and bound to the principal and the query, so that none can be made up, changed or carried over."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from leanda.errors import InvalidCursor

_MAC = 16


class Cursors:
    """Signs and reads cursors with one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sign(self, position: Any, *, principal: str, query: Any) -> str:
        """A cursor for the page after `position` (any JSON value)."""
        body = json.dumps(position, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._mac(body, principal, query) + body).decode().rstrip("=")

    def read(self, cursor: str | None, *, principal: str, query: Any) -> Any | None:
        """The position, or None without a cursor.

        Raises:
            InvalidCursor: not ours, or of another principal or query.
        """
        if not cursor:
            return None
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except ValueError as error:
            raise InvalidCursor from error
        body = raw[_MAC:]
        if not hmac.compare_digest(raw[:_MAC], self._mac(body, principal, query)):
            raise InvalidCursor
        return json.loads(body)

    def _mac(self, body: bytes, principal: str, query: Any) -> bytes:
        scope = json.dumps([principal, query], sort_keys=True, separators=(",", ":")).encode()
        return hmac.new(self._key, scope + b"\0" + body, hashlib.sha256).digest()[:_MAC]
