"""The synthesized application, made anew only when what it is made of changed."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from local.stack.layout import StackError

SOURCES = ("cdk", "functions", "layers", "requirements")
KEPT = 4


def synthesized(root: Path) -> Path:
    """The cloud assembly of the environment `local`.

    Raises:
        StackError: it does not synthesize; the message has the reason.
    """
    folder = root / ".leanda" / "assembly" / _digest(root)
    if (folder / "manifest.json").exists():
        return folder
    _forget_old(folder.parent)
    unfinished = folder.with_suffix(f".{os.getpid()}")
    result = subprocess.run(
        [sys.executable, "-m", "cdk.app", "-c", "environment=local", "--output", str(unfinished)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise StackError(f"The application does not synthesize:\n{(result.stdout + result.stderr)[-3000:]}")
    try:
        unfinished.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
        shutil.rmtree(unfinished, ignore_errors=True)  # another cloud of this checkout was faster, which is as good
    return folder


def _forget_old(assemblies: Path) -> None:
    """Keep the newest: another cloud of this checkout may be running on one of them."""
    for old in sorted(assemblies.glob("*"), key=lambda folder: folder.stat().st_mtime)[: 1 - KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def _digest(root: Path) -> str:
    digest = hashlib.sha256()
    for source in SOURCES:
        for file in sorted((root / source).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(str(file.relative_to(root)).encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
