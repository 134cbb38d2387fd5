"""HTTP: the REST and internal API apps, problem+json, cursors, ETags, who calls."""
