"""Facts about the machine that both the bootstrap and the engines need: where to cache, how uv reaches a registry."""

from __future__ import annotations

import configparser
import os
import subprocess
import sys
from pathlib import Path


def cache_root() -> Path:
    """The folder shared by all checkouts of one user; `LEANDA_CACHE` moves it."""
    override = os.environ.get("LEANDA_CACHE")
    return Path(override).expanduser().resolve() if override else Path.home() / ".cache" / "leanda"


def uv_environment() -> dict[str, str]:
    """The environment for uv, with what only pip has been told about this machine's package index.

    uv does not read pip's configuration (uv documentation, "Compatibility with pip"), yet that is where a company
    mirror or certificate usually stands. What uv has been told itself always wins.
    """
    env = dict(os.environ)
    # An activated environment must not decide which interpreter or environment uv works on.
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "UV_PYTHON"):
        env.pop(name, None)
    pip = pip_settings()
    if not any(name in env for name in ("UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX")):
        if "index-url" in pip:
            env["UV_DEFAULT_INDEX"] = pip["index-url"]
        if "extra-index-url" in pip:
            env["UV_INDEX"] = " ".join(pip["extra-index-url"].split())
    if "cert" in pip and "SSL_CERT_FILE" not in env:
        env["SSL_CERT_FILE"] = pip["cert"]
    env.setdefault("UV_HTTP_TIMEOUT", "120")
    return env


def pip_settings() -> dict[str, str]:
    """pip's `global` settings on this machine, environment variables first (pip documentation, "Configuration")."""
    found: dict[str, str] = {}
    for path in _pip_configuration_files():
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue  # pip itself will complain about the file with a better message than ours
        for section in ("global", "install"):
            if parser.has_section(section):
                found.update({key.replace("_", "-"): value for key, value in parser.items(section)})
    for key in ("index-url", "extra-index-url", "cert"):
        value = os.environ.get("PIP_" + key.upper().replace("-", "_"))
        if value:
            found[key] = value
    return found


def _pip_configuration_files() -> list[Path]:
    """In pip's order, the later one wins: machine, user (old and new place), then the file the environment names."""
    home = Path.home()
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    files = [Path("/etc/pip.conf"), home / ".pip" / "pip.conf", config / "pip" / "pip.conf"]
    if sys.platform == "darwin":
        files.append(home / "Library" / "Application Support" / "pip" / "pip.conf")
    named = os.environ.get("PIP_CONFIG_FILE")
    if named:
        files.append(Path(named))
    return [path for path in files if path.is_file()]


def runs(command: list[str], timeout: float = 20) -> str | None:
    """The output of a command that worked, or None; a pyenv shim may exist and still refuse to run."""
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, timeout=timeout
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None
