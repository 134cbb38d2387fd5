"""The real CIFs of the samples' manifest, and their values by a second reader."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from functools import partial

import pytest

from functions.parsers.crystal.formats.cif import FORMAT
from leanda.contracts.artefacts import Record
from tests.samples import manifest, sample
from tests.unit.parsers import reading
from tests.unit.parsers.reading import codes

boundaries = partial(reading.boundaries, FORMAT)
read = partial(reading.read, FORMAT)


def by_text(content: bytes, tag: str) -> str | None:
    """A value as a plain search finds it, without any CIF reader."""
    match = re.search(rf"^{re.escape(tag)}[ \t]+('[^'\r\n]*'|\S+)".encode(), content, re.MULTILINE | re.IGNORECASE)
    return match[1].decode("latin-1").strip("'") if match else None


def blocks() -> Iterator[tuple[str, bytes, Record]]:
    """Every readable data block of the samples: its file, its text and its record."""
    for row in manifest("cif"):
        if row.expected != "invalid":
            texts = re.split(rb"^(?=data_)", row.read_bytes(), flags=re.MULTILINE)[1:]
            for text, record in zip(texts, read(row.read_bytes()), strict=True):
                yield row.path, text, record


@pytest.mark.parametrize("separator", ["_", "."])
def test_cells_are_what_the_files_state(separator: str) -> None:
    seen = 0
    for path, text, record in blocks():
        for name in ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma", "volume"):
            stated = by_text(text, f"_cell{separator}{name}")
            if stated not in (None, "?", "."):
                value, _, uncertainty = stated.rstrip(")").partition("(")
                prefix = "cell" + "".join(part.capitalize() for part in name.split("_"))
                assert record.properties[prefix] == float(value), (path, name)
                assert (f"{prefix}Uncertainty" in record.properties) is bool(uncertainty), (path, name)
                seen += 1
    assert seen == {"_": 61, ".": 12}[separator]


def test_space_groups_are_what_the_files_state() -> None:
    seen: Counter[str] = Counter()
    for path, text, record in blocks():
        for name, tags in {
            "spaceGroupSymbol": (
                "_space_group_name_H-M_alt",
                "_symmetry_space_group_name_H-M",
                "_symmetry.space_group_name_H-M",
            ),
            "spaceGroupNumber": (
                "_space_group_IT_number",
                "_symmetry_Int_Tables_number",
                "_symmetry.Int_Tables_number",
            ),
        }.items():
            for stated in filter(None, (by_text(text, tag) for tag in tags)):
                assert str(record.properties[name]) == stated, (path, name)
                seen[name] += 1
    assert seen == {"spaceGroupSymbol": 10, "spaceGroupNumber": 11}


@pytest.mark.filterwarnings("ignore")  # parsnip's own, about numpy and about loops it does not read.
def test_volumes_are_those_of_parsnips_lattice() -> None:
    """Stated or computed here, they are the determinant of the lattice vectors that the other reader gives."""
    parsnip, linalg = pytest.importorskip("parsnip"), pytest.importorskip("numpy.linalg")
    compared = 0
    for path, text, record in blocks():
        if "cellVolume" in record.properties and "superflat" not in path:
            lattice = parsnip.CifFile(io.StringIO(text.decode("latin-1"))).lattice_vectors
            assert record.properties["cellVolume"] == pytest.approx(linalg.det(lattice), rel=5e-4), path
            compared += 1
    assert compared == 10


@pytest.mark.parametrize(
    ("name", "symbol", "number", "formula", "z", "atoms"),
    [
        ("1011031.cif", "F -4 3 m", 216, "Si C", 4, 2),
        ("1100110.cif", "P -6 m 2", 187, "C2 Ca F K O3", 1, 5),
        ("4003024.cif", "P m -3 m", 221, "Cl3 Cs In0.07 Sn0.9", 1, 4),
        ("bad_occu.cif", "F d d 2", 43, "C14 H56 Al7 Co7 N7 O56 P14", 8, 65),
        ("1pfe.cif.gz", "P 63 2 2", 182, None, 12, 342),
        ("5i55.cif", "P 1 21 1", 4, None, 2, 218),
        ("HEM.cif", None, None, "C34 H32 Fe N4 O4", None, 75),
    ],
)
def test_known_crystals(
    name: str, symbol: str | None, number: int | None, formula: str | None, z: int | None, atoms: int
) -> None:
    [record] = read(sample(name).read_bytes())
    found = [record.properties.get(key) for key in ("spaceGroupSymbol", "spaceGroupNumber", "formula", "z")]
    assert found == [symbol, number, formula, z]
    assert record.properties["atomCount"] == atoms


def test_uncertainties_and_density_of_a_published_structure() -> None:
    [record] = read(sample("4003024.cif").read_bytes())
    assert (record.properties["cellLengthA"], record.properties["cellLengthAUncertainty"]) == (5.5592, 0.0009)
    assert (record.properties["cellVolume"], record.properties["cellVolumeUncertainty"]) == (171.81, 0.05)
    assert (record.properties["density"], record.properties["formulaWeight"]) == (3.419, 353.77)
    fields = {field.name: field.value for field in record.fields}
    assert fields["_cell_measurement_temperature"] == 298
    assert fields["_cell_measurement_temperature_su"] == 2
    assert fields["_cod_database_code"] == 4003024


def test_magnetic_structures_are_repaired_and_have_their_magnetic_group() -> None:
    for row in manifest("cif"):
        if row.path.endswith(".mcif"):
            [record] = read(row.read_bytes())
            assert "CIF_REPAIRED" in codes(record)
            assert record.properties["magneticSpaceGroupSymbol"] == "C_c 2/c"
            assert record.properties["cellVolume"] == pytest.approx(8.35**3)


def test_a_flat_cell_keeps_what_it_states_and_is_warned_of() -> None:
    [record] = read(sample("bad_superflat_inf_loop.cif.gz").read_bytes())
    assert record.properties["cellVolume"] == 0
    assert codes(record) == ["CELL_VOLUME_CONFLICT"]


@pytest.mark.filterwarnings("ignore")  # parsnip's own, about numpy and about loops it does not read.
def test_parsnip_reads_the_same_scalars() -> None:
    """Every tag with one value, compared with a reader that the product does not use."""
    parsnip = pytest.importorskip("parsnip")
    compared = 0
    for row in manifest("cif"):
        if row.expected != "valid" or row.records != 1:
            continue
        content = row.read_bytes()
        [record] = read(content)
        ours = {field.name: field.value for field in record.fields}
        for tag, value in parsnip.CifFile(io.StringIO(content.decode("latin-1"))).pairs.items():
            if value in ("?", ".") or value.startswith(";") or "pdbx_seq_one_letter_code" in tag:
                continue  # Texts over several lines are compared by their own test; parsnip keeps their semicolons.
            stated = ours[tag]
            if isinstance(stated, str):
                assert stated == value.strip("'\""), (row.path, tag)
            else:
                assert stated == float(value.partition("(")[0]), (row.path, tag)
            compared += 1
    assert compared > 300


def test_the_format_is_one_that_streams() -> None:
    assert (FORMAT.name, FORMAT.empty_is_failure) == ("cif", True)
