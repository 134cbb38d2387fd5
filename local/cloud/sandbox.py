"""One execution environment: a process under the real runtime client, with a Runtime API of its own.

The client (`awslambdaric`) asks its Runtime API for work and posts results back, see "Using the Lambda runtime API for custom
runtimes" in the AWS Lambda developer guide. It takes a host and port but no path prefix, so every sandbox gets its own port.
"""

import json
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psutil

from local.cloud.http_server import JsonHandler, LoopbackServer
from local.cloud.memory import resident_bytes
from local.cloud.processes import PLAIN_ENVIRONMENT, kill_group

ENTRY = Path(__file__).with_name("sandbox_entry.py")

ADDRESS_SPACE_SLACK = 4 << 30
"""How far the address space may exceed `MemorySize`.

Lambda limits resident memory; a process limit exists for address space only, of which libraries reserve far more than they
touch: 64 MiB per allocator arena and 8 MiB of stack per thread, hundreds of MiB per thread pool of a native library. The
resident memory is therefore watched (`memory.py`); this limit stops what grows faster than it is looked at.
"""

SPAWNER = ThreadPoolExecutor(1, thread_name_prefix="sandbox-spawner")
"""The one thread that starts processes. A process dies with the *thread* that made it (PR_SET_PDEATHSIG), so that must not be
the thread of a request."""


@dataclass(frozen=True, slots=True)
class SandboxSpec:
    """All that a sandbox is started from."""

    function_name: str
    function_arn: str
    handler: str
    memory_mb: int
    code: Path
    layers: tuple[Path, ...]
    environment: Mapping[str, str]
    credentials_until: datetime
    python: Path
    log: Path
    scratch: Path


@dataclass(frozen=True, slots=True)
class Invocation:
    """One event on its way into a sandbox; `deadline` is in Unix seconds."""

    request_id: str
    payload: bytes
    deadline: float
    trace_id: str


@dataclass(frozen=True, slots=True)
class Result:
    """What the function answered: its value, or with `failed` an object with errorType, errorMessage and perhaps stackTrace."""

    payload: bytes
    failed: bool

    @classmethod
    def failure(cls, kind: str, message: str) -> "Result":
        """An error that the function did not report itself."""
        return cls(json.dumps({"errorType": kind, "errorMessage": message}).encode(), failed=True)


