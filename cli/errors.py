"""What the command tells a person in one line."""

from __future__ import annotations

FAILED = 1
USAGE = 2


class CliError(Exception):
    """An expected problem: its text is shown, then the command ends with its exit code."""

    def __init__(self, message: str, exit_code: int = FAILED) -> None:
        self.exit_code = exit_code
        super().__init__(message)
