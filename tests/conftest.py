"""What all suites share: the cloud of the tests that need one, and the seed of its misbehaviour in the summary."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests.cloud import HOME, ada, bob, cloud, started

__all__ = ["ada", "bob", "cloud"]

# On a busy machine an example may take long; that says nothing of the code. A failing one is printed so that it can be repeated.
settings.register_profile("leanda", deadline=None, print_blob=True)
settings.load_profile("leanda")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if started:
        how = "was running" if started["reused"] else f"was up after {started['seconds']:.1f} s"
        terminalreporter.write_line(
            f"The local cloud {how}; its logs are in {HOME}. LEANDA_SEED={started['seed']} repeats its misbehaviour."
        )
