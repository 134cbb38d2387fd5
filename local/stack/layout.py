"""Where a stack keeps its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from local.stack.options import Options


class StackError(Exception):
    """Something that the person at the terminal can read and act on."""


@dataclass(frozen=True)
class Layout:
    """Files of one stack. The developer's outputs lie where clients look for them: `.leanda/outputs.json`."""

    root: Path
    home: Path
    outputs_file: Path

    @classmethod
    def of(cls, root: Path, options: Options | None) -> Layout:
        root = root.resolve()
        home = root / (options or Options()).home
        developer = home == root / Options().home
        return cls(root, home, root / ".leanda" / "outputs.json" if developer else home / "outputs.json")

    @property
    def pid_file(self) -> Path:
        return self.home / "supervisor.pid"

    @property
    def log_file(self) -> Path:
        return self.home / "supervisor.log"

    @property
    def progress_file(self) -> Path:
        return self.home / "progress.log"

    @property
    def status_file(self) -> Path:
        return self.home / "status.json"

    @property
    def ports_file(self) -> Path:
        return self.home / "ports.json"

    def supervisor_pid(self) -> int | None:
        """The supervisor's process id while it runs; a recycled id is not mistaken for it."""
        try:
            pid = int(self.pid_file.read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ValueError, ProcessLookupError):
            return None
        return pid if b"local.stack.supervisor" in command and state != "Z" else None

    def log_tail(self, lines: int = 25) -> str:
        try:
            return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return ""
