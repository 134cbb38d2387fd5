"""What `leanda upload` sends: files as they are, folders with their structure."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from cli.output import plain
from leanda_client import File, LeandaClient, LeandaProblem
from leanda_client.client import spelled

PARALLEL_FILES: Final = 4


@dataclass(frozen=True)
class Planned:
    """A file to be sent, and the folder (relative to the target) it goes to."""

    path: Path
    folder: PurePosixPath


@dataclass
class Sent:
    """What became of a planned file. `file` is set as soon as it is announced, `problem` if its bytes did not arrive."""

    planned: Planned
    file: File | None = None
    problem: LeandaProblem | OSError | None = None


def plan(paths: Iterable[Path]) -> list[Planned]:
    """All files of the paths in a stable order. Hidden files, and links that could lead in circles, are left out of folders."""
    planned: list[Planned] = []
    for path in paths:
        if not path.is_dir():
            planned.append(Planned(path, PurePosixPath()))
            continue
        top = path.resolve()
        for found in sorted(top.rglob("*")):
            inside = found.relative_to(top)
            hidden = any(part.startswith(".") for part in inside.parts)
            if not hidden and not found.is_symlink() and found.is_file():
                planned.append(Planned(found, PurePosixPath(*map(spelled, (top.name, *inside.parent.parts)))))
    return planned


@dataclass(frozen=True)
class Choice:
    """What is to become of the files."""

    process: bool = True
    unpack: bool = False
    position: bool = False


def send(
    client: LeandaClient, planned: list[Planned], *, target_id: str, choice: Choice, console: Console
) -> list[Sent]:
    """Send everything, four files at a time; one that fails does not stop the others."""
    folders = _Folders(client, target_id)
    total = sum(item.path.stat().st_size for item in planned)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        bar = progress.add_task(f"{len(planned)} files", total=total)

        def one(item: Planned) -> Sent:
            result, counted = Sent(item), _Counted()

            def announced(file: File) -> None:
                result.file = file

            try:
                client.upload(
                    item.path,
                    parent_id=folders.id_of(item.folder),
                    process=choice.process,
                    unpack=choice.unpack,
                    position=choice.position,
                    announced=announced,
                    progress=lambda sent, _: progress.advance(bar, counted.since(sent)),
                )
            except (LeandaProblem, OSError) as problem:
                result.problem = problem
            progress.console.print(f"{'✘' if result.problem else '✔'} {plain(item.path.name)}", markup=False) if (
                console.is_terminal and len(planned) > 1
            ) else None
            return result

        with ThreadPoolExecutor(PARALLEL_FILES, thread_name_prefix="leanda-file") as pool:
            return list(pool.map(one, planned))


class _Counted:
    """Turns totals into differences; parts of one file are sent by several threads."""

    def __init__(self) -> None:
        self._seen, self._lock = 0, threading.Lock()

    def since(self, sent: int) -> int:
        with self._lock:
            added, self._seen = sent - self._seen, sent
        return added


class _Folders:
    """Folders below the target, found or made once."""

    def __init__(self, client: LeandaClient, target_id: str) -> None:
        self._client, self._known = client, {PurePosixPath(): target_id}
        self._lock = threading.Lock()

    def id_of(self, path: PurePosixPath) -> str:
        with self._lock:
            return self._find(path)

    def _find(self, path: PurePosixPath) -> str:
        if path not in self._known:
            parent = self._find(path.parent)
            existing = (folder["id"] for folder in self._client.folders(parent) if folder["name"] == path.name)
            found = next(existing, None)
            self._known[path] = found or self._client.create_folder(path.name, parent_id=parent)["id"]
        return self._known[path]
