"""Parameters and bodies of requests to the history API."""

from __future__ import annotations

from typing import Annotated, Self

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from functions.history.domain import known_types
from leanda import limits

MAX_TYPES = 20

Id = Annotated[str, Path(min_length=1, max_length=100)]


Types = Annotated[
    list[Annotated[str, Query(max_length=200)]],
    AfterValidator(known_types),
    Query(alias="type", max_length=MAX_TYPES, description="An event type; may be repeated, any of them fits."),
]
Cursor = Annotated[str | None, Query(max_length=2000)]
Limit = Annotated[int, Query(ge=1, le=limits.MAX_PAGE)]


class Erasure(BaseModel):
    """Whose entries are to be redacted: a file's, or a user's with those of the user's files. Exactly one is named."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    file_id: str | None = Field(default=None, min_length=1, max_length=100)
    user_id: str | None = Field(default=None, min_length=1, max_length=100)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.file_id is None) == (self.user_id is None):
            raise ValueError("name fileId or userId, and only one of them")
        return self
