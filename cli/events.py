"""The events command: a file's life as the log keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from cli import places
from cli.output import at_most, cell, local_time, print_json, stdout, table
from cli.settings import state_of
from leanda_client import Event


def events(
    context: typer.Context,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A file's id, or its path; without it, what you caused.")
    ] = "",
    types: Annotated[
        list[str] | None,
        typer.Option("--type", help="Only this type, such as files.file.created.v1; may be repeated."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 1000,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for scripts, with what the events carry.")] = False,
) -> None:
    """List every event of a file, oldest first."""
    with state_of(context).client() as client:
        wanted = full_names(types)
        found = client.events(places.file_id(client, file), types=wanted) if file else client.my_events(types=wanted)
        items = at_most(limit, found)
    if as_json:
        print_json(items)
        return
    shown = table(None, "time", "event", "what", "where", "hops", right=["hops"])
    for item in items:
        shown.add_row(
            cell(local_time(item["time"])),
            cell(item["type"].removeprefix("leanda.")),
            cell(_what(item)),
            cell(f"{item['topic']}-{item['partition']}@{item['offset']}"),
            cell(item.get("hops", 0)),
        )
    stdout().print(shown if items else "(no events)")


def full_names(types: Sequence[str] | None) -> list[str]:
    """Types of events as they are asked for; as they are shown, all begin with the same word, which may be left out."""
    return [f"leanda.{name.removeprefix('leanda.')}" for name in types or ()]


def _what(event: Event) -> str:
    """The few words that tell events of one type apart."""
    data = event["data"]
    told = [f"{name} {data[name]}" for name in ("run", "chunk") if name in data]
    told += [str(data[name]) for name in ("state", "status", "kind", "name", "consumer", "code") if data.get(name)]
    return ", ".join(told)


def add_to(app: typer.Typer) -> None:
    app.command("events", rich_help_panel="Files")(events)
