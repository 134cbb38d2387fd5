"""The whole of Leanda on one machine: engines, AWS endpoints, the staged functions, the poller, a demo user.

`up` starts a supervisor process that owns everything else and returns when it is ready; `down` ends it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local.poller.invoke import http_invoker
from local.stack.layout import Layout, StackError
from local.stack.options import Options
from local.stack.parts import order

Say = Callable[[str], None]
UP_SECONDS = 600
DOWN_SECONDS = 40
_ROOT = Path(__file__).resolve().parents[2]

__all__ = [
    "Options", "StackError", "down", "function_log", "function_names", "invoke", "outputs", "set_part", "status", "up",
]  # fmt: skip


def up(root: Path, *, say: Say = print, options: Options | None = None) -> dict[str, Any]:
    """Start everything in the background and return its outputs; what runs already is left running.

    Raises:
        StackError: it did not come up; the message says which part and why.
    """
    layout = Layout.of(root, options)
    if layout.supervisor_pid() is not None and layout.outputs_file.exists():
        return outputs(root, options=options)
    layout.home.mkdir(parents=True, exist_ok=True)
    layout.outputs_file.unlink(missing_ok=True)
    layout.progress_file.write_text("")
    with layout.log_file.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "local.stack.supervisor", str(root.resolve()), (options or Options()).to_json()],
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    layout.pid_file.write_text(str(process.pid))
    told, deadline = 0, time.monotonic() + UP_SECONDS
    while time.monotonic() < deadline:
        lines = layout.progress_file.read_text().splitlines()
        for line in lines[told:]:
            say(line)
        told = len(lines)
        if layout.outputs_file.exists():
            return outputs(root, options=options)
        if process.poll() is not None:
            raise StackError(f"The local cloud did not start; the log is {layout.log_file}.\n{layout.log_tail()}")
        time.sleep(0.05)
    down(root, say=say, options=options)
    raise StackError(f"The local cloud was not ready in {UP_SECONDS} s; the log is {layout.log_file}.")


def down(root: Path, *, say: Say = print, options: Options | None = None) -> None:
    """Stop everything; the data stays. Nothing happens when nothing runs."""
    layout = Layout.of(root, options)
    pid = layout.supervisor_pid()
    if pid is None:
        say("The local cloud is not running.")
    else:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + DOWN_SECONDS
        while layout.supervisor_pid() is not None and time.monotonic() < deadline:
            _reap(pid)
            time.sleep(0.05)
        if layout.supervisor_pid() is not None:
            os.kill(pid, signal.SIGKILL)
        say("The local cloud is stopped; its data is kept. `make clean` removes it.")
    layout.pid_file.unlink(missing_ok=True)
    layout.outputs_file.unlink(missing_ok=True)


def outputs(root: Path, *, options: Options | None = None) -> dict[str, Any]:
    """What clients need to know of the running cloud.

    Raises:
        StackError: it is not running.
    """
    layout = Layout.of(root, options)
    try:
        found: dict[str, Any] = json.loads(layout.outputs_file.read_text())
    except FileNotFoundError as error:
        raise StackError("The local cloud is not running; `make up` starts it.") from error
    return found


def status(root: Path, *, options: Options | None = None) -> list[dict[str, Any]]:
    """Every part with its state: `{name, state, pid, detail}`."""
    layout = Layout.of(root, options)
    if layout.supervisor_pid() is None:
        return [{"name": "local cloud", "state": "stopped", "pid": None, "detail": "`make up` starts it"}]
    try:
        found: list[dict[str, Any]] = json.loads(layout.status_file.read_text())
    except FileNotFoundError:
        return [{"name": "local cloud", "state": "starting", "pid": layout.supervisor_pid(), "detail": ""}]
    return found


def set_part(root: Path, part: str, verb: str, *, options: Options | None = None) -> None:
    """Start (and wait until it answers), stop, or kill one part of the running cloud; `status` names them.

    Raises:
        StackError: there is no such part, or it did not work.
    """
    order(outputs(root, options=options)["controlUrl"], part, verb)


def function_names(root: Path, *, options: Options | None = None) -> list[str]:
    """Short names of all functions, such as `files-api`."""
    prefix = _prefix(root, options)
    return sorted(name.removeprefix(prefix) for name in outputs(root, options=options)["functions"])


def function_log(root: Path, function: str, *, options: Options | None = None) -> Path:
    """The file that collects a function's output.

    Raises:
        StackError: there is no such function.
    """
    return Layout.of(root, options).home / "host" / "functions" / f"{_full(root, function, options)}.log"


def invoke(root: Path, function: str, event: bytes, *, options: Options | None = None) -> tuple[bool, bytes]:
    """Run a function's staged asset on an event; whether it succeeded, and its answer or error."""
    full = _full(root, function, options)
    result = http_invoker(outputs(root, options=options)["lambdaHostUrl"])(full, event)
    return not result.function_error, result.payload


def _prefix(root: Path, options: Options | None) -> str:
    return f"leanda-{outputs(root, options=options)['environment']}-"


def _full(root: Path, function: str, options: Options | None) -> str:
    known, prefix = function_names(root, options=options), _prefix(root, options)
    short = function.removeprefix(prefix)
    if short not in known:
        raise StackError(f"There is no function {short}; there are {', '.join(known)}.")
    return prefix + short


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)  # a child of this process would stay a zombie
    except ChildProcessError:
        return
