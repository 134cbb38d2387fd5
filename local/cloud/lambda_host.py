"""Runs the functions of an assembly: the HTTP front that ministack, the Kafka poller and boto3 call.

    POST /                                             ministack's forwarding (X-Amzn-Lambda-* headers)
    POST /2015-03-31/functions/<name>/invocations      boto3 `lambda.invoke(endpoint_url=<host>)`, unsigned
    POST /warm {"functions": [...]}                    one started sandbox each -> {"<name>": seconds or error}
    POST /reload {"functions": [...]}                  after a deployment: assembly, settings and sandboxes anew, of all or of some
    GET  /                                             {"functions": {"<name>": {sandboxes, pids, cpuSeconds, ...}}}

The direct path returns the function's own error, which ministack cuts to 512 bytes inside another one.
"""

import json
import threading
import time
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.exceptions import ClientError

from local.cloud.assembly import read_assembly
from local.cloud.aws import Aws, CloudEndpoint
from local.cloud.custom_resources import report_failure
from local.cloud.function_pool import FunctionPool, PoolSettings, Throttled, UnsupportedFunction, warm_all
from local.cloud.http_server import JsonHandler, LoopbackServer
from local.cloud.sandbox import Result

FUNCTION_ERROR = "X-Amz-Function-Error"
PAYLOAD_LIMIT = 6 * 1024 * 1024
"""Largest synchronous request and response ("Lambda quotas" in the AWS Lambda developer guide)."""
ANSWER_BEFORE_DEADLINE = 0.05
"""ministack gives up exactly at the deadline it names, so its answer must leave earlier."""
MEMORY_LOOK_SECONDS = 0.2
REAP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class LambdaHostSettings:
    """Where the host listens, what it runs and for which cloud. `home` gets logs (`functions/<name>.log`) and scratch folders."""

    port: int
    assembly: Path
    endpoint: CloudEndpoint
    runtime_python: Path
    home: Path
    max_sandboxes: int = 2
    idle_seconds: float = 300

    @property
    def url(self) -> str:
        """What to give ministack, and boto3 as `endpoint_url`."""
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP reply of the front."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def failed(self) -> bool:
        """Whether the service or the function reports an error."""
        return self.status >= 400 or FUNCTION_ERROR in self.headers


def refusal(status: int, kind: str, message: str) -> Answer:
    """An error of the service itself, in the shape boto3 turns into a `ClientError`."""
    return Answer(status, {"errorType": kind, "errorMessage": message, "Message": message}, {"x-amzn-ErrorType": kind})


class LambdaHost:
    """The front and its pools. `start` returns at once; `stop` ends every sandbox."""

    def __init__(self, settings: LambdaHostSettings) -> None:
        self.settings = settings
        self._aws = Aws(settings.endpoint)
        self._pools: dict[str, FunctionPool] = {}
        self._stopping = threading.Event()
        self._pool_settings = PoolSettings(
            settings.runtime_python.absolute(), settings.home.absolute(), settings.max_sandboxes, settings.idle_seconds
        )
        self.reload()
        self._server = LoopbackServer(settings.port, _front(self))

    def start(self) -> None:
        """Serve in the background."""
        for work in (self._server.serve_forever, self._watch_memory, self._reap):
            threading.Thread(target=work, name=work.__name__, daemon=True).start()

    def stop(self) -> None:
        """Refuse new requests, then end all sandboxes."""
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        for pool in self._pools.values():
            pool.close()

    def invoke(
        self, name: str, payload: bytes, *, request_id: str, trace_id: str, deadline: float | None = None
    ) -> Answer:
        """Run one event and phrase the result as HTTP: 200 with the value, or with `X-Amz-Function-Error` and the error."""
        answer = self._run(name, payload, request_id, trace_id, deadline)
        if answer.failed:
            report_failure(payload, answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode())
        return answer

    def _run(self, name: str, payload: bytes, request_id: str, trace_id: str, deadline: float | None) -> Answer:
        if len(payload) > PAYLOAD_LIMIT:
            return refusal(413, "RequestTooLargeException", f"{len(payload)} bytes exceed the limit of {PAYLOAD_LIMIT}")
        if (pool := self._pools.get(name)) is None:
            return refusal(404, "ResourceNotFoundException", f"Function not found: {name}")
        try:
            result = pool.invoke(request_id, payload, trace_id=trace_id, deadline=deadline)
        except Throttled:
            return refusal(
                429, "TooManyRequestsException", f"all {self.settings.max_sandboxes} sandboxes of {name} stayed busy"
            )
        except UnsupportedFunction as error:
            return refusal(502, "InvalidRuntimeException", str(error))
        except ClientError as error:
            return refusal(502, error.response["Error"]["Code"], f"{name}: {error}")
        if len(result.payload) > PAYLOAD_LIMIT:
            result = Result.failure(
                "Function.ResponseSizeTooLarge",
                f"Response payload size exceeded maximum allowed payload size ({PAYLOAD_LIMIT} bytes).",
            )
        headers = {"x-amzn-RequestId": request_id, "X-Amz-Executed-Version": "$LATEST"}
        if result.failed:
            headers[FUNCTION_ERROR] = "Unhandled"
        return Answer(200, result.payload, headers)

    def invoke_later(self, name: str, payload: bytes, *, request_id: str, trace_id: str) -> Answer:
        """Accept an event and run it in the background, once; retries and destinations are ministack's business."""
        if name not in self._pools:
            return refusal(404, "ResourceNotFoundException", f"Function not found: {name}")
        threading.Thread(
            target=self.invoke,
            args=(name, payload),
            kwargs={"request_id": request_id, "trace_id": trace_id},
            daemon=True,
        ).start()
        return Answer(202, b"", {"x-amzn-RequestId": request_id})

    def warm(self, names: list[str]) -> dict[str, float | str]:
        """Start one sandbox for each function; seconds, or what went wrong."""
        known = {name: self._pools[name] for name in names if name in self._pools}
        took = dict(zip(known, warm_all(list(known.values())), strict=True))
        return {name: "no such function" for name in names if name not in known} | {
            name: round(result, 3) if isinstance(result, float) else str(result) for name, result in took.items()
        }

    def reload(self, only: Collection[str] | None = None) -> dict[str, list[str]]:
        """Read the assembly again and retire all sandboxes, or those of some functions; which functions are new or gone.

        Invocations of a new function arrive from ministack only after ministack's restart; the direct path works at once.
        """
        endpoint = self.settings.endpoint
        assembly = read_assembly(self.settings.assembly, region=endpoint.region, account=endpoint.account)
        staged = {function.name: function for function in assembly.functions}
        gone, new = self._pools.keys() - staged.keys(), staged.keys() - self._pools.keys()
        before, self._pools = (
            self._pools,
            {
                name: self._pools.get(name) or FunctionPool(function, self._pool_settings, self._aws)
                for name, function in staged.items()
            },
        )
        for name in staged.keys() - new if only is None else (staged.keys() - new).intersection(only):
            before[name].reload(staged[name])
        for name in gone:
            before[name].close()
        return {"added": sorted(new), "removed": sorted(gone)}

    def status(self) -> dict[str, Any]:
        """Counts per function."""
        return {"functions": {name: pool.status() for name, pool in self._pools.items()}}

    def _watch_memory(self) -> None:
        while not self._stopping.wait(MEMORY_LOOK_SECONDS):
            for pool in list(self._pools.values()):
                pool.enforce_memory()

    def _reap(self) -> None:
        while not self._stopping.wait(REAP_SECONDS):
            for pool in list(self._pools.values()):
                pool.reap()


