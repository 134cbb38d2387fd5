"""`leanda demo`: the whole way of a few files, from the upload to the search hit, on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli import machine, watching
from cli.errors import FAILED
from cli.files import print_failed_records
from cli.output import cell, failure_text, plain, stdout, table
from cli.searching import hits_table
from cli.settings import State, state_of
from leanda_client import File, Hit, LeandaClient, LeandaProblem

SAMPLES: Final = Path(__file__).parent / "samples"
ASPIRIN: Final = "BSYNRYMUTXBXSQ-UHFFFAOYSA-N"
SHOWN_WITHIN_SECONDS: Final = 15.0
"""Until when what is in the index must be found; it shows what it holds once a second, later on a busy machine."""


@dataclass(frozen=True)
class Sample:
    """A sample file and what must become of it."""

    name: str
    status: str
    records: int
    failed: int = 0


EXPECTED: Final = (
    Sample("molecules.sdf", "Processed", 12),
    Sample("list.smi", "Processed", 10),
    Sample("measurements.csv", "Processed", 8),
    Sample("partly-bad.sdf", "ProcessedPartially", 5, failed=2),
    Sample("garbage.sdf", "Failed", 1, failed=1),
)


@dataclass
class Demo:
    """One run: what was begun, and what did not come true."""

    client: LeandaClient
    began: float
    files: dict[str, File] = field(default_factory=dict)
    untrue: list[str] = field(default_factory=list)
    first_hit: float | None = None

    def claim(self, true: bool, sentence: str) -> None:
        """Keep a claim that turned out to be untrue."""
        if not true:
            self.untrue.append(sentence)

    def elapsed(self) -> float:
        return time.monotonic() - self.began


def demo(
    context: typer.Context,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds that the files may take.")] = 120,
) -> None:
    """Start the cloud on this machine, send sample files through it, and show what comes out."""
    began, state, console = time.monotonic(), state_of(context), stdout()
    console.print("1. A small cloud on this machine", style="bold")
    with machine.local_stack() as stack:
        stack.up(state.root, say=lambda line: console.print(plain(line), style="dim", markup=False))
    with _local_client(state) as client:
        run = Demo(client, began)
        console.print(f"The API is at {state.connection().api_url}", markup=False)
        for number, (title, act) in enumerate(
            (
                ("Five files go in", lambda: upload_and_watch(run, timeout)),
                ("They can be found", lambda: searches(run)),
                ("A molecule as Leanda knows it", lambda: molecule(run)),
                ("What is wrong with the bad ones", lambda: bad_files(run)),
            ),
            2,
        ):
            console.print()
            console.print(f"{number}. {title}", style="bold")
            _attempt(run, title, act)
    console.print()
    if run.first_hit is not None:
        console.print(
            f"First search hit {run.first_hit:.1f} s after the start; all of it {run.elapsed():.1f} s.", style="bold"
        )
    _what_next(state)
    if run.untrue:
        console.print()
        for sentence in run.untrue:
            console.print(f"✘ {plain(sentence)}", style="red", markup=False)
        raise typer.Exit(FAILED)
    console.print("✔ Everything above is true.", style="green")


def upload_and_watch(run: Demo, timeout: float) -> None:
    """Send the samples into a folder of their own, show their steps, and look for the first hit meanwhile."""
    folder = run.client.create_folder(f"Demo {time.strftime('%Y-%m-%d %H:%M:%S')}")
    for sample in EXPECTED:
        run.files[sample.name] = run.client.upload(SAMPLES / sample.name, parent_id=folder["id"])
    rows = watching.watch(
        run.client, list(run.files.values()), timeout=timeout, console=stdout(), every_round=lambda: look_for_hit(run)
    )
    if not stdout().is_terminal:
        stdout().print(watching.board(rows))
    for sample, row in zip(EXPECTED, rows, strict=True):
        run.files[sample.name] = row.file
        check(run, sample, row.file)
    deadline = time.monotonic() + SHOWN_WITHIN_SECONDS
    while run.first_hit is None and time.monotonic() < deadline:
        look_for_hit(run)
        time.sleep(watching.POLL_SECONDS)
    run.claim(run.first_hit is not None, "Not one of the uploaded molecules was found.")


def look_for_hit(run: Demo) -> None:
    """Note the time when a molecule of this run is found for the first time."""
    if run.first_hit is not None:
        return
    try:
        found = run.client.search_page("aspirin", type="record", file_id=run.files["molecules.sdf"]["id"], limit=1)
    except LeandaProblem as problem:
        if problem.status not in {0, 503}:
            raise
        return
    if found["items"]:
        run.first_hit = run.elapsed()


def check(run: Demo, sample: Sample, file: File) -> None:
    """Compare what became of a file with what must."""
    total, failed = file.get("totalRecords", 0), file.get("failedRecords", 0)
    run.claim(file["status"] == sample.status, f"{sample.name} is {file['status']}, not {sample.status}.")
    run.claim(total == sample.records, f"{sample.name} has {total} records, not {sample.records}.")
    run.claim(failed == sample.failed, f"{sample.name} has {failed} bad records, not {sample.failed}.")
    if sample.status == "Failed":
        run.claim(bool((file.get("failure") or {}).get("message")), f"{sample.name} failed without a reason.")


def searches(run: Demo) -> None:
    """A name, an InChIKey, a weight range and a table's value, each with the hits of this run."""
    molecules, measurements = run.files["molecules.sdf"]["id"], run.files["measurements.csv"]["id"]
    asked: list[tuple[str, str, dict[str, Any], str]] = [
        ("by name", "caffeine", {"file_id": molecules}, "caffeine"),
        ("by InChIKey", ASPIRIN, {"file_id": molecules}, "aspirin"),
        ("by weight", "", {"file_id": molecules, "filters": ["molecularWeight:190..210"]}, "ibuprofen"),
        ("in a table", "ethanol", {"file_id": measurements, "type": "record"}, ""),
    ]
    console = stdout()
    for how, query, only, expected in asked:
        hits = _hits(run, query, only, expected)
        words = " ".join(
            ["leanda search", *([query] if query else []), *(f"--filter {f}" for f in only.get("filters", ()))]
        )
        console.print(f"{how}: {words}", style="bold cyan", markup=False)
        console.print(hits_table(hits))
        run.claim(_found(run, hits, expected), f"The search {how} did not find {expected or 'anything of this run'}.")


