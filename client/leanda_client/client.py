"""The client: one method for each thing that one can do with Leanda."""

from __future__ import annotations

import os
import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypedDict, Unpack, cast
from urllib.parse import quote

import httpx

from leanda_client.auth import TokenProvider
from leanda_client.errors import LeandaClientError, LeandaProblem, WaitTimeout
from leanda_client.letters import DeadLetters
from leanda_client.models import (
    Event,
    File,
    Folder,
    Hit,
    Picture,
    Profile,
    Record,
    Reprocessed,
    ReprocessedAll,
    SearchPage,
    Timeline,
    finished,
)
from leanda_client.replays import Replays
from leanda_client.storage import BytesSource, FileSource, Progress, Source, Storage, sha256_of
from leanda_client.transport import Api, Waiting
from leanda_client.upload import Uploader

PAGE: Final = 200
CHECKSUM_BYTES: Final = 64 << 20
"""Up to this size a file is hashed before it is sent, so that Leanda refuses damaged bytes."""
POLL_SECONDS: Final = (0.15, 2.0)


class Only(TypedDict, total=False):
    """What a search is narrowed to.

    Attributes:
        type: file, folder or record.
        kind, status: of files and records.
        file_id: a file and its records.
        filters: all must hold; only records have what they ask for. `name:least..greatest` with either bound left out
            (`molecularWeight:150..200`, `MW:..500`), or `name:value` (`Supplier:ACME`).
    """

    type: str | None
    kind: str | None
    status: str | None
    file_id: str | None
    filters: Sequence[str]


