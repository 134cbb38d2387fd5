"""Commands for the search index of the local cloud: build it anew, compare it with the store, look how it is."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from cli.errors import CliError
from cli.machine import local_stack
from cli.output import AsJson, cell, local_time, print_json, status, stderr, stdout, table
from cli.settings import State, state_of

STEP_SECONDS: Final = 3
"""What one invocation may take, so that progress is seen."""
OPEN_PHASES: Final = ("Filling", "Comparing", "Switching")
COUNTED: Final = {
    "files and folders missing": "nodes_missing",
    "files and folders out of date": "nodes_stale",
    "files and folders unknown": "nodes_unknown",
    "records missing": "records_missing",
    "records too many": "records_surplus",
    "further than the store": "ahead",
    "being changed just now": "in_motion",
    "artefacts gone": "lost",
    "refused": "refused",
}

index = typer.Typer(no_args_is_help=True, help="The search index: build it anew, compare it with the store.")


@index.command()
def rebuild(
    context: typer.Context,
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Use the new index even without what cannot be read any more.")
    ] = False,
    abandon: Annotated[bool, typer.Option("--abandon", help="Give up the rebuild that is under way.")] = False,
    as_json: AsJson = False,
) -> None:
    """Build both indices anew beside those in use, while everything goes on. Exit code 1 if they could not be put to use.

    Interrupted, it goes on by itself within two minutes; the same command shows it again.
    """
    if abandon:
        state = invoke(state_of(context), "rebuild", {"action": "abandon"})
        stdout().print("The rebuild is abandoned; the index in use was not touched.")
        return
    order: dict[str, Any] = {"action": "start", "acceptLoss": accept_loss}
    with _progress() as shown:
        task = shown.add_task("begins", total=None)
        while True:
            state = invoke(state_of(context), "rebuild", order | {"seconds": STEP_SECONDS})
            expected = max(state["expected"], state["documents"])
            compared = (state.get("compared") or {}).get("nodes", 0)
            told = state["phase"].lower() + (f", {compared} nodes" if compared else "")
            shown.update(task, completed=state["documents"], total=expected, description=told)
            if state["phase"] not in OPEN_PHASES:
                break
            order = {"action": "continue"}
    if as_json:
        print_json(state)
    elif state["phase"] == "Done":
        speed = state["documents"] / state["seconds"] if state["seconds"] else 0
        stdout().print(
            f"{state['documents']} documents in {state['seconds']:.1f} s ({speed:.0f} a second); "
            f"in use: {', '.join(state['indices'])}."
        )
    if state["phase"] != "Done":
        lost = state["compared"]["lost"] + state["compared"]["refused"] + state["compared"]["ahead"]
        raise CliError(
            f"The new index lacks what cannot be repaired ({lost}), so the old one stays in use; `leanda logs search-rebuild` says "
            "what. Then: --accept-loss to use it all the same, or --abandon."
        )


@index.command()
def reconcile(
    context: typer.Context,
    grace: Annotated[
        int, typer.Option(min=0, help="Leave alone what changed within so many seconds: it is still on its way.")
    ] = 120,
    as_json: AsJson = False,
) -> None:
    """Compare the whole index with the store once, repair what differs, and tell what it was."""
    total: dict[str, int] = {}
    order: dict[str, Any] = {"action": "look", "graceSeconds": grace, "seconds": STEP_SECONDS}
    with _progress() as shown:
        task = shown.add_task("comparing", total=None)
        while True:
            answer = invoke(state_of(context), "reconcile", order)
            for name, value in answer["report"].items():
                total[name] = total.get(name, 0) + value
            shown.update(task, completed=total["nodes"])
            if answer["complete"]:
                break
            order["after"] = answer["next"]
    total["purged"] = answer.get("purged", 0)
    if as_json:
        print_json(total)
        return
    found = {label: total[name] for label, name in COUNTED.items() if total[name]}
    if found:
        shown_table = table(None, "what", "count", right=["count"])
        for label, count in found.items():
            shown_table.add_row(label, cell(count))
        stdout().print(shown_table)
    stdout().print(
        f"{total['nodes']} files and folders compared, {total['written']} documents written, "
        f"{total['purged']} old tombstones removed."
    )


@index.command("status")
def show_status(context: typer.Context, as_json: AsJson = False) -> None:
    """Show the generations of the index, the last rebuild, and where the reconciler is."""
    state = state_of(context)
    rebuilt, round_ = invoke(state, "rebuild", {"action": "status"}), invoke(state, "reconcile", {"action": "status"})
    if as_json:
        print_json({"rebuild": rebuilt, "reconcile": round_})
        return
    shown = table(None, "index", "documents", "names", right=["documents"])
    for one in rebuilt["generations"]:
        shown.add_row(cell(one["index"]), cell(one["documents"]), cell(", ".join(one["aliases"]) or "replaced"))
    stdout().print(shown)
    parts = table(None, "what", "state", "when", "detail")
    if rebuilt.get("phase"):
        detail = f"{rebuilt['documents']} documents, {rebuilt['lost']} lost"
        parts.add_row("rebuild", status(rebuilt["phase"]), local_time(rebuilt.get("at")), cell(detail))
    if round_:
        last = round_["last"]
        detail = f"{last['nodes']} compared, {last['written']} written, {round_['rounds']} rounds"
        parts.add_row("reconciler", cell("between pieces"), local_time(round_["at"]), cell(detail))
    stdout().print(parts)


def invoke(state: State, function: str, order: dict[str, Any]) -> dict[str, Any]:
    """The answer of a maintaining function of the local cloud.

    Raises:
        CliError: it failed; or another Leanda than the local one is meant.
    """
    payload = json.dumps({"action": order["action"]} if function == "rebuild" else {})
    state.require_local(
        "On AWS the function is invoked by those who may: aws lambda invoke "
        f"--function-name leanda-ENVIRONMENT-search-{function} --invocation-type Event --payload '{payload}' "
        "--cli-binary-format raw-in-base64-out out.json"
    )
    with local_stack() as stack:
        succeeded, answer = stack.invoke(state.root, f"search-{function}", json.dumps(order).encode())
    try:
        told = dict(json.loads(answer))
    except ValueError as error:
        raise CliError(f"search-{function} answered what is no JSON: {answer[:200]!r}.") from error
    if not succeeded:
        raise CliError(f"{told.get('errorMessage', 'It failed')} `leanda logs search-{function}` says more.")
    return told


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=stderr(),
        transient=True,
    )


def add_to(app: typer.Typer) -> None:
    app.add_typer(index, name="index", rich_help_panel="Operators")