def function_name(reference: str) -> str:
    """The bare name in a name, a partial or full ARN, each with or without a qualifier."""
    parts = unquote(reference).split(":")
    if "function" in parts:
        return parts[parts.index("function") + 1]
    return parts[0]


def _new_trace() -> str:
    return f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]};Parent={uuid.uuid4().hex[:16]};Sampled=0"


def _front(host: LambdaHost) -> type[JsonHandler]:
    class Front(JsonHandler):
        def do_GET(self) -> None:  # noqa: N802
            self.reply(200, host.status())

        def do_POST(self) -> None:  # noqa: N802
            body, path = self.body(), urlsplit(self.path).path
            answer = self._route(path)(body)
            self.reply(answer.status, answer.body, answer.headers)

        def _route(self, path: str) -> Callable[[bytes], Answer]:
            match path.strip("/").split("/"):
                case [""]:
                    return self._forwarded
                case [_, "functions", reference, "invocations"]:
                    return lambda body: self._direct(function_name(reference), body)
                case ["warm"]:
                    return lambda body: Answer(200, host.warm(json.loads(body)["functions"]), {})
                case ["reload"]:
                    return lambda body: Answer(200, host.reload(json.loads(body or b"{}").get("functions")), {})
            return lambda _: refusal(404, "UnknownOperationException", path)

        def _forwarded(self, body: bytes) -> Answer:
            """ministack takes any status but 2xx as the function's failure, and overlooks X-Amz-Function-Error."""
            answer = host.invoke(
                self.headers.get("X-Amzn-Lambda-Function-Name", ""),
                body,
                request_id=self.headers.get("X-Amzn-Lambda-Request-Id") or str(uuid.uuid4()),
                trace_id=self.headers.get("X-Amzn-Trace-Id") or _new_trace(),
                deadline=float(self.headers.get("X-Amzn-Lambda-Deadline-Ms", 0)) / 1000 - ANSWER_BEFORE_DEADLINE,
            )
            return Answer(500, answer.body, answer.headers) if FUNCTION_ERROR in answer.headers else answer

        def _direct(self, name: str, body: bytes) -> Answer:
            request_id, payload = str(uuid.uuid4()), body or b"{}"
            trace_id = self.headers.get("X-Amzn-Trace-Id") or _new_trace()
            match self.headers.get("X-Amz-Invocation-Type", "RequestResponse"):
                case "Event":
                    return host.invoke_later(name, payload, request_id=request_id, trace_id=trace_id)
                case "DryRun":
                    return Answer(204, b"", {})
            return host.invoke(name, payload, request_id=request_id, trace_id=trace_id)

    return Front
