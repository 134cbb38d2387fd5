"""What each staged function ships, measured: size, wheels, byte code, and what it imports.

    python -m cdk.assets        writes docs/assets.md; stages what has changed, and imports every handler three times

What must hold of every asset is in `problems`; a test asks it of all of them.
"""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path
from typing import Final

from cdk.contexts import CONTEXTS
from cdk.contexts.table import Package
from cdk.staging import ROOT, Staging

MAX_BYTES: Final = 250 * 1024 * 1024
"""Function and layers together, unpacked (AWS Lambda developer guide, "Lambda quotas")."""
RUNTIME: Final = ROOT / ".leanda" / "venvs" / "runtime"
PAGE: Final = ROOT / "docs" / "assets.md"
_REQUIRED: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_TIMED: Final = """
import sys, time
sys.path[:0] = sys.argv[2:]
before = time.process_time()
__import__(sys.argv[1])
print((time.process_time() - before) * 1000)
"""


@dataclass(frozen=True)
class Asset:
    """A staged package beside its layer.

    Attributes:
        path: the package's folder; `layer` is that of the layer's `python`.
        runtime: where the wheels are that the Lambda runtime brings.
    """

    package: Package
    path: Path
    layer: Path
    runtime: Path

    def size(self) -> int:
        """Bytes on disk, the layer's too."""
        return size_of(self.path) + size_of(self.layer)

    def wheels(self) -> dict[str, str]:
        """Names of the wheels inside, with their versions."""
        return {_name(one): one.version for one in distributions(self.path)}

    def without_byte_code(self) -> list[str]:
        """Modules that every cold start would compile: the folder is read-only there. What is no Python 3 is never imported."""
        tag = sys.implementation.cache_tag
        return [
            module.relative_to(self.path).as_posix()
            for module in sorted(self.path.rglob("*.py"))
            if not (module.parent / "__pycache__" / f"{module.stem}.{tag}.pyc").is_file() and _compiles(module)
        ]

    def import_milliseconds(self, times: int = 3) -> dict[str, float]:
        """Processor time of importing each handler where only the asset, the layer and the runtime's wheels are seen."""
        found = {}
        for function in self.package.functions:
            module = f"functions.{self.package.name.replace('/', '.')}.{function.handler}"
            command = [sys.executable, "-I", "-S", "-c", _TIMED, module, *map(str, self._paths())]
            taken = [
                float(subprocess.run(command, env={}, capture_output=True, check=True).stdout) for _ in range(times)
            ]
            found[function.handler] = statistics.median(taken)
        return found

    def problems(self) -> Iterator[str]:
        """What must not be, as sentences."""
        if self.size() > MAX_BYTES:
            yield f"{self.package.name} has {self.size()} bytes with its layer; Lambda takes {MAX_BYTES}"
        for module in self.without_byte_code():
            yield f"{self.package.name} ships {module} without byte code"
        wanted = self.imported()
        here = _providers(self.path)
        elsewhere = _providers(self.layer).keys() | _providers(self.runtime).keys()
        for module in sorted(wanted - here.keys() - elsewhere):
            yield f"{self.package.name} imports {module}, and no wheel that it ships has it"
        needed = {here[module] for module in wanted & here.keys()}
        while more := {name for one in needed for name in _requirements(self.path, one)} & set(here.values()) - needed:
            needed |= more
        for name in sorted(set(here.values()) - needed):
            yield f"{self.package.name} ships {name} and imports nothing of it"

    def imported(self) -> set[str]:
        """Top-level modules of wheels that its own modules import, at once or later, and the ones that these import of Leanda."""
        own = self.path / "functions" / self.package.name
        todo = [_dotted(path, self.path) for path in sorted(own.rglob("*.py"))]
        seen, found = set(todo), set[str]()
        while todo:
            file = self._file(todo.pop())
            for name in _imports(file) if file else ():
                top = name.partition(".")[0]
                if top not in ("functions", "leanda"):
                    found.add(top)
                elif name not in seen:
                    seen.add(name)
                    todo.append(name)
        return found - sys.stdlib_module_names

    def _file(self, module: str) -> Path | None:
        """The source of a module of Leanda; None for a name inside of one."""
        base = self.layer if module.startswith("leanda") else self.path
        place = base.joinpath(*module.split("."))
        found = (place.with_suffix(".py"), place / "__init__.py")
        return next((one for one in found if one.is_file()), None)

    def _paths(self) -> tuple[Path, Path, Path]:
        return self.path, self.layer, self.runtime


