"""The replay command: events of the log are given to a consumer again; first counted, then as fast as allowed, with progress."""

from __future__ import annotations

import time
from typing import Annotated, Any, Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli import events, places
from cli.errors import USAGE, CliError
from cli.index import invoke
from cli.letters import operator_client
from cli.output import cell, print_json, stderr, stdout, table
from cli.settings import State, state_of
from leanda_client import LeandaClient
from leanda_client.models import Replay, ReplayCount

MOST: Final = 100_000
"""What one order may deliver; where there is more, the next goes on."""
POLL_SECONDS: Final = 0.5
STEP_SECONDS: Final = 3
INDEXERS: Final = {
    "search-on-file-events": (
        "leanda.files.file.created.v1", "leanda.files.file.status-changed.v1", "leanda.files.file.renamed.v1",
        "leanda.files.file.moved.v1", "leanda.files.file.deleted.v1", "leanda.files.file.restored.v1",
        "leanda.files.file.processed.v1", "leanda.files.file.parse-failed.v1", "leanda.files.file.run-activated.v1",
        "leanda.files.upload.requested.v1", "leanda.files.folder.created.v1", "leanda.files.folder.renamed.v1",
        "leanda.files.folder.moved.v1", "leanda.files.folder.deleted.v1", "leanda.files.folder.restored.v1",
    ),
    "search-on-record-events": ("leanda.files.records.stored.v1",),
}  # fmt: skip
"""What the index is made of: the consumers that write it, and the events that matter to each."""


def replay(
    context: typer.Context,
    consumer: Annotated[
        str, typer.Argument(metavar="[CONSUMER]", help="Who is given the events, such as files-on-record-events.")
    ] = "",
    file: Annotated[str, typer.Option(help="Only events of this file: its id or path.")] = "",
    types: Annotated[list[str] | None, typer.Option("--type", help="Only this type; may be repeated.")] = None,
    since: Annotated[str, typer.Option(help="Only from this time on (RFC 3339, 2026-03-01T00:00:00Z).")] = "",
    until: Annotated[str, typer.Option(help="Only before this time.")] = "",
    limit: Annotated[
        int | None, typer.Option(min=1, max=MOST, help="At most this many events; without it, all there are.")
    ] = None,
    per_second: Annotated[float, typer.Option(min=0.01, max=1000, help="At most this many events a second.")] = 50,
    deliver: Annotated[bool, typer.Option("--deliver", help="Deliver them; without it they are only counted.")] = False,
    shadow: Annotated[
        bool,
        typer.Option("--shadow", help="Replay into a new index beside the one in use, and compare it with the store."),
    ] = False,
    use: Annotated[
        bool, typer.Option("--use", help="With --shadow: put the new index to use instead of dropping it.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for scripts.")] = False,
) -> None:
    """Give events of the log to one consumer again, past the topic. Exit code 1 if they were not all taken."""
    if bool(consumer) == shadow:
        raise CliError("Name a consumer, or --shadow for those that write the index.", USAGE)
    if shadow and types:
        raise CliError("--shadow replays what the index is made of; leave --type away.", USAGE)
    state = state_of(context)
    with operator_client(state) as client:
        chosen = _chosen(state, file) | {"since": since or None, "until": until or None}
        chosen |= {"limit": limit, "perSecond": per_second}
        wanted = INDEXERS.items() if shadow else [(consumer, events.full_names(types))]
        orders = [{"consumer": name, "types": list(of), **chosen} for name, of in wanted]
        counted = [client.replays.count(**order) for order in orders]
        if not deliver:
            _show(orders, counted, as_json=as_json)
            return
        if not shadow and not types:
            raise CliError(
                "Name what is to be delivered: --type, once or more; without --deliver all types are counted.", USAGE
            )
        if shadow:
            invoke(state, "rebuild", {"action": "shadow", "seconds": STEP_SECONDS})
        told = [
            _deliver(client, order, sum(found["matched"].values()))
            for order, found in zip(orders, counted, strict=True)
        ]
    report = _compared(state, use=use) if shadow else None
    if as_json:
        print_json({"replays": told} | ({"compared": report} if report else {}))


def _chosen(state: State, file: str) -> dict[str, Any]:
    if not file:
        return {}
    with state.client() as owner:
        return {"fileId": places.file_id(owner, file)}


