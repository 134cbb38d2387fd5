"""What all suites share: the cloud of the tests that need one, and the seed of its misbehaviour in the summary."""

from __future__ import annotations

import pytest

from tests.cloud import HOME, ada, bob, cloud, started

__all__ = ["ada", "bob", "cloud"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if started:
        how = "was running" if started["reused"] else f"was up after {started['seconds']:.1f} s"
        terminalreporter.write_line(
            f"The local cloud {how}; its logs are in {HOME}. LEANDA_SEED={started['seed']} repeats its misbehaviour."
        )
