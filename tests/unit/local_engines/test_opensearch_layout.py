import hashlib
import zipfile
from pathlib import Path

import pytest

from local.engines import opensearch_layout as layout
from local.engines.jars import DownloadFailed, Jar, JarCache, Lock

VERSION = "3.8.0"
SPI = f"{layout.PAINLESS_SPI}-{VERSION}.jar"
THAI = b"before" + layout._utf8_constant(layout.THAI_PROBE) + b"after"
LUCENE = "lucene-analysis-common-10.5.0.jar"

DISTRIBUTION = {
    f"opensearch-{VERSION}.jar": ["org/opensearch/Server.class"],
    f"opensearch-core-{VERSION}.jar": ["org/opensearch/core/Core.class"],
    f"lang-painless-{VERSION}.jar": [
        "org/opensearch/painless/PainlessModulePlugin.class",
        "org/opensearch/painless/spi/PainlessTestPlugin.class",
        "org/opensearch/painless/PainlessModulePlugin$1.class",
    ],
    SPI: ["org/opensearch/painless/spi/Allowlist.class"],
    f"analysis-common-{VERSION}.jar": ["org/opensearch/analysis/common/CommonAnalysisModulePlugin.class"],
    f"reindex-client-{VERSION}.jar": ["org/opensearch/index/reindex/ReindexModulePlugin.class"],
    LUCENE: [layout.THAI_TOKENIZER],
}


@pytest.fixture
def cache(tmp_path: Path) -> JarCache:
    (tmp_path / "jars").mkdir()
    return JarCache(tmp_path / "jars")


@pytest.fixture
def lock(cache: JarCache, tmp_path: Path) -> Lock:
    jars = []
    for name, classes in DISTRIBUTION.items():
        path = tmp_path / "tiny.jar"
        with zipfile.ZipFile(path, "w") as archive:
            for class_file in classes:
                archive.writestr(class_file, THAI if class_file == layout.THAI_TOKENIZER else class_file.encode())
        content = path.read_bytes()
        jar = Jar(hashlib.sha256(content).hexdigest(), len(content), f"org/example/{name}")
        cache.file(jar).write_bytes(content)
        jars.append(jar)
    return Lock("opensearch", tuple(jars))


def tree(home: Path) -> dict[str, list[str]]:
    folders = [home / "lib", *sorted((home / "modules").iterdir())]
    return {str(folder.relative_to(home)): sorted(path.name for path in folder.iterdir()) for folder in folders}


def test_the_servers_jars_and_the_modules_get_the_distributions_folders(
    lock: Lock, cache: JarCache, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    layout.lay_out(lock, cache, home, thai=True)
    descriptor = "plugin-descriptor.properties"
    assert tree(home) == {
        "lib": [LUCENE, f"opensearch-{VERSION}.jar", f"opensearch-core-{VERSION}.jar"],
        "modules/analysis-common": [f"analysis-common-{VERSION}.jar", descriptor],
        "modules/lang-painless": [f"lang-painless-{VERSION}.jar", SPI, descriptor],
        "modules/reindex": [descriptor, f"reindex-client-{VERSION}.jar"],
    }
    painless = (home / "modules" / "lang-painless" / descriptor).read_text()
    assert "classname=org.opensearch.painless.PainlessModulePlugin\n" in painless
    assert "extended.plugins=lang-painless\n" in (home / "modules" / "analysis-common" / descriptor).read_text()


@pytest.mark.parametrize("thai", [True, False])
def test_lucene_is_changed_only_for_a_runtime_without_thai_and_never_in_the_cache(
    lock: Lock, cache: JarCache, tmp_path: Path, thai: bool
) -> None:
    layout.lay_out(lock, cache, tmp_path / "home", thai=thai)
    with zipfile.ZipFile(tmp_path / "home" / "lib" / LUCENE) as archive:
        tokenizer = archive.read(layout.THAI_TOKENIZER)
    changed = b"before" + layout._utf8_constant(layout.PLAIN_PROBE) + b"after"
    assert tokenizer == (THAI if thai else changed)
    (lucene,) = [jar for jar in lock.jars if jar.name == LUCENE]
    assert hashlib.sha256(cache.file(lucene).read_bytes()).hexdigest() == lucene.sha256


def test_an_unknown_thai_sample_is_not_replaced_blindly(tmp_path: Path) -> None:
    jar = tmp_path / LUCENE
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr(layout.THAI_TOKENIZER, b"another sample")
    with pytest.raises(ValueError, match="Thai sample"):
        layout.without_thai_probe(jar)


def test_a_layout_that_exists_is_complete_and_left_alone(lock: Lock, cache: JarCache, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    layout.lay_out(lock, cache, tmp_path / "home", thai=True)
    assert list((tmp_path / "home").iterdir()) == []


def test_a_failed_layout_leaves_nothing_behind(cache: JarCache, lock: Lock, tmp_path: Path) -> None:
    cache.file(lock.jars[-1]).write_bytes(b"")
    with pytest.raises(DownloadFailed, match="damaged"):
        layout.lay_out(lock, cache, tmp_path / "home", thai=True)
    assert not list(tmp_path.glob("home*"))


def test_modules_are_recognised_with_and_without_the_client_suffix() -> None:
    assert layout.module_of("reindex-client-3.8.0.jar", VERSION) == "reindex"
    assert layout.module_of("geo-3.8.0.jar", VERSION) == "geo"
    assert layout.module_of("opensearch-geo-3.8.0.jar", VERSION) is None
    assert layout.module_of(SPI, VERSION) == "lang-painless"


def test_the_committed_lock_holds_every_module() -> None:
    committed = Lock.read(Path(layout.__file__).with_name("opensearch.lock"))
    version = layout.server_version([jar.name for jar in committed.jars])
    assert {layout.module_of(jar.name, version) for jar in committed.jars} - {None} == set(layout.MODULES)
