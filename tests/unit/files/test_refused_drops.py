"""Bytes that are refused although the file has others: it stays what it is and says that later ones were refused, and why."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from functions.parsers.chemical.parser import parser as chemical
from functions.parsers.generic.parser import parser as generic
from leanda import limits
from leanda.access.policy import Viewer
from tests.fakes.pipeline import USER, Pipeline

ME = Viewer(USER)
SMILES = b"CCO ethanol\nC methane\n"
TOO_LARGE = SMILES * 100


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    monkeypatch.setattr(limits, "MAX_FILE_BYTES", 1000)
    cloud = Pipeline([chemical(), generic()], copies=2)
    cloud.drop("a.smi", SMILES)
    cloud.deliver()
    return cloud


def shown(cloud: Pipeline) -> dict[str, Any]:
    (file_id,) = cloud.nodes.documents
    return cloud.files.get(ME, file_id)


def test_the_file_keeps_its_results_and_tells_what_was_refused(cloud: Pipeline) -> None:
    assert "latestRefusal" not in shown(cloud)
    cloud.drop("a.smi", TOO_LARGE)
    cloud.deliver()
    file = shown(cloud)
    assert (file["status"], file["totalRecords"], file["size"], file["activeRun"]) == ("Processed", 2, len(SMILES), 1)
    assert file["latestRefusal"]["code"] == "FILE_TOO_LARGE"
    assert set(file["latestRefusal"]) == {"code", "message", "at"}


def test_what_the_index_has_no_word_of_is_no_drift(cloud: Pipeline) -> None:
    """A node's revision rises with every write of it, but of some nobody tells: the index cannot follow those."""
    cloud.drop("a.smi", TOO_LARGE)
    cloud.deliver()
    cloud.drop("a.smi", SMILES * 2)
    cloud.lost = lambda consumer, event: consumer.name == "processor-on-record-events"
    cloud.deliver()
    assert shown(cloud)["latestRun"]["state"] == "Parsed"
    cloud.clock.forward(minutes=10)
    report = cloud.reconciler.look(after=None, left=lambda: 1000.0, grace=timedelta(0))["report"]
    assert {name: count for name, count in report.items() if count} == {"nodes": 1}


def test_good_bytes_take_it_back_and_a_late_word_of_it_changes_nothing(cloud: Pipeline) -> None:
    cloud.drop("a.smi", TOO_LARGE)
    cloud.deliver()
    refused = cloud.broker.sent[-1:]
    cloud.drop("a.smi", SMILES + b"CC ethane\n")
    cloud.deliver()
    for again in (cloud.broker.sent, refused):
        later = list(again)
        random.Random(1).shuffle(later)
        cloud.deliver_messages(later)
        cloud.deliver()
        assert "latestRefusal" not in shown(cloud)
        assert shown(cloud)["totalRecords"] == 3


def test_the_last_of_two_is_the_one_that_is_told(cloud: Pipeline) -> None:
    cloud.drop("a.smi", TOO_LARGE)
    cloud.clock.forward(hours=1)
    cloud.drop("a.smi", TOO_LARGE + SMILES)
    first, second = cloud.broker.sent[-2:]
    cloud.deliver_messages([second])
    told = shown(cloud)["latestRefusal"]
    cloud.deliver_messages([first, second])
    assert shown(cloud)["latestRefusal"] == told
