"""Other readers of the same samples agree: jcamp, nmrglue, pymzML, spc-io, which the product does not use, and numpy by hand."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import pytest

from functions.parsers.spectra.formats import jcamp, jcamp_ntuples, jcamp_tables
from functions.parsers.spectra.formats.jcamp_blocks import blocks_of
from functions.parsers.spectra.formats.jcamp_tables import TABLES
from functions.parsers.spectra.formats.points import Points
from tests.samples import samples_root
from tests.unit.parsers_spectra.test_spectra_samples import drawn, sample


def oracle(name: str) -> Any:
    """A library that warns of itself when it is imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(name)


def by_nmrglue(name: str) -> Any:
    """The ordinates of a JCAMP-DX file: an array, or a list of them where it has several pages."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, ordinates = oracle("nmrglue.fileio.jcampdx").read(str(samples_root() / "jcamp" / name))
    return ordinates


def pages_of(name: str) -> list[Points]:
    """The points of all tables of a JCAMP-DX file, in its order."""
    data = (samples_root() / "jcamp" / name).read_bytes()
    return [
        points
        for block in blocks_of(data)
        if block.get("DATATABLE", *TABLES)
        for points in (jcamp_ntuples if block.get("DATATABLE") else jcamp_tables).measured(data, block).pages
    ]


# The files that jcamp reads rightly (it fails on NTUPLES, on NMR with comments and on LINK blocks with tables of peaks).
@pytest.mark.parametrize(
    "name", ["2-Methyl-1-Propanol.jdx", "ISAS_MS1.DX", "ethylbenzene.jdx", "jcamp-fix.dx", "jcamp-packed.dx"]
)
def test_jcamp_reads_the_same_points(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = oracle("jcamp").readfile(str(samples_root() / "jcamp" / name))
    [points] = pages_of(name)
    assert len(other["x"]) == len(points)
    mine = [points.y_at(at) for at in range(len(points))]
    assert [float(value) for value in other["y"]] == pytest.approx(mine, rel=1e-9)
    # jcamp spaces its points by the rounded DELTAX of some files.
    abscissas = [points.x_at(at) for at in range(len(points))]
    step = abs(points.delta) if points.x is None else 0.0
    assert [float(value) for value in other["x"]] == pytest.approx(abscissas, abs=step / 2 + 1e-9)


# The files of which nmrglue gives the ordinates (of other techniques and of tables without ##NPOINTS= it gives none).
@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("13Csample.jdx", 0),
        ("2-Methyl-1-Propanol.jdx", 0),
        ("jcamp-difdup.dx", 0),
        ("jcamp-fix.dx", 0),
        ("jcamp-packed.dx", 0),
        ("withStructure.jdx", 3),
    ],
)
def test_nmrglue_reads_the_same_ordinates(name: str, index: int) -> None:
    theirs, ours = by_nmrglue(name), pages_of(name)[index]
    oracle("numpy.testing").assert_allclose([ours.y_at(at) for at in range(len(ours))], theirs, rtol=1e-12)
    found = sample(name)[index].properties
    assert (found["firstY"], found["lastY"]) == pytest.approx((theirs[0], theirs[-1]), rel=1e-12)
    assert (found["minY"], found["maxY"]) == pytest.approx((theirs.min(), theirs.max()), rel=1e-12)


def test_nmrglue_reads_the_same_real_and_imaginary_parts() -> None:
    theirs, ours = by_nmrglue("1h.dx"), pages_of("1h.dx")
    assert len(ours) == len(theirs) == 2
    for part, other in zip(ours, theirs, strict=True):
        assert [part.y_at(at) for at in range(len(part))] == other.tolist()


def test_pymzml_reads_the_same_points() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = oracle("pymzml.run").Reader(str(samples_root() / "mzml" / "example.mzML"))
        others = [(other.ms_level, other.mz.tolist(), other.i.tolist()) for other in run]
    records = sample("example.mzML")
    assert len(others) == len(records)
    for record, (level, mz, intensity) in zip(records, others, strict=True):
        plot = drawn(record)
        assert record.properties["msLevel"] == level
        assert plot["x"] == mz
        assert plot["y"] == pytest.approx(intensity, rel=1e-8)


@pytest.mark.parametrize("name", ["Ft-ir.spc", "m_xyxy.spc"])
def test_spc_io_reads_the_same_points(name: str) -> None:
    with (samples_root() / "spc" / name).open("rb") as file:
        others = list(oracle("spc_io").SPC.from_bytes_io(file))
    records = sample(name)
    assert len(others) == len(records)
    for record, other in zip(records, others, strict=True):
        found, x, y = record.properties, other.xarray, other.yarray
        assert found["pointCount"] == len(x) == len(y)
        stated = [found[end] for end in ("firstX", "lastX", "firstY", "lastY", "minX", "maxX", "minY", "maxY")]
        assert stated == [x[0], x[-1], y[0], y[-1], x.min(), x.max(), y.min(), y.max()]


def test_numpy_reads_the_same_ordinates_of_spc_files() -> None:
    numpy = oracle("numpy")
    data = (samples_root() / "spc" / "Ft-ir.spc").read_bytes()
    exponent = int.from_bytes(data[3:4], "little", signed=True)
    stored = numpy.frombuffer(data, "<i4", count=1776, offset=512 + 32)
    plot = drawn(sample("Ft-ir.spc")[0])
    assert (numpy.array(plot["y"]) * plot["yFactor"] == stored * 2.0 ** (exponent - 32)).all()

    data = (samples_root() / "spc" / "m_xyxy.spc").read_bytes()
    directory = numpy.frombuffer(data, numpy.dtype([("at", "<u4"), ("size", "<u4"), ("z", "<f4")]), 512, 43056)
    records = sample("m_xyxy.spc")
    for record, entry in zip(records, directory, strict=True):
        at = int(entry["at"])
        exponent, count = data[at + 1], int.from_bytes(data[at + 16 : at + 20], "little")
        x = numpy.frombuffer(data, "<f4", count, at + 32)
        y = numpy.frombuffer(data, "<i2", count, at + 32 + 4 * count) * 2.0 ** (exponent - 16)
        plot = drawn(record)
        assert plot["x"] == pytest.approx(x.tolist(), rel=1e-8)
        assert [value * plot.get("yFactor", 1) for value in plot["y"]] == y.tolist()
        assert record.properties["z"] == numpy.frombuffer(data, "<f4", 1, at + 4)[0]


def test_a_decoded_page_of_ntuples_ends_as_its_lists_say() -> None:
    data = (samples_root() / "jcamp" / "1h.dx").read_bytes()
    [record] = jcamp.FORMAT.read(data, first_index=0, head=data)
    # FIRST and LAST of R and of I, as the file prints them.
    assert (record.properties["firstY"], record.properties["lastY"]) == (-118793.0, -78595.0)
    imaginary = drawn(record)["pages"][0]
    assert (imaginary["y"][0], imaginary["at"][0]) == (-119285, 0) or imaginary["at"][0] > 0
