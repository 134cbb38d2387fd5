from pathlib import Path

import pytest

from local.engines import maven
from local.engines.maven import Repository, mirror_of_central, repository, serves_central

SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<settings xmlns="http://maven.apache.org/SETTINGS/1.2.0">
  <servers><server><id>company</id><username>ada</username><password>${env.SECRET}</password></server></servers>
  <mirrors>
    <mirror><id>blocker</id><mirrorOf>*</mirrorOf><url>http://blocked.example/</url><blocked>true</blocked></mirror>
    <mirror><id>other</id><mirrorOf>snapshots</mirrorOf><url>https://other.example</url></mirror>
    <mirror><id>company</id><mirrorOf>external:*</mirrorOf><url>https://${env.HOST}/maven/</url></mirror>
  </mirrors>
</settings>"""


def test_the_first_unblocked_mirror_of_central_is_used_with_its_login_and_variables() -> None:
    found = mirror_of_central(SETTINGS, {"HOST": "mirror.example", "SECRET": "lovelace"})
    assert found == Repository("https://mirror.example/maven", ("ada", "lovelace"))


def test_settings_without_a_namespace_are_read_too() -> None:
    mirror = "<mirror><id>m</id><mirrorOf>central</mirrorOf><url>https://m.example</url></mirror>"
    assert mirror_of_central(f"<settings><mirrors>{mirror}</mirrors></settings>", {}) == Repository("https://m.example")


def test_settings_without_mirrors_name_none() -> None:
    assert mirror_of_central("<settings/>", {}) is None


@pytest.mark.parametrize(
    ("mirror_of", "serves"),
    [
        ("*", True),
        ("central", True),
        ("snapshots, central", True),
        ("external:*", True),
        ("*,!central", False),
        ("external:http:*", False),
        ("snapshots", False),
        ("", False),
    ],
)
def test_which_patterns_cover_central(mirror_of: str, serves: bool) -> None:
    assert serves_central(mirror_of.split(",")) is serves


def test_the_environment_comes_before_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAVEN_MIRROR_URL", "https://env.example/maven/")
    assert repository() == Repository("https://env.example/maven")


def test_the_users_settings_come_before_the_installations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user, installation = tmp_path / "home" / ".m2" / "settings.xml", tmp_path / "maven" / "conf" / "settings.xml"
    for path, host in ((user, "user"), (installation, "installation")):
        path.parent.mkdir(parents=True)
        path.write_text(
            "<settings><mirrors><mirror><mirrorOf>*</mirrorOf>"
            f"<url>https://{host}.example</url></mirror></mirrors></settings>"
        )
    monkeypatch.delenv("MAVEN_MIRROR_URL", raising=False)
    monkeypatch.delenv("M2_HOME", raising=False)
    monkeypatch.setenv("MAVEN_HOME", str(tmp_path / "maven"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert maven.settings_files()[:2] == [user, installation]
    assert repository() == Repository("https://user.example")
    user.unlink()
    assert repository() == Repository("https://installation.example")
