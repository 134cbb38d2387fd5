"""Commands for operators: what no consumer could handle, and what becomes of it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Annotated, Any, Final

import typer

from cli.errors import FAILED, USAGE, CliError
from cli.output import AsJson, at_most, cell, local_time, plain, print_json, stderr, stdout, table
from cli.settings import Connection, State, state_of
from leanda_client import DeadLetter, LeandaClient

POLL_SECONDS: Final = 0.5
_STATES: Final = {"Waiting": "yellow", "Redriving": "cyan", "Redriven": "green", "Discarded": "dim"}

Consumer = Annotated[str, typer.Option(help="Only letters of this consumer, such as files-on-record-events.")]
Code = Annotated[str, typer.Option(help="Only letters with this code.")]
LetterId = Annotated[str, typer.Argument(metavar="LETTER", help="A letter's id; `leanda dlq ls` shows it.")]

dlq = typer.Typer(no_args_is_help=True, help="Dead letters: list, look, deliver again, discard (operators).")


@dlq.command("ls")
def list_letters(
    context: typer.Context,
    consumer: Consumer = "",
    code: Code = "",
    state: Annotated[str, typer.Option(help="Waiting, Redriving, Redriven or Discarded.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List dead letters, the latest first."""
    with _client(context) as client:
        found = client.dead_letters.list(consumer=consumer or None, code=code or None, state=state or None)
        items = at_most(limit, found)
    if as_json:
        print_json(items)
        return
    shown = table(None, "failed", "state", "consumer", "code", "event", "where", "tries", "id", right=["tries"])
    for item in items:
        shown.add_row(
            cell(local_time(item["failedAt"])),
            cell(item["state"], _STATES.get(item["state"], "")),
            cell(item["consumer"]),
            cell(item["code"]),
            cell(item.get("eventType", item["kind"]).removeprefix("leanda.")),
            cell(_where(item)),
            cell(item.get("attempts", "")),
            cell(item["id"]),
        )
    stdout().print(shown if items else "(no letters)")


@dlq.command("show")
def show(context: typer.Context, letter: LetterId, as_json: AsJson = False) -> None:
    """Show a letter: why, where, what was tried, who did what, and the event itself."""
    with _client(context) as client:
        found = client.dead_letters.get(letter)
    if as_json:
        print_json(found)
        return
    console, row = stdout(), dict(found)
    facts = table(None, "what", "")
    hidden = {"audit", "envelope", "stack", "detail", "outcome", "postponed", "id"}
    facts.add_row("id", cell(found["id"]))
    for name, value in row.items():
        if name not in hidden:
            facts.add_row(cell(name), cell(local_time(value) if name.endswith(("At", "Until")) else value))  # type: ignore[arg-type]
    console.print(facts)
    notes = table("\nWhat happened", "time", "who", "what", "")
    for note in found.get("audit", []):
        notes.add_row(local_time(note["at"]), cell(note["by"]), cell(note["what"]), cell(note.get("text", "")))
    console.print(notes)
    for title, name in (("Detail", "detail"), ("The event as it came", "envelope"), ("Stack", "stack")):
        if row.get(name):
            console.print(f"\n{title}", style="bold")
            console.print("\n".join(plain(line) for line in str(row[name]).splitlines()), markup=False, highlight=False)


@dlq.command("redrive")
def redrive(
    context: typer.Context,
    letter: Annotated[str, typer.Argument(metavar="[LETTER]", help="One letter; or choose many by options.")] = "",
    consumer: Consumer = "",
    code: Code = "",
    every: Annotated[bool, typer.Option("--all", help="All that wait, up to the limit.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most this many.")] = 100,
    timeout: Annotated[float, typer.Option(min=0, help="Seconds to wait for the outcome of one letter.")] = 60,
) -> None:
    """Deliver letters again, straight to the consumer that failed. Exit code 1 if one letter fails again."""
    many = bool(consumer or code or every)
    if bool(letter) == many:
        raise CliError("Name one letter, or choose many by --consumer, --code or --all.", USAGE)
    with _client(context) as client:
        if many:
            told = client.dead_letters.redrive_many(limit=limit, consumer=consumer or None, code=code or None)
            more = "; there may be more" if told["more"] else ""
            typer.echo(f"{told['requested']} will be delivered again, {told['skipped']} cannot be{more}.")
            return
        before = client.dead_letters.get(letter)["failures"]
        client.dead_letters.redrive(letter)
        found = _settled(client, letter, timeout)
    outcome = found.get("outcome") or {}
    if found["state"] == "Redriven" and found["failures"] == before:
        typer.echo(f"Delivered: {plain(outcome.get('message', ''))}")
        return
    stderr().print(plain(f"{found['state']}: {_why_not(found)} ({found['code']})"), style="red", markup=False)
    raise typer.Exit(FAILED)


@dlq.command("discard")
def discard(
    context: typer.Context,
    reason: Annotated[str, typer.Option(help="Why; it is kept with your name.", prompt=True)],
    letter: Annotated[str, typer.Argument(metavar="[LETTER]", help="One letter; or choose many by options.")] = "",
    consumer: Consumer = "",
    code: Code = "",
) -> None:
    """End letters without delivering them: one by its id, or those that wait of a consumer or with a code."""
    if not reason.strip():
        raise CliError("A letter is discarded for a reason; give --reason.", USAGE)
    if bool(letter) == bool(consumer or code):
        raise CliError("Name one letter, or choose many by --consumer or --code.", USAGE)
    with _client(context) as client:
        if not letter:
            waiting = client.dead_letters.list(consumer=consumer or None, code=code or None, state="Waiting")
            ids = [one["id"] for one in waiting]
            for one in ids:
                client.dead_letters.discard(one, reason)
            typer.echo(f"{len(ids)} discarded.")
            return
        found = client.dead_letters.discard(letter, reason)
    typer.echo(f"{found['id']} {found['state']}")


def _why_not(letter: DeadLetter) -> str:
    """Why the last delivery did not end the letter."""
    if "postponed" in letter:
        return letter["postponed"]["why"]
    outcome = letter.get("outcome") or {}
    return letter["message"] if outcome.get("ok", False) else str(outcome.get("message", ""))


def _settled(client: LeandaClient, letter_id: str, timeout: float) -> DeadLetter:
    """The letter when its delivery is over, or as it is when the time is over."""
    deadline = time.monotonic() + timeout
    while True:
        found = client.dead_letters.get(letter_id)
        under_way = found["state"] == "Redriving" or "postponed" in found
        if not under_way or time.monotonic() > deadline:
            return found
        time.sleep(POLL_SECONDS)


def _client(context: typer.Context) -> LeandaClient:
    return operator_client(state_of(context))


def operator_client(state: State) -> LeandaClient:
    """A client for whoever is named; on the local cloud, if nobody is, for its operator."""
    outputs: dict[str, Any] = state.outputs()
    given = state.given
    if not (given.user or given.token or given.api_url) and outputs.get("operatorUser"):
        operator = Connection(user=outputs["operatorUser"], password=outputs.get("operatorPassword", ""))
        state = replace(state, given=operator)
    return state.client()


def _where(letter: DeadLetter) -> str:
    if "topic" in letter:
        return f"{letter['topic']}-{letter['partition']}@{letter['offset']}"
    return ""


def add_to(app: typer.Typer) -> None:
    app.add_typer(dlq, name="dlq", rich_help_panel="Operators")
