"""Owns every process of a stack: starts them in order, says what it does, ends them together.

Run as `python -m local.stack.supervisor CHECKOUT OPTIONS`.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from local.cloud.assembly import Assembly, read_assembly
from local.cloud.aws import Aws
from local.cloud.cognito import PostConfirmationWatcher, UserPool, invoke_trigger
from local.cloud.deploy import Deployer
from local.cloud.lambda_host import LambdaHostSettings
from local.cloud.lambda_host_process import LambdaHostProcess
from local.cloud.ministack import Ministack, MinistackSettings
from local.engines import (
    EnginePorts,
    build_engines,
    cache_url,
    document_store_url,
    download_plan,
    free_ports,
    kafka_bootstrap,
    opensearch_url,
    start_all,
    stop_all,
)
from local.engines.ports import is_free
from local.poller.invoke import http_invoker
from local.stack.assembly import synthesized
from local.stack.layout import Layout, StackError
from local.stack.options import Options
from local.stack.parts import Control, EnginePart, Part
from local.stack.poller_process import PollerProcess, PollerSettings

DEMO_USER = "demo@leanda.example"
DEMO_PASSWORD = "Leanda-demo-2026"  # noqa: S105 - of a pool that exists on this machine only
OPERATOR_USER = "operator@leanda.example"
OPERATOR_PASSWORD = "Leanda-operator-2026"  # noqa: S105
OPERATORS = "operators"
PORTS = 10
"""Six of the engines, then AWS endpoints, Lambda host, poller, control."""
WARM = ("files-api", "blobs-internal-api", "blobs-on-s3-upload", "files-on-file-events", "search-api")


class Stack:
    """One running stack."""

    def __init__(self, root: Path, options: Options) -> None:
        self.root, self.options, self.layout = root, options, Layout.of(root, options)
        self._ends: list[tuple[str, Callable[[], Any]]] = []
        self._parts: dict[str, Part] = {}
        """What can be ended and started by itself."""
        self._others: dict[str, Callable[[], int | None]] = {}
        self._began = time.monotonic()

    def run(self) -> None:
        """Start, then stay until SIGTERM or SIGINT."""
        asked_to_stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: asked_to_stop.set())
        try:
            outputs = self.start()
            _write(self.layout.outputs_file, outputs)
            while not asked_to_stop.wait(2):
                self._write_status()
        finally:
            self.stop()

    def start(self) -> dict[str, Any]:
        missing = download_plan()
        if missing:
            self._say(f"Fetching {len(missing)} pinned parts, {sum(size for _, size in missing) / 1e6:.0f} MB …")
        ports, gateway, host_port, poller_port, control_port = self._ports()
        self._say("Starting Kafka, OpenSearch, the document store and Valkey …")
        with ThreadPoolExecutor(2) as pool:
            assembly_job = pool.submit(synthesized, self.root)
            engines = build_engines(self.layout.home / "engines", ports)
            self._ends.append(("engines", lambda: stop_all(engines)))
            self._parts |= {name: EnginePart(engine) for name, engine in engines.items()}
            start_all(engines)
            folder = assembly_job.result()
        self._say("Engines are up. Deploying the application …")
        parameters = {
            "KafkaBootstrap": kafka_bootstrap(ports),
            "DocumentStoreUrl": document_store_url(ports),
            "OpenSearchUrl": opensearch_url(ports),
            "CacheUrl": cache_url(ports),
            "GatewayUrl": f"http://127.0.0.1:{gateway}",
        }
        assembly = read_assembly(folder, parameters=parameters)
        cloud, host = self._cloud(assembly, gateway, host_port)
        outputs = self._deploy(assembly, cloud, parameters)
        host.reload()
        aws = Aws(cloud.endpoint)
        self._set_up(outputs["SetupFunctions"].split(","), host.url)
        user_pool = UserPool(aws, outputs["UserPoolId"], outputs["UserPoolClientId"])
        user_pool.create_user(DEMO_USER, DEMO_PASSWORD)
        user_pool.create_user(OPERATOR_USER, OPERATOR_PASSWORD)
        aws.client("cognito-idp").admin_add_user_to_group(
            UserPoolId=outputs["UserPoolId"], Username=OPERATOR_USER, GroupName=OPERATORS
        )
        watcher = PostConfirmationWatcher(user_pool, invoke_trigger(aws))
        watcher.start()
        self._ends.append(("sign-up watcher", watcher.stop))
        with ThreadPoolExecutor(1) as pool:
            warming = pool.submit(host.warm, [n for n in assembly.function_names if n.split("-", 2)[2] in WARM])
            self._poll(
                PollerSettings(
                    port=poller_port,
                    assembly=str(assembly.folder),
                    parameters=parameters,
                    aws_url=cloud.endpoint.url,
                    region=cloud.endpoint.region,
                    bootstrap=parameters["KafkaBootstrap"],
                    host_url=host.url,
                    home=str(self.layout.home / "poller"),
                    chaos_seed=self.options.chaos_seed,
                )
            )
            warming.result()
        control = Control(control_port, self._parts)
        control.start()
        self._ends.append(("control", control.stop))
        self._say(f"Ready after {time.monotonic() - self._began:.1f} s.")
        self._write_status()
        return {
            "environment": "local",
            "apiUrl": outputs["ApiUrl"].rstrip("/"),
            "region": cloud.endpoint.region,
            "awsEndpointUrl": cloud.endpoint.url,
            "userPoolId": outputs["UserPoolId"],
            "userPoolClientId": outputs["UserPoolClientId"],
            "inboxBucket": outputs["InboxBucket"],
            "kafkaBootstrap": parameters["KafkaBootstrap"],
            "documentStoreUrl": parameters["DocumentStoreUrl"],
            "openSearchUrl": parameters["OpenSearchUrl"],
            "demoUser": DEMO_USER,
            "demoPassword": DEMO_PASSWORD,
            "operatorUser": OPERATOR_USER,
            "operatorPassword": OPERATOR_PASSWORD,
            "lambdaHostUrl": host.url,
            "pollerUrl": f"http://127.0.0.1:{poller_port}",
            "controlUrl": f"http://127.0.0.1:{control_port}",
            "functions": list(assembly.function_names),
            "consumers": {found.group_id: list(found.topics) for found in assembly.kafka_mappings if found.group_id},
            "failuresBucket": outputs["FailuresBucket"],
        }

    def stop(self) -> None:
        """End everything, last started first; one part that will not end does not keep the others alive."""
        while self._ends:
            name, end = self._ends.pop()
            try:
                end()
            except Exception as error:
                print(f"{name} did not end cleanly: {error!r}", flush=True)
        self.layout.status_file.unlink(missing_ok=True)

    def _cloud(self, assembly: Assembly, gateway: int, host_port: int) -> tuple[Ministack, LambdaHostProcess]:
        venvs = self.root / ".leanda" / "venvs"
        host_settings = LambdaHostSettings(
            port=host_port,
            assembly=assembly.folder,
            endpoint=MinistackSettings(Path(), Path(), gateway, "").endpoint,
            runtime_python=venvs / "runtime" / "bin" / "python",
            home=self.layout.home / "host",
            max_sandboxes=self.options.max_sandboxes,
        )
        host = LambdaHostProcess(host_settings)
        cloud = Ministack(
            MinistackSettings(
                executable=venvs / "ministack" / "bin" / "ministack",
                home=self.layout.home / "aws",
                port=gateway,
                lambda_host_url=host.url,
                functions=assembly.function_names,
                persist=self.options.persist,
            )
        )
        cloud.start()
        self._ends.append(("aws", cloud.stop))
        host.start()
        self._ends.append(("lambda host", host.stop))
        self._parts["lambda-host"] = host
        self._others["aws-endpoints"] = lambda: cloud.pid
        return cloud, host

    def _deploy(self, assembly: Assembly, cloud: Ministack, parameters: dict[str, str]) -> dict[str, str]:
        outputs = Deployer(assembly, cloud.endpoint, parameters=parameters).deploy()
        return {key: value for stack in outputs.values() for key, value in stack.items()}

    def _set_up(self, functions: list[str], host_url: str) -> None:
        invoke = http_invoker(host_url)

        def set_up(name: str) -> None:
            result = invoke(name, b'{"RequestType": "Create"}')
            if result.function_error:
                raise StackError(f"{name} failed: {result.payload.decode(errors='replace')[:1500]}")

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(set_up, functions))

    def _poll(self, settings: PollerSettings) -> None:
        poller = PollerProcess(settings)
        poller.start()
        self._ends.append(("poller", poller.stop))
        self._parts["poller"] = poller

    def _ports(self) -> tuple[EnginePorts, int, int, int, int]:
        """The ports of the last start where they are free, so that addresses survive a restart."""
        try:
            known: list[int] = json.loads(self.layout.ports_file.read_text())
        except FileNotFoundError:
            known = []
        if len(known) != PORTS or not all(is_free(port) for port in known):
            known = free_ports(PORTS)
            _write(self.layout.ports_file, known)
        return EnginePorts(*known[:6]), known[6], known[7], known[8], known[9]

    def _write_status(self) -> None:
        rows = []
        pids = {name: part.pid for name, part in self._parts.items()}
        for name, found in (pids | {name: pid() for name, pid in self._others.items()}).items():
            rows.append({"name": name, "state": "running" if found else "stopped", "pid": found, "detail": ""})
        _write(self.layout.status_file, rows)

    def _say(self, text: str) -> None:
        with self.layout.progress_file.open("a") as file:
            file.write(text + "\n")
        print(text, flush=True)


def _write(file: Path, value: Any) -> None:
    """Whole or not at all: readers never see half a file."""
    unfinished = file.with_suffix(".tmp")
    unfinished.write_text(json.dumps(value, indent=1))
    unfinished.replace(file)


def main() -> int:
    root, options = Path(sys.argv[1]), Options.from_json(sys.argv[2])
    try:
        Stack(root, options).run()
    except StackError as error:
        print(error, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
