"""Commands for files, folders and records."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Final

import typer

from cli import places, uploading, watching
from cli.errors import FAILED, USAGE, CliError
from cli.letters import operator_client
from cli.output import (
    AsJson,
    at_most,
    cell,
    failure_text,
    local_time,
    plain,
    print_json,
    size,
    status,
    stderr,
    stdout,
    table,
)
from cli.settings import State, state_of
from leanda_client import Failure, File, Folder, LeandaClient, LeandaProblem, failure_of, finished

FILES: Final = "Files"
MAX_FIELDS: Final = 30

FilePlace = Annotated[str, typer.Argument(metavar="FILE", help="A file's id, or its path, such as results/list.smi.")]
Timeout = Annotated[float, typer.Option(min=0, help="Seconds to wait at most.")]


def upload(
    context: typer.Context,
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", exists=True, help="Files, and folders with all in them.")
    ],
    to: Annotated[str, typer.Option(metavar="FOLDER", help="Where to put them: id or path; default: your root.")] = "",
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the outcome; exit code 1 if a file fails.")] = False,
    timeout: Timeout = 600,
    process: Annotated[bool, typer.Option(help="--no-process only stores them.")] = True,
    unpack: Annotated[
        bool, typer.Option("--unpack", help="Make files of what zips hold, in a folder of each one's name.")
    ] = False,
    position: Annotated[
        bool, typer.Option("--position", help="Tell where pictures were taken, if they state it; else it is not read.")
    ] = False,
    resume: Annotated[str, typer.Option(metavar="FILE", help="Continue a broken upload of this file's id.")] = "",
) -> None:
    """Upload files and folders."""
    console = stderr()
    with state_of(context).client() as client:
        if resume:
            if len(paths) != 1 or paths[0].is_dir():
                raise CliError("--resume continues one file: name one path.", USAGE)
            sent = [uploading.Sent(uploading.Planned(paths[0], PurePosixPath()), client.resume(resume, paths[0]))]
        else:
            planned = uploading.plan(paths)
            if not planned:
                raise CliError("There is no file in there (hidden files and links are left out).")
            target = places.folder_id(client, to)
            choice = uploading.Choice(process=process, unpack=unpack, position=position)
            sent = uploading.send(client, planned, target_id=target, choice=choice, console=console)
        arrived = [result.file for result in sent if result.file and not result.problem]
        failed = [result for result in sent if result.problem]
        if wait:
            try:
                ended = [row.file for row in watching.watch(client, arrived, timeout=timeout, console=console)]
            except KeyboardInterrupt:
                ids = " ".join(file["id"] for file in arrived)
                console.print(f"All that was sent is processed all the same: leanda watch {ids}", markup=False)
                raise
            _print_outcomes(ended)
        else:
            for file in arrived:
                typer.echo(f"{file['id']}  {plain(file['name'])}")
            ended = []
    for result in failed:
        text = f"{result.planned.path.name} was not uploaded: {result.problem}"
        if result.file:
            text += f"; continue with: leanda upload {result.planned.path} --resume {result.file['id']}"
        console.print(plain(text), style="red", markup=False)
    if failed or any(not finished(file) or file["status"] == "Failed" for file in ended):
        raise typer.Exit(FAILED)


def list_folder(
    context: typer.Context,
    folder: Annotated[str, typer.Argument(help="A folder's id or path; default: your root.")] = "",
    deleted: Annotated[bool, typer.Option("--deleted", help="What was deleted and can be restored.")] = False,
    as_json: AsJson = False,
) -> None:
    """List a folder."""
    with state_of(context).client() as client:
        if deleted:
            items: list[File | Folder] = [*client.deleted_folders(), *client.deleted()]
        else:
            items = list(client.children(places.folder_id(client, folder)))
    if as_json:
        print_json(items)
        return
    shown = table(
        None, "name", "status", "records", "failed", "size", "created", "id", right=["records", "failed", "size"]
    )
    for item in items:
        is_file = item["type"] == "file"
        row: dict[str, Any] = dict(item)
        shown.add_row(
            cell(item["name"] + ("" if is_file else "/"), "" if is_file else "bold"),
            status(row.get("status", "")),
            cell(row.get("totalRecords", "") if is_file else ""),
            cell(row.get("failedRecords") or ""),
            size(row.get("size")),
            local_time(item.get("createdAt")),
            cell(item["id"]),
        )
    stdout().print(shown if items else "(empty)")


def show(context: typer.Context, file: FilePlace, as_json: AsJson = False) -> None:
    """Show a file: status, counts, every step it went through, and why it failed."""
    with state_of(context).client() as client:
        file_id = places.file_id(client, file)
        found = _if_visible(client, file_id)
        timeline = client.timeline(file_id)
    if as_json:
        print_json({"file": found, "timeline": timeline})
        return
    console = stdout()
    if found is None:
        stderr().print("It is somebody else's: operators see how far it is, and no more.", markup=False)
        console.print(watching.timeline_table(timeline))
        return
    console.print(_facts(found))
    console.print()
    console.print(watching.timeline_table(timeline))
    fields = (found.get("metadata") or {}).get("fields") or []
    if fields:
        console.print()
        console.print(_fields(fields))
    if failure := failure_of(found):
        console.print()
        _print_failure(failure)
    if refused := found.get("latestRefusal"):
        console.print()
        console.print(f"Later bytes were refused: {failure_text(refused)}", style="red", markup=False)


def records(
    context: typer.Context,
    file: FilePlace,
    only: Annotated[str, typer.Option("--status", help="Parsed or Failed.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the records of a file with what is known of them, and what is wrong with the bad ones."""
    with state_of(context).client() as client:
        found = client.records(places.file_id(client, file), status=only or None)
        items = at_most(limit, found)
    if as_json:
        print_json(items)
        return
    columns = ("index", "name", "status", "formula", "weight", "fields", "remarks")
    shown = table(None, *columns, right=["index", "weight"])
    for item in items:
        properties = item.get("properties") or {}
        weight = properties.get("molecularWeight")
        shown.add_row(
            cell(item["index"]),
            cell(item.get("name", "")),
            status(item.get("status", "")),
            cell(properties.get("molecularFormula", "")),
            cell("" if weight is None else f"{weight:.3f}"),
            cell(", ".join(f"{field['name']}={field.get('value')}" for field in (item.get("fields") or [])[:4])),
            cell("; ".join(_issue(issue) for issue in item.get("issues") or [])),
        )
    stdout().print(shown if items else "(no records)")


