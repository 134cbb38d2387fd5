"""Every code that comes out is in the published table."""

from __future__ import annotations

import re

import pytest

from functions.parsers.chemical.parser import parser as chemical
from functions.parsers.tabular.parser import parser as tabular
from leanda.access.policy import Viewer
from tests.fakes.pipeline import USER, Pipeline
from tools.generate.error_codes import issues
from tools.generate.places import ROOT

MOLFILE = b"x\n  y\n\n  1  0  0  0  0  0  0  0  0  0999 V2000\n    0.0000    0.0000    0.0000 C   0  0\nM  END\n"
BAD_FILES = {
    "empty.sdf": b"",
    "junk.sdf": b"junk\n",
    "counts.sdf": MOLFILE.replace(b"  1  0  0", b"  9  0  0", 1) + b"$$$$\n" + MOLFILE + b"$$$$\n",
    "atom.sdf": MOLFILE.replace(b"0.0000 C", b"0.000j C", 1) + b"$$$$\n" + MOLFILE + b"$$$$\n",
    "outside.sdf": MOLFILE + b"stray words\n\n> <A>\n1\n\n$$$$\n",
    "latin.sdf": MOLFILE + b"> <A>\n\xb5m\n\n$$$$\n",
    "words.smi": b"CCO ethanol\nnot-a-smiles( x\nCC>>C r\n",
    "wide.csv": b"a,b,c\n1,2,3\n1,2\n4,5,6,7\n",
    "open.csv": b'a,b,c\n1,2,3\n4,"5,6\n7,8,9\n',
    "nul.csv": b"a,b,c\n1,2\x00,3\n4,5,6\n",
    "broken.csv.gz": b"\x1f\x8b\x08\x00broken",
}


def published() -> set[str]:
    return set(re.findall(r"^\| `([A-Z0-9_]+)` \|", (ROOT / "docs/error-codes.md").read_text(), re.MULTILINE))


@pytest.mark.parametrize("name", BAD_FILES)
def test_codes_of_bad_files_are_published(name: str) -> None:
    cloud = Pipeline([chemical(), tabular()])
    file_id = cloud.upload(name, BAD_FILES[name])
    cloud.deliver()
    shown = cloud.files.get(Viewer(USER), file_id)
    codes = {shown["failure"]["code"]} if "failure" in shown else set()
    codes |= {issue["code"] for record in cloud.records.documents.values() for issue in record["issues"]}
    assert codes
    assert codes <= published()


def test_a_code_has_one_severity_of_words() -> None:
    """Codes are upper snake case and are not errors by accident: an issue's code is never that of an HTTP error."""
    assert all(re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+", issue.code) for issue in issues())
