"""The sandboxes of one function: settings and credentials, the line of waiting requests, counts."""

import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.cloud.assembly import StagedFunction
from local.cloud.aws import Aws
from local.cloud.sandbox import Invocation, Result, Sandbox, SandboxSpec

INIT_SECONDS = 30.0
CREDENTIALS_SECONDS = 3600
RENEW_BEFORE_SECONDS = 300


class Throttled(Exception):
    """All sandboxes of the function were busy until the request's deadline."""


class UnsupportedFunction(ValueError):
    """The function cannot be run here, because its runtime is not Python."""


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """What all pools of a host share. `max_sandboxes` is per function."""

    runtime_python: Path
    home: Path
    max_sandboxes: int = 2
    idle_seconds: float = 300

    def log_of(self, function: str) -> Path:
        """The file that collects a function's output."""
        return self.home / "functions" / f"{function}.log"


@dataclass(slots=True)
class Counts:
    """Totals since the host started."""

    invocations: int = 0
    errors: int = 0
    throttles: int = 0
    cold_starts: int = 0
    ended_cpu_seconds: float = 0.0


@dataclass(slots=True)
class _Deployed:
    """What the control plane says of the function now, and credentials of its role; renewed by `FunctionPool.reload`."""

    configuration: dict[str, Any]
    credentials: dict[str, Any] = field(default_factory=dict)


