"""Lay OpenSearch's jars out as its own distribution does, so that the real server starts from them.

The jars on Maven lack three things a distribution has: the folders of the bundled modules, their plugin descriptors,
and, with the wheel's Java, a runtime that can split Thai words.
"""

import re
import shutil
import tempfile
import zipfile
from pathlib import Path

from local.engines.jars import JarCache, Lock

# The module's folder is its jar's name up to the version, without the `-client` Maven adds to some.
MODULES = (
    "aggs-matrix-stats",
    "analysis-common",
    "geo",
    "ingest-common",
    "lang-expression",
    "lang-mustache",
    "lang-painless",
    "mapper-extras",
    "parent-join",
    "percolator",
    "rank-eval",
    "reindex",
    "transport-netty4",
)
# Painless finds the extension points of other modules through its own class loader, so this jar lives with it.
PAINLESS_SPI = "opensearch-scripting-painless-spi"
EXTENDS = {"analysis-common": "lang-painless"}  # adds words to the list of classes scripts may use

THAI_TOKENIZER = "org/apache/lucene/analysis/th/ThaiTokenizer.class"
THAI_PROBE, PLAIN_PROBE = "ภาษาไทย".encode(), b"abc def"


def lay_out(lock: Lock, cache: JarCache, home: Path, *, thai: bool) -> None:
    """Create `home` with `lib/`, `modules/` and `plugins/`; does nothing when it is already there.

    The folder appears whole or not at all. `thai` says the Java runtime knows Thai word boundaries.

    Raises:
        DownloadFailed: a cached jar is damaged.
    """
    if home.is_dir():
        return
    home.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=home.parent, prefix=f"{home.name}."))
    try:
        version = server_version([jar.name for jar in lock.jars])
        for folder in ("lib", "modules", "plugins"):
            (draft / folder).mkdir()
        for jar in lock.jars:
            module = module_of(jar.name, version)
            placed = cache.lay_out(jar, draft / "modules" / module if module else draft / "lib")
            if module and not jar.name.startswith(PAINLESS_SPI):
                descriptor = plugin_descriptor(module, version, plugin_class(placed))
                (placed.parent / "plugin-descriptor.properties").write_text(descriptor)
            if not thai and jar.name.startswith("lucene-analysis-common-"):
                without_thai_probe(placed)
        draft.chmod(0o755)
        draft.rename(home)
    except OSError:
        if not home.is_dir():  # otherwise another checkout was faster, which is as good
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def server_version(names: list[str]) -> str:
    """The version in `opensearch-<version>.jar`, the one jar that is named after the server alone."""
    found = [match[1] for name in names if (match := re.fullmatch(r"opensearch-(\d+\.\d+\.\d+)\.jar", name))]
    if len(found) != 1:
        raise ValueError(f"expected one OpenSearch server jar, found {found}")
    return found[0]


def module_of(name: str, version: str) -> str | None:
    """The bundled module a jar belongs to, or None for the class path of the server itself."""
    stem = name.removesuffix(f"-{version}.jar")
    if stem == PAINLESS_SPI:
        return "lang-painless"
    stem = stem.removesuffix("-client")
    return stem if stem in MODULES else None


def plugin_class(jar: Path) -> str:
    """The plugin class in a module's jar: `*ModulePlugin` where there is one, as OpenSearch 3 names them.

    Raises:
        ValueError: none, or more than one.
    """
    with zipfile.ZipFile(jar) as archive:
        classes = [name for name in archive.namelist() if name.endswith("Plugin.class") and "$" not in name]
    chosen = [name for name in classes if name.endswith("ModulePlugin.class")] or classes
    if len(chosen) != 1:
        raise ValueError(f"expected one plugin class in {jar.name}, found {chosen}")
    return chosen[0].removesuffix(".class").replace("/", ".")


def plugin_descriptor(module: str, version: str, class_name: str) -> str:
    """The descriptor OpenSearch reads for each module (its source, `plugin-descriptor.properties` template)."""
    rows = {
        "name": module,
        "description": module,
        "version": version,
        "opensearch.version": version,
        "java.version": "21",
        "classname": class_name,
        "custom.foldername": "",
        "extended.plugins": EXTENDS.get(module, ""),
        "has.native.controller": "false",
    }
    return "".join(f"{key}={value}\n" for key, value in rows.items())


def without_thai_probe(jar: Path) -> None:
    """Let Lucene's Thai tokenizer accept a runtime without Thai word boundaries.

    OpenSearch builds every analyzer it knows when an index is created, and Lucene refuses to build the Thai one unless
    the runtime splits a sample word at its fourth character; without this no index at all could be created on the
    wheel's Java. The sample becomes a text every runtime splits there. Thai text is then split by spaces only, which is
    all that is lost.

    Raises:
        ValueError: Lucene changed its sample, so that nothing may be replaced blindly.
    """
    patched = jar.with_suffix(".patched")
    with zipfile.ZipFile(jar) as source, zipfile.ZipFile(patched, "w", zipfile.ZIP_STORED) as target:
        for item in source.infolist():
            content = source.read(item)
            if item.filename == THAI_TOKENIZER:
                if content.count(_utf8_constant(THAI_PROBE)) != 1:
                    raise ValueError(f"{jar.name} holds another Thai sample than the one known here")
                content = content.replace(_utf8_constant(THAI_PROBE), _utf8_constant(PLAIN_PROBE))
            target.writestr(item, content, zipfile.ZIP_STORED)
    patched.replace(jar)  # replaces the link, never the cached file behind it


def _utf8_constant(text: bytes) -> bytes:
    """CONSTANT_Utf8_info: tag 1, length, bytes (Java Virtual Machine Specification, section 4.4.7)."""
    return b"\x01" + len(text).to_bytes(2, "big") + text