def assets(staging: Staging) -> Iterator[Asset]:
    """Every package of every context, staged."""
    layer = staging.layer().path / "python"
    (runtime,) = RUNTIME.glob("lib/python*/site-packages")
    for context in CONTEXTS:
        for package in context.packages:
            yield Asset(package, staging.package(package.name, package.wheels).path, layer, runtime)


@cache
def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def distributions(folder: Path) -> list[Distribution]:
    return [PathDistribution(path) for path in sorted(folder.glob("*.dist-info"))]


@cache
def _providers(folder: Path) -> dict[str, str]:
    """Top-level modules by name, and the wheel that each is from."""
    found = {}
    for one in distributions(folder):
        for file in one.files or ():
            top = file.parts[0]
            if file.suffix in (".py", ".so") and not top.endswith((".dist-info", ".libs", ".data")):
                found[top.partition(".")[0]] = _name(one)
    return found


def _compiles(module: Path) -> bool:
    try:
        compile(module.read_bytes(), module.name, "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


def _requirements(folder: Path, name: str) -> set[str]:
    """Names of what a wheel requires, extras left out."""
    (one,) = (each for each in distributions(folder) if _name(each) == name)
    required = [line for line in one.requires or () if "extra ==" not in line]
    return {found[0].lower().replace("_", "-") for line in required if (found := _REQUIRED.match(line))}


def _name(one: Distribution) -> str:
    return str(one.metadata["Name"]).lower().replace("_", "-")


def _imports(file: Path) -> Iterator[str]:
    """Every module that a source imports, wherever in it, but for types alone; of `from a import b` both `a` and `a.b`."""
    skipped: set[ast.AST] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            skipped.update(inner for statement in node.body for inner in ast.walk(statement))
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _dotted(path: Path, base: Path) -> str:
    return ".".join(path.relative_to(base).with_suffix("").parts).removesuffix(".__init__")


def page(found: list[Asset]) -> str:
    """docs/assets.md."""
    layer = size_of(found[0].layer)
    lines = [
        "# What each function ships",
        "*Written by `python -m cdk.assets` (`make assets`); milliseconds are processor time of the machine that it ran on.*",
        f"A function may have {MAX_BYTES / 1e6:.0f} MB unpacked, with its layers. The layer has {layer / 1e6:.1f} MB. All modules "
        "are shipped with byte code, because the folder is read-only where they run. `tests/infra/test_assets.py` fails where one "
        "of this does not hold, and where a wheel is imported that is not shipped, or shipped and not imported. Toolkits are "
        "imported on first use, and not by a handler.",
        "| Package | Own, MB | With the layer, MB | Wheels inside | Modules without byte code | Import of a handler, ms |\n"
        "| --- | --- | --- | --- | --- | --- |\n" + "\n".join(map(_row, found)),
    ]
    return "\n\n".join(lines) + "\n"


def named_wheels(one: Asset) -> str:
    """The wheels inside as the page names them."""
    return ", ".join(f"{name} {version}" for name, version in sorted(one.wheels().items()))


def _row(one: Asset) -> str:
    times = ", ".join(f"{handler} {taken:.0f}" for handler, taken in one.import_milliseconds().items())
    sizes = f"{size_of(one.path) / 1e6:.1f} | {one.size() / 1e6:.1f}"
    return f"| {one.package.name} | {sizes} | {named_wheels(one)} | {len(one.without_byte_code())} | {times} |"


if __name__ == "__main__":
    PAGE.write_text(page(list(assets(Staging()))))
    print(PAGE.relative_to(ROOT))
