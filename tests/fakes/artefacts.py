"""Artefacts in memory."""

from __future__ import annotations

import hashlib

from leanda.errors import NotFound


class FakeArtefacts:
    def __init__(self) -> None:
        self.bodies: dict[tuple[str, int, int, str, str], bytes] = {}

    def put(self, file_id: str, run: int, chunk: int, stage: str, body: bytes) -> str:
        sha = hashlib.sha256(body).hexdigest()
        self.bodies[file_id, run, chunk, stage, sha] = body
        return sha

    def get(self, file_id: str, run: int, chunk: int, stage: str, sha: str) -> bytes:
        try:
            return self.bodies[file_id, run, chunk, stage, sha]
        except KeyError as error:
            raise NotFound from error

    def remove(self, file_id: str, run: int) -> int:
        keys = [key for key in self.bodies if key[:2] == (file_id, run)]
        for key in keys:
            del self.bodies[key]
        return len(keys)
