"""What operators can do with dead letters. One function per command or query; ports only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from functions.deadletters import domain, views
from functions.deadletters.domain import LetterDiscarded, LetterNotDeliverable, State
from functions.deadletters.ports import Letter, LetterFilter, Letters
from leanda.errors import NotFound, RevisionConflict
from leanda.http.auth import Principal, require_operator
from leanda.http.cursors import Cursors
from leanda.messaging.direct import Nudge
from leanda.persistence.aggregates import deciding
from leanda.ports import Clock

ANSWER_WITHIN: Final = timedelta(seconds=20)


@dataclass(frozen=True)
class Desk:
    """The use cases with what they need; built once per sandbox.

    Every method takes the caller first. To who is no operator nothing of this is there: `NotFound`.
    """

    letters: Letters
    nudge: Nudge
    cursors: Cursors
    clock: Clock

    def page(self, caller: Principal, wanted: LetterFilter, *, cursor: str | None, limit: int) -> dict[str, Any]:
        """Letters, the latest failure first."""
        require_operator(caller)
        query = ["dead-letters", wanted.consumer, wanted.code, wanted.state]
        position = self.cursors.read(cursor, principal=caller.id, query=query)
        after = (datetime.fromisoformat(position[0]), str(position[1])) if position else None
        found = self.letters.page(wanted, after=after, limit=limit + 1)
        page = found[:limit]
        answer: dict[str, Any] = {"items": [views.short(letter) for letter in page]}
        if len(found) > limit:
            last = [page[-1]["failedAt"].isoformat(), page[-1]["_id"]]
            answer["nextCursor"] = self.cursors.sign(last, principal=caller.id, query=query)
        return answer

    def get(self, caller: Principal, letter_id: str) -> dict[str, Any]:
        """One letter with all that is known of it."""
        require_operator(caller)
        return views.whole(self._letter(letter_id))

    def redrive(self, caller: Principal, letter_id: str) -> dict[str, Any]:
        """Have one letter delivered again, soon; `outcome` of the letter tells how it went.

        Raises:
            LetterDiscarded, LetterNotDeliverable: it cannot be delivered.
        """
        require_operator(caller)
        deciding(lambda: self._request(self._letter(letter_id), caller))
        self.nudge.now()
        return views.short(self._letter(letter_id))

    def redrive_many(self, caller: Principal, wanted: LetterFilter, *, limit: int) -> dict[str, Any]:
        """Have at most `limit` letters delivered again, the oldest first; without a state those that wait.

        Returns:
            how many were `requested`, how many had to be `skipped`, and whether there may be `more`.
        """
        require_operator(caller)
        until = self.clock.now() + ANSWER_WITHIN
        found = self.letters.oldest(replace(wanted, state=wanted.state or State.WAITING.value), limit=limit)
        counts = {"requested": 0, "skipped": 0}
        for letter in found:
            if self.clock.now() > until:
                break
            try:
                self._request(letter, caller)
                counts["requested"] += 1
            except (LetterDiscarded, LetterNotDeliverable, RevisionConflict):
                counts["skipped"] += 1
        if counts["requested"]:
            self.nudge.now()
        return {**counts, "more": sum(counts.values()) < len(found) or len(found) == limit}

    def discard(self, caller: Principal, letter_id: str, reason: str) -> dict[str, Any]:
        """End a letter without delivering it, for a reason that is kept.

        Raises:
            LetterBusy: it is being delivered, or was.
        """
        require_operator(caller)

        def discard() -> None:
            letter = self._letter(letter_id)
            change = domain.discarded(letter, reason, by=caller.id, at=self.clock.now())
            self.letters.apply(letter, change, domain.origin_of(letter, change))

        deciding(discard)
        self.letters.publish(letter_id)
        return views.short(self._letter(letter_id))

    def _request(self, letter: Letter, caller: Principal) -> None:
        change = domain.requested(letter, by=caller.id, at=self.clock.now())
        self.letters.apply(letter, change, domain.origin_of(letter, change))

    def _letter(self, letter_id: str) -> Letter:
        letter = self.letters.get(letter_id)
        if letter is None:
            raise NotFound
        return letter