class LeandaClient:
    """A connection to one Leanda, for one user. It reads no environment variables and may be shared by threads.

    Args:
        api_url: ends in `/api/v1`.
        tokens: `CognitoTokens`, or `StaticToken`.
        trust_env: honour the proxy and certificate variables of the environment, as httpx does.
        transport, waiting: for tests.

    Every method raises `LeandaProblem` where Leanda says no and `Unreachable` where nobody answers.
    """

    def __init__(
        self,
        api_url: str,
        tokens: TokenProvider,
        *,
        trust_env: bool = False,
        transport: httpx.BaseTransport | None = None,
        waiting: Waiting | None = None,
    ) -> None:
        self._waiting = waiting or Waiting()
        self._api = Api(api_url, tokens, trust_env=trust_env, transport=transport, waiting=self._waiting)
        self._storage = Storage(trust_env=trust_env, transport=transport, waiting=self._waiting)
        self._uploader = Uploader(self._api, self._storage)
        self.dead_letters = DeadLetters(self._api)
        self.replays = Replays(self._api)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._api.close()
        self._storage.close()

    # --- users --------------------------------------------------------------------------------------------------------

    def me(self) -> Profile:
        """Your own profile. Its id is also the id of your root folder."""
        return cast("Profile", self._api.json("GET", "/me"))

    # --- uploads ------------------------------------------------------------------------------------------------------

    def create_file(
        self,
        name: str,
        size: int,
        *,
        parent_id: str | None = None,
        sha256: str | None = None,
        process: bool = True,
        unpack: bool = False,
        position: bool = False,
        idempotency_key: str | None = None,
    ) -> File:
        """Announce a file; `upload` of the answer says where its bytes go. `upload()` does all of it.

        Args:
            size: bytes.
            sha256: hexadecimal; compared before anything is read, of a file above 64 MiB a minute or more after it arrived.
            process: False only stores the file.
            unpack: True makes files of what a zip holds, in a folder of its name beside it.
            position: True tells where a picture was taken, if it states that (its latitude, longitude and altitude, as fields).
            idempotency_key: a repetition with the same key gives the same file.
        """
        body: dict[str, Any] = {"name": name, "size": size}
        if parent_id:
            body["parentId"] = parent_id
        if sha256:
            body["sha256"] = sha256
        if not process:
            body["process"] = False
        if unpack:
            body["unpack"] = True
        if position:
            body["position"] = True
        headers = {"idempotency-key": idempotency_key or str(uuid.uuid4())}
        return cast("File", self._api.json("POST", "/files", body=body, headers=headers))

    def upload(
        self,
        source: Path | bytes,
        *,
        name: str | None = None,
        parent_id: str | None = None,
        process: bool = True,
        unpack: bool = False,
        position: bool = False,
        idempotency_key: str | None = None,
        progress: Progress | None = None,
        announced: Callable[[File], None] | None = None,
    ) -> File:
        """Announce a file and send its bytes: one form for small ones, four parts at a time for large ones.

        It returns when the storage has the bytes; see `wait` for what becomes of them.

        Args:
            source: a path, or the bytes themselves (then `name` is needed). See `spelled` for the name of a path.
            process, unpack, position: see `create_file`.
            progress: called with bytes sent and total, from several threads.
            announced: called once with the file before its bytes are sent; its id resumes a broken upload (`resume`).
        """
        content = _source(source)
        if name is None:
            if isinstance(source, bytes):
                raise LeandaClientError("Bytes need a name.")
            name = spelled(source.name)
        file = self.create_file(
            name,
            content.size,
            parent_id=parent_id,
            sha256=sha256_of(content) if content.size <= CHECKSUM_BYTES else None,
            process=process,
            unpack=unpack,
            position=position,
            idempotency_key=idempotency_key,
        )
        if announced:
            announced(file)
        self._uploader.send(file["id"], name, file["upload"], content, progress)
        return file

    def resume(self, file_id: str, source: Path | bytes, *, progress: Progress | None = None) -> File:
        """Send what is missing of an upload that broke off, within a day. The source must be the same."""
        file, content = self.file(file_id), _source(source)
        if file.get("size", content.size) != content.size:
            raise LeandaClientError(f"{file['name']} was announced with {file['size']} bytes, this has {content.size}.")
        self._uploader.resume(file_id, file["name"], content, progress)
        return file

    def wait(self, file_id: str, *, timeout: float = 300.0, changed: Callable[[File], None] | None = None) -> File:
        """Wait until a file is processed and every record can be found, or until it has failed.

        Args:
            timeout: seconds.
            changed: called with the file whenever it looks different.

        Raises:
            WaitTimeout: it is still on its way.
        """
        deadline = time.monotonic() + timeout
        pause, seen = POLL_SECONDS[0], None
        while True:
            file = self.file(file_id)
            if changed and file != seen:
                changed(file)
            pause = POLL_SECONDS[0] if file != seen else min(pause * 1.3, POLL_SECONDS[1])
            seen = file
            if finished(file):
                return file
            left = deadline - time.monotonic()
            if left <= 0:
                raise WaitTimeout(dict(file), timeout)
            # Many waiting clients must not fall into step.
            self._waiting.sleep(min(left, pause * random.uniform(0.8, 1.2)))  # noqa: S311

    # --- files and folders --------------------------------------------------------------------------------------------

    def file(self, file_id: str) -> File:
        """One file: status, counts, failure, and what is known of its fields."""
        return cast("File", self._api.json("GET", f"/files/{_id(file_id)}"))

    def files(self, *, status: str | None = None, kind: str | None = None) -> Iterator[File]:
        """Your files, newest first."""
        for item in self._pages("/files", {"status": status, "kind": kind}):
            yield cast("File", item)

    def timeline(self, file_id: str) -> Timeline:
        """What happened to a file, step by step."""
        return cast("Timeline", self._api.json("GET", f"/files/{_id(file_id)}/processing"))

    def events(self, file_id: str, *, types: Sequence[str] = ()) -> Iterator[Event]:
        """Every event of a file, oldest first, or those of some types."""
        for item in self._pages(f"/files/{_id(file_id)}/events", {"type": list(types) or None}):
            yield cast("Event", item)

    def my_events(self, *, types: Sequence[str] = ()) -> Iterator[Event]:
        """Every event that you have caused, oldest first, or those of some types."""
        for item in self._pages(f"/users/{_id(self.me()['id'])}/events", {"type": list(types) or None}):
            yield cast("Event", item)

    def rename(self, file_id: str, name: str, *, version: int | None = None) -> File:
        """Give a file another name; with `version` only if nobody else changed it since."""
        return cast(
            "File", self._api.json("PATCH", f"/files/{_id(file_id)}", body={"name": name}, headers=_if_match(version))
        )

    def delete(self, file_id: str, *, version: int | None = None) -> None:
        """Delete a file; with `version` only if nobody else changed it since."""
        self._api.send("DELETE", f"/files/{_id(file_id)}", headers=_if_match(version))

    def restore(self, file_id: str) -> File:
        """Undo the deletion of a file."""
        return cast("File", self._api.json("POST", f"/files/{_id(file_id)}/restore"))

    def deleted(self) -> Iterator[File]:
        """Your files that were deleted and can be restored, newest first."""
        for item in self._pages("/files", {"deleted": "true"}):
            yield cast("File", item)

    def reprocess(self, file_id: str, *, position: bool | None = None) -> File:
        """Process a file again, beside the results it has; they give way only to results that are there.

        Args:
            position: tell where a picture was taken, or not any more; None: as before.
        """
        asked = {} if position is None else {"position": str(position).lower()}
        return cast("File", self._api.json("POST", f"/files/{_id(file_id)}/reprocess", params=asked))

    def reprocess_many(
        self,
        *,
        folder_id: str | None = None,
        failure_code: str | None = None,
        parser_version: str | None = None,
        kind: str | None = None,
        position: bool | None = None,
        page: int = 100,
    ) -> Iterator[Reprocessed]:
        """Process again every file of yours that fits all that is given, newest first; what became of each page of them.

        Args:
            position: see `reprocess`.
        """
        asked = {
            "folderId": folder_id,
            "failureCode": failure_code,
            "parserVersion": parser_version,
            "kind": kind,
            "position": position,
        }
        for answer in self._reprocessed("/reprocess", asked, page):
            yield cast("Reprocessed", answer)

    def reprocess_all_users(
        self,
        *,
        file_ids: Sequence[str] | None = None,
        failure_code: str | None = None,
        parser_version: str | None = None,
        kind: str | None = None,
        page: int = 100,
    ) -> Iterator[ReprocessedAll]:
        """Process again files of all users, for operators; how many, page by page. To others it is as if it were not there.

        Args:
            file_ids: at most 100; and then nothing else.
        """
        asked = {"fileIds": file_ids, "failureCode": failure_code, "parserVersion": parser_version, "kind": kind}
        for answer in self._reprocessed("/reprocess/all-users", asked, page):
            yield cast("ReprocessedAll", answer)

    def _reprocessed(self, route: str, asked: dict[str, Any], page: int) -> Iterator[Any]:
        body: dict[str, Any] = {name: value for name, value in asked.items() if value is not None} | {"limit": page}
        while True:
            answer = self._api.json("POST", route, body=body)
            yield answer
            if not answer.get("nextCursor"):
                return
            body["cursor"] = answer["nextCursor"]

    def download(self, file_id: str, target: Path, *, progress: Progress | None = None) -> Path:
        """Write the untouched original to `target` (a folder takes it under its own name); returns where it is.

        The file appears only when it is whole, and after its checksum has been compared where Leanda knows it.
        """
        file = self.file(file_id)
        if target.is_dir():
            name = Path(file["name"]).name
            target = target / (name if name not in {"", ".."} else file["id"])
        url = self._api.send("GET", f"/files/{_id(file_id)}/content").headers.get("location")
        if not url:
            raise LeandaProblem("NO_CONTENT", 0, "Leanda gave no address for the file's content.")
        digest = self._storage.download(url, target, progress=progress)
        if file.get("sha256") and digest != file["sha256"]:
            target.unlink(missing_ok=True)
            raise LeandaProblem("DOWNLOAD_CHECKSUM_MISMATCH", 0, "What arrived is not what was stored; try again.")
        return target

    def create_folder(self, name: str, *, parent_id: str | None = None, idempotency_key: str | None = None) -> Folder:
        """Make a folder, in another one or in your root."""
        body = {"name": name, **({"parentId": parent_id} if parent_id else {})}
        headers = {"idempotency-key": idempotency_key or str(uuid.uuid4())}
        return cast("Folder", self._api.json("POST", "/folders", body=body, headers=headers))

    def folder(self, folder_id: str) -> Folder:
        """One folder."""
        return cast("Folder", self._api.json("GET", f"/folders/{_id(folder_id)}"))

    def folders(self, parent_id: str | None = None) -> Iterator[Folder]:
        """Folders directly inside a folder (default: your root), by name."""
        for item in self.children(parent_id):
            if item.get("type") == "folder":
                yield cast("Folder", item)

    def children(self, parent_id: str | None = None) -> Iterator[File | Folder]:
        """Folders and files directly inside a folder (default: your root), by name."""
        for item in self._pages(f"/folders/{_id(parent_id or self.me()['id'])}/children"):
            yield cast("File | Folder", item)

    def delete_folder(self, folder_id: str, *, version: int | None = None) -> None:
        """Delete a folder with everything in it; it can be restored."""
        self._api.send("DELETE", f"/folders/{_id(folder_id)}", headers=_if_match(version))

    def deleted_folders(self) -> Iterator[Folder]:
        """Your folders that were deleted and can be restored, newest first."""
        for item in self._pages("/folders", {"deleted": "true"}):
            yield cast("Folder", item)

    def restore_folder(self, folder_id: str) -> Folder:
        """Undo the deletion of a folder and of what was deleted with it."""
        return cast("Folder", self._api.json("POST", f"/folders/{_id(folder_id)}/restore"))

    # --- records ------------------------------------------------------------------------------------------------------

    def records(self, file_id: str, *, status: str | None = None) -> Iterator[Record]:
        """The records of a file in file order; `status` is Parsed or Failed."""
        for item in self._pages(f"/files/{_id(file_id)}/records", {"status": status}):
            yield cast("Record", item)

    def record(self, file_id: str, index: int) -> Record:
        """One record with its structure; `index` is 0-based."""
        return cast("Record", self._api.json("GET", f"/files/{_id(file_id)}/records/{index}"))

    def picture(self, file_id: str, index: int | None = None) -> Picture:
        """What a file (no `index`) or one of its records looks like: a drawing (SVG), or what is made of pixels (PNG).

        Raises:
            LeandaProblem: `PICTURE_NOT_READY` while the file is processed; `PICTURE_NONE` where a kind has no picture;
                `PICTURE_NOT_DRAWABLE` with the reason.
        """
        path = f"/files/{_id(file_id)}/" + ("thumbnail" if index is None else f"records/{index}/image")
        answer = self._api.send("GET", path, headers={"accept": "image/svg+xml, application/problem+json"})
        url = answer.headers.get("location")
        if url:
            return Picture("image/png", self._storage.read(url))
        return Picture(answer.headers.get("content-type", "").partition(";")[0], answer.content)

    # --- search -------------------------------------------------------------------------------------------------------

    def search(self, query: str = "", **only: Unpack[Only]) -> Iterator[Hit]:
        """Everything that is found, best first. See `search_page`."""
        cursor: str | None = None
        while True:
            page = self.search_page(query, cursor=cursor, limit=PAGE, **only)
            yield from page["items"]
            cursor = page.get("nextCursor")
            if not cursor:
                return

    def search_page(
        self, query: str = "", *, cursor: str | None = None, limit: int = 20, **only: Unpack[Only]
    ) -> SearchPage:
        """One page of what is found among what you may see, and how much there is in all.

        Args:
            query: words of names, field names and values, all of which must match; or an InChIKey, InChI, SMILES or id.
                Operators: `"a phrase"`, `begin*`, `a | b`, `-without`, parentheses. Empty: everything, newest first.
            only: what to narrow it to, see `Only`.
        """
        params = {
            "q": query,
            "type": only.get("type"),
            "kind": only.get("kind"),
            "status": only.get("status"),
            "fileId": only.get("file_id"),
            "filter": list(only.get("filters") or ()) or None,
            "limit": limit,
            "cursor": cursor,
        }
        return cast("SearchPage", self._api.json("GET", "/search", params=params))

    def _pages(self, path: str, params: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        cursor: str | None = None
        while True:
            page = self._api.json("GET", path, params={**(params or {}), "limit": PAGE, "cursor": cursor})
            yield from page["items"]
            cursor = page.get("nextCursor")
            if not cursor:
                return


def _source(source: Path | bytes) -> Source:
    return BytesSource(source) if isinstance(source, bytes) else FileSource(source)


def _id(value: str) -> str:
    """An id as a path segment: whatever it holds, it cannot become another route."""
    return quote(value, safe="")


def _if_match(version: int | None) -> dict[str, str] | None:
    return {"if-match": f'"{version}"'} if version is not None else None


def spelled(name: str) -> str:
    """A file's or folder's name of this machine as it can be sent: bytes that are no UTF-8 become U+FFFD."""
    return os.fsencode(name).decode("utf-8", errors="replace")
