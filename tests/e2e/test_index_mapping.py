"""Names of fields are a user's: however many there are, and whatever they hold, the index stays as it was made."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from leanda import limits
from tests.cloud import Cloud, Person

pytestmark = pytest.mark.integration

COLUMNS = 5000


def _mappings(cloud: Cloud) -> dict[str, Any]:
    with httpx.Client(base_url=cloud.outputs["openSearchUrl"], timeout=30, trust_env=False) as index:
        found: dict[str, Any] = index.get("/leanda-*/_mapping").raise_for_status().json()
    assert set(found) >= {"leanda-nodes-v1", "leanda-records-v1"}
    return found


def test_a_table_of_five_thousand_columns_leaves_the_mapping_as_it_is(cloud: Cloud, ada: Person) -> None:
    before = _mappings(cloud)
    header = ",".join(f"column {n}" for n in range(COLUMNS))
    rows = [",".join(f"value{row}x{n}" if n % 2 else str(n + row / 10) for n in range(COLUMNS)) for row in range(3)]
    file_id = ada.upload("wide.csv", "\n".join([header, *rows]).encode())
    file = ada.searchable(file_id)

    assert (file["status"], file["totalRecords"], file["indexedRecords"]) == ("Processed", 3, 3)
    assert _mappings(cloud) == before
    assert len(ada.client.record(file_id, 2)["fields"]) == COLUMNS
    last_indexed = limits.MAX_INDEXED_FIELDS - 1
    assert [hit["index"] for hit in ada.found(f"value1x{last_indexed}", file_id=file_id, type="record")] == [1]
    numeric = f"column {last_indexed - 1}:{last_indexed - 1 + 0.15}..{last_indexed - 1 + 0.25}"
    assert [hit["index"] for hit in ada.found("", file_id=file_id, filters=[numeric])] == [2]


def test_one_name_that_is_a_number_in_one_file_and_text_in_another_finds_both(cloud: Cloud, ada: Person) -> None:
    before = _mappings(cloud)
    numbers = ada.upload("numbers.csv", b"name,MW\nlight,18.02\nheavy,342.3\n")
    texts = ada.upload("texts.csv", b"name,MW\nunknown,not measured\nguessed,about eighteen\n")
    for file_id in (numbers, texts):
        assert ada.searchable(file_id)["status"] == "Processed"

    assert _mappings(cloud) == before
    assert [(h["fileId"], h["index"]) for h in ada.found("", filters=["MW:300..400"])] == [(numbers, 1)]
    assert [(h["fileId"], h["index"]) for h in ada.found("", filters=["MW:not measured"])] == [(texts, 0)]
    assert [(h["fileId"], h["index"]) for h in ada.found("eighteen")] == [(texts, 1)]


def test_hostile_field_names_are_values_like_others(cloud: Cloud, ada: Person) -> None:
    before = _mappings(cloud)
    names = ["_id", "$where", "a.b.c", "__proto__", "ownerId", "", "x" * 3000, "MW", "MW", "🧪", "deleted", "a..b"]
    content = ",".join(names) + "\n" + ",".join(f"cell{n}" for n in range(len(names))) + "\n"
    file_id = ada.upload("hostile.csv", content.encode())
    file = ada.searchable(file_id)
    assert (file["status"], file["indexedRecords"]) == ("Processed", 1)
    assert _mappings(cloud) == before
    record = ada.client.record(file_id, 0)
    assert [str(field["value"]) for field in record["fields"]] == [f"cell{n}" for n in range(len(names))]
    assert [hit["fileId"] for hit in ada.found("cell2")] == [file_id]
