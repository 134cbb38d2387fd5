"""What the checks of connection tables raise inside; it never leaves `ctab.check`."""

from __future__ import annotations


class CtabProblem(Exception):
    """The first thing that is wrong with a connection table, at a line of its block (from 1)."""

    def __init__(self, code: str, message: str, line: int | None) -> None:
        self.code = code
        self.message = message
        self.line = line
        super().__init__(message)
