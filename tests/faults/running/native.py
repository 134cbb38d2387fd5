"""A SMILES reader with bugs of native code, planted into the staged function by a module that Python loads at start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cloud import Cloud
from tests.faults.running.parts import with_environment

FUNCTION = "parsers-chemical-on-file-events"
PLANTED = '''
"""Breaks the SMILES reader on marked records."""

import ctypes
import sys
from importlib.machinery import PathFinder

BROKEN = "functions.parsers.chemical.formats.smiles"


def segfault():
    ctypes.string_at(0)


def hang():
    while True:
        pass


def allocate():
    held = bytearray(2 << 30)
    held[:: 4096] = b"x" * len(held[:: 4096])


def broken(read_record):
    def read(*arguments, **named):
        text = b" ".join(one for one in arguments if isinstance(one, bytes))
        for name, bug in ((b"SEGFAULT", segfault), (b"HANG", hang), (b"ALLOCATE", allocate)):
            if name in text:
                bug()
        return read_record(*arguments, **named)

    return read


class Planter:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name != BROKEN:
            return None
        spec = PathFinder.find_spec(name, path)
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            module._record = broken(module._record)

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, Planter)
'''


@contextmanager
def broken_reader(cloud: Cloud, folder: Path) -> Iterator[None]:
    """Within the block, records with SEGFAULT, HANG or ALLOCATE in their line do just that to their reader."""
    (folder / "sitecustomize.py").write_text(PLANTED)
    staged = next(one for one in cloud.assembly.functions if one.name == cloud.full_name(FUNCTION))
    assert staged.code is not None
    roots = [folder, staged.code, *(layer / "python" for layer in staged.layers)]
    path = ":".join(str(root) for root in roots)
    with with_environment(cloud, {FUNCTION: {"PYTHONPATH": path}}):
        yield
