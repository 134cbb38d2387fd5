"""Builds what Lambda is given: one folder per package of functions, and the layer.

A staged package holds its own modules under their full dotted path and the wheels of its requirements group, nothing
else: importing another context fails here as it does on AWS. The layer holds `leanda` and the wheels all functions share.
Contents depend only on sources and pinned requirements, so hashes are stable; what has not changed is not built again.

    python -m cdk.staging        builds everything into `build/`
"""

from __future__ import annotations

import hashlib
import os
import py_compile
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PYTHON_VERSION: Final = "3.13"
PLATFORM: Final = "x86_64-manylinux_2_28"
# The Lambda runtime brings boto3 and what boto3 alone needs; `jmespath` serves Powertools from there as well.
IN_THE_RUNTIME: Final = frozenset({"boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3"})
_UNWANTED_FOLDERS: Final = frozenset({"__pycache__", "tests", "test"})
_UNWANTED_SUFFIXES: Final = frozenset({".pyc", ".pyi", ".pyx", ".pxd", ".c", ".h"})


@dataclass(frozen=True)
class Asset:
    """A folder ready for Lambda and the hash of what went into it."""

    path: Path
    digest: str


class Staging:
    """Stages packages and the layer of one checkout, each once."""

    def __init__(self, root: Path = ROOT, build: Path | None = None) -> None:
        self._root = root
        self._build = build or root / "build"
        self._wheels = root / ".leanda" / "wheels"
        self._staged: dict[str, Asset] = {}

    def package(self, name: str, wheels: str | None = None) -> Asset:
        """The asset of a package (`files`, `parsers/chemical`), with the wheels of `requirements/<wheels>.txt`."""
        if name not in self._staged:
            sources = dict(_package_sources(self._root, name))
            self._staged[name] = self._stage(f"functions/{name.replace('/', '-')}", sources, wheels, frozenset())
        return self._staged[name]

    def layer(self) -> Asset:
        """The asset of the layer; Lambda unpacks it to /opt, where `python/` is on the path."""
        if "layer" not in self._staged:
            base = self._root / "layers" / "shared"
            sources = {path.relative_to(base).as_posix(): path for path in _modules(base / "python" / "leanda")}
            self._staged["layer"] = self._stage("layers/shared", sources, "layer", IN_THE_RUNTIME, inside="python")
        return self._staged["layer"]

    def _stage(
        self, name: str, sources: dict[str, Path], wheels: str | None, without: frozenset[str], inside: str = "."
    ) -> Asset:
        library = self._install(wheels, without) if wheels else None
        digest = hashlib.sha256(f"{_RECIPE} {library.name if library else ''}\n".encode())
        for relative, path in sorted(sources.items()):
            content = path.read_bytes()
            digest.update(f"{relative} {len(content)}\n".encode() + content)
        asset = Asset(self._build / name, digest.hexdigest())
        stamp = self._build / f"{name}.sha256"
        if stamp.exists() and stamp.read_text() == asset.digest and asset.path.is_dir():
            return asset

        asset.path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=asset.path.parent) as scratch:
            fresh = Path(scratch, "fresh")
            fresh.mkdir()
            if library:
                shutil.copytree(library, fresh / inside, copy_function=_link, dirs_exist_ok=True)
            for relative, path in sources.items():
                target = fresh / relative
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
                _compile(target, relative)
            stamp.unlink(missing_ok=True)
            if asset.path.exists():
                asset.path.rename(Path(scratch, "old"))
            fresh.rename(asset.path)
            stamp.write_text(asset.digest)
        return asset

    def _install(self, group: str, without: frozenset[str]) -> Path:
        """The wheels of a requirements group for Lambda's platform, installed and compiled once into a cache."""
        requirements = _pinned((self._root / "requirements" / f"{group}.txt").read_text(), without)
        digest = hashlib.sha256(f"{_RECIPE}\n{requirements}".encode()).hexdigest()
        target = self._wheels / f"{group}-{digest[:16]}"
        if target.is_dir():
            return target
        self._wheels.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._wheels) as scratch:
            pinned, library = Path(scratch, "requirements.txt"), Path(scratch, "library")
            pinned.write_text(requirements)
            subprocess.run(
                [
                    _uv(self._root), "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:",
                    "--python-version", PYTHON_VERSION, "--python-platform", PLATFORM,
                    "--target", str(library), "--requirement", str(pinned),
                ],
                check=True,
            )  # fmt: skip
            _strip(library)
            for module in sorted(library.rglob("*.py")):
                _compile(module, module.relative_to(library).as_posix())
            try:
                library.rename(target)
            except OSError:  # Another process installed the same group meanwhile; its copy is as good.
                if not target.is_dir():
                    raise
        return target


