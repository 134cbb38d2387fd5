"""Who may see what: one policy, used by every API, the index, the cache and the history."""
