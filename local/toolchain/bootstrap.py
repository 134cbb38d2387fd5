"""Make every environment `make` needs, from nothing but Python 3.8 or later: `python3 -m local.toolchain.bootstrap`.

It finds Python 3.13, fetches uv, and installs three locked sets of wheels. Each set has a stamp with the hash of its
requirements, so a second run only compares hashes.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from local.toolchain.machine import cache_root, runs, uv_environment

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements"
WANTED = "3.13"
VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"

# Environment, its requirements, what it is for, and roughly what an empty cache downloads (MB, Linux x86_64).
ENVIRONMENTS = (
    (ROOT / ".venv", "dev.txt", "development: tests, CDK, the local cloud", 385),
    (ROOT / ".leanda" / "venvs" / "runtime", "runtime.txt", "what the Lambda runtime itself holds", 18),
    (ROOT / ".leanda" / "venvs" / "ministack", "ministack.txt", "AWS endpoints on this machine", 25),
)

SOURCES = (".", "layers/shared/python", "client")
"""Folders of this checkout that hold importable packages."""

NO_PYTHON = """\
Leanda needs Python 3.13, the Lambda runtime, and this machine has none that runs. Any one of these will do:
  * your system's package manager, for example `apt-get install python3.13` or `brew install python@3.13`
  * pyenv:  pyenv install 3.13
  * a network on which uv may download it; then `make` does the rest
  * an interpreter elsewhere:  make PYTHON313=/path/to/python3.13
"""


def main() -> int:
    # Two terminals may type `make` at the same time; the second waits and then finds everything ready.
    (ROOT / ".leanda").mkdir(exist_ok=True)
    with (ROOT / ".leanda" / "bootstrap.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return bootstrap()


def bootstrap() -> int:
    """Make the environments that are missing or stale; the exit code."""
    began = time.monotonic()
    stale = [row for row in ENVIRONMENTS if not is_fresh(row[0], REQUIREMENTS / row[1])]
    if not stale:
        link_checkout(ROOT / ".venv")
        return 0
    python = find_python()
    if python is None:
        say(f"Python {WANTED} was not found; asking uv for one (about 35 MB to download)")
    uv = find_uv()
    python = python or download_python(uv)
    if python is None:
        print(NO_PYTHON, file=sys.stderr, end="")
        return 1
    for folder, requirements, purpose, megabytes in stale:
        say(f"{folder.relative_to(ROOT)}: {purpose} (at most about {megabytes} MB to download)")
        install(uv, python, folder, REQUIREMENTS / requirements)
    link_checkout(ROOT / ".venv")
    say(f"ready after {time.monotonic() - began:.0f} s")
    return 0


def say(text: str) -> None:
    print(f"[bootstrap] {text}", flush=True)


def stamp_of(requirements: Path) -> str:
    return hashlib.sha256(requirements.read_bytes()).hexdigest()


def is_fresh(folder: Path, requirements: Path) -> bool:
    """Whether the environment was made from exactly these requirements and its interpreter still runs here."""
    stamp = folder / "requirements.sha256"
    if not stamp.is_file() or stamp.read_text().strip() != stamp_of(requirements):
        return False
    return (folder / "bin" / "python").exists()  # a dangling link when the interpreter was removed


def find_python() -> str | None:
    """A Python 3.13 that really runs: named by the caller, on PATH, the current one, or one of pyenv's.

    A pyenv shim named `python3.13` may exist and refuse to run, which stops uv's own search; so each is tried.
    """
    candidates = [os.environ[name] for name in ("PYTHON313", "UV_PYTHON") if os.environ.get(name)]
    candidates += [str(Path(folder) / "python3.13") for folder in os.get_exec_path()]
    candidates.append(sys.executable)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates += [str(path) for path in sorted(pyenv.glob(WANTED + "*/bin/python3.13"), reverse=True)]
    for candidate in candidates:
        if Path(candidate).is_file() and runs([candidate, "-I", "-c", VERSION]) == WANTED:
            return candidate
    return None


def download_python(uv: str) -> str | None:
    """A Python 3.13 that uv has or may download, in uv's own folder; None where it may not."""
    done = subprocess.run([uv, "python", "install", "--quiet", WANTED], env=uv_environment(), stdin=subprocess.DEVNULL)
    if done.returncode:
        return None
    return runs([uv, "python", "find", "--managed-python", WANTED])


