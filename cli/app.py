"""The `leanda` command: the local cloud, and what one does with files."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli import demo, events, files, index, lag, letters, machine, replay, searching
from cli.errors import FAILED, CliError
from cli.output import plain, stderr
from cli.settings import Connection, State
from leanda_client import LeandaClientError, LeandaProblem


class OneLineErrors(TyperGroup):
    """Expected problems are one line on stderr and an exit code, never a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except CliError as error:
            _say(str(error))
            raise typer.Exit(error.exit_code) from error
        except LeandaClientError as error:
            _say(str(error))
            correlation = error.correlation_id if isinstance(error, LeandaProblem) else None
            if correlation:
                stderr().print(f"In the logs it is {plain(correlation)}.", style="dim", markup=False)
            raise typer.Exit(FAILED) from error
        except OSError as error:
            _say(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}")
            raise typer.Exit(FAILED) from error


app = typer.Typer(
    cls=OneLineErrors,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Scientific files in, searchable records out.\n\nStart with `leanda demo`; it needs no account anywhere.",
    epilog="Exit codes: 0 it worked, 1 it did not (a file failed, something did not answer), 2 the command was not understood.",
)


@app.callback()
def connection(
    context: typer.Context,
    api_url: Annotated[
        str, typer.Option(envvar="LEANDA_API_URL", help="Another Leanda than the local one; ends in /api/v1.")
    ] = "",
    token: Annotated[str, typer.Option(envvar="LEANDA_TOKEN", help="An access token.", show_envvar=True)] = "",
    user: Annotated[str, typer.Option(envvar="LEANDA_USER", help="Sign in as this user.")] = "",
    password: Annotated[
        str, typer.Option(envvar="LEANDA_PASSWORD", help="Better in the environment than in the shell's history.")
    ] = "",
    client_id: Annotated[str, typer.Option(envvar="LEANDA_CLIENT_ID", help="App client of the user pool.")] = "",
    region: Annotated[str, typer.Option(envvar="LEANDA_REGION", help="AWS region of the user pool.")] = "",
) -> None:
    """Options that say which Leanda is meant, and who you are."""
    if not isinstance(context.obj, State):
        context.obj = State()
    context.obj.given = Connection(api_url, token, user, password, client_id, region)


def main() -> None:
    """Entry point of `leanda` and `python -m cli`."""
    app(prog_name="leanda")


def _say(message: str) -> None:
    stderr().print(plain(message), style="red", markup=False)


machine.add_to(app)
files.add_to(app)
searching.add_to(app)
index.add_to(app)
events.add_to(app)
letters.add_to(app)
lag.add_to(app)
replay.add_to(app)
demo.add_to(app)
