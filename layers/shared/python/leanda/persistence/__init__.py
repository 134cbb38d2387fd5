"""The document store: connection, aggregates with their outbox, artefacts in S3."""