def remove(
    context: typer.Context,
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Files by id or path; with --folder folders.")],
    folder: Annotated[bool, typer.Option("--folder", help="Remove folders instead, with everything in them.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before a folder is removed.")] = False,
) -> None:
    """Delete files, or folders with everything in them; `leanda restore` brings them back."""
    with state_of(context).client() as client:
        for place in files:
            id_ = places.folder_id(client, place) if folder else places.file_id(client, place)
            if folder and not yes:
                typer.confirm(f"Delete {plain(place)} and everything in it?", abort=True, err=True)
            (client.delete_folder if folder else client.delete)(id_)
            undo = f"leanda restore {'--folder ' if folder else ''}{id_}"
            stderr().print(f"Deleted {plain(place)}; to undo: {undo}", markup=False)


def restore(
    context: typer.Context,
    ids: Annotated[
        list[str], typer.Argument(metavar="ID", help="What was deleted has an id only: `leanda ls --deleted`.")
    ],
    folder: Annotated[bool, typer.Option("--folder", help="Restore folders, with what was deleted with them.")] = False,
) -> None:
    """Undo the deletion of files or folders."""
    with state_of(context).client() as client:
        for id_ in ids:
            back = (client.restore_folder if folder else client.restore)(id_)
            stderr().print(f"Restored {plain(back['name'])}.", markup=False)


def download(
    context: typer.Context,
    file: FilePlace,
    target: Annotated[Path, typer.Argument(help="A folder or a new file name.")] = Path(),
) -> None:
    """Download the untouched original."""
    with state_of(context).client() as client:
        typer.echo(str(client.download(places.file_id(client, file), target)))


