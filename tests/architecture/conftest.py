"""Shows at the end what importing each handler cost."""

from __future__ import annotations

import pytest

IMPORT_TIME = "import of a staged handler"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    # Properties of reports come back from the workers of pytest-xdist too.
    passed = terminalreporter.stats.get("passed", [])
    found = [value for report in passed for name, value in report.user_properties if name == IMPORT_TIME]
    if found:
        terminalreporter.write_line("Import of each staged handler in a fresh interpreter, in ms on this machine:")
    for milliseconds, name in sorted(found, reverse=True):
        terminalreporter.write_line(f"{milliseconds:8.0f}  {name}")
