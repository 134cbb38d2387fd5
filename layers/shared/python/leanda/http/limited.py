"""Composes what the API functions share: the cache that the environment names, and the limit per user on it."""

from __future__ import annotations

from leanda.cache import ValkeyCache
from leanda.http.rate_limit import RateLimiter
from leanda.settings import CacheSettings


def shared_cache() -> ValkeyCache | None:
    """The cache, if the environment names one."""
    url = CacheSettings.load().cache_url
    return ValkeyCache(url) if url else None


def rate_limiter() -> RateLimiter:
    """The limit per user, shared by all sandboxes where there is a cache."""
    return RateLimiter(shared_cache())