class Sandbox:
    """One process for one invocation after another."""

    def __init__(self, spec: SandboxSpec) -> None:
        self.spec = spec
        self.idle_since = time.monotonic()
        self.retired = False
        self._work: queue.Queue[Invocation | None] = queue.Queue()
        self._results: queue.Queue[Result] = queue.Queue()
        self._started = threading.Event()  # asked for work, or ended trying
        self._ended = threading.Event()
        self._cpu_seconds = 0.0
        self._cpu_settled = False
        self._out_of_memory = False
        spec.scratch.mkdir(parents=True, exist_ok=True)
        self._folder = Path(tempfile.mkdtemp(prefix=f"{spec.function_name}-", dir=spec.scratch))
        self._api = LoopbackServer(0, self._runtime_api())
        threading.Thread(target=self._api.serve_forever, args=(0.5,), daemon=True).start()
        self._log = spec.log.open("ab", buffering=0)
        self._process = SPAWNER.submit(self._spawn).result()
        threading.Thread(target=self._await_end, daemon=True).start()

    @property
    def pid(self) -> int:
        """Process id, also the id of its group."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return not self._ended.is_set()

    def usable_for(self, seconds: float) -> bool:
        """Whether an invocation of that length can be given to it: alive, with credentials that last."""
        return self.alive and self.spec.credentials_until.timestamp() > time.time() + seconds

    def cpu_seconds(self) -> float:
        """User and system time so far, of ended children too; of running children only while the sandbox lives."""
        if self._ended.is_set():
            return self._cpu_seconds
        total = 0.0
        with suppress(psutil.Error):
            sandbox = psutil.Process(self.pid)
            total += sum(sandbox.cpu_times()[:4])  # user, system, and both for children that were waited for
            total += sum(sum(child.cpu_times()[:4]) for child in sandbox.children(recursive=True))
        return max(total, self._cpu_seconds)

    def settle_cpu_seconds(self) -> float:
        """The final CPU time, once; 0 when asked again, so that it can be added to a total from several places."""
        if self._cpu_settled:
            return 0.0
        self._cpu_settled = True
        return self.cpu_seconds()

    def wait_started(self, until: float) -> Result | None:
        """Wait until the handler's module is imported; the failure if that did not work by `until` (Unix seconds)."""
        if not self._started.wait(max(0, until - time.time())):
            self.kill()
            return Result.failure("Sandbox.Timedout", f"{self.spec.function_name}: initialisation did not end in time")
        return None if self.alive else self._results.get()

    def invoke(self, invocation: Invocation) -> Result:
        """Hand over one event and wait for the answer; at the deadline the whole process group is killed."""
        began = time.monotonic()
        self._note(f"START RequestId: {invocation.request_id} Version: $LATEST")
        self._work.put(invocation)
        try:
            result = self._results.get(timeout=max(0.01, invocation.deadline - time.time()))
        except queue.Empty:
            self.kill()
            seconds = time.monotonic() - began
            result = Result.failure(
                "Sandbox.Timedout",
                f"RequestId: {invocation.request_id} Error: Task timed out after {seconds:.2f} seconds",
            )
        took, ending = (time.monotonic() - began) * 1000, " FAILED" if result.failed else ""
        self._note(f"END RequestId: {invocation.request_id} Duration: {took:.1f} ms{ending}")
        self.idle_since = time.monotonic()
        return result

    def enforce_memory(self) -> None:
        """Kill the sandbox if it holds more memory than the function has, as Lambda does. Called at short intervals."""
        if self.alive and resident_bytes(self.pid, above=self.spec.memory_mb << 20) > self.spec.memory_mb << 20:
            self._out_of_memory = True
            self.kill()

    def kill(self) -> None:
        """End the process and all it started. Repeating it does nothing."""
        self.retired = True
        if self.alive:  # afterwards the id may be somebody else's
            kill_group(self.pid)

    def wait_ended(self, seconds: float) -> None:
        """Wait, after `kill`, until the process is gone and its CPU time is known."""
        self._ended.wait(seconds)

    def _spawn(self) -> "subprocess.Popen[bytes]":
        spec, stream = self.spec, f"{time.strftime('%Y/%m/%d')}/[$LATEST]{uuid.uuid4().hex}"
        roots = [spec.code, *(layer / "python" for layer in spec.layers)]
        roots += [layer / "python/lib/python3.13/site-packages" for layer in spec.layers]
        environment = PLAIN_ENVIRONMENT | {
            "TZ": ":UTC",
            "HOME": str(self._folder),
            "TMPDIR": str(self._folder),
            "PYTHONPATH": os.pathsep.join(str(root) for root in roots if root.is_dir()),
            "PYTHONPYCACHEPREFIX": str(
                spec.scratch.parent / "bytecode"
            ),  # compiled once; staged folders stay as they are
            "LAMBDA_TASK_ROOT": str(spec.code),
            "_HANDLER": spec.handler,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._api.server_port}",
            "AWS_LAMBDA_LOG_STREAM_NAME": stream,
            **spec.environment,
        }
        limit = (spec.memory_mb << 20) + ADDRESS_SPACE_SLACK
        return subprocess.Popen(
            [str(spec.python), "-P", str(ENTRY), str(limit), str(os.getpid()), spec.handler],
            env=environment,
            cwd=spec.code,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _await_end(self) -> None:
        """Reap the process. `wait4` is the one call that also tells its CPU time; `Popen` must not reap it first."""
        _, status, usage = os.wait4(self._process.pid, 0)
        kill_group(self._process.pid)  # what it may have left behind in its group
        self._process.returncode = code = os.waitstatus_to_exitcode(status)
        self._cpu_seconds = usage.ru_utime + usage.ru_stime
        how = f"exit status {code}" if code >= 0 else f"signal: {signal.Signals(-code).name}"
        memory = f" (used more than its {self.spec.memory_mb} MB)" if self._out_of_memory else ""
        kind = "Runtime.OutOfMemory" if self._out_of_memory else "Runtime.ExitError"
        self._ended.set()
        self._results.put(Result.failure(kind, f"{self.spec.function_name}: Runtime exited with error: {how}{memory}"))
        self._started.set()
        self._work.put(None)
        self._api.shutdown()
        self._api.server_close()
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _note(self, line: str) -> None:
        with suppress(ValueError):  # the log is closed when the process is gone
            self._log.write(f"{line}\n".encode())

    def _runtime_api(self) -> type[JsonHandler]:
        sandbox = self

        class RuntimeApi(JsonHandler):
            def do_GET(self) -> None:  # noqa: N802  # /2018-06-01/runtime/invocation/next
                sandbox._started.set()
                if (invocation := sandbox._work.get()) is None:
                    self.close_connection = True
                    return
                self.reply(
                    200,
                    invocation.payload,
                    {
                        "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                        "Lambda-Runtime-Deadline-Ms": str(int(invocation.deadline * 1000)),
                        "Lambda-Runtime-Invoked-Function-Arn": sandbox.spec.function_arn,
                        "Lambda-Runtime-Trace-Id": invocation.trace_id,
                    },
                )

            def do_POST(self) -> None:  # noqa: N802  # …/invocation/<id>/response, …/invocation/<id>/error or …/init/error
                body = self.body()
                self.reply(202, {"status": "OK"})
                sandbox._results.put(Result(body, failed=self.path.endswith("/error")))

        return RuntimeApi
