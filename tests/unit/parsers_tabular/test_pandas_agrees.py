"""pandas, which the product does not use, reads the same cells, types and extremes in the delimited samples.

Types are compared only where the two mean the same: pandas calls `00501` an integer and `null` nothing, which Leanda does not
on purpose (see `leanda.statistics`).
"""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import pandas
import pytest

from functions.parsers.tabular.formats import DELIMITED
from leanda import limits
from leanda.contracts.artefacts import Record
from leanda.persistence.artefacts import pack, rows_in
from leanda.statistics import observe, qualify, typed
from tests.samples import sample

# How each sample is written, for a reader that has to be told.
SAMPLES: dict[str, dict[str, Any]] = {
    "FocusSynthesis_InStock.csv": {},
    "characters.csv": {"encoding": "cp950"},
    "example.tsv": {"sep": "\t"},
    "null.csv": {"header": None},
    "quotes_and_newlines.csv": {},
    "sparse_with_column_errors.csv": {"encoding": "cp1252"},
    "utf-16le_encoded.csv": {"encoding": "utf-16"},
    "utf8bom.csv": {"encoding": "utf-8-sig"},
    # Titles and notes stand before the table, whose first row of years is no header: it is made of numbers.
    "weird_head_padding.csv": {"sep": ";", "header": None, "names": range(11), "skiprows": 11},
    "zipcodes.csv": {},
}
MEASURED = {
    "FocusSynthesis_InStock.csv": {
        "Minimum % Purity": ("integer", 95, 97),
        "Formula Weight": ("decimal", 96.13291, 480.95263),
        "Price USD 5g": ("integer", 315, 3990),
        "Catalog Number": ("string", None, None),
    },
    "example.tsv": {
        "hour": ("date", "2012-06-22T00:00:00Z", "2012-06-27T19:00:00Z"),
        "expr1_0_imp": ("integer", 10613, 25136),
        "expr1_1_hist_ctr": ("decimal", 0.0, 0.0923),
    },
    "zipcodes.csv": {
        "zip_code": ("string", None, None),  # 00501 is one.
        "latitude": ("decimal", -7.209975, 70.494693),
        "longitude": ("decimal", -176.787412, 166.410291),
    },
}
"""Type, least and greatest value of some columns, as a person who opens the files finds them."""


@cache
def read(name: str) -> list[Record]:
    content = sample(name).read_bytes()
    form, head = DELIMITED["tsv" if name.endswith(".tsv") else "csv"], content[: limits.HEAD_BYTES]
    ends = list(form.boundaries([content], head=head))
    return list(form.read(content[: ends[-1]] if ends else content, first_index=0, head=head))


def by_pandas(name: str) -> pandas.DataFrame:
    return pandas.read_csv(io.BytesIO(sample(name).read_bytes()), **SAMPLES[name], dtype=str, keep_default_na=False)


@cache
def columns(name: str) -> dict[str, dict[str, Any]]:
    return {str(one["name"]): one for one in map(qualify, observe(map(typed, rows_in(pack(read(name))))))}


@pytest.mark.parametrize("name", SAMPLES)
def test_every_cell_is_the_same(name: str) -> None:
    ours = [[field.value or "" for field in record.fields] for record in read(name)]
    assert ours == by_pandas(name).to_numpy().tolist()


@pytest.mark.parametrize("name", SAMPLES)
def test_numbers_and_dates_have_the_same_extremes(name: str) -> None:
    found = list(columns(name).values())
    for (label, texts), ours in zip(by_pandas(name).items(), found, strict=bool(found)):
        values = texts[texts.str.strip() != ""]
        assert (ours["count"], ours["nulls"]) == (len(values), len(texts) - len(values)), label
        match ours["dataType"]:
            case "integer" | "decimal":
                numbers = pandas.to_numeric(values)
                assert (ours["min"], ours["max"]) == (numbers.min(), numbers.max()), label
                assert (ours["dataType"] == "integer") is pandas.api.types.is_integer_dtype(numbers), label
            case "date":
                moments = pandas.to_datetime(values, utc=True)
                assert [pandas.Timestamp(ours[end]) for end in ("min", "max")] == [moments.min(), moments.max()], label
            case "string" if len(values):
                # What pandas takes for numbers all the same are identifiers: some begin with a zero.
                assert pandas.to_numeric(values, errors="coerce").isna().any() or any(values.str.startswith("0")), label


@pytest.mark.parametrize("name", MEASURED)
def test_types_and_extremes_of_known_columns(name: str) -> None:
    found = columns(name)
    for label, expected in MEASURED[name].items():
        assert (found[label]["dataType"], found[label].get("min"), found[label].get("max")) == expected, label