def picture(
    context: typer.Context,
    file: FilePlace,
    index: Annotated[
        int | None, typer.Argument(min=0, help="A record's index; without it, the file's picture.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write it; default: here, under the file's name.")
    ] = None,
) -> None:
    """Save what a file or a record looks like: a drawing (SVG), or what is made of pixels (PNG)."""
    with state_of(context).client() as client:
        found = client.file(places.file_id(client, file))
        seen = client.picture(found["id"], index)
    if output is None:
        stem = PurePosixPath(found["name"]).stem or found["id"]
        output = Path(stem + ("" if index is None else f"-{index}") + seen.extension)
    output.write_bytes(seen.content)
    typer.echo(str(output))


def reprocess(
    context: typer.Context,
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE]", help="Files by id or path; or choose many by options.")
    ] = None,
    folder: Annotated[str, typer.Option(help="Everything in this folder and below: its id or path.")] = "",
    failure_code: Annotated[str, typer.Option(help="Files that failed for this reason, such as STEP_TIMED_OUT.")] = "",
    parser_version: Annotated[str, typer.Option(help="Files read by this version of their parser.")] = "",
    kind: Annotated[str, typer.Option(help="Files of this kind, such as chemical.")] = "",
    position: Annotated[
        bool | None, typer.Option(help="Tell where pictures were taken, or not any more.", show_default="as before")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the outcome; exit code 1 if a run fails.")] = False,
    timeout: Timeout = 600,
    all_users: Annotated[
        bool, typer.Option("--all-users", help="Whosever they are (operators): by id or by options, and only counted.")
    ] = False,
) -> None:
    """Process files again, beside the results there are. Exit code 1 if one cannot be processed now."""
    if all_users:
        if folder or wait or position is not None:
            raise CliError(
                "Of all users' files, name ids, or choose by --failure-code, --parser-version or --kind.", USAGE
            )
        _reprocess_all_users(state_of(context), files or [], failure_code, parser_version, kind)
        return
    if bool(files) == bool(folder or failure_code or parser_version or kind):
        raise CliError("Name files, or choose many by --folder, --failure-code, --parser-version or --kind.", USAGE)
    accepted, refused = list[str](), list[dict[str, str]]()
    ended: list[File] = []
    with state_of(context).client() as client:
        for place in files or ():
            accepted.append(client.reprocess(places.file_id(client, place), position=position)["id"])
        if not files:
            pages = client.reprocess_many(
                folder_id=places.folder_id(client, folder) if folder else None,
                failure_code=failure_code or None,
                parser_version=parser_version or None,
                kind=kind or None,
                position=position,
            )
            for page in pages:
                accepted += page["accepted"]
                refused += page["refused"]
        stderr().print(f"{len(accepted)} are processed again.", markup=False)
        for one in refused:
            stderr().print(plain(f"{one['id']}: {one['message']} ({one['code']})"), style="red", markup=False)
        if wait and accepted:
            begun = [client.file(file_id) for file_id in accepted]
            ended = [row.file for row in watching.watch(client, begun, timeout=timeout, console=stderr())]
            _print_outcomes(ended)
    if refused or any(not finished(file) or failure_of(file) for file in ended):
        raise typer.Exit(FAILED)


def _reprocess_all_users(state: State, files: list[str], failure_code: str, parser_version: str, kind: str) -> None:
    if bool(files) == bool(failure_code or parser_version or kind) or not all(map(places.is_id, files)):
        raise CliError("Name files by their ids, or choose many by --failure-code, --parser-version or --kind.", USAGE)
    accepted, refused = 0, Counter[str]()
    with operator_client(state) as client:
        pages = client.reprocess_all_users(
            file_ids=files or None,
            failure_code=failure_code or None,
            parser_version=parser_version or None,
            kind=kind or None,
        )
        for page in pages:
            accepted += page["accepted"]
            refused.update(page["refused"])
    stderr().print(f"{accepted} are processed again.", markup=False)
    for code, count in refused.items():
        stderr().print(f"{count} cannot be now ({plain(code)}).", style="red", markup=False)
    if refused:
        raise typer.Exit(FAILED)