# Part of every hash: how an asset is made, beside what it is made of.
_RECIPE: Final = f"1 {PYTHON_VERSION} {PLATFORM}"


def _package_sources(root: Path, name: str) -> Iterator[tuple[str, Path]]:
    """Modules of a package and of the packages around it, but of no sibling folder."""
    folder = root / "functions"
    for path in _modules(folder, deep=False):
        yield path.relative_to(root).as_posix(), path
    *above, own = name.split("/")
    for part in above:
        folder /= part
        for path in _modules(folder, deep=False):
            yield path.relative_to(root).as_posix(), path
    for path in _modules(folder / own):
        yield path.relative_to(root).as_posix(), path


def _modules(folder: Path, *, deep: bool = True) -> Iterator[Path]:
    for path in sorted(folder.rglob("*") if deep else folder.glob("*")):
        inner = path.relative_to(folder)
        if path.is_file() and not _UNWANTED_FOLDERS.intersection(inner.parts) and path.suffix not in _UNWANTED_SUFFIXES:
            yield path


def _pinned(text: str, without: frozenset[str]) -> str:
    """The requirements with their hashes, without comments and without the named projects."""
    blocks = re.findall(r"^[A-Za-z0-9].*(?:\n[ \t]+--hash.*)*", text, flags=re.MULTILINE)
    kept = [block for block in blocks if re.split(r"[=\[;\s]", block, maxsplit=1)[0].lower() not in without]
    return "\n".join(kept) + "\n"


def _strip(library: Path) -> None:
    """Remove what no function needs at run time: scripts, tests, stubs, C sources."""
    shutil.rmtree(library / "bin", ignore_errors=True)
    for path in sorted(library.rglob("*"), reverse=True):
        if path.is_dir() and path.name in _UNWANTED_FOLDERS:
            shutil.rmtree(path)
        elif path.is_file() and (path.suffix in _UNWANTED_SUFFIXES or path.name == ".lock"):
            path.unlink()


def _compile(module: Path, shown_as: str) -> None:
    """Byte code that Python trusts without looking at the source: dates of unpacked files mean nothing."""
    if module.suffix == ".py" and sys.version_info[:2] == tuple(map(int, PYTHON_VERSION.split("."))):
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
        py_compile.compile(str(module), dfile=shown_as, doraise=False, quiet=2, invalidation_mode=mode)


def _link(source: str, target: str) -> None:
    """A hard link costs nothing; across file systems a copy must do."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _uv(root: Path) -> str:
    beside = root / ".venv" / "bin" / "uv"
    found = str(beside) if beside.exists() else shutil.which("uv")
    if not found:
        raise FileNotFoundError("uv is needed to install wheels for Lambda; `make` puts it into .venv/bin.")
    return found


def stage_all(staging: Staging, packages: Iterable[tuple[str, str | None]]) -> dict[str, Asset]:
    """Stage the layer and every package; the result is by package name, the layer under `layer`."""
    return {"layer": staging.layer(), **{name: staging.package(name, wheels) for name, wheels in packages}}


if __name__ == "__main__":
    from cdk.contexts import CONTEXTS

    everything = [(package.name, package.wheels) for context in CONTEXTS for package in context.packages]
    for staged, asset in stage_all(Staging(), everything).items():
        size = sum(file.stat().st_size for file in asset.path.rglob("*") if file.is_file())
        print(f"{staged:20} {size / 1e6:8.1f} MB  {asset.digest[:12]}  {asset.path.relative_to(ROOT)}")