class FunctionPool:
    """Gives each request a sandbox: an idle one, a new one up to the cap, else the next that becomes free."""

    def __init__(
        self,
        function: StagedFunction,
        settings: PoolSettings,
        aws: Aws,
        *,
        start: Callable[[SandboxSpec], Sandbox] = Sandbox,
    ) -> None:
        self.counts = Counts()
        self._function = function
        self._settings = settings
        self._aws = aws
        self._start_sandbox = start
        self._deployed: _Deployed | None = None
        self._deployed_lock = threading.Lock()
        self._free = threading.Condition()
        self._idle: list[Sandbox] = []
        self._live: set[Sandbox] = set()
        self._starting = 0

    def invoke(self, request_id: str, payload: bytes, *, trace_id: str, deadline: float | None = None) -> Result:
        """Run one event.

        With a `deadline` (Unix seconds) everything must fit before it, the wait in line and a cold start included. Without,
        the function's timeout counts from the moment a sandbox has started, as it does on AWS.

        Raises:
            Throttled: no sandbox became free in time.
        """
        timeout = float(self._configuration()["Timeout"])
        with self._sandbox(time.time() + timeout if deadline is None else deadline, timeout) as sandbox:
            failure = sandbox.wait_started(time.time() + INIT_SECONDS if deadline is None else deadline)
            until = time.time() + timeout if deadline is None else deadline
            result = failure or sandbox.invoke(Invocation(request_id, payload, until, trace_id))
        with self._free:
            self.counts.invocations += 1
            self.counts.errors += result.failed
        return result

    def warm(self) -> float:
        """Start a sandbox if none is there; seconds it took.

        Raises:
            RuntimeError: it did not start, with the function's own error.
        """
        began = time.monotonic()
        with self._sandbox(time.time() + INIT_SECONDS, float(self._configuration()["Timeout"])) as sandbox:
            if failure := sandbox.wait_started(time.time() + INIT_SECONDS):
                raise RuntimeError(failure.payload.decode(errors="replace"))
        return time.monotonic() - began

    def reload(self, function: StagedFunction | None = None) -> None:
        """Forget settings, credentials and idle sandboxes; busy ones end after their request."""
        with self._deployed_lock:
            self._function = function or self._function
            self._deployed = None
        with self._free:
            retired, self._idle = self._idle, []
            for sandbox in self._live - set(retired):
                sandbox.retired = True
        self._end(retired)

    def reap(self) -> None:
        """End sandboxes that were idle too long. Called at intervals."""
        oldest = time.monotonic() - self._settings.idle_seconds
        with self._free:
            expired = [sandbox for sandbox in self._idle if sandbox.idle_since < oldest]
            self._idle = [sandbox for sandbox in self._idle if sandbox.idle_since >= oldest]
        self._end(expired)

    def enforce_memory(self) -> None:
        """Kill sandboxes over the function's memory. Called at short intervals; an idle sandbox cannot grow."""
        for sandbox in self._live - set(self._idle):
            sandbox.enforce_memory()

    def close(self) -> None:
        """End every sandbox."""
        self._end(list(self._live))

    def status(self) -> dict[str, Any]:
        """Counts for people and benchmarks; `cpuSeconds` sums ended and live sandboxes."""
        with self._free:
            live, idle = list(self._live), len(self._idle)
        cpu = self.counts.ended_cpu_seconds + sum(sandbox.cpu_seconds() for sandbox in live)
        return {
            "sandboxes": len(live),
            "idle": idle,
            "pids": sorted(sandbox.pid for sandbox in live),
            "invocations": self.counts.invocations,
            "errors": self.counts.errors,
            "throttles": self.counts.throttles,
            "coldStarts": self.counts.cold_starts,
            "cpuSeconds": round(cpu, 3),
        }

    @contextmanager
    def _sandbox(self, until: float, seconds: float) -> Iterator[Sandbox]:
        sandbox = self._take(until, seconds) or self._start()
        try:
            yield sandbox
        finally:
            self._give(sandbox)

    def _take(self, until: float, seconds: float) -> Sandbox | None:
        """An idle sandbox, or None as the right to start one."""
        unusable: list[Sandbox] = []
        try:
            with self._free:
                while True:
                    while self._idle:
                        sandbox = self._idle.pop()  # the newest, so that others grow old and are reaped
                        if sandbox.usable_for(seconds):
                            return sandbox
                        unusable.append(sandbox)
                        self._live.discard(sandbox)
                    if len(self._live) + self._starting < self._settings.max_sandboxes:
                        self._starting += 1
                        return None
                    if not self._free.wait(max(0, until - time.time())) and time.time() >= until:
                        self.counts.throttles += 1
                        raise Throttled(self._function.name)
        finally:
            self._end(unusable)

    def _start(self) -> Sandbox:
        sandbox = None
        try:
            sandbox = self._start_sandbox(self._spec())
            return sandbox
        finally:
            with self._free:
                self._starting -= 1
                if sandbox:
                    self._live.add(sandbox)
                    self.counts.cold_starts += 1
                self._free.notify()

    def _give(self, sandbox: Sandbox) -> None:
        if sandbox.alive and not sandbox.retired:
            with self._free:
                self._idle.append(sandbox)
                self._free.notify()
        else:
            self._end([sandbox])

    def _end(self, sandboxes: list[Sandbox]) -> None:
        for sandbox in sandboxes:
            sandbox.kill()
            sandbox.wait_ended(5)
            with self._free:
                self._live.discard(sandbox)
                self.counts.ended_cpu_seconds += sandbox.settle_cpu_seconds()
                self._free.notify()

    def _configuration(self) -> dict[str, Any]:
        return self._current().configuration

    def _current(self) -> _Deployed:
        """Asked on first use, because the host is up before the function is deployed."""
        with self._deployed_lock:
            if self._deployed is None:
                found = self._aws.client("lambda").get_function_configuration(FunctionName=self._function.name)
                if not found.get("Runtime", "python").startswith("python"):
                    raise UnsupportedFunction(
                        f"{self._function.name} has the runtime {found['Runtime']}; only Python runs here"
                    )
                self._deployed = _Deployed(found)
            expires = self._deployed.credentials.get("Expiration")
            if expires is None or expires.timestamp() < time.time() + RENEW_BEFORE_SECONDS:
                self._deployed.credentials = self._aws.client("sts").assume_role(
                    RoleArn=self._deployed.configuration["Role"],
                    RoleSessionName=self._function.name[:64],
                    DurationSeconds=CREDENTIALS_SECONDS,
                )["Credentials"]
            return self._deployed

    def _spec(self) -> SandboxSpec:
        current, function, endpoint = self._current(), self._function, self._aws.endpoint
        configuration, credentials = current.configuration, current.credentials
        environment = {
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{configuration['Runtime']}",
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configuration["MemorySize"]),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
            "AWS_REGION": endpoint.region,
            "AWS_DEFAULT_REGION": endpoint.region,
            "AWS_ENDPOINT_URL": endpoint.url,
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",  # or DiscoverInstances goes to the host data-127.0.0.1
            "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
            "AWS_SESSION_TOKEN": credentials["SessionToken"],
            **configuration.get("Environment", {}).get("Variables", {}),
        }
        unpacked = self._settings.home / "unpacked"
        log = self._settings.log_of(function.name)
        log.parent.mkdir(parents=True, exist_ok=True)
        return SandboxSpec(
            function_name=function.name,
            function_arn=configuration["FunctionArn"],
            handler=configuration["Handler"],
            memory_mb=configuration["MemorySize"],
            code=_code_folder(function, unpacked),
            layers=tuple(_folder(layer, unpacked) for layer in function.layers),
            environment=environment,
            credentials_until=credentials["Expiration"],
            python=self._settings.runtime_python,
            log=log,
            scratch=self._settings.home / "scratch",
        )


def warm_all(pools: list[FunctionPool], *, at_once: int = 2) -> list[float | Exception]:
    """Warm several pools, a few at a time: each start keeps one core busy."""

    def warm(pool: FunctionPool) -> float | Exception:
        try:
            return pool.warm()
        except Exception as error:  # reported per function by the caller
            return error

    with ThreadPoolExecutor(at_once) as workers:
        return list(workers.map(warm, pools))


def _code_folder(function: StagedFunction, unpacked: Path) -> Path:
    if function.code is not None:
        return _folder(function.code, unpacked)
    folder = unpacked / f"inline-{function.name}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.py").write_text(function.inline or "")
    return folder


def _folder(staged: Path, unpacked: Path) -> Path:
    """The staged folder itself, or an archive's contents; its name is a content hash, so it is unpacked once."""
    if staged.is_dir():
        return staged
    folder = unpacked / staged.stem
    if not folder.exists():
        with zipfile.ZipFile(staged) as archive:
            archive.extractall(folder.with_suffix(".partial"))
        folder.with_suffix(".partial").rename(folder)
    return folder