def _hits(run: Demo, query: str, only: dict[str, Any], expected: str) -> list[Hit]:
    """The first hits; asked for again while the index does not show yet what it holds."""
    deadline = time.monotonic() + SHOWN_WITHIN_SECONDS
    while True:
        hits = run.client.search_page(query, limit=5, **only)["items"]
        if _found(run, hits, expected) or time.monotonic() > deadline:
            return hits
        time.sleep(watching.POLL_SECONDS)


def _found(run: Demo, hits: list[Hit], expected: str) -> bool:
    """Whether hits are of this run's files and have the name."""
    ours = {file["id"] for file in run.files.values()}
    names = [str(hit.get("name") or "").lower() for hit in hits if hit.get("fileId") in ours]
    return expected in names if expected else bool(names)


def molecule(run: Demo) -> None:
    """The properties of aspirin, one of the records."""
    file_id = run.files["molecules.sdf"]["id"]
    found = next((r for r in run.client.records(file_id) if (r.get("name") or "").lower() == "aspirin"), None)
    if found is None:
        run.claim(False, "The file with aspirin has no record of that name.")
        return
    record = run.client.record(file_id, found["index"])
    shown = table(None, "property", "value")
    properties = record.get("properties") or {}
    for name, value in properties.items():
        shown.add_row(cell(name), cell(f"{value:.4f}" if isinstance(value, float) else value))
    for entry in record.get("fields") or []:
        shown.add_row(cell(f"{entry['name']} (from the file)"), cell(entry.get("value")))
    stdout().print(shown)
    run.claim(properties.get("inchiKey") == ASPIRIN, f"The InChIKey of aspirin is {properties.get('inchiKey')}.")
    run.claim(properties.get("molecularFormula") == "C9H8O4", f"Aspirin is {properties.get('molecularFormula')}.")


def bad_files(run: Demo) -> None:
    """Why a file failed, and why records of another did."""
    console = stdout()
    garbage = run.files["garbage.sdf"]
    console.print(f"garbage.sdf failed: {failure_text(garbage.get('failure'))}", style="red", markup=False)
    print_failed_records(run.client, garbage)
    partly = run.files["partly-bad.sdf"]
    console.print(
        f"partly-bad.sdf: {partly.get('parsedRecords')} good records are searchable, the others are not:", markup=False
    )
    explained = print_failed_records(run.client, partly)
    run.claim(explained == partly.get("failedRecords"), "Not every bad record says what is wrong with it.")


@contextmanager
def _local_client(state: State) -> Iterator[LeandaClient]:
    """A client of the local cloud as the demo user, whatever the environment says."""
    local = State(root=state.root, transport=state.transport)
    with local.client() as client:
        yield client


def _attempt(run: Demo, title: str, act: Callable[[], None]) -> None:
    """Show as much as there is: what goes wrong in one part is said at the end."""
    try:
        act()
    except (LeandaProblem, KeyError) as problem:
        run.claim(False, f"{title}: {problem}")


def _what_next(state: State) -> None:
    connection = State(root=state.root).connection()
    stdout().print("What next", style="bold")
    shown = table(None, "do", "command")
    for what, command in (
        ("upload your own", "leanda upload my-molecules.sdf --wait"),
        ("look around", "leanda ls      leanda search aspirin      leanda show FILE"),
        ("call the API", f'curl -H "Authorization: Bearer $(leanda token)" {connection.api_url}/files'),
        ("see what runs", "leanda status      leanda logs files-api -f"),
        ("stop it", "make down (the data stays; make clean removes it)"),
    ):
        shown.add_row(what, cell(command, "bold"))
    stdout().print(shown)
    stdout().print("`leanda` is `.venv/bin/leanda`, or `.venv/bin/python -m cli`.", style="dim", markup=False)


def add_to(app: typer.Typer) -> None:
    app.command("demo", rich_help_panel=machine.MACHINE)(demo)
