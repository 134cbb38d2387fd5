"""Bodies of requests to the users API."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class ProfileEdit(BaseModel):
    """What a user can change of the own profile."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    display_name: str = Field(
        min_length=1, max_length=400, description="At most 100 visible characters; others see it."
    )
