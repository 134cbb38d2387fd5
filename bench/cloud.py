"""A running cloud to measure: uploads, waiting, and the processor time of its parts."""

from __future__ import annotations

import json
import shutil
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from leanda_client import CognitoTokens, File, LeandaClient
from local import stack

ROOT = Path(__file__).resolve().parents[1]
OPTIONS = stack.Options(home=".leanda/bench", persist=False)


@dataclass(frozen=True)
class Usage:
    """Processor seconds so far: all functions together, each function, and each engine."""

    functions: dict[str, float]
    engines: dict[str, float]

    def since(self, earlier: Usage) -> Usage:
        return Usage(_difference(self.functions, earlier.functions), _difference(self.engines, earlier.engines))


class Cloud:
    """Starts a cloud of its own; use as a context manager."""

    def __enter__(self) -> Cloud:
        stack.down(ROOT, options=OPTIONS)
        # Files of an earlier run would count, though the AWS endpoints have forgotten their objects.
        shutil.rmtree(ROOT / OPTIONS.home, ignore_errors=True)
        self.outputs = stack.up(ROOT, options=OPTIONS)
        self.started = time.monotonic()
        names = ("awsEndpointUrl", "userPoolClientId", "demoUser", "demoPassword")
        tokens = CognitoTokens(*(self.outputs[name] for name in names))
        self._client = LeandaClient(self.outputs["apiUrl"], tokens)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()
        stack.down(ROOT, options=OPTIONS)

    def upload(self, name: str, body: bytes) -> str:
        """Upload a file and return its id as soon as S3 has it."""
        return self._client.upload(body, name=name)["id"]

    def wait(self, file_id: str, *, pause: float) -> File:
        """The file once all of its records can be found.

        Raises:
            RuntimeError: it failed, or five minutes passed.
        """
        until = time.monotonic() + 300
        while time.monotonic() < until:
            shown = self._client.file(file_id)
            if shown["status"].startswith("Processed") and shown["indexedRecords"] >= shown["parsedRecords"]:
                return shown
            if shown["status"] == "Failed":
                raise RuntimeError(f"the file failed: {shown['failure']}")
            time.sleep(pause)
        raise RuntimeError("the file was not searchable within five minutes")

    @property
    def open_search(self) -> str:
        """The index' own address."""
        return str(self.outputs["openSearchUrl"])

    def invoke(self, function: str, event: dict[str, Any]) -> dict[str, Any]:
        """A function's answer.

        Raises:
            RuntimeError: it failed.
        """
        succeeded, answer = stack.invoke(ROOT, function, json.dumps(event).encode(), options=OPTIONS)
        told: dict[str, Any] = json.loads(answer)
        if not succeeded:
            raise RuntimeError(f"{function}: {told}")
        return told

    def usage(self) -> Usage:
        with urllib.request.urlopen(self.outputs["lambdaHostUrl"] + "/") as reply:
            status = json.load(reply)
        found = status.get("functions", status)
        functions = {name: float(row["cpuSeconds"]) for name, row in found.items() if isinstance(row, dict)}
        engines = {
            row["name"]: sum(psutil.Process(row["pid"]).cpu_times()[:2])
            for row in stack.status(ROOT, options=OPTIONS)
            if row["pid"] and row["name"] in {"kafka", "opensearch", "document-store"}
        }
        return Usage(functions, engines)


def _difference(now: dict[str, float], then: dict[str, float]) -> dict[str, float]:
    return {name: seconds - then.get(name, 0.0) for name, seconds in now.items()}
