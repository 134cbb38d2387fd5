"""The largest table of the samples, through planning, tasks and the store: each of its rows as Python's own csv module reads it."""

from __future__ import annotations

import csv
import io

from functions.parsers.tabular.parser import parser
from tests.fakes.pipeline import Pipeline
from tests.samples import sample

NAME = "zipcodes.csv"


def test_every_row_is_stored_as_the_csv_module_reads_it() -> None:
    content = sample(NAME).read_bytes()
    header, *rows = csv.reader(io.StringIO(content.decode(), newline=""))
    cloud = Pipeline([parser()])
    file_id = cloud.upload(NAME, content)
    cloud.drain()
    node = cloud.nodes.documents[file_id]
    assert (node["status"], node["counts"]["total"]) == ("Processed", len(rows))
    stored = cloud.records.page(file_id, 1, status=None, after=None, limit=len(rows) + 1)
    assert [record["index"] for record in stored] == list(range(len(rows)))
    found = [{field["name"]: field["value"] for field in record["fields"]} for record in stored]
    assert found == [{name: _value(name, cell) for name, cell in zip(header, row, strict=True)} for row in rows]
    assert all(record["status"] == "Parsed" and not record["issues"] for record in stored)


def _value(column: str, cell: str) -> str | int | float | None:
    """Each value is typed by itself: degrees and zip codes are numbers, but for codes that begin with a zero."""
    if not cell:
        return None
    if column == "zip_code" and not cell.startswith("0"):
        return int(cell)
    return float(cell) if column in ("latitude", "longitude") else cell
