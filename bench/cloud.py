"""A running cloud to measure: uploads, waiting, and the processor time of its parts."""

from __future__ import annotations

import json
import shutil
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

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
        self._client = httpx.Client(base_url=self.outputs["apiUrl"], timeout=60, headers=self._authorization())
        return self

    def __exit__(self, *_: object) -> None:
        stack.down(ROOT, options=OPTIONS)

    def upload(self, name: str, body: bytes) -> str:
        """Upload a file and return its id as soon as S3 has it."""
        answer = self._client.post("/files", json={"name": name, "size": len(body)}).raise_for_status().json()
        post = answer["upload"]
        httpx.post(post["url"], data=post["fields"], files={"file": body}, timeout=300).raise_for_status()
        return str(answer["id"])

    def wait(self, file_id: str, *, pause: float) -> dict[str, Any]:
        """The file once all of its records can be found.

        Raises:
            RuntimeError: it failed, or five minutes passed.
        """
        until = time.monotonic() + 300
        while time.monotonic() < until:
            shown: dict[str, Any] = self._client.get(f"/files/{file_id}").raise_for_status().json()
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

    def _authorization(self) -> dict[str, str]:
        credentials = {"USERNAME": self.outputs["demoUser"], "PASSWORD": self.outputs["demoPassword"]}
        body = {
            "AuthFlow": "USER_PASSWORD_AUTH",
            "ClientId": self.outputs["userPoolClientId"],
            "AuthParameters": credentials,
        }
        headers = {
            "X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth",
            "Content-Type": "application/x-amz-json-1.1",
        }
        reply = httpx.post(self.outputs["awsEndpointUrl"] + "/", headers=headers, content=json.dumps(body))
        return {"authorization": f"Bearer {reply.raise_for_status().json()['AuthenticationResult']['AccessToken']}"}


def _difference(now: dict[str, float], then: dict[str, float]) -> dict[str, float]:
    return {name: seconds - then.get(name, 0.0) for name, seconds in now.items()}
