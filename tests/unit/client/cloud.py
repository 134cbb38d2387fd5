"""A Leanda in memory behind httpx's mock transport: API, object storage and Cognito, with faults on demand."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx

API = "https://leanda.test/api/v1"
S3 = "https://originals.test"
COGNITO = "https://cognito.test"

type Fault = Callable[[httpx.Request], httpx.Response | None]


class CloudInMemory:
    """What is uploaded is a record for each line; a file whose name starts with `bad` fails."""

    def __init__(self, *, post_limit: int = 1000, part_size: int = 10, valid_token: str = "good") -> None:
        self.post_limit, self.part_size, self.valid_token = post_limit, part_size, valid_token
        self.files: dict[str, dict[str, Any]] = {}
        self.deleted: dict[str, dict[str, Any]] = {}
        self.folders: dict[str, dict[str, Any]] = {}
        self.parts: dict[str, dict[int, bytes]] = {}
        self.stored: dict[str, bytes] = {}
        self.keys: dict[str, str] = {}
        self.profiles = {"me": {"id": "root", "displayName": "Ada", "version": 1}}
        self.faults: list[Fault] = []
        self.requests: list[httpx.Request] = []
        self.page = 2
        self._lock = threading.Lock()

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def fail(self, times: int, response: Callable[[], httpx.Response], *, method: str = "", path: str = "") -> None:
        """The next `times` requests that match get this answer."""
        left = [times]

        def fault(request: httpx.Request) -> httpx.Response | None:
            if left[0] and (not method or request.method == method) and path in str(request.url):
                left[0] -= 1
                return response()
            return None

        self.faults.append(fault)

    def count(self, method: str, part: str) -> int:
        return sum(request.method == method and part in str(request.url) for request in self.requests)

    def sent_parts(self) -> Counter[int]:
        numbers = (re.search(r"part=(\d+)", str(request.url)) for request in self.requests if request.method == "PUT")
        return Counter(int(found[1]) for found in numbers if found)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        request.read()
        with self._lock:
            self.requests.append(request)
            for fault in self.faults:
                if (answer := fault(request)) is not None:
                    return answer
            url = str(request.url)
            if url.startswith(S3):
                return self._storage(request)
            if url.startswith(COGNITO):
                return self._cognito(request)
            if request.headers.get("authorization") != f"Bearer {self.valid_token}":
                return httpx.Response(401, json={"message": "Unauthorized"})
            return self._route(request.method, request.url.path.removeprefix("/api/v1"), request)

    def _cognito(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        if body["AuthFlow"] == "USER_PASSWORD_AUTH" and body["AuthParameters"]["PASSWORD"] != "secret":
            return httpx.Response(
                400, json={"__type": "NotAuthorizedException", "message": "Incorrect username or password."}
            )
        result = {"AccessToken": self.valid_token, "ExpiresIn": 3600}
        if body["AuthFlow"] == "USER_PASSWORD_AUTH":
            result["RefreshToken"] = "refresh"
        return httpx.Response(200, json={"AuthenticationResult": result})

    def _storage(self, request: httpx.Request) -> httpx.Response:
        file_id = request.url.path.strip("/")
        if request.headers.get("authorization"):
            return httpx.Response(
                400, text="<Error><Code>InvalidRequest</Code><Message>two ways to sign</Message></Error>"
            )
        if request.method == "PUT":
            self.parts[file_id][int(request.url.params["part"])] = request.content
            return httpx.Response(200, headers={"etag": _etag(request.content)})
        if request.method == "POST":
            boundary = request.headers["content-type"].partition("boundary=")[2].encode()
            *fields, last = request.content.split(b"--" + boundary)[1:-1]
            assert b'name="key"' in fields[0]
            assert b'name="file"' in last
            self._store(file_id, last.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n"))
            return httpx.Response(204)
        return httpx.Response(200, content=self.stored[file_id])

    def _store(self, file_id: str, content: bytes) -> None:
        file = self.files[file_id]
        assert len(content) == file["size"]
        self.stored[file_id] = content
        records = len(content.splitlines())
        bad = file["name"].startswith("bad")
        done = {"status": "Failed", "failure": {"code": "FILE_UNREADABLE", "message": "No."}} if bad else {
            "status": "Processed", "totalRecords": records, "parsedRecords": records, "indexedRecords": records,
        }  # fmt: skip
        file |= {**done, "kind": "chemical", "sha256": hashlib.sha256(content).hexdigest()}

    def _route(self, method: str, path: str, request: httpx.Request) -> httpx.Response:
        match method, path.strip("/").split("/"):
            case "GET", ["me"]:
                return httpx.Response(200, json=self.profiles["me"])
            case "POST", ["files"]:
                return self._create(request)
            case "POST", ["folders"]:
                body = json.loads(request.content)
                folder = {"id": f"folder-{len(self.folders)}", "type": "folder", "name": body["name"], "version": 1}
                self.folders[folder["id"]] = folder | {"parentId": body.get("parentId", "root")}
                return httpx.Response(201, json=self.folders[folder["id"]])
            case "GET", ["uploads", file_id]:
                return httpx.Response(200, json=self._progress(file_id))
            case "POST", ["uploads", file_id, "complete"]:
                have = self.parts[file_id]
                wanted = json.loads(request.content)["parts"]
                assert [(p["number"], p["etag"]) for p in wanted] == [(n, _etag(have[n])) for n in sorted(have)]
                self._store(file_id, b"".join(have[number] for number in sorted(have)))
                return httpx.Response(202, json={"fileId": file_id, "state": "Open"})
            case "GET", ["files"]:
                deleted = request.url.params.get("deleted") == "true"
                gone = [one for one in self.deleted.values() if one["type"] == "file"]
                return self._paged(gone if deleted else list(self.files.values()), request)
            case "GET", ["folders"]:
                gone = [one for one in self.deleted.values() if one["type"] == "folder"]
                deleted = request.url.params.get("deleted") == "true"
                return self._paged(gone if deleted else list(self.folders.values()), request)
            case "POST", ["files", file_id, "restore"] if file_id in self.deleted:
                self.files[file_id] = self.deleted.pop(file_id)
                return httpx.Response(200, json=self.files[file_id])
            case "DELETE", ["folders", folder_id]:
                self.deleted[folder_id] = self.folders.pop(folder_id)
                return httpx.Response(204)
            case "POST", ["folders", folder_id, "restore"] if folder_id in self.deleted:
                self.folders[folder_id] = self.deleted.pop(folder_id)
                return httpx.Response(200, json=self.folders[folder_id])
            case "GET", ["folders", parent, "children"]:
                inside = [node for node in (*self.folders.values(), *self.files.values()) if node["parentId"] == parent]
                return self._paged(inside, request)
            case method, ["files", file_id, *rest] if file_id in self.files:
                return self._file(method, file_id, rest, request)
            case "GET", ["search"]:
                query = request.url.params.get("q", "")
                hits = [
                    {
                        "id": f"{file_id}-{n}",
                        "type": "record",
                        "fileId": file_id,
                        "index": n,
                        "name": line,
                        "score": 1.0,
                    }
                    for file_id, content in self.stored.items()
                    for n, line in enumerate(content.decode("utf-8", "replace").splitlines())
                    if query in line
                ]
                return self._paged(hits, request)
        return httpx.Response(
            404, json={"code": "NOT_FOUND", "detail": "There is no such resource.", "correlationId": "c1"}
        )

    def _file(self, method: str, file_id: str, rest: list[str], request: httpx.Request) -> httpx.Response:
        file = self.files[file_id]
        match method, rest:
            case "GET", []:
                return httpx.Response(200, json={k: v for k, v in file.items() if k != "upload"})
            case "DELETE", []:
                self.deleted[file_id] = self.files.pop(file_id)
                return httpx.Response(204)
            case "PATCH", []:
                if request.headers.get("if-match", '"1"') != f'"{file["version"]}"':
                    return httpx.Response(412, json={"code": "PRECONDITION_FAILED", "detail": "Changed."})
                file |= {"name": json.loads(request.content)["name"], "version": file["version"] + 1}
                return httpx.Response(200, json=file)
            case "GET", ["content"]:
                return httpx.Response(302, headers={"location": f"{S3}/{file_id}"})
            case "GET", ["thumbnail"] if file["name"].endswith(".png"):
                return httpx.Response(302, headers={"location": f"{S3}/{file_id}"})
            case "GET", ["thumbnail"] | ["records", _, "image"]:
                which = "/".join(rest)
                return httpx.Response(200, text=f"<svg>{which}</svg>", headers={"content-type": "image/svg+xml"})
            case "GET", ["processing"]:
                steps = [{"name": "upload", "state": "done", "attempt": 1, "durationMs": 12}]
                return httpx.Response(200, json={"fileId": file_id, "run": 1, "steps": steps})
            case "GET", ["records"]:
                lines = self.stored.get(file_id, b"").decode("utf-8", "replace").splitlines()
                records = [
                    {"id": f"r{n}", "index": n, "status": "Parsed", "name": line} for n, line in enumerate(lines)
                ]
                return self._paged(records, request)
        return httpx.Response(404, json={"code": "NOT_FOUND", "detail": "No."})

    def _create(self, request: httpx.Request) -> httpx.Response:
        key, body = request.headers["idempotency-key"], json.loads(request.content)
        file_id = self.keys.setdefault(key, f"file-{len(self.keys)}")
        if file_id not in self.files:
            made = {
                "id": file_id,
                "type": "file",
                "version": 1,
                "status": "Loading",
                "parentId": body.get("parentId", "root"),
            }
            self.files[file_id] = made | {"name": body["name"], "size": body["size"]}
            self.parts[file_id] = {}
        state = self._progress(file_id)
        if "post" in state:
            upload = {"kind": "post", **state["post"]}
        else:
            names = ("partSize", "parts")
            upload = {"kind": "multipart", "uploadId": "u", **{name: state[name] for name in names if name in state}}
        return httpx.Response(202, json=self.files[file_id] | {"upload": upload})

    def _progress(self, file_id: str) -> dict[str, Any]:
        size = self.files[file_id]["size"]
        kind = "post" if size <= self.post_limit else "multipart"
        state: dict[str, Any] = {"fileId": file_id, "state": "Open", "kind": kind, "uploaded": []}
        if file_id in self.stored:
            return state | {"state": "Stored"}
        if kind == "post":
            return state | {"post": {"url": f"{S3}/{file_id}", "fields": {"key": file_id}}}
        have = self.parts[file_id]
        missing = [number for number in range(1, -(-size // self.part_size) + 1) if number not in have]
        return state | {
            "partSize": self.part_size,
            "uploaded": [{"number": n, "size": len(data), "etag": _etag(data)} for n, data in sorted(have.items())],
            "parts": [{"number": n, "url": f"{S3}/{file_id}?part={n}"} for n in missing[:4]],
        }

    def _paged(self, items: list[dict[str, Any]], request: httpx.Request) -> httpx.Response:
        start = int(request.url.params.get("cursor", 0))
        shown: dict[str, Any] = {"items": items[start : start + self.page], "total": len(items)}
        if start + self.page < len(items):
            shown["nextCursor"] = str(start + self.page)
        return httpx.Response(200, json=shown)


def _etag(data: bytes) -> str:
    return f'"{hashlib.md5(data).hexdigest()}"'
