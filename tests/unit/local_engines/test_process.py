"""Engines as processes, shown with a server that is only a few lines of Python."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from local.engines import EngineFailed, free_port, process, start_all, stop_all, stop_leftovers
from local.engines.external import ExternalEngine
from local.engines.ports import accepts
from local.engines.process import ProcessEngine, running_pid, tail

LISTEN = """
import os, signal, socket, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("environment", sorted(os.environ), flush=True)
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    server.accept()[0].close()
"""
FAIL = "import sys; print('the disk is full', flush=True); sys.exit(3)"


class Toy(ProcessEngine):
    def __init__(self, home: Path, port: int, program: str = LISTEN, name: str = "toy") -> None:
        super().__init__(name, home, (port,))
        self.program = program
        self.events: list[str] = []

    def prepare(self) -> None:
        self.events.append("prepared")

    def command(self) -> list[str]:
        return [sys.executable, "-c", self.program, str(self.ports[0])]

    def answers(self) -> bool:
        return True

    def after_stop(self) -> None:
        self.events.append("stopped cleanly")


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[Toy]:
    engine = Toy(tmp_path, free_port())
    yield engine
    engine.kill()


def eventually(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_a_started_engine_answers_until_it_is_stopped(toy: Toy) -> None:
    toy.start()
    toy.wait_ready(10)
    assert toy.pid is not None
    assert running_pid(toy.home) == toy.pid
    toy.start()  # changes nothing
    toy.stop()
    toy.stop()
    assert toy.pid is None
    assert not accepts(toy.ports[0])
    assert toy.events == ["prepared", "stopped cleanly"]


def test_a_killed_engine_starts_again_on_the_same_port(toy: Toy) -> None:
    for _ in range(2):
        toy.start()
        toy.wait_ready(10)
        toy.kill()
    assert "stopped cleanly" not in toy.events


def test_an_engine_sees_nothing_of_the_callers_environment(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not for engines")
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Dnot=for.engines")
    toy.start()
    toy.wait_ready(10)
    (line,) = [line for line in tail(toy.log).splitlines() if line.startswith("environment")]
    assert "HOME" in line
    assert "AWS" not in line
    assert "JAVA" not in line


def test_a_taken_port_is_named_before_anything_is_started(toy: Toy) -> None:
    with (
        socket.create_server(("127.0.0.1", toy.ports[0])),
        pytest.raises(EngineFailed, match=f"port {toy.ports[0]} is taken"),
    ):
        toy.start()
    assert toy.events == []


def test_an_engine_that_dies_is_reported_with_the_end_of_its_log_and_the_others_are_stopped(
    toy: Toy, tmp_path: Path
) -> None:
    broken = Toy(tmp_path, free_port(), FAIL, name="broken")
    with pytest.raises(EngineFailed, match="exited with code 3") as failure:
        start_all({"toy": toy, "broken": broken})
    assert "the disk is full" in str(failure.value)
    assert toy.pid is None


def test_one_failure_does_not_wait_for_an_engine_that_never_answers(tmp_path: Path) -> None:
    silent = Toy(tmp_path, free_port(), "import time; time.sleep(600)", name="silent")
    broken = Toy(tmp_path, free_port(), FAIL, name="broken")
    began = time.monotonic()
    with pytest.raises(EngineFailed, match="broken"):
        start_all({"silent": silent, "broken": broken}, timeout=300)
    assert time.monotonic() - began < 100
    assert silent.pid is None


def test_an_engine_that_never_answers_is_given_up(tmp_path: Path) -> None:
    silent = Toy(tmp_path, free_port(), "import time; time.sleep(600)")
    with pytest.raises(EngineFailed, match="did not answer within 1 s"):
        start_all({"toy": silent}, timeout=1)


def test_two_copies_never_share_a_folder(toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "VANISH_SECONDS", 0.2)
    toy.start()
    toy.wait_ready(10)
    with pytest.raises(EngineFailed, match="already running"):
        Toy(tmp_path, free_port()).start()


def test_leftovers_are_found_and_stopped_from_another_process(toy: Toy, tmp_path: Path) -> None:
    toy.start()
    toy.wait_ready(10)
    began = time.monotonic()
    assert stop_leftovers(tmp_path) == ["toy"]
    assert time.monotonic() - began < process.STOP_SECONDS / 2, (
        "an ended process whose parent has not looked counts as gone"
    )
    assert toy.pid is None
    toy.stop()
    assert toy.events[-1] == "stopped cleanly"
    assert stop_leftovers(tmp_path) == []


def test_a_pid_that_now_belongs_to_another_program_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "pid").write_text(str(os.getpid()))
    assert running_pid(tmp_path / "toy") is None
    assert stop_leftovers(tmp_path) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_an_engine_dies_with_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    here, port = Path(__file__), free_port()
    program = (
        "import importlib.util, pathlib, threading, time\n"
        f"spec = importlib.util.spec_from_file_location('toys', {str(here)!r})\n"
        "toys = importlib.util.module_from_spec(spec); spec.loader.exec_module(toys)\n"
        f"engine = toys.Toy(pathlib.Path({str(tmp_path)!r}), {port})\n"
        # A thread that ends must not take the engine with it.
        "def start(): engine.start(); engine.wait_ready(20)\n"
        "starter = threading.Thread(target=start); starter.start(); starter.join()\n"
        "time.sleep(0.3); engine.wait_ready(1)\n"
        "print(engine.pid, flush=True); time.sleep(600)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment
    ) as parent:
        assert parent.stdout is not None
        engine = int(parent.stdout.readline())
        assert psutil.pid_exists(engine)
        parent.send_signal(signal.SIGKILL)
    eventually(lambda: not accepts(port))
    eventually(lambda: running_pid(tmp_path / "toy") is None)


def test_a_server_of_somebody_else_is_asked_and_never_touched(tmp_path: Path) -> None:
    asked: list[str] = []

    def answers(address: str) -> bool:
        asked.append(address)
        return len(asked) > 1

    engine = ExternalEngine("kafka", tmp_path, "LEANDA_KAFKA_BOOTSTRAP", "broker.example:9092", answers)
    start_all({"kafka": engine})
    assert asked == ["broker.example:9092"] * 3
    stop_all({"kafka": engine})
    engine.kill()
    assert engine.pid is None


def test_a_server_that_does_not_answer_is_named_by_its_variable_and_not_by_its_address(tmp_path: Path) -> None:
    url = "mongodb://user:secret@db.example"
    engine = ExternalEngine("document-store", tmp_path, "LEANDA_DOCUMENT_STORE_URL", url, lambda _: False)
    with pytest.raises(EngineFailed, match="LEANDA_DOCUMENT_STORE_URL") as failure:
        engine.wait_ready(0.1)
    assert "secret" not in str(failure.value)


def test_a_log_that_grew_large_makes_room(toy: Toy) -> None:
    toy.home.mkdir()
    with toy.log.open("wb") as log:
        log.truncate(17 * 1024 * 1024)
    toy.start()
    toy.wait_ready(10)
    assert toy.log.stat().st_size < 1024 * 1024
