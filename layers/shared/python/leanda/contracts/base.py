"""The base of every model that crosses a boundary: camelCase outside, snake_case inside, immutable, tolerant of additions."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Contract(BaseModel):
    """A frozen value with camelCase JSON. Unknown members are ignored, so that an older reader survives a newer writer."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore")

    def to_json_dict(self) -> dict[str, object]:
        """The JSON form: camelCase, members that are None left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)
