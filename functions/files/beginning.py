"""Begins runs: the run's document first, then the node's one update, which announces it."""

from __future__ import annotations

from functions.files import domain
from functions.files import runs as run_rules
from functions.files.domain import Node
from functions.files.ports import Nodes, Runs
from functions.files.repeating import STEP
from leanda.changes import Change
from leanda.contracts.envelope import Origin
from leanda.persistence.aggregates import deciding
from leanda.ports import Clock


def begin(nodes: Nodes, runs: Runs, node: Node, change: Change, origin: Origin, clock: Clock) -> None:
    """Write the run that a change of its node begins, then the change. Interrupted in between, it is begun again the same.

    Raises:
        RevisionConflict: the node was written in between.
    """
    now = clock.now()
    after = {**node, **change.set_}
    run = run_rules.begun(after, correlation_id=origin.correlation_id, at=now, deadline=now + STEP)
    runs.insert(run, Change(), origin)
    nodes.apply(node, change, origin)


def begin_if_awaited(nodes: Nodes, runs: Runs, file_id: str, origin: Origin, clock: Clock) -> None:
    """Begin a run of a file that was restored and has none, or only one that its deletion ended; else change nothing."""

    def step() -> None:
        node = nodes.get(file_id)
        if node is not None and domain.awaits_run(node):
            change = domain.processed_after_all(node, origin=origin, at=clock.now())
            begin(nodes, runs, node, change, origin, clock)

    deciding(step)
