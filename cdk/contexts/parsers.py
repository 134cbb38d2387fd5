"""Parsers: one package per kind of file, and one that draws what they read. A new parser is one line in `PARSERS`."""

from __future__ import annotations

from typing import Final

from cdk.components.uses import Album, Artefacts, Cache, Discovery, KafkaProducer
from cdk.contexts.table import Api, Consumer, Context, Package, Route, of_type
from leanda import limits
from leanda.contracts import events
from leanda.contracts.topics import FILE_EVENTS, PARSER_TASKS

_BESIDE_IT: Final = 512
"""MiB of a disk for everything but the file."""
_USES = (KafkaProducer(), Artefacts(read=True, write=True), Discovery())


def parser(
    kind: str, *, wheels: str | None = None, tasks: bool = True, memory: int = 2048, whole: int = limits.MAX_WHOLE_BYTES
) -> Package:
    """A parser of one kind of file: plans on file events, parses chunks on tasks.

    `memory` bounds the child process that parses; `tasks` is False for what never splits a file; `whole` is the size in bytes of
    the largest file that has to fit the disk.
    """
    plan = Consumer(
        handler="on_file_events",
        topic=FILE_EVENTS,
        filters=(of_type(events.FileCreated.TYPE, events.FileReprocessRequested.TYPE, kind=kind, process=True),),
        batch_size=10,
        uses=_USES,
        memory=memory,
        disk=whole // limits.MIB + _BESIDE_IT,
        timeout=300,
    )
    parse = Consumer(
        handler="on_parser_tasks",
        topic=PARSER_TASKS,
        filters=(of_type(events.ParseChunk.TYPE, events.ContinuePlan.TYPE, kind=kind),),
        batch_size=10,
        uses=_USES,
        memory=memory,
        timeout=900,
    )
    return Package(f"parsers/{kind}", functions=(plan, parse) if tasks else (plan,), wheels=wheels)


_PICTURES: Final = "parsers/pictures"

PARSERS: Final = Context(
    "parsers",
    packages=(
        parser("chemical", wheels="indigo"),
        parser("reaction", wheels="indigo"),
        parser("crystal", wheels="gemmi"),
        parser("tabular", wheels="tabular"),
        parser("document", wheels="document", tasks=False),
        parser("image", wheels="image", tasks=False, whole=limits.MAX_IMAGE_BYTES),
        parser("microscopy", wheels="microscopy", tasks=False, whole=limits.MAX_IMAGE_BYTES),
        parser("spectra"),
        parser("geometry"),
        parser("bundle", tasks=False, memory=1024),
        parser("generic", tasks=False, memory=1024),
        # As a parser, it lets native code at hostile bytes, so it holds no credentials of a store.
        Package(
            _PICTURES,
            wheels="pictures",
            functions=(Api(memory=2048, timeout=29, uses=(Discovery(), Album(), Cache())),),
        ),
    ),
    routes=(
        Route("GET", "/files/{id}/thumbnail", package=_PICTURES),
        Route("GET", "/files/{id}/records/{index}/image", package=_PICTURES),
    ),
)

PARSER_FUNCTIONS: Final = tuple((package.name, function.handler) for package, function in PARSERS.functions())
