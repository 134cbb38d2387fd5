"""Bodies of requests to the dead-letter API."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from functions.deadletters.domain import State
from functions.deadletters.ports import LetterFilter

MAX_REDRIVE = 1000


class _Body(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class WantedLetters(_Body):
    """Which letters are meant; what is left out fits all."""

    consumer: str | None = Field(default=None, max_length=200)
    code: str | None = Field(default=None, max_length=200)
    state: State | None = None

    def to_filter(self) -> LetterFilter:
        return LetterFilter(self.consumer, self.code, self.state.value if self.state else None)


class RedriveOrder(_Body):
    """Deliver at most so many of these letters again, the oldest first; without a state those that wait."""

    filter: WantedLetters
    limit: int = Field(ge=1, le=MAX_REDRIVE)


class DiscardOrder(_Body):
    """Why a letter will not be delivered."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
