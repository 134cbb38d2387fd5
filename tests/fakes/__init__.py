"""Working in-memory implementations of ports. They pass the same tests as the real adapters (`tests/ports`)."""