def find_uv() -> str:
    """The pinned uv, installed once per user into the cache, with the hash from the locked requirements."""
    pin = uv_pin((REQUIREMENTS / "dev.txt").read_text())
    home = cache_root() / "uv" / hashlib.sha256(pin.encode()).hexdigest()[:16]
    uv = home / "bin" / "uv"
    if not uv.is_file():
        say("uv: the installer (about 18 MB to download)")
        home.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=str(home.parent)))
        try:
            install_uv(pin, draft)
            draft.rename(home)
        except OSError:
            if not uv.is_file():  # otherwise another checkout was faster, which is as good
                raise
        finally:
            shutil.rmtree(str(draft), ignore_errors=True)
    return str(uv)


def uv_pin(requirements: str) -> str:
    """The lines that pin uv and its hashes, on any platform."""
    found = re.search(r"^uv==[^\\\n]*(?:\\\n[^\\\n]*--hash=[^\\\n]*)+", requirements, re.MULTILINE)
    if found is None:
        raise ValueError("requirements/dev.txt does not pin uv")
    return found.group(0).rstrip() + "\n"


def install_uv(pin: str, target: Path) -> None:
    """Install with pip, from this interpreter if it has pip, else from an environment made for the moment.

    Debian's Python may come without either; then the message says what to install.
    """
    requirements = target / "uv.txt"
    requirements.write_text(pin)
    pip = [sys.executable, "-m", "pip"]
    if runs([*pip, "--version"]) is None:
        seed = target / "seed"
        if subprocess.run([sys.executable, "-m", "venv", str(seed)], stdout=subprocess.DEVNULL).returncode:
            sys.exit(
                f"{sys.executable} has neither pip nor venv; install one of them (Debian: apt-get install python3-venv)"
            )
        pip = [str(seed / "bin" / "python"), "-m", "pip"]
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    # --prefix would follow the distribution's own folder scheme; --target puts the program into bin/ everywhere.
    command = [*pip, "install", *options, "--target", str(target), "--requirement", str(requirements)]
    environment = {key: value for key, value in os.environ.items() if key not in ("PIP_USER", "PIP_TARGET")}
    environment["PIP_ROOT_USER_ACTION"] = "ignore"  # the advice to use an environment does not fit a private folder
    if subprocess.run(command, env=environment, stdin=subprocess.DEVNULL).returncode:
        sys.exit("uv could not be installed; is the package index reachable (pip's settings are used)?")
    shutil.rmtree(str(target / "seed"), ignore_errors=True)


def install(uv: str, python: str, folder: Path, requirements: Path) -> None:
    """Make `folder` hold exactly the locked wheels; the stamp is written last."""
    environment = uv_environment()
    interpreter = folder / "bin" / "python"
    if not interpreter.exists() or runs([str(interpreter), "-I", "-c", VERSION]) != WANTED:
        command = [uv, "venv", "--quiet", "--no-project", "--clear", "--python", python, str(folder)]
        run(command, environment)
    # No builds: a wheel that is missing for this platform should say so, not look for a compiler.
    options = ["--require-hashes", "--only-binary", ":all:", "--python", str(interpreter)]
    run([uv, "pip", "sync", "--quiet", *options, str(requirements)], environment)
    (folder / "requirements.sha256").write_text(stamp_of(requirements) + "\n")


def link_checkout(venv: Path) -> None:
    """Make the checkout's own packages importable, and `leanda` a command, without building a wheel of it."""
    site = next((venv / "lib").glob("python3*/site-packages"))
    write_if_changed(site / "leanda-checkout.pth", "".join(f"{ROOT / source}\n" for source in SOURCES))
    command = venv / "bin" / "leanda"
    write_if_changed(command, f"#!{venv / 'bin' / 'python'}\nfrom cli.app import main\n\nmain()\n")
    command.chmod(0o755)


def write_if_changed(file: Path, text: str) -> None:
    if not file.is_file() or file.read_text() != text:
        file.write_text(text)


def run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, cwd=str(ROOT))
    if done.returncode:
        sys.exit(f"failed: {' '.join(command)}")


if __name__ == "__main__":
    sys.exit(main())
