"""Calls a function over the Lambda Invoke API."""

import http.client
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

READ_TIMEOUT_SECONDS = 910.0
"""A function may run for 900 seconds."""

_CLOSED_BY_PEER = (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError)


class EndpointUnavailable(Exception):
    """The invocation was not answered; transient, the same batch is sent again without counting a retry."""


@dataclass(frozen=True)
class InvokeResult:
    """What the Invoke API answered; `function_error` is its `X-Amz-Function-Error` header."""

    ok: bool
    payload: bytes = b""
    function_error: str | None = None
    status: int = 200
    executed_version: str = "$LATEST"
    request_id: str = ""

    @property
    def was_invoked(self) -> bool:
        """False for throttling and errors of the service: the function has not seen the batch."""
        return self.ok or self.function_error is not None


class _Owner:
    """Lives as long as a thread uses its connection."""


Invoke = Callable[[str, bytes], InvokeResult]


def http_invoker(endpoint_url: str, *, timeout: float = READ_TIMEOUT_SECONDS) -> Invoke:
    """An invoker with one keep-alive connection per thread.

    A connection that the server closed between two calls is opened anew at once, the function may then see the event
    twice; delivery is at-least-once anyway.

    Raises:
        EndpointUnavailable: from the invoker, when there is no answer.
    """
    parts = urlsplit(endpoint_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"not an HTTP endpoint: {endpoint_url}")
    host, port, prefix = parts.hostname, parts.port, parts.path.rstrip("/")
    connection_type = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    local = threading.local()

    def connection() -> tuple[http.client.HTTPConnection, bool]:
        kept: http.client.HTTPConnection | None = getattr(local, "connection", None)
        if kept is not None:
            return kept, True
        local.connection = opened = connection_type(host, port, timeout=timeout)
        # The thread's end takes the thread's values with it; the socket is closed then, not when it is collected.
        local.owner = owner = _Owner()
        weakref.finalize(owner, opened.close)
        return opened, False

    def forget() -> None:
        del local.connection, local.owner

    def invoke(function_name: str, payload: bytes) -> InvokeResult:
        path = f"{prefix}/2015-03-31/functions/{quote(function_name, safe='')}/invocations"
        while True:
            link, reused = connection()
            try:
                link.request("POST", path, payload, {"Content-Type": "application/json"})
                answer = link.getresponse()
                body = answer.read()
            except (OSError, http.client.HTTPException) as error:
                forget()
                if reused and isinstance(error, _CLOSED_BY_PEER):
                    continue
                raise EndpointUnavailable(f"{function_name}: {error!r}") from error
            function_error = answer.getheader("X-Amz-Function-Error")
            return InvokeResult(
                ok=200 <= answer.status < 300 and function_error is None,
                payload=body,
                function_error=function_error,
                status=answer.status,
                executed_version=answer.getheader("X-Amz-Executed-Version") or "$LATEST",
                request_id=answer.getheader("x-amzn-RequestId") or "",
            )

    return invoke
