"""Moments as the API shows them."""

from __future__ import annotations

from datetime import UTC, datetime


def rfc3339(moment: datetime) -> str:
    """An aware moment in UTC with milliseconds and `Z` (RFC 3339, section 5.6)."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
