"""Stands between the indexers and the real index, and does not hand on some of the items of a bulk."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from local.cloud.http_server import JsonHandler, LoopbackServer
from tests.cloud import Cloud
from tests.faults.running.parts import with_environment

INDEXERS = ("search-on-file-events", "search-on-record-events")
REFUSAL = {"type": "rejected_execution_exception", "reason": "planted: the queue is full"}


class IndexProxy:
    """Forwards everything; of bulk items it refuses a share with 429, as an index does whose queue is full.

    Attributes:
        share: of the items, between 0 and 1; it may be changed at any time.
        items: bulk items that were asked for so far, refused ones included.
    """

    def __init__(self, target: str, seed: int) -> None:
        self.share, self.items = 0.0, 0
        self._dice, self._lock = random.Random(seed), threading.Lock()
        self._index = httpx.Client(base_url=target, timeout=60, trust_env=False)
        self._server = LoopbackServer(0, _front(self))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._index.close()

    def forward(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        """The status and body that the caller gets; 503 while there is no index."""
        try:
            if path.startswith("/_bulk"):
                return self._bulk(path, body)
            answer = self._ask(method, path, body)
            return answer.status_code, answer.content
        except httpx.HTTPError as error:
            return 503, json.dumps({"error": {"type": "proxy", "reason": repr(error)}}).encode()

    def _bulk(self, path: str, body: bytes) -> tuple[int, bytes]:
        lines = body.splitlines(keepends=True)
        pairs = list(zip(lines[::2], lines[1::2], strict=True))
        with self._lock:
            self.items += len(pairs)
            taken = [self._dice.random() >= self.share for _ in pairs]
        items: Iterator[dict[str, Any]] = iter(())
        if any(taken):
            sent = b"".join(action + source for (action, source), good in zip(pairs, taken, strict=True) if good)
            answer = self._ask("POST", path, sent)
            if answer.status_code >= 300 or all(taken):
                return answer.status_code, answer.content
            items = iter(answer.json()["items"])
        refused = {"index": {"status": 429, "error": REFUSAL}}
        merged = [next(items) if good else refused for good in taken]
        return 200, json.dumps({"errors": True, "items": merged}).encode()

    def _ask(self, method: str, path: str, body: bytes) -> httpx.Response:
        kind = "application/x-ndjson" if path.startswith("/_bulk") else "application/json"
        return self._index.request(method, path, content=body, headers={"content-type": kind})


@contextmanager
def index_behind_proxy(cloud: Cloud) -> Iterator[IndexProxy]:
    """Within the block the indexers reach the index through a proxy."""
    proxy = IndexProxy(cloud.outputs["openSearchUrl"], cloud.seed)
    try:
        with with_environment(cloud, {name: {"OPENSEARCH_URL": proxy.url} for name in INDEXERS}):
            yield proxy
    finally:
        proxy.close()


def _front(proxy: IndexProxy) -> type[JsonHandler]:
    class Front(JsonHandler):
        def _any(self) -> None:
            status, content = proxy.forward(self.command, self.path, self.body())
            self.reply(status, b"" if self.command == "HEAD" else content)

        do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _any  # noqa: N815

    return Front
