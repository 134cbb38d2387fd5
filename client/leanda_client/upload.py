"""Sending a file's bytes: one form for small files, resumable parts for large ones."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from leanda_client.errors import LeandaProblem
from leanda_client.storage import AddressExpired, Progress, Source, Storage
from leanda_client.transport import Api

PARALLEL_PARTS: Final = 4
ROUNDS_WITHOUT_PROGRESS: Final = 3


class Uploader:
    """Brings bytes to where an upload wants them."""

    def __init__(self, api: Api, storage: Storage) -> None:
        self._api, self._storage = api, storage

    def send(
        self, file_id: str, name: str, upload: dict[str, Any], source: Source, progress: Progress | None = None
    ) -> None:
        """Send to a fresh upload descriptor (`upload` of the answer to `POST /files`).

        Raises:
            LeandaProblem: Leanda or its storage refused, or the upload is over.
        """
        if upload["kind"] == "post":
            self._post(file_id, name, upload, source, progress)
        else:
            self._parts(file_id, source, progress)

    def resume(self, file_id: str, name: str, source: Source, progress: Progress | None = None) -> None:
        """Continue an upload that was begun earlier, perhaps by another process: only what is missing is sent.

        Raises:
            LeandaProblem: as `send`.
        """
        state = self._state(file_id)
        if state["state"] == "Stored":
            return
        if state["kind"] == "post":
            self._post(file_id, name, state["post"], source, progress)
        else:
            self._parts(file_id, source, progress)

    def _post(self, file_id: str, name: str, form: dict[str, Any], source: Source, progress: Progress | None) -> None:
        def sent(count: int) -> None:
            if progress:
                progress(count, source.size)

        try:
            self._storage.post(form["url"], form["fields"], source, name, sent)
        except AddressExpired:
            state = self._state(file_id)
            if state["state"] != "Stored":
                fresh = state["post"]
                self._storage.post(fresh["url"], fresh["fields"], source, name, sent)

    def _parts(self, file_id: str, source: Source, progress: Progress | None) -> None:
        """Ask what is missing, send it, until nothing is; then have the parts put together.

        What the storage says it has is the truth: a part whose answer got lost is not sent again.
        """
        etags: dict[int, str] = {}
        fruitless = 0
        while True:
            state = self._state(file_id)
            if state["state"] == "Stored":
                return
            known = len(etags)
            arrived = {part["number"]: part for part in state["uploaded"]}
            etags |= {number: part["etag"] for number, part in arrived.items()}
            missing = [part for part in state["parts"] if part["number"] not in arrived]
            counter = _Counter(sum(part["size"] for part in arrived.values()), source.size, progress)
            if not missing:
                break
            problem = self._send_parts(missing, state["partSize"], source, etags, counter)
            fruitless = 0 if len(etags) > known else fruitless + 1
            if problem and (fruitless >= ROUNDS_WITHOUT_PROGRESS or not isinstance(problem, AddressExpired)):
                raise problem
            if fruitless > ROUNDS_WITHOUT_PROGRESS:
                raise LeandaProblem(
                    "UPLOAD_INCOMPLETE", 409, "Parts were accepted, but the storage does not list them."
                )
        parts = [{"number": number, "etag": etag} for number, etag in sorted(etags.items())]
        self._api.send(
            "POST", f"/uploads/{file_id}/complete", body={"parts": parts}, headers={"idempotency-key": file_id}
        )

    def _send_parts(
        self, missing: list[dict[str, Any]], size: int, source: Source, etags: dict[int, str], counter: _Counter
    ) -> LeandaProblem | None:
        """Send parts four at a time. The first problem stops those that have not begun, and is returned."""
        stop = threading.Event()

        def send(part: dict[str, Any]) -> LeandaProblem | None:
            if stop.is_set():
                return None
            number = int(part["number"])
            data = source.part((number - 1) * size, size)
            try:
                etags[number] = self._storage.put(part["url"], data)
            except LeandaProblem as problem:
                stop.set()
                return problem
            counter.add(len(data))
            return None

        with ThreadPoolExecutor(PARALLEL_PARTS, thread_name_prefix="leanda-part") as pool:
            problems = [problem for problem in pool.map(send, missing) if problem]
        return problems[0] if problems else None

    def _state(self, file_id: str) -> dict[str, Any]:
        state: dict[str, Any] = self._api.json("GET", f"/uploads/{file_id}")
        if state["state"] in {"Rejected", "Expired"}:
            failure = state.get("failure") or {}
            code = failure.get("code", f"UPLOAD_{state['state'].upper()}")
            message = failure.get("message", f"The upload is over: {state['state'].lower()}. Announce the file again.")
            raise LeandaProblem(code, 409, message)
        return state


class _Counter:
    """Bytes that have arrived, summed over threads."""

    def __init__(self, done: int, total: int, progress: Progress | None) -> None:
        self._done, self._total, self._progress = done, total, progress
        self._lock = threading.Lock()
        self.add(0)

    def add(self, count: int) -> None:
        with self._lock:
            self._done += count
            if self._progress:
                self._progress(self._done, self._total)
