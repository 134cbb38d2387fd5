"""How requests share the sandboxes of a function, with sandboxes that do nothing."""

import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from local.cloud.assembly import StagedFunction
from local.cloud.aws import Aws, CloudEndpoint
from local.cloud.function_pool import FunctionPool, PoolSettings, Throttled, UnsupportedFunction
from local.cloud.sandbox import Invocation, Result, Sandbox, SandboxSpec

HERE = Path(__file__).parent
FUNCTION = StagedFunction("hello", "app.handler", "python3.13", HERE, (), "Stack", "Hello")


class ControlPlane:
    """The two calls a pool makes; `configuration` may be changed, as a redeployment does."""

    endpoint = CloudEndpoint("http://127.0.0.1:1")

    def __init__(self) -> None:
        self.configuration: dict[str, Any] = {
            "FunctionArn": "arn",
            "Handler": "app.handler",
            "MemorySize": 128,
            "Role": "arn:role",
            "Runtime": "python3.13",
            "Timeout": 5,
            "Environment": {"Variables": {"COLOUR": "red"}},
        }
        self.lifetime = timedelta(hours=1)

    def client(self, service: str) -> Any:
        return self

    def get_function_configuration(self, **_: Any) -> dict[str, Any]:
        return dict(self.configuration)

    def assume_role(self, **_: Any) -> dict[str, Any]:
        keys = {"AccessKeyId": "ASIA1", "SecretAccessKey": "s", "SessionToken": "t"}
        return {"Credentials": keys | {"Expiration": datetime.now(UTC) + self.lifetime}}


class IdleProcess:
    """A sandbox without a process: answers when `gate` is open, costs one second of CPU."""

    pids = itertools.count(1)

    def __init__(self, spec: SandboxSpec, gate: threading.Event) -> None:
        self.spec, self.gate, self.pid = spec, gate, next(self.pids)
        self.alive, self.retired, self.settled = True, False, False
        self.idle_since = time.monotonic()

    def usable_for(self, seconds: float) -> bool:
        return self.alive and self.spec.credentials_until.timestamp() > time.time() + seconds

    def wait_started(self, until: float) -> Result | None:
        return None

    def invoke(self, invocation: Invocation) -> Result:
        assert self.gate.wait(5)
        return Result(str(self.pid).encode(), failed=invocation.payload == b"fail")

    def kill(self) -> None:
        self.alive, self.retired = False, True

    def wait_ended(self, seconds: float) -> None: ...

    def cpu_seconds(self) -> float:
        return 1.0

    def settle_cpu_seconds(self) -> float:
        first, self.settled = not self.settled, True
        return float(first)


class Lab:
    def __init__(self, home: Path, **settings: Any) -> None:
        self.gate, self.plane, self.started = threading.Event(), ControlPlane(), list[IdleProcess]()
        self.gate.set()
        pool_settings = PoolSettings(Path("python"), home, **settings)
        self.pool = FunctionPool(FUNCTION, pool_settings, cast("Aws", self.plane), start=self.start)

    def start(self, spec: SandboxSpec) -> Sandbox:
        self.started.append(IdleProcess(spec, self.gate))
        return cast("Sandbox", self.started[-1])

    def invoke(self, payload: bytes = b"{}", within: float | None = None) -> bytes:
        deadline = None if within is None else time.time() + within
        return self.pool.invoke("id", payload, trace_id="trace", deadline=deadline).payload


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.001)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def test_one_request_after_another_uses_one_sandbox(lab: Lab) -> None:
    assert lab.invoke() == lab.invoke()
    assert lab.pool.status()["coldStarts"] == 1


def test_requests_beyond_the_cap_wait_for_a_sandbox(lab: Lab) -> None:
    lab.gate.clear()
    with ThreadPoolExecutor(5) as clients:
        answers = [clients.submit(lab.invoke) for _ in range(5)]
        lab.gate.set()
        assert len({answer.result() for answer in answers}) <= 2
    assert lab.pool.status()["sandboxes"] <= 2


def test_a_request_that_waits_past_its_deadline_is_throttled(tmp_path: Path) -> None:
    lab = Lab(tmp_path, max_sandboxes=1)
    lab.gate.clear()
    with ThreadPoolExecutor(1) as clients:
        first = clients.submit(lab.invoke)
        until(lambda: bool(lab.started))
        with pytest.raises(Throttled):
            lab.invoke(within=0.05)
        lab.gate.set()
        first.result()
    assert lab.pool.status()["throttles"] == 1


def test_a_reload_retires_idle_sandboxes_at_once_and_busy_ones_after_their_request(lab: Lab) -> None:
    idle = lab.invoke()
    lab.gate.clear()
    with ThreadPoolExecutor(1) as clients:
        busy = clients.submit(lab.invoke)
        until(lambda: lab.pool.status()["idle"] == 0)
        lab.plane.configuration["Environment"] = {"Variables": {"COLOUR": "blue"}}
        lab.pool.reload()
        assert lab.started[0].alive
        lab.gate.set()
        assert busy.result() == idle
    assert not lab.started[0].alive
    lab.invoke()
    assert lab.started[1].spec.environment["COLOUR"] == "blue"
    assert lab.pool.status()["cpuSeconds"] == 2.0


def test_sandboxes_are_reaped_when_idle_and_replaced_when_dead(tmp_path: Path) -> None:
    lab = Lab(tmp_path, idle_seconds=0)
    lab.invoke()
    lab.started[0].alive = False
    lab.invoke()
    assert len(lab.started) == 2
    lab.started[1].idle_since -= 1
    lab.pool.reap()
    assert lab.pool.status()["sandboxes"] == 0
    assert lab.pool.status()["cpuSeconds"] == 2.0


def test_a_sandbox_whose_credentials_end_too_soon_gets_no_work(lab: Lab) -> None:
    lab.plane.lifetime = timedelta(seconds=3)  # the function may take 5
    lab.invoke()
    lab.plane.lifetime = timedelta(hours=1)
    lab.invoke()
    assert len(lab.started) == 2


def test_failures_are_counted_and_leave_the_sandbox_in_use(lab: Lab) -> None:
    lab.invoke(b"fail")
    lab.invoke()
    status = lab.pool.status()
    assert (status["invocations"], status["errors"], status["coldStarts"]) == (2, 1, 1)


def test_a_sandbox_that_cannot_start_gives_its_place_back(tmp_path: Path) -> None:
    lab = Lab(tmp_path, max_sandboxes=1)
    working = lab.start

    def broken(spec: SandboxSpec) -> Sandbox:
        raise OSError("no such interpreter")

    lab.pool._start_sandbox = broken
    with pytest.raises(OSError, match="no such interpreter"):
        lab.invoke()
    lab.pool._start_sandbox = working
    assert lab.invoke(within=1)


def test_other_runtimes_than_python_are_refused(lab: Lab) -> None:
    lab.plane.configuration["Runtime"] = "nodejs22.x"
    with pytest.raises(UnsupportedFunction, match="nodejs22"):
        lab.invoke()
