"""How far a rebuild of the indices is, as it is noted between its steps; and what follows from that for others."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from functions.search.ports import Generations

STATE: Final = "rebuild"
UNUSED_FOR: Final = timedelta(minutes=5)
"""A generation is kept so long after it was replaced: searches that began on it end on it."""
SILENT_FOR: Final = timedelta(seconds=90)
"""Nobody works any more on a rebuild that noted nothing for so long: a step takes seconds."""

FILLING: Final = "Filling"
COMPARING: Final = "Comparing"
SWITCHING: Final = "Switching"
BLOCKED: Final = "Blocked"
DONE: Final = "Done"
ABANDONED: Final = "Abandoned"
SHADOW: Final = "Shadow"
"""A new generation that nobody fills from the store: whoever writes writes to it too, and an operator replays the log."""
OPEN: Final = (FILLING, COMPARING, SWITCHING)
KEPT: Final = (*OPEN, BLOCKED, SHADOW)
"""Phases in which there is a generation beside the one in use."""

State = dict[str, Any]


def drop_unused(generations: Generations, state: State, *, now: datetime) -> list[str]:
    """Remove generations that are neither in use nor being made, once no search can be running on them; returns their names."""
    in_use_until = state.get("endedAt")
    searched = in_use_until is not None and datetime.fromisoformat(in_use_until) > now - UNUSED_FOR
    return [] if searched or state.get("phase") in KEPT else generations.drop_unused()


def is_silent(state: State, *, now: datetime) -> bool:
    """Whether a rebuild is under way and nobody works on it: its invocation came to its end, or died."""
    return state.get("phase") in OPEN and datetime.fromisoformat(state["at"]) < now - SILENT_FOR
