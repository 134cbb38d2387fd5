"""Bodies of requests to the files API."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Name = Annotated[str, Field(min_length=1, max_length=1024, description="At most 255 characters, without slashes.")]


class _Body(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class NewFile(_Body):
    """A file to be uploaded."""

    name: Name
    size: int = Field(ge=0, description="Bytes.")
    parent_id: str | None = Field(default=None, max_length=100, description="A folder; default: your root.")
    sha256: str | None = Field(
        default=None, pattern=r"^[0-9a-fA-F]{64}$", description="Hexadecimal, checked on arrival."
    )
    process: bool = Field(default=True, description="False stores the file without parsing it.")


class NewFolder(_Body):
    """A folder to be made."""

    name: Name
    parent_id: str | None = Field(default=None, max_length=100)


class NodeEdit(_Body):
    """What can be edited of a file or folder."""

    name: Name
