"""Files on their way, live: one row for each, one column for each step."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from rich.console import Console
from rich.live import Live
from rich.table import Table

from cli.output import cell, failure_text, milliseconds, plain, status, table
from leanda_client import File, LeandaClient, Timeline, finished

STEPS: Final = ("upload", "parse", "process", "store", "index")
POLL_SECONDS: Final = 0.3
LOOK_SECONDS: Final = 0.2
"""A look asks twice: ten requests a second stay below what one user may send in a minute, however many files are watched."""
WIDE_COLUMNS: Final = 130
_MARKS: Final = {
    "done": ("✔", "green"),
    "running": ("▶", "cyan"),
    "failed": ("✘", "red"),
    "waiting": ("·", "dim"),
    "notReached": ("–", "dim"),
}


@dataclass
class Watched:
    """A file and what was last seen of it."""

    file: File
    timeline: Timeline = field(default_factory=lambda: Timeline(steps=[]))

    @property
    def over(self) -> bool:
        return finished(self.file)


def watch(
    client: LeandaClient,
    files: Sequence[File],
    *,
    timeout: float,
    console: Console,
    every_round: Callable[[], None] = lambda: None,
) -> list[Watched]:
    """Show files until all have come to their end, or the time (seconds) is over; what was last seen of each.

    Without a terminal a line is printed whenever a status changes.
    """
    rows = [Watched(file) for file in files]
    deadline = time.monotonic() + timeout
    with Live(console=console, auto_refresh=False, transient=False) as live:
        while True:
            for row in rows:
                began = time.monotonic()
                if _look(client, row, None if console.is_terminal else console) and len(rows) > 1:
                    time.sleep(max(0.0, began + LOOK_SECONDS - time.monotonic()))
            if console.is_terminal:
                live.update(board(rows, wide=console.width >= WIDE_COLUMNS), refresh=True)
            every_round()
            if all(row.over for row in rows) or time.monotonic() > deadline:
                return rows
            time.sleep(POLL_SECONDS)


def board(rows: Sequence[Watched], *, wide: bool = True) -> Table:
    """The rows as a table; a narrow one leaves out how long each step took."""
    shown = table(
        None, "file", *STEPS, "status", "records", "failed", "found", "why", right=["records", "failed", "found"]
    )
    for row in rows:
        steps = {step["name"]: step for step in row.timeline["steps"]}
        shown.add_row(
            cell(row.file["name"]),
            *(_step(steps.get(name), took=wide) for name in STEPS),
            status(row.file["status"]),
            cell(_records(row.file)),
            cell((row.file.get("progress") or {}).get("failed", row.file.get("failedRecords", 0)) or ""),
            cell(row.file.get("indexedRecords", 0)),
            *((failure_text(row.file.get("failure")),) if wide else ()),
        )
    return shown


def _records(file: File) -> str:
    """How many records a file has, or how many of them are processed while it is on its way."""
    progress = file.get("progress")
    if not progress:
        return str(file.get("totalRecords", 0))
    return f"{progress['processed']}/{progress.get('total', '?')}"


def timeline_table(timeline: Timeline) -> Table:
    """The steps of one file with times, parser and reasons."""
    shown = table(None, "step", "state", "attempt", "took", "parser", "why", right=["attempt", "took"])
    for step in timeline["steps"]:
        parser = step.get("parser") or {}
        shown.add_row(
            cell(step["name"]),
            _step(step, word=True),
            cell(step.get("attempt", "")),
            milliseconds(step.get("durationMs")),
            cell(f"{parser.get('name', '')} {parser.get('version', '')}".strip()),
            failure_text(step.get("error")),
        )
    return shown


def _look(client: LeandaClient, row: Watched, told: Console | None) -> bool:
    """Whether anything had to be asked."""
    if row.over and row.timeline["steps"]:
        return False
    before = row.file.get("status")
    # The file first: if it is at its end, the timeline read after it is too.
    row.file = client.file(row.file["id"])
    row.timeline = client.timeline(row.file["id"])
    if told and row.file["status"] != before:
        told.print(f"{plain(row.file['name'])}: {row.file['status']}", markup=False)
    return True


def _step(step: Any, *, word: bool = False, took: bool = True) -> Any:
    state = step["state"] if step else "waiting"
    mark, style = _MARKS.get(state, ("?", ""))
    if word:
        return cell(f"{mark} {state}", style)
    duration = milliseconds(step.get("durationMs")) if step and took else ""
    return cell(f"{mark} {duration}".strip(), style)
