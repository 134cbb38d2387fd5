"""ETags and If-Match (RFC 9110, sections 8.8.3 and 13.1): the `version` that counts a user's edits."""

from __future__ import annotations

from leanda.errors import PreconditionFailed


def etag(version: int) -> str:
    return f'"{version}"'


def require_match(if_match: str | None, version: int) -> None:
    """Pass when there is no condition, `*`, or one of the listed tags is the current one.

    Raises:
        PreconditionFailed: the resource has another version.
    """
    if if_match is None or if_match.strip() == "*":
        return
    if etag(version) not in {tag.strip() for tag in if_match.split(",")}:
        raise PreconditionFailed


def not_modified(if_none_match: str | None, version_tag: str) -> bool:
    """Whether the reader already has this version."""
    if if_none_match is None:
        return False
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in tags or version_tag in tags
