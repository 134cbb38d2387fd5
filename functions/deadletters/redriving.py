"""Delivers letters again: straight to the function that failed, never through the topic, where others would see them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from functions.deadletters import delivering, domain
from functions.deadletters.domain import Letter, Outcome, State
from functions.deadletters.ports import LetterFilter, Letters
from leanda.changes import Change
from leanda.errors import RevisionConflict, Unavailable
from leanda.messaging.direct import DELIVERY_SECONDS, Functions, FunctionUnknown
from leanda.observability import correlated, logger
from leanda.persistence.aggregates import deciding
from leanda.ports import Clock

AT_ONCE: Final = 100


@dataclass(frozen=True)
class Redriving:
    """The use case of `deadletters.redrive`. Two at a time do no harm: a letter is claimed before it is delivered."""

    letters: Letters
    functions: Functions
    clock: Clock

    def redrive_due(self, remaining_seconds: Callable[[], float]) -> dict[str, int]:
        """Deliver what is due, in the order of its topics, as long as there is time; how many went well and how many not."""
        counts = {"delivered": 0, "failed": 0}
        while due := self.letters.due(self.clock.now(), limit=AT_ONCE):
            for letter in sorted(due, key=_place):
                if remaining_seconds() < DELIVERY_SECONDS:
                    return counts
                outcome = self._claim_and_deliver(letter)
                if outcome is not None:
                    counts["delivered" if outcome.ok else "failed"] += 1
        return counts

    def oldest_seconds(self) -> int:
        """How long the letter has waited that waits longest; 0 if none does."""
        waiting = self.letters.oldest(LetterFilter(state=State.WAITING), limit=1)
        return max(1, round((self.clock.now() - waiting[0]["failedAt"]).total_seconds())) if waiting else 0

    def _claim_and_deliver(self, letter: Letter) -> Outcome | None:
        change = domain.claimed(letter, at=self.clock.now())
        origin = domain.origin_of(letter, change)
        with correlated(origin.correlation_id, letter=letter["_id"]):
            try:
                self.letters.apply(letter, change, origin)
            except RevisionConflict:  # somebody else has it, or it came again
                return None
            claim = letter["redrives"] + 1
            try:
                # The file must hear of it before the consumer's results arrive.
                self.letters.publish(letter["_id"])
                outcome = self._deliver(letter)
            except Unavailable as error:
                logger.warning("postponed", code=error.code, detail=error.detail)
                why = error.detail or error.message
                self._note(letter["_id"], lambda found: domain.postponed(found, claim, why, at=self.clock.now()))
                return None
            logger.info("redriven", ok=outcome.ok, code=outcome.code, consumer=letter["consumer"])
            self._note(letter["_id"], lambda found: domain.delivered(found, claim, outcome, at=self.clock.now()))
            return outcome

    def _deliver(self, letter: Letter) -> Outcome:
        try:
            answer = self.functions.invoke(letter["consumer"], delivering.event_of(letter))
        except FunctionUnknown as error:
            return Outcome(ok=False, code=error.code, message=error.message)
        return delivering.outcome_of(answer)

    def _note(self, letter_id: str, decide: Callable[[Letter], Change]) -> None:
        """Write down, and announce, what became of a delivery."""

        def note() -> None:
            found = self.letters.get(letter_id)
            if found is not None:
                change = decide(found)
                self.letters.apply(found, change, domain.origin_of(found, change))

        deciding(note)
        try:
            self.letters.publish(letter_id)
        except Unavailable as error:
            logger.warning("the relay will announce it", detail=error.detail)


def _place(letter: Letter) -> tuple[Any, ...]:
    return letter.get("topic", ""), letter.get("partition", 0), letter.get("offset", 0), letter["_id"]
