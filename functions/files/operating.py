"""What operators do with files of all users: have them processed again. They see how many, and nothing of what is in them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from functions.files.models import ReprocessAllOrder
from functions.files.ports import NodeFilter
from functions.files.use_cases import Files
from leanda.access.policy import Viewer
from leanda.contracts.envelope import Origin
from leanda.errors import Conflict, InvalidRequest, NotFound
from leanda.http.auth import Principal, require_operator
from leanda.observability import logger


@dataclass(frozen=True)
class Operating:
    """To who is no operator nothing of this is there: `NotFound`."""

    files: Files

    def reprocess_all(self, caller: Principal, wanted: ReprocessAllOrder, origin: Origin) -> dict[str, Any]:
        """Process again every file that fits, whosever it is, newest first. Each file's events tell who asked for it.

        Args:
            wanted: the ids of files, as a log names them; or what they have in common.

        Returns: how many were `accepted`; how many were `refused`, by code; and `nextCursor` if others fit beyond the limit.

        Raises:
            InvalidRequest: nothing narrows it down, or both ways do.
            InvalidCursor: the cursor belongs to another order.
        """
        require_operator(caller)
        filter_ = NodeFilter(kind=wanted.kind, failure_code=wanted.failure_code, parser_version=wanted.parser_version)
        if bool(wanted.file_ids) == (filter_ != NodeFilter()):
            raise InvalidRequest("Say which files: either fileIds, or failureCode, parserVersion or kind.")
        counts = self._by_id(wanted, origin) if wanted.file_ids else self._fitting(caller, filter_, wanted, origin)
        told = {"accepted": counts["accepted"], "refused": counts["refused"]}
        logger.info(
            "processed again for all users", by=caller.id, order=wanted.model_dump(exclude_defaults=True), **told
        )
        return counts

    def _by_id(self, wanted: ReprocessAllOrder, origin: Origin) -> dict[str, Any]:
        asked = dict.fromkeys(wanted.file_ids)
        found = self.files.nodes.get_many(asked)
        refused = Counter({NotFound.code: len(asked) - len(found)})
        return self._again(list(found.values()), refused, origin) | {"more": False}

    def _fitting(
        self, caller: Principal, filter_: NodeFilter, wanted: ReprocessAllOrder, origin: Origin
    ) -> dict[str, Any]:
        query = ["reprocess-all", wanted.kind, wanted.failure_code, wanted.parser_version]
        after = self.files.cursors.read(wanted.cursor, principal=caller.id, query=query)
        found = self.files.nodes.files_of(None, filter_, after=after, limit=wanted.limit + 1)
        page = found[: wanted.limit]
        answer = self._again(page, Counter(), origin) | {"more": len(found) > len(page)}
        if answer["more"]:
            last = [page[-1]["createdAt"].isoformat(), page[-1]["_id"]]
            answer["nextCursor"] = self.files.cursors.sign(last, principal=caller.id, query=query)
        return answer

    def _again(self, nodes: list[dict[str, Any]], refused: Counter[str], origin: Origin) -> dict[str, Any]:
        accepted = 0
        for node in nodes:
            try:
                self.files.reprocess(Viewer(node["ownerId"]), node["_id"], origin)
                accepted += 1
            except (Conflict, NotFound) as error:  # it is on its way, or was deleted
                refused[error.code] += 1
        return {"accepted": accepted, "refused": dict(+refused)}
