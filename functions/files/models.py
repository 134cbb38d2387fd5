"""Bodies of requests to the files API and its internal neighbour."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Name = Annotated[str, Field(min_length=1, max_length=1024, description="At most 255 characters, without slashes.")]

POSITION = (
    "True tells where a picture was taken, if it states that: latitude and longitude in degrees, altitude in metres, as fields of "
    "its record, for everybody who may see it. By default it is not read."
)

POSITION_OF_OLD = "False: not any more; absent: as before."


_Id = Annotated[str, Field(min_length=1, max_length=100)]


class _Body(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class NewFile(_Body):
    """A file to be uploaded."""

    name: Name
    size: int = Field(ge=0, description="Bytes.")
    parent_id: str | None = Field(default=None, max_length=100, description="A folder; default: your root.")
    sha256: str | None = Field(
        default=None,
        pattern=r"^[0-9a-fA-F]{64}$",
        description="Hexadecimal, compared before anything is read; of a file above 64 MiB a minute or more after it arrived.",
    )
    process: bool = Field(default=True, description="False stores the file without parsing it.")
    unpack: bool = Field(default=False, description="True makes files of what a zip holds, in a folder of its name.")
    position: bool = Field(default=False, description=f"{POSITION} For a zip that is unpacked: for the pictures in it.")


class NewFolder(_Body):
    """A folder to be made."""

    name: Name
    parent_id: str | None = Field(default=None, max_length=100)


class NodeEdit(_Body):
    """What can be edited of a file or folder: its name, the folder it is in, or both."""

    name: Name | None = None
    parent_id: str | None = Field(
        default=None, max_length=100, description="A folder of yours; your own id is your root."
    )


class _ManyFiles(_Body):
    """What files may have in common, and how many of them are meant at once."""

    failure_code: str | None = Field(default=None, max_length=100, description="Files that failed for this reason.")
    parser_version: str | None = Field(
        default=None, max_length=50, description="Files read by this version of a parser."
    )
    kind: str | None = Field(default=None, max_length=40)
    cursor: str | None = Field(default=None, max_length=2000, description="Of the answer to the same order, to go on.")
    limit: int = Field(default=100, ge=1, le=500)


class ReprocessOrder(_ManyFiles):
    """Which files are to be processed again, and how: all of yours that fit every member given that narrows them down."""

    folder_id: str | None = Field(default=None, max_length=100, description="Everything in this folder and below.")
    position: bool | None = Field(default=None, description=f"{POSITION} {POSITION_OF_OLD}")


class ReprocessAllOrder(_ManyFiles):
    """Which files of all users are to be processed again: those with these ids, or all that fit every other member given."""

    file_ids: Annotated[tuple[_Id, ...], Field(max_length=100)] = ()


class PictureQuery(_Body):
    """A picture of what is asked for, and on whose behalf; without an index it is the file's."""

    viewer_id: Annotated[str, Field(max_length=100)]
    file_id: Annotated[str, Field(max_length=100)]
    index: Annotated[int, Field(ge=0, lt=2**31)] | None = None


class TextQuery(_Body):
    """Which part of which record's own text is asked for, and on whose behalf."""

    viewer_id: Annotated[str, Field(max_length=100)]
    file_id: Annotated[str, Field(max_length=100)]
    run: Annotated[int, Field(ge=1)]
    index: Annotated[int, Field(ge=0, lt=2**31)]
    offset: Annotated[int, Field(ge=0)] = 0
