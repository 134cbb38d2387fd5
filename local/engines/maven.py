"""Which Maven repository this machine uses.

No repository address stands in this code base: it comes from the environment, from Maven's own settings, and last from
jgo, a Maven client that knows Maven's default (the "central" of Maven's super POM).
"""

import os
import re
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Repository:
    """A Maven repository and, where the settings name them, the credentials for it."""

    url: str
    login: tuple[str, str] | None = None


def repository() -> Repository:
    """`MAVEN_MIRROR_URL`, else the mirror of `central` in Maven's settings, else Maven's default."""
    if url := os.environ.get("MAVEN_MIRROR_URL"):
        return Repository(url.rstrip("/"))
    for settings in settings_files():
        if mirror := mirror_of_central(settings.read_text(encoding="utf-8"), os.environ):
            return mirror
    from jgo.constants import MAVEN_CENTRAL_URL  # imported here because only a cold cache needs it

    return Repository(str(MAVEN_CENTRAL_URL).rstrip("/"))


def settings_files() -> list[Path]:
    """The settings files Maven itself would read, the user's first (Maven documentation, "Settings Reference")."""
    homes: list[Path] = [Path(os.environ[name]) for name in ("MAVEN_HOME", "M2_HOME") if os.environ.get(name)]
    if mvn := shutil.which("mvn"):
        homes.append(Path(mvn).resolve().parents[1])
    candidates = [Path.home() / ".m2" / "settings.xml", *(home / "conf" / "settings.xml" for home in homes)]
    return [path for path in candidates if path.is_file()]


def mirror_of_central(settings: str, environment: Mapping[str, str]) -> Repository | None:
    """The first mirror in a settings.xml that serves `central`, with `${env.NAME}` filled in."""
    root = ET.fromstring(settings)  # noqa: S314 - Maven's own configuration, written by the owner of the machine
    for mirror in _children(root, "mirrors", "mirror"):
        fields = _fields(mirror, environment)
        if (
            fields.get("blocked") != "true"
            and "url" in fields
            and serves_central(fields.get("mirrorOf", "").split(","))
        ):
            servers = {
                row.get("id"): row for row in (_fields(s, environment) for s in _children(root, "servers", "server"))
            }
            server = servers.get(fields.get("id"), {})
            login = (server["username"], server["password"]) if {"username", "password"} <= server.keys() else None
            return Repository(fields["url"].rstrip("/"), login)
    return None


def serves_central(patterns: Sequence[str]) -> bool:
    """Whether a `mirrorOf` list covers `central` (Maven documentation, "Using Mirrors for Repositories").

    `external:http:*` does not: Maven's default is reached by https.
    """
    words = {pattern.strip() for pattern in patterns}
    return "!central" not in words and bool(words & {"*", "external:*", "central"})


def _children(root: ET.Element, group: str, item: str) -> list[ET.Element]:
    """Elements `group/item`, whether or not the file declares Maven's namespace."""
    return root.findall(f"{{*}}{group}/{{*}}{item}")


def _fields(element: ET.Element, environment: Mapping[str, str]) -> dict[str, str]:
    def filled(text: str) -> str:
        return re.sub(r"\$\{env\.(\w+)\}", lambda match: environment.get(match[1], match[0]), text.strip())

    return {child.tag.rpartition("}")[2]: filled(child.text or "") for child in element}
