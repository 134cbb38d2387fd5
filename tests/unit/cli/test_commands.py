"""The `leanda` command: what it prints, and how it ends."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import httpx
import pytest

from cli.settings import is_loopback
from tests.unit.cli.conftest import FakeStack, Run
from tests.unit.client.cloud import API, CloudInMemory


@pytest.fixture
def smiles(tmp_path: Path) -> Path:
    path = tmp_path / "list.smi"
    path.write_text("C methane\nCC ethane\n")
    return path


def ids_in(output: str) -> list[str]:
    return [line.split()[0] for line in output.splitlines()]


# --- files ------------------------------------------------------------------------------------------------------------


def test_an_upload_prints_the_id(run: Run, cloud: CloudInMemory, smiles: Path) -> None:
    result = run("upload", str(smiles))
    assert result.exit_code == 0
    assert ids_in(result.stdout) == list(cloud.files)


@pytest.mark.parametrize(
    ("options", "asked"), [((), {}), (("--position",), {"position": True}), (("--unpack",), {"unpack": True})]
)
def test_an_upload_asks_for_what_its_options_say(
    run: Run, cloud: CloudInMemory, smiles: Path, options: tuple[str, ...], asked: dict[str, bool]
) -> None:
    assert run("upload", str(smiles), *options).exit_code == 0
    (announced,) = [request for request in cloud.requests if request.url.path.endswith("/v1/files")]
    body = json.loads(announced.content)
    assert {name: body[name] for name in ("position", "unpack", "process") if name in body} == asked


def test_a_folder_keeps_its_structure_and_hidden_files_stay(run: Run, cloud: CloudInMemory, tmp_path: Path) -> None:
    top = tmp_path / "results"
    for name in ("a.smi", "inner/b.smi", "inner/.DS_Store", ".git/config"):
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("C")
    assert run("upload", str(top)).exit_code == 0
    assert run("upload", str(top)).exit_code == 0
    parents = {folder["id"]: folder for folder in cloud.folders.values()}
    assert sorted(folder["name"] for folder in parents.values()) == ["inner", "results"]
    placed = {(file["name"], parents[file["parentId"]]["name"]) for file in cloud.files.values()}
    assert placed == {("a.smi", "results"), ("b.smi", "inner")}


def test_a_name_that_is_no_utf8_is_sent_with_a_sign_for_that_and_stops_nobody(
    run: Run, cloud: CloudInMemory, smiles: Path
) -> None:
    odd = smiles.parent / os.fsdecode(b"od\xffd.smi")
    odd.write_text("C")
    result = run("upload", str(odd), str(smiles))
    assert (result.exit_code, len(ids_in(result.stdout))) == (0, 2)
    assert sorted(file["name"] for file in cloud.files.values()) == sorted(
        [smiles.name, "od\N{REPLACEMENT CHARACTER}d.smi"]
    )


def test_who_waits_no_longer_is_told_how_to_look_again(
    run: Run, cloud: CloudInMemory, smiles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.watching.watch", interrupted)
    result = run("upload", "--wait", str(smiles))
    (file_id,) = cloud.files
    assert result.exit_code == 130
    assert f"leanda watch {file_id}" in result.stderr


def test_waiting_shows_the_outcome(run: Run, smiles: Path) -> None:
    result = run("upload", "--wait", str(smiles))
    assert result.exit_code == 0
    assert "Processed" in result.stdout


def test_a_failed_file_is_exit_code_1_and_says_why(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "bad.sdf"
    path.write_text("nonsense")
    result = run("upload", "--wait", str(path))
    assert result.exit_code == 1
    assert "No. (FILE_UNREADABLE)" in result.stdout


def test_waiting_too_long_is_exit_code_1(run: Run, cloud: CloudInMemory, smiles: Path) -> None:
    cloud._store = lambda *_: None  # type: ignore[method-assign]
    result = run("upload", "--wait", "--timeout", "0", str(smiles))
    assert result.exit_code == 1
    assert "still on its way" in result.stdout


def test_one_file_that_cannot_be_sent_does_not_stop_the_others_and_can_be_continued(
    run: Run, cloud: CloudInMemory, smiles: Path, tmp_path: Path
) -> None:
    large = tmp_path / "large.smi"
    large.write_text("C\n" * 600)
    text = "<Error><Code>InvalidPart</Code><Message>Bad luck.</Message></Error>"
    cloud.fail(100, lambda: httpx.Response(400, text=text), method="PUT")
    result = run("upload", str(large), str(smiles))
    assert result.exit_code == 1
    assert "Bad luck" in result.stderr
    assert len(cloud.stored) == 1
    file_id = result.stderr.rstrip().rpartition("--resume ")[2]
    cloud.faults.clear()
    assert run("upload", str(large), "--resume", file_id).exit_code == 0
    assert len(cloud.stored) == 2


def test_a_path_that_is_not_there_is_a_usage_error(run: Run) -> None:
    assert run("upload", "/nowhere/at-all.sdf").exit_code == 2


def test_lists_show_folders_and_files(run: Run, smiles: Path) -> None:
    run("upload", str(smiles))
    result = run("ls")
    assert result.exit_code == 0
    assert "list.smi" in result.stdout
    items = json.loads(run("ls", "--json").stdout)
    assert [item["name"] for item in items] == ["list.smi"]


def test_a_file_is_shown_by_its_path_with_its_steps(run: Run, smiles: Path) -> None:
    run("upload", str(smiles))
    result = run("show", "list.smi")
    assert result.exit_code == 0
    for word in ("Processed", "2 in all, 2 good", "upload", "✔ done", "12 ms"):
        assert word in result.stdout
    assert json.loads(run("show", "--json", "list.smi").stdout)["timeline"]["steps"][0]["name"] == "upload"


@pytest.mark.parametrize(("operator", "code"), [(True, 0), (False, 1)])
def test_of_a_file_of_somebody_else_operators_are_shown_how_far_it_is(
    run: Run, cloud: CloudInMemory, operator: bool, code: int
) -> None:
    file_id = "4d3a52ad-34d7-556d-90f1-ac6d5d8da9c6"

    def processing(request: httpx.Request) -> httpx.Response | None:
        if not operator or not request.url.path.endswith("/processing"):
            return None  # there is no file of this id, as far as others can see
        return httpx.Response(
            200, json={"fileId": file_id, "steps": [{"name": "upload", "state": "done", "attempt": 1}]}
        )

    cloud.faults.append(processing)
    result = run("show", file_id)
    assert (result.exit_code, "upload" in result.stdout) == (code, operator)
    assert ("somebody else's" if operator else "There is no such resource") in result.stderr
    assert ('"file": null' in run("show", "--json", file_id).stdout) == operator


def test_records_and_hits_are_listed(run: Run, smiles: Path) -> None:
    run("upload", str(smiles))
    assert "CC ethane" in run("records", "list.smi").stdout
    assert len(json.loads(run("records", "--json", "--limit", "1", "list.smi").stdout)) == 1
    found = run("search", "ethane")
    assert "C methane" in found.stdout
    assert "2 found" in found.stdout
    assert json.loads(run("search", "--json", "ethane").stdout)["total"] == 2


def test_deleting_and_downloading(run: Run, smiles: Path, tmp_path: Path) -> None:
    run("upload", str(smiles))
    target = tmp_path / "copy.smi"
    assert run("download", "list.smi", str(target)).exit_code == 0
    assert target.read_bytes() == smiles.read_bytes()
    assert run("rm", "list.smi").exit_code == 0
    assert run("ls").stdout.strip() == "(empty)"


def test_what_was_deleted_comes_back(run: Run, smiles: Path) -> None:
    run("upload", str(smiles))
    told = run("rm", "list.smi").stderr
    (deleted,) = json.loads(run("ls", "--deleted", "--json").stdout)
    assert f"leanda restore {deleted['id']}" in told
    assert run("restore", deleted["id"]).exit_code == 0
    assert "list.smi" in run("ls").stdout
    assert run("ls", "--deleted").stdout.strip() == "(empty)"


def test_a_folder_goes_only_after_a_yes(run: Run, smiles: Path) -> None:
    run("upload", str(smiles.parent))
    (folder,) = [one for one in json.loads(run("ls", "--json").stdout) if one["type"] == "folder"]
    assert run("rm", "--folder", folder["name"]).exit_code == 1  # nobody answered
    assert "is a folder, not a file; try --folder" in run("rm", folder["name"]).stderr
    assert folder["name"] in run("ls").stdout
    assert run("rm", "--folder", "--yes", folder["name"]).exit_code == 0
    assert run("ls").stdout.strip() == "(empty)"
    (deleted,) = [one for one in json.loads(run("ls", "--deleted", "--json").stdout) if one["type"] == "folder"]
    assert deleted["id"] == folder["id"]
    assert f"{folder['name']}/" in run("ls", "--deleted").stdout
    assert run("restore", "--folder", folder["id"]).exit_code == 0
    assert folder["name"] in run("ls").stdout


def test_pictures_are_saved_under_the_name_of_their_file(
    run: Run, smiles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run("upload", str(smiles))
    assert run("picture", "list.smi").stdout.split() == ["list.svg"]
    assert (tmp_path / "list.svg").read_text() == "<svg>thumbnail</svg>"
    assert run("picture", "list.smi", "3").stdout.split() == ["list-3.svg"]
    assert run("picture", "list.smi", "3", "-o", "other.svg").exit_code == 0
    assert (tmp_path / "other.svg").read_bytes() == (tmp_path / "list-3.svg").read_bytes()


def test_a_name_that_two_files_have_needs_an_id(run: Run, cloud: CloudInMemory, smiles: Path) -> None:
    run("upload", str(smiles))
    run("upload", str(smiles))
    result = run("show", "list.smi")
    assert result.exit_code == 1
    assert all(file_id in result.stderr for file_id in cloud.files)


def test_hostile_names_cannot_move_the_cursor_or_style_the_text(run: Run, cloud: CloudInMemory, smiles: Path) -> None:
    run("upload", str(smiles))
    next(iter(cloud.files.values()))["name"] = "\x1b[2J[red]x"
    shown = run("ls").stdout
    assert "\x1b" not in shown
    assert "[red]x" in shown


# --- errors -----------------------------------------------------------------------------------------------------------


def test_without_a_cloud_one_line_says_what_to_do(run: Run, root: Path) -> None:
    (root / ".leanda" / "outputs.json").unlink()
    result = run("ls")
    assert result.exit_code == 2
    assert "leanda up" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_problem_is_a_line_with_its_code_and_the_correlation_id(run: Run) -> None:
    result = run("show", "00000000-0000-4000-8000-000000000000")
    assert result.exit_code == 1
    assert "NOT_FOUND" in result.stderr
    assert "c1" in result.stderr
    assert "Traceback" not in result.output


def test_nothing_listening_is_one_line(run: Run, cloud: CloudInMemory) -> None:
    def refuse() -> httpx.Response:
        raise httpx.ConnectError("refused")

    cloud.fail(100, refuse, path=API)
    result = run("ls")
    assert result.exit_code == 1
    assert "Nothing answers at" in result.stderr


def test_a_wrong_password_is_one_line(run: Run) -> None:
    result = run("ls", env={"LEANDA_PASSWORD": "wrong"})
    assert result.exit_code == 1
    assert "Incorrect username or password" in result.stderr


def test_the_local_password_is_never_sent_elsewhere(run: Run, cloud: CloudInMemory) -> None:
    result = run("--api-url", "https://elsewhere.test/api/v1", "ls")
    assert result.exit_code == 2
    assert "Who are you?" in result.stderr
    assert cloud.requests == []


@pytest.mark.parametrize(
    ("command", "instead"),
    [
        (("lag",), "OffsetLag"),
        (("logs",), "/aws/lambda/leanda-ENVIRONMENT-FUNCTION"),
        (("logs", "files-api"), "/aws/lambda/leanda-ENVIRONMENT-files-api"),
        (("invoke", "files-watchdog", "-"), "aws lambda invoke --function-name leanda-ENVIRONMENT-files-watchdog"),
        (("index", "status"), "aws lambda invoke --function-name leanda-ENVIRONMENT-search-rebuild"),
        (("status",), "console"),
        (("start", "kafka"), "console"),
        (("stop", "kafka"), "console"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_works_on_the_local_cloud_only_says_so_and_what_to_do_instead(
    run: Run, stack: FakeStack, command: tuple[str, ...], instead: str
) -> None:
    """It must not show, or touch, the local cloud when another one was named."""
    result = run("--api-url", "https://elsewhere.test/api/v1", "--token", "x", *command)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "works on the local cloud" in result.stderr
    assert instead in result.stderr


def test_the_lag_of_no_cloud_is_told_in_one_line(run: Run, root: Path) -> None:
    (root / ".leanda" / "outputs.json").unlink()
    result = run("lag")
    assert result.exit_code == 2
    assert "No Leanda is known here" in result.stderr


def test_a_token_from_the_environment_needs_no_sign_in(run: Run, cloud: CloudInMemory) -> None:
    assert run("ls", env={"LEANDA_API_URL": API, "LEANDA_TOKEN": "good"}).exit_code == 0
    assert cloud.count("POST", "cognito") == 0


@pytest.mark.parametrize("command", ["upload", "show", "search", "logs", "invoke", "demo", "watch", "token"])
def test_every_command_explains_itself(run: Run, command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.stdout


def test_an_unknown_command_is_a_usage_error(run: Run) -> None:
    assert run("frobnicate").exit_code == 2


@pytest.mark.parametrize(
    ("url", "loopback"),
    [("http://127.0.0.1:1/x", True), ("http://[::1]:1", True), ("http://localhost", True), ("https://aws.test", False)],
)
def test_loopback_needs_no_proxy(url: str, loopback: bool) -> None:
    assert is_loopback(url) is loopback


# --- this machine -----------------------------------------------------------------------------------------------------


def test_up_and_status_say_where_things_are(run: Run, stack: FakeStack) -> None:
    started = run("up")
    assert started.exit_code == 0
    assert "starting Kafka" in started.stderr
    assert API in started.stdout
    assert "kafka" in run("status").stdout


def test_a_program_can_ask_what_runs(run: Run, stack: FakeStack) -> None:
    run("up")
    told = json.loads(run("status", "--json").stdout)
    assert {part["name"]: part["state"] for part in told["parts"]}["kafka"] == "running"
    assert told["outputs"]["apiUrl"] == API
    assert "demoPassword" not in told["outputs"]
    run("down")
    stopped = run("status", "--json")
    assert (stopped.exit_code, json.loads(stopped.stdout)["outputs"]) == (1, {})


def test_a_stopped_cloud_is_exit_code_1(run: Run, stack: FakeStack) -> None:
    assert run("down").exit_code == 0
    assert run("status").exit_code == 1


def test_a_token_is_printed_alone(run: Run) -> None:
    assert run("token").stdout == "good\n"


def test_logs_are_listed_shown_and_missed(run: Run, stack: FakeStack, root: Path) -> None:
    assert run("logs").stdout.splitlines() == ["files-api", "users-api"]
    (root / "files-api.log").write_text("one\ntwo\nthree\n")
    assert run("logs", "files-api", "-n", "2").stdout == "two\nthree\n"
    assert "has not run yet" in run("logs", "users-api").stderr
    unknown = run("logs", "nobody")
    assert (unknown.exit_code, unknown.stderr.strip()) == (1, "There is no function nobody.")


def test_a_function_is_run_on_an_event(run: Run, stack: FakeStack, tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text('{"a": 1}')
    result = run("invoke", "files-api", str(event))
    assert (result.exit_code, json.loads(result.stdout)) == (0, {"echo": {"a": 1}})
    event.write_text('{"bad": 1}')
    assert run("invoke", "files-api", str(event)).exit_code == 1
    event.write_text("no json")
    assert run("invoke", "files-api", str(event)).exit_code == 2


def test_without_the_local_cloud_the_rest_still_works(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "local.stack", None)
    monkeypatch.delattr("local.stack", raising=False)
    result = run("up")
    assert result.exit_code == 1
    assert "not installed here" in result.stderr
    assert run("ls").exit_code == 0


def test_the_demo_says_what_was_not_true(run: Run, stack: FakeStack, cloud: CloudInMemory) -> None:
    result = run("demo", "--timeout", "1")
    assert result.exit_code == 1
    assert "garbage.sdf is Processed, not Failed." in result.output
    assert "What next" in result.output


def test_an_event_that_cannot_be_read_is_said_before_anything_runs(run: Run, tmp_path: Path) -> None:
    refused = run("invoke", "files-watchdog", str(tmp_path / "absent.json"))
    assert refused.exit_code == 2
    assert "cannot be read" in refused.stderr
