"""Broken bytes, as files and as events: every file ends with a reason, every event is done or a letter, and life goes on."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from leanda.ports import Message
from tests.faults.model import check, outcome
from tests.faults.simulated.boundaries import Boundaries
from tests.faults.simulated.cloud import Simulator, world_of
from tests.faults.simulated.files import EXPECTED, FILES
from tests.faults.simulated.life import live, upload
from tests.faults.simulated.test_simulator import SEED

SAMPLES = Path(__file__).resolve().parents[3] / "cli" / "samples"
EXTENSIONS = ("sdf", "mol", "smi", "csv", "tsv", "dat", "cdxml", "inchi", "")
FILES_AT_ONCE = 100

many = pytest.mark.parametrize(
    "count", [150, pytest.param(10_000, marks=[pytest.mark.long, pytest.mark.timeout(3600)])]
)


@many
def test_malformed_files_end_with_a_reason_and_no_letter(count: int) -> None:
    print(f"LEANDA_SEED={SEED}")
    dice = random.Random(SEED)
    bodies = [
        path.read_bytes()[:20_000] for path in sorted(SAMPLES.iterdir()) if path.suffix in {".sdf", ".smi", ".csv"}
    ]
    bodies += [known.body for name, known in FILES.items() if name != "table.csv"]
    for first in range(0, count, FILES_AT_ONCE):
        cloud = Simulator(SEED + first, Boundaries())
        names = [f"broken-{n}.{dice.choice(EXTENSIONS)}" for n in range(first, min(count, first + FILES_AT_ONCE))]
        accepted = {cloud.upload(name, broken(dice.choice(bodies), dice)): name for name in names}
        cloud.drain()
        check(world_of(cloud), accepted, {})
        for file_id in accepted:
            node = cloud.nodes.documents[file_id]
            assert node["status"] != "Failed" or node["failure"]["message"], node


@many
def test_malformed_events_are_done_or_letters(count: int) -> None:
    print(f"LEANDA_SEED={SEED}")
    dice, cloud = random.Random(SEED), Simulator(SEED, Boundaries())
    live(cloud)
    sent = list(cloud.broker.sent)
    for _ in range(count):
        good = dice.choice(sent)
        message = Message(good.topic, good.key, good.event_id, broken(good.body, dice))
        consumer = dice.choice(cloud.consumers)[0]
        assert consumer.consume(cloud._msk([message]), lambda: 1000.0) == {"batchItemFailures": []}
    assert len(cloud.letters.letters) > count // 2
    assert all(letter.code and letter.message for letter in cloud.letters.letters)

    accepted = {upload(cloud, name, known.body, f"after-{name}"): name for name, known in FILES.items()}
    cloud.drain()
    assert {name: outcome(cloud.nodes.documents[file_id]) for file_id, name in accepted.items()} == EXPECTED


def broken(body: bytes, dice: random.Random) -> bytes:
    """The bytes with one to four things done to them: cut off, a bit turned, a piece taken out, doubled or filled in."""
    content = bytearray(body)
    for _ in range(dice.randint(1, 4)):
        at, length = dice.randrange(len(content) + 1), dice.randint(1, 40)
        match dice.randrange(5):
            case 0:
                del content[at:]
            case 1 if at < len(content):
                content[at] ^= 1 << dice.randrange(8)
            case 2:
                del content[at : at + length]
            case 3:
                content[at:at] = content[at : at + length]
            case _:
                content[at:at] = dice.randbytes(length)
    return bytes(content)
