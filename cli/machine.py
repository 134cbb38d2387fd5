"""Commands for the cloud on this machine: start, stop, look, read logs, run a function on an event."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Final

import typer

from cli.errors import FAILED, USAGE, CliError
from cli.output import AsJson, cell, plain, print_json, status, stderr, stdout, table
from cli.settings import state_of

MACHINE: Final = "This machine"
FOLLOW_SECONDS: Final = 0.2
_WHERE: Final = {
    "API": "apiUrl",
    "AWS endpoints": "awsEndpointUrl",
    "Kafka": "kafkaBootstrap",
    "document store": "documentStoreUrl",
    "OpenSearch": "openSearchUrl",
    "inbox bucket": "inboxBucket",
    "demo user": "demoUser",
}
"""What is shown of a running cloud's outputs: no secrets."""
_CONSOLES: Final = "On AWS each part is a service with a console and a status page of its own."
PartName = Annotated[str, typer.Argument(help="For example kafka; `leanda status` names them.")]


@contextmanager
def local_stack() -> Iterator[ModuleType]:
    """The local cloud, loaded only by those who use it; what it says is wrong becomes one line."""
    try:
        from local import stack
    except ImportError as error:
        raise CliError(f"The local cloud is not installed here: {error}.") from error
    try:
        yield stack
    except stack.StackError as error:
        raise CliError(str(error)) from error


def up(context: typer.Context) -> None:
    """Start the cloud on this machine and leave it running."""
    with local_stack() as stack:
        outputs = stack.up(state_of(context).root, say=_say)
    print_where(outputs)


def down(context: typer.Context) -> None:
    """Stop the cloud on this machine; its data stays."""
    with local_stack() as stack:
        stack.down(state_of(context).root, say=_say)


def show_status(context: typer.Context, as_json: AsJson = False) -> None:
    """Show what is running and where. Exit code 1 if something is not."""
    state = state_of(context)
    state.require_local(_CONSOLES)
    with local_stack() as stack:
        parts = stack.status(state.root)
    whole = all(part["state"] == "running" for part in parts)
    if as_json:
        outputs = state.outputs() if whole else {}
        print_json({"parts": parts, "outputs": {key: outputs[key] for key in _WHERE.values() if key in outputs}})
    else:
        _show_parts(parts)
    if not whole:
        raise typer.Exit(FAILED)
    if not as_json:
        print_where(state.outputs())


def _show_parts(parts: list[dict[str, Any]]) -> None:
    shown = table(None, "part", "state", "pid", "detail", right=["pid"])
    for part in parts:
        shown.add_row(cell(part["name"]), status(part["state"]), cell(part.get("pid")), cell(part.get("detail")))
    stdout().print(shown)


def start(context: typer.Context, part: PartName) -> None:
    """Start one part of the local cloud again, and wait until it answers."""
    _set_part(context, part, "start")


def stop(
    context: typer.Context,
    part: PartName,
    kill: Annotated[bool, typer.Option("--kill", help="At once, as a power cut would.")] = False,
) -> None:
    """Stop one part of the local cloud, to see what happens without it."""
    _set_part(context, part, "kill" if kill else "stop")


def token(context: typer.Context) -> None:
    """Print an access token, for `curl -H "Authorization: Bearer $(leanda token)"`."""
    typer.echo(state_of(context).tokens().token())


def logs(
    context: typer.Context,
    function: Annotated[str, typer.Argument(help="For example files-api. Without it all names are listed.")] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many of the last lines to show.")] = 50,
) -> None:
    """Show the log of a function of the local cloud."""
    state = state_of(context)
    state.require_local(
        f"On AWS the log of a function is in CloudWatch: aws logs tail /aws/lambda/leanda-ENVIRONMENT-{function or 'FUNCTION'}."
    )
    root = state.root
    with local_stack() as stack:
        if not function:
            for name in stack.function_names(root):
                typer.echo(name)
            return
        path = stack.function_log(root, function)
    if not path.is_file() and not follow:
        raise CliError(f"{function} has written no log: it has not run yet.")
    offset = 0
    if path.is_file():
        content = path.read_bytes()
        offset = len(content)
        for line in content.decode("utf-8", "replace").splitlines()[-lines:] if lines else []:
            typer.echo(line)
    while follow:
        offset = _print_from(path, offset)
        time.sleep(FOLLOW_SECONDS)


def invoke(
    context: typer.Context,
    function: Annotated[str, typer.Argument(help="For example parsers-chemical-on-file-events; see `leanda logs`.")],
    event: Annotated[
        Path,
        typer.Argument(dir_okay=False, help="A JSON event (samples: events/lambda/); - is stdin."),
    ],
) -> None:
    """Run a function of the local cloud on an event, as AWS would. Exit code 1 if it fails."""
    state = state_of(context)
    state.require_local(
        f"On AWS those who may do: aws lambda invoke --function-name leanda-ENVIRONMENT-{function} --payload fileb://EVENT out.json"
    )
    try:
        body = sys.stdin.buffer.read() if str(event) == "-" else event.read_bytes()
    except OSError as error:
        raise CliError(f"{event} cannot be read: {error.strerror}.", USAGE) from error
    try:
        json.loads(body)
    except ValueError as error:
        raise CliError(f"{event} is not JSON: {error}.", USAGE) from error
    with local_stack() as stack:
        succeeded, answer = stack.invoke(state.root, function, body)
    try:
        print_json(json.loads(answer))
    except ValueError:
        typer.echo(answer.decode("utf-8", "replace"))
    if not succeeded:
        raise CliError(f"{function} failed; `leanda logs {function}` says more.")


def print_where(outputs: dict[str, Any]) -> None:
    """Addresses of a running cloud, and what to do with them."""
    shown = table(None, "what", "where")
    for label, key in _WHERE.items():
        if outputs.get(key):
            shown.add_row(label, cell(outputs[key]))
    stdout().print(shown)


def add_to(app: typer.Typer) -> None:
    commands: dict[str, Callable[..., None]] = {
        "up": up,
        "down": down,
        "status": show_status,
        "start": start,
        "stop": stop,
        "token": token,
        "logs": logs,
        "invoke": invoke,
    }
    for name, command in commands.items():
        app.command(name, rich_help_panel=MACHINE)(command)


def _set_part(context: typer.Context, part: str, verb: str) -> None:
    state = state_of(context)
    state.require_local(_CONSOLES)
    with local_stack() as stack:
        stack.set_part(state.root, part, verb)


def _say(line: str) -> None:
    stderr().print(plain(line), markup=False)


def _print_from(path: Path, offset: int) -> int:
    """Print what was written after `offset`; a file that became shorter was begun anew."""
    if not path.is_file():
        return 0
    if path.stat().st_size < offset:
        offset = 0
    with path.open("rb") as stream:
        stream.seek(offset)
        added = stream.read()
    if added:
        typer.echo(added.decode("utf-8", "replace"), nl=False)
    return offset + len(added)
