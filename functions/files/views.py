"""What the API shows of nodes, records and runs. Pure; camelCase, RFC 3339 UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from functions.files import domain
from functions.files import letters as letter_rules
from functions.files import runs as run_rules
from leanda.contracts.events import RunState
from leanda.times import rfc3339
from leanda.units import units_of


def root(user_id: str) -> dict[str, Any]:
    """The folder that every user has."""
    return {"id": user_id, "type": "folder", "name": "Home", "parentId": None, "version": 1}


def node(document: dict[str, Any]) -> dict[str, Any]:
    """A folder or a file in a list."""
    return file(document) if document["type"] == "file" else folder(document)


def folder(document: dict[str, Any]) -> dict[str, Any]:
    return _shared(document)


def file(
    document: dict[str, Any], run: dict[str, Any] | None = None, *, latest: dict[str, Any] | None = None
) -> dict[str, Any]:
    """A file. Counts reconcile: total = parsed + failed. While its active run is open they are those of now.

    Args:
        run: the active one, which readers see.
        latest: the same, or one that is made beside it; `progress` is of this one, as long as it is open.
    """
    counts, indexed = document.get("counts") or {}, document.get("indexedRecords", 0)
    if run and not run_rules.ended(run):  # the node hears of them with the run's advances only
        counts, indexed = run_rules.totals(run, "parsed").to_json_dict(), run_rules.indexed_total(run)
    shown = _shared(document) | {
        "kind": document.get("kind"),
        "format": document.get("format"),
        "size": document.get("size"),
        "sha256": document.get("sha256"),
        "status": document["status"],
        "totalRecords": counts.get("total", 0),
        "parsedRecords": counts.get("parsed", 0),
        "failedRecords": counts.get("failed", 0),
        "indexedRecords": indexed,
        "activeRun": document.get("activeRun"),
        "latestRun": _latest_run(document),
        "failure": document.get("failure"),
        "latestRefusal": _latest_refusal(document),
    }
    if latest and not run_rules.ended(latest):
        progress, known = run_rules.totals(latest, "stored"), _planned_total(latest)
        told = {"processed": progress.total, "failed": progress.failed, "total": known}
        shown["progress"] = {name: value for name, value in told.items() if value is not None}
    if run and run.get("metadata"):
        shown["metadata"] = run["metadata"]
    return {name: value for name, value in shown.items() if value is not None}


def record(document: dict[str, Any], *, whole: bool = False) -> dict[str, Any]:
    """A record, with the units of its properties; its structure only when it is asked for alone."""
    names = ("index", "type", "status", "name", "fields", "properties", "issues", "toolkit")
    shown = {"id": document["recordId"]} | {name: document[name] for name in names if name in document}
    if units := units_of(document["type"], document.get("properties") or {}):
        shown["units"] = units
    if whole and document.get("structure"):
        shown["structure"] = document["structure"]
    return shown


def timeline(document: dict[str, Any], run: dict[str, Any] | None) -> dict[str, Any]:
    """Steps with state, attempt, duration, parser and version, and the reason of a failure."""
    failure = document.get("failure")
    uploaded = document.get("blob") is not None
    steps = [
        _step(
            "upload",
            "done" if uploaded else ("failed" if failure else "running"),
            started=document["createdAt"],
            ended=run["startedAt"] if run else None,
            error=None if uploaded else failure,
        )
    ]
    letters = _with_letters(document, steps)
    if run:
        steps += _run_steps(run)
        letters += _with_letters(run, steps)
        active, latest = run["run"] == document.get("activeRun"), document.get("latestRun") or {}
        why = failure if active else latest.get("failure") if latest.get("run") == run["run"] else None
        if why and not any("error" in step for step in steps):
            # The run went to its end, but gave nothing good: the records' own issues say why, and the step says so.
            steps[1] |= {"state": "failed", "error": why}
            if not active and steps[-1]["state"] == "running":
                steps[-1]["state"] = "notReached"  # nobody is to find its records
    shown = {"fileId": document["_id"], "run": run["run"] if run else None, "steps": steps}
    return shown | ({"letters": letters} if letters else {})


def _with_letters(owner: dict[str, Any], steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was given up on of a file or a run, and on the step of each that still waits: code, sentence and the letter's id."""
    by_name = {step["name"]: step for step in steps}
    closed = owner.get("closedBy") == domain.CLOSED_BY_LETTER
    if closed and any(letter_rules.is_open(one) for one in owner["letters"].values()):
        for step in steps:  # the letters tell better where it stopped
            if step.get("error") == owner.get("failure"):
                del step["error"]
    entries = []
    for letter_id, letter in sorted((owner.get("letters") or {}).items()):
        failed, waits = letter.get("failed"), letter_rules.is_open(letter)
        if failed is None:  # its failure is still on its way
            continue
        name = letter_rules.step_of(failed)
        if name not in by_name:
            name = None
        if waits and name and by_name[name]["state"] == "done":
            by_name[name].setdefault("deadLetterId", letter_id)
        elif waits and name and "deadLetterId" not in by_name[name].get("error", {}):
            why = {"code": failed["code"], "message": failed["message"], "deadLetterId": letter_id}
            by_name[name] |= {"error": why} | ({"state": "failed"} if closed else {})
        entry = {name: failed[name] for name in ("consumer", "eventType", "code", "message", "chunk") if name in failed}
        entry |= {
            "id": letter_id,
            "step": name,
            "state": "waiting" if waits else "redriven",
            "attempt": failed["attempt"] + owner.get("repeats", {}).get("total", 0),
        }
        entry["failedAt"] = rfc3339(failed["at"])
        if "redriven" in letter:
            entry["redrivenAt"] = rfc3339(letter["redriven"]["at"])
        entries.append({key: value for key, value in entry.items() if value is not None})
    return entries


