"""Bodies of requests to the history API."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel


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
