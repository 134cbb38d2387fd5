"""Begins runs: the run's document first, then the node's one update, which announces it.

Who dies in between leaves a run that its file does not know. Whoever begins the run of that number then, of the same bytes or of
others, takes it over once the file knows it as his: before that it may be somebody else's. Should he die as well, the first who
hears anything of the run does it.
"""

from __future__ import annotations

from functions.files import domain
from functions.files import runs as run_rules
from functions.files.domain import Node
from functions.files.ports import Nodes, Runs
from functions.files.repeating import STEP
from functions.files.runs import Run
from leanda.changes import Change
from leanda.contracts.envelope import Origin
from leanda.errors import RevisionConflict
from leanda.persistence.aggregates import deciding
from leanda.ports import Clock


def begin(
    nodes: Nodes, runs: Runs, node: Node, change: Change, origin: Origin, clock: Clock, *, fresh: bool = False
) -> None:
    """Write the run that a change of its node begins, then the change. Interrupted in between, it is begun again the same.

    Args:
        fresh: the node is not there yet; it is inserted.

    Raises:
        RevisionConflict: the node was written in between.
    """
    now = clock.now()
    after = {**node, **change.set_}
    run = run_rules.begun(after, correlation_id=origin.correlation_id, at=now, deadline=now + STEP)
    new = runs.insert(run, Change(), origin)
    if not fresh:
        nodes.apply(node, change, origin)
    elif not nodes.insert(after, Change(emit=change.emit), origin):
        raise RevisionConflict(detail=node["_id"])
    if not new:
        deciding(lambda: _take_over(runs, run, origin))


def as_begun(nodes: Nodes, runs: Runs, run: Run, origin: Origin, clock: Clock) -> Run:
    """A run of which nothing is known yet, as its file began it, whatever its document said until now."""
    node, now = nodes.get(run["fileId"]), clock.now()
    begun = run_rules.as_asked(node, at=now, deadline=now + STEP) if node else None
    if begun is None or begun["_id"] != run["_id"] or run_rules.is_same(run, begun):
        return run
    deciding(lambda: _take_over(runs, begun, origin))
    return runs.get(run["_id"]) or run


def begin_if_awaited(nodes: Nodes, runs: Runs, file_id: str, origin: Origin, clock: Clock) -> None:
    """Begin a run of a file that was restored and has none, or only one that its deletion ended; else change nothing."""

    def step() -> None:
        node = nodes.get(file_id)
        if node is not None and domain.awaits_run(node):
            change = domain.processed_after_all(node, origin=origin, at=clock.now())
            begin(nodes, runs, node, change, origin, clock)

    deciding(step)


def _take_over(runs: Runs, run: Run, origin: Origin) -> None:
    left = runs.get(run["_id"])
    if left is not None:
        runs.apply(left, run_rules.taken_over(left, run), origin)
