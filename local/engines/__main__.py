"""Try the engines by hand: `python -m local.engines up|down|fetch`."""

import signal
import threading
import time
from pathlib import Path
from types import FrameType

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn
from rich.progress import Progress as ProgressBars

from local import engines as local_engines
from local.engines import EnginePorts

HOME = Path(".leanda", "engines")
app = typer.Typer(add_completion=False, help="Kafka, OpenSearch, document store and Valkey on this machine.")
console = Console()


@app.command()
def fetch(home: Path = HOME) -> None:
    """Download what is missing and start nothing."""
    _build(home, EnginePorts.free())


@app.command()
def up(home: Path = HOME) -> None:
    """Start all engines on free ports and keep them running until Ctrl-C."""
    ports = EnginePorts.free()
    engines = _build(home, ports)
    began = time.monotonic()
    local_engines.start_all(engines)
    console.print(f"up after {time.monotonic() - began:.1f} s")
    for name, url in {
        "kafka": local_engines.kafka_bootstrap(ports),
        "opensearch": local_engines.opensearch_url(ports),
        "document-store": local_engines.document_store_url(ports),
        "cache": local_engines.cache_url(ports),
    }.items():
        console.print(f"  {name:15} {url}   process {engines[name].pid}", highlight=False, soft_wrap=True)
    asked_to_stop = threading.Event()

    def ask(_signal: int, _frame: FrameType | None) -> None:
        asked_to_stop.set()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    ours = [engine for engine in engines.values() if engine.pid]
    while not asked_to_stop.wait(1):
        if ended := [engine.name for engine in ours if engine.pid is None]:
            console.print(f"ended: {', '.join(ended)}")
            break
    local_engines.stop_all(engines)


@app.command()
def down(home: Path = HOME) -> None:
    """Stop engines that still run under the home folder."""
    console.print("stopped: " + (", ".join(local_engines.stop_leftovers(home)) or "nothing was running"))


def _build(home: Path, ports: EnginePorts) -> dict[str, local_engines.Engine]:
    columns = (TextColumn("{task.description:15}"), BarColumn(), DownloadColumn())
    with ProgressBars(*columns, console=console) as bars:
        tasks = {name: bars.add_task(name, total=size) for name, size in local_engines.download_plan()}

        def show(name: str, done: int, _total: int) -> None:
            bars.update(tasks[name], completed=done)

        return local_engines.build_engines(home, ports, progress=show)


if __name__ == "__main__":
    app()