def _run_steps(run: dict[str, Any]) -> list[dict[str, Any]]:
    if run["state"] == RunState.NOT_REQUESTED:
        return [_step(name, "notReached") for name in ("parse", "process", "store", "index")]
    rows, chunks = run_rules.plan_of(run), run["chunks"].values()
    parsed = [chunk["parsed"] for chunk in chunks if "parsed" in chunk]
    stored = [chunk["stored"] for chunk in chunks if "stored" in chunk]
    indexed = [chunk["indexed"] for chunk in chunks if "indexed" in chunk]
    verdict, failure = run.get("verdict"), run.get("failure")
    repeats = run.get("repeats", {}).get("total", 0)
    wanted = len(rows) if rows is not None else None
    over = RunState(run["state"]) in {RunState.FAILED, RunState.CANCELLED, RunState.SUPERSEDED}

    def state(done: int, since: bool) -> str:
        if wanted is not None and done >= wanted:
            return "done"
        if over:
            return "failed" if since else "notReached"
        return "running" if since else "waiting"

    failed_at_parse = verdict is not None or (over and (wanted is None or len(parsed) < wanted))
    parse = _step(
        "parse",
        "failed" if failed_at_parse else state(len(parsed), True),
        attempt=max((mark["attempt"] for mark in parsed), default=1) + repeats,
        started=min(
            (mark["startedAt"] for mark in parsed), default=verdict["startedAt"] if verdict else run["startedAt"]
        ),
        ended=max((mark["endedAt"] for mark in parsed), default=verdict["endedAt"] if verdict else None),
        error=failure if failed_at_parse else None,
    )
    source = parsed[0] if parsed else verdict
    if source:
        parse["parser"] = {"name": source["parser"], "version": source["version"]}
    if wanted is not None:
        parse |= {"chunks": wanted, "chunksDone": len(parsed)}
    process = _step(
        "process",
        state(len(stored), bool(stored)),
        attempt=max((mark["attempt"] for mark in stored), default=1),
        started=min((mark["startedAt"] for mark in stored), default=None),
        ended=max((mark["endedAt"] for mark in stored), default=None),
        error=failure if over and not failed_at_parse else None,
    )
    store = _step(
        "store",
        state(len(stored), bool(stored)),
        started=min((mark["endedAt"] for mark in stored), default=None),
        ended=max((mark["storedAt"] for mark in stored), default=None),
    )
    index = _step("index", state(len(indexed), bool(stored)), ended=max((mark["at"] for mark in indexed), default=None))
    return [parse, process, store, index]


def _step(
    name: str,
    state: str,
    *,
    attempt: int = 1,
    started: datetime | None = None,
    ended: datetime | None = None,
    error: dict[str, Any] | None = None,
) -> dict[str, Any]:
    step: dict[str, Any] = {"name": name, "state": state, "attempt": attempt}
    if started:
        step["startedAt"] = rfc3339(started)
    if ended:
        step["endedAt"] = rfc3339(ended)
    if started and ended:
        step["durationMs"] = max(0, round((ended - started).total_seconds() * 1000))
    if error:
        step["error"] = error
    return step


def _planned_total(run: dict[str, Any]) -> int | None:
    rows = run_rules.plan_of(run)
    if rows is None or any(row.count is None for row in rows):
        return None
    return sum((row.count or 0 for row in rows), 0)


def _shared(document: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": document["_id"],
        "type": document["type"],
        "name": document["name"],
        "parentId": document["parentId"],
        "ownerId": document["ownerId"],
        "version": document["version"],
        "createdAt": rfc3339(document["createdAt"]),
        "updatedAt": rfc3339(document["updatedAt"]),
    }


def _latest_run(document: dict[str, Any]) -> dict[str, Any] | None:
    latest = document.get("latestRun")
    return {name: value for name, value in latest.items() if name != "sequence"} if latest else None


def _latest_refusal(document: dict[str, Any]) -> dict[str, Any] | None:
    refusal = document.get("refusal")
    return {name: refusal[name] for name in ("code", "message")} | {"at": rfc3339(refusal["at"])} if refusal else None