def watch(context: typer.Context, file: FilePlace, timeout: Timeout = 600) -> None:
    """Watch a file until it can be found or has failed. Exit code 1 if it failed or is still on its way."""
    with state_of(context).client() as client:
        found = client.file(places.file_id(client, file))
        (row,) = watching.watch(client, [found], timeout=timeout, console=stderr())
    _print_outcomes([row.file])
    if not row.over or row.file["status"] == "Failed":
        raise typer.Exit(FAILED)


def add_to(app: typer.Typer) -> None:
    commands: dict[str, Callable[..., None]] = {
        "upload": upload,
        "ls": list_folder,
        "show": show,
        "records": records,
        "rm": remove,
        "restore": restore,
        "download": download,
        "picture": picture,
        "watch": watch,
        "reprocess": reprocess,
    }
    for name, command in commands.items():
        app.command(name, rich_help_panel=FILES)(command)


def print_failed_records(client: LeandaClient, file: File, *, limit: int = 5) -> int:
    """Why single records of a file are bad; returns how many were explained."""
    explained = 0
    for record in itertools.islice(client.records(file["id"], status="Failed"), limit):
        issues = record.get("issues") or []
        for issue in [issue for issue in issues if issue.get("severity") == "Error"] or issues:
            stdout().print(f"  record {record['index']}: {plain(_issue(issue))}", style="yellow", markup=False)
        explained += bool(issues)
    return explained


def _if_visible(client: LeandaClient, file_id: str) -> File | None:
    try:
        return client.file(file_id)
    except LeandaProblem as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        return None


def _facts(file: File) -> Any:
    shown = table(None, "file", plain(file["name"]))
    rows: list[tuple[str, Any]] = [
        ("id", file["id"]),
        ("status", status(file["status"])),
        ("kind", f"{file.get('kind', 'not known yet')} {file.get('format', '')}".strip()),
        ("size", size(file.get("size"))),
        ("sha256", file.get("sha256")),
        ("created", local_time(file.get("createdAt"))),
        ("records", _counts(file)),
    ]
    for name, value in rows:
        if value:
            shown.add_row(name, cell(value) if isinstance(value, str) else value)
    return shown


def _fields(fields: Sequence[dict[str, Any]]) -> Any:
    """What is known of the file's fields: types, how many have a value, from where to where."""
    shown = table(
        None, "field", "type", "unit", "values", "missing", "from", "to", right=["values", "missing", "from", "to"]
    )
    for entry in fields[:MAX_FIELDS]:
        names = ("name", "dataType", "unit", "count", "nulls", "min", "max")
        shown.add_row(*(cell(entry.get(name, "")) for name in names))
    if len(fields) > MAX_FIELDS:
        shown.add_row(cell(f"and {len(fields) - MAX_FIELDS} more; see --json", "dim"))
    return shown


def _counts(file: File) -> str:
    total, failed = file.get("totalRecords", 0), file.get("failedRecords", 0)
    text = f"{total} in all, {file.get('parsedRecords', 0)} good"
    if progress := file.get("progress"):
        text = f"{progress['processed']} of {progress.get('total', '?')} processed so far; {text}"
    if failed:
        text += f", {failed} bad (leanda records {file['id']} --status Failed)"
    return f"{text}, {file.get('indexedRecords', 0)} indexed"


def _print_failure(failure: Failure) -> None:
    console = stdout()
    console.print(failure_text(failure), style="red", markup=False)
    if failure.get("detail"):
        console.print(plain(failure["detail"]), style="dim", markup=False)


def _print_outcomes(files: Sequence[File]) -> None:
    shown = table(
        None,
        "file",
        "status",
        "records",
        "good",
        "bad",
        "indexed",
        "why",
        "id",
        right=["records", "good", "bad", "indexed"],
    )
    for file in files:
        shown.add_row(
            cell(file["name"]),
            status(file["status"]),
            cell(file.get("totalRecords", 0)),
            cell(file.get("parsedRecords", 0)),
            cell(file.get("failedRecords", 0)),
            cell(file.get("indexedRecords", 0)),
            "still on its way" if not finished(file) else failure_text(failure_of(file)),
            cell(file["id"]),
        )
    stdout().print(shown)


def _issue(issue: Any) -> str:
    place = f" at {issue['place']}" if issue.get("place") else ""
    return f"{issue.get('message', '')} ({issue.get('code', '?')}{place})"
