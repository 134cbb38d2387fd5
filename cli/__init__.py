"""The `leanda` command."""
