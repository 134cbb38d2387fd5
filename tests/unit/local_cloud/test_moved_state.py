"""Kept state of the AWS emulation, when the port of the last run is taken."""

from __future__ import annotations

import json
from pathlib import Path

from local.cloud.ministack import move_state


def test_queues_follow_to_another_port(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    kept = {"http://127.0.0.1:4001/0/q": {"ours": "http://127.0.0.1:4001/0/q", "kafka": "127.0.0.1:40010"}}
    (state / "sqs.json").write_text(json.dumps(kept))
    move_state(tmp_path, 4001)
    assert json.loads((state / "sqs.json").read_text()) == kept
    move_state(tmp_path, 4002)
    moved = {"http://127.0.0.1:4002/0/q": {"ours": "http://127.0.0.1:4002/0/q", "kafka": "127.0.0.1:40010"}}
    assert json.loads((state / "sqs.json").read_text()) == moved
    move_state(tmp_path, 4002)
    assert json.loads((state / "sqs.json").read_text()) == moved