def _deliver(client: LeandaClient, order: dict[str, Any], expected: int) -> Any:
    """Order a replay and follow it to its end, and without a limit the next as long as there is more.

    An interrupted command stops it.
    """
    delivered, limit = 0, order["limit"]
    while True:
        found = _followed(client, order | {"limit": limit or MOST}, expected, delivered)
        delivered += found["delivered"]
        if found["state"] != "Done" or limit or "next" not in found:
            break
        order = order | {"after": found["next"]}
    stderr().print(f"{order['consumer']}: {delivered} of {max(expected, delivered)} delivered.", markup=False)
    if "next" in found:
        _say_more(order["consumer"], found["next"])
    if found["state"] != "Done":
        raise CliError(f"The replay is {found['state']}: {found.get('problem', 'somebody stopped it')}")
    return found | {"delivered": delivered}


def _followed(client: LeandaClient, order: dict[str, Any], expected: int, before: int) -> Replay:
    """One replay at its end; `before` it so many of those expected were delivered."""
    found = client.replays.order(**order)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=stderr(), transient=True) as shown:
            task = shown.add_task(order["consumer"], total=expected)
            while found["state"] == "Open":
                time.sleep(POLL_SECONDS)
                found = client.replays.get(found["id"])
                done = before + found["delivered"]
                shown.update(task, completed=done, total=max(expected, done))
    except KeyboardInterrupt:
        client.replays.cancel(found["id"])
        raise
    return found


def _compared(state: State, *, use: bool) -> dict[str, int]:
    """Compare the shadow with the store, say what a replay alone would have lacked, and use or drop it."""
    order = {"action": "shadow", "seconds": STEP_SECONDS}
    answer = invoke(state, "rebuild", order)
    while answer["phase"] != "Shadow":
        answer = invoke(state, "rebuild", order)
    report: dict[str, int] = answer["compared"]
    lacked = {name: count for name, count in report.items() if count and name not in {"nodes", "written"}}
    stderr().print(
        f"{report['nodes']} files and folders compared with the store: {lacked or 'nothing differs'}.", markup=False
    )
    answer = invoke(state, "rebuild", {"action": "start" if use else "abandon", "seconds": STEP_SECONDS})
    while use and answer["phase"] not in {"Done", "Blocked"}:
        answer = invoke(state, "rebuild", {"action": "continue", "seconds": STEP_SECONDS})
    if use and answer["phase"] != "Done":
        raise CliError("The new index lacks what cannot be repaired and is not in use; see `leanda index status`.")
    stderr().print("The new index is in use." if use else "The shadow is dropped; the index in use was not touched.")
    return report


def _show(orders: list[dict[str, Any]], counted: list[ReplayCount], *, as_json: bool) -> None:
    if as_json:
        print_json(
            [
                {"consumer": order["consumer"], "matched": found["matched"], "more": "next" in found}
                for order, found in zip(orders, counted, strict=True)
            ]
        )
        return
    shown = table(None, "consumer", "event", "count", right=["count"])
    for order, found in zip(orders, counted, strict=True):
        for type_, count in found["matched"].items():
            shown.add_row(cell(order["consumer"]), cell(type_.removeprefix("leanda.")), cell(count))
    stdout().print(shown if any(found["matched"] for found in counted) else "(no events)")
    for order, found in zip(orders, counted, strict=True):
        if "next" in found:
            _say_more(order["consumer"], found["next"])
    stderr().print("Nothing was delivered; --deliver does it.")


def _say_more(consumer: str, following: list[str]) -> None:
    stderr().print(f"{consumer}: there may be more; --since {following[0]} goes on.", markup=False)


def erase(
    context: typer.Context,
    file: Annotated[str, typer.Option(help="The id of a file that is purged.")] = "",
    user: Annotated[str, typer.Option(help="The id of a user who is erased, with all files of that user.")] = "",
) -> None:
    """Take names, paths and the user out of what the log says of a file or a user, for good; what is to come of them too."""
    if bool(file) == bool(user):
        raise CliError("Name --file or --user.", USAGE)
    with operator_client(state_of(context)) as client:
        count = client.replays.erase(file_id=file or None, user_id=user or None)
    typer.echo(f"{count} entries redacted.")


def add_to(app: typer.Typer) -> None:
    app.command("erase-history", rich_help_panel="Operators")(erase)
    app.command("replay", rich_help_panel="Operators")(replay)
