"""How things look in a terminal. What comes from files and servers is shown as text, never as markup or escape codes."""

from __future__ import annotations

import itertools
import json
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

STATUS_STYLE: Final = {
    "Processed": "green",
    "ProcessedPartially": "yellow",
    "Failed": "red",
    "running": "green",
    "stopped": "red",
    "done": "green",
    "failed": "red",
    "Parsed": "green",
}
_PIPED_COLUMNS: Final = 200


def stdout() -> Console:
    """For results. Into a pipe it is wide, so that nothing is cut."""
    return Console(width=None if sys.stdout.isatty() else _PIPED_COLUMNS, highlight=False)


def stderr() -> Console:
    """For progress and problems."""
    return Console(stderr=True, width=None if sys.stderr.isatty() else _PIPED_COLUMNS, highlight=False)


def at_most[T](limit: int, found: Iterator[T]) -> list[T]:
    """The first so many. If there are more, that is said: a list that was cut looks like a whole one."""
    items = list(itertools.islice(found, limit))
    if next(found, None) is not None:
        stderr().print(f"There are more than these {limit}: see --limit.", style="yellow")
    return items


AsJson = Annotated[bool, typer.Option("--json", help="JSON for scripts.")]
"""The option of every command that can answer a program."""


def print_json(value: Any) -> None:
    """JSON for scripts, and nothing else."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=not _speaks_utf8()) + "\n")


def plain(value: object) -> str:
    """Text without control characters: a file's name cannot move the cursor."""
    text = "" if value is None else str(value)
    return "".join(c if unicodedata.category(c)[0] != "C" else "\N{REPLACEMENT CHARACTER}" for c in text)


def cell(value: object, style: str = "") -> Text:
    return Text(plain(value), style=style)


def status(value: object) -> Text:
    return cell(value, STATUS_STYLE.get(str(value), ""))


def table(title: str | None, *columns: str, right: Iterable[str] = ()) -> Table:
    """A table; `right` names the columns of numbers. Ids stay in one piece, to be copied."""
    made = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        made.add_column(
            column,
            justify="right" if column in set(right) else "left",
            no_wrap=column in {"id", "where"},
            overflow="fold",
        )
    return made


def size(count: int | None) -> str:
    """Bytes as people read them."""
    if count is None:
        return ""
    number, units = float(count), ["B", "KiB", "MiB", "GiB"]
    while number >= 1024 and len(units) > 1:
        number /= 1024
        units.pop(0)
    return f"{number:.0f} {units[0]}" if units[0] == "B" else f"{number:.1f} {units[0]}"


def milliseconds(value: int | None) -> str:
    if value is None:
        return ""
    return f"{value} ms" if value < 1000 else f"{value / 1000:.1f} s"


def local_time(rfc3339: str | None) -> str:
    """A time of the API in this machine's time zone."""
    if not rfc3339:
        return ""
    try:
        return f"{datetime.fromisoformat(rfc3339).astimezone():%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return rfc3339


def failure_text(failure: Any) -> str:
    """A failure as one sentence with its code."""
    if not failure:
        return ""
    return plain(f"{failure.get('message', '')} ({failure.get('code', '?')})".strip())


def _speaks_utf8() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
