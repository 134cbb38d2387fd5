"""What runs in a parser's Lambda, as for a file that it never saw: what is read again and again must not be remembered."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

from functions.parsers import reading

_REMEMBERING = {
    "reaction-smiles": (("functions.parsers.reaction.formats.smiles", "_component"),),
    "csv": (("functions.parsers.tabular.formats.dialect", "describe"),),
    "tsv": (("functions.parsers.tabular.formats.dialect", "describe"),),
    "mzml": (("functions.parsers.spectra.formats.mzml_head", "head_of"),),
    "jcamp": (("functions.parsers.spectra.formats.jcamp", "_structures_of_head"),),
}
"""Functions with a memory of what files held, by format."""


def read_chunk(arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:
    _forget(arguments["format"])
    return reading.read_chunk(arguments, payload)


def read_whole(arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:
    _forget(arguments["format"])
    return reading.read_whole(arguments, payload)


def results(arguments: dict[str, Any], payload: bytes) -> Iterator[bytes]:  # noqa: ARG001 - the guard's signature
    """Reads nothing and gives so many results of so many bytes: what is left is what handing over costs."""
    result = bytes(arguments["bytes"])
    return (result for _ in range(arguments["results"]))


def _forget(format: str) -> None:
    for module, name in _REMEMBERING.get(format, ()):
        getattr(importlib.import_module(module), name).cache_clear()
