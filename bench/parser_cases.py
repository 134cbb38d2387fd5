"""What each parser is measured on: real sample files where they lie beside the checkout, else files that are small_files."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

from bench import generated, molecules, small_files

_DRAWN = "CC(=O)Oc1ccccc1C(O)=O.CN1C=NC2=C1C(=O)N(C)C(=O)N2C"
SAMPLES = molecules.SAMPLE.parents[1]


@dataclass(frozen=True)
class Case:
    """Files of one format, under a name that tells two of the same format apart."""

    name: str
    kind: str
    format: str
    origin: str
    files: tuple[Path, ...]
    size: int


@dataclass(frozen=True)
class _Recipe:
    """Where a case's files come from: samples by name, or a function that makes one."""

    kind: str
    format: str
    suffix: str
    samples: tuple[str, ...] = ()
    make: Callable[[], bytes] | None = None
    join: Callable[[list[bytes]], bytes] | None = None
    """Makes one file of the samples, where a chunk holds many records and a sample one."""
    label: str = ""
    """A name, where a format is measured on several kinds of files."""

    @property
    def name(self) -> str:
        return self.label or self.format


def cases(folder: Path, wanted: set[str]) -> Iterator[Case]:
    """The cases, their files written into a folder; formats without samples and without a generator are left out."""
    for recipe in _RECIPES:
        if wanted and recipe.name not in wanted:
            continue
        found = [SAMPLES / name for name in recipe.samples if (SAMPLES / name).is_file()]
        bodies = [gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes() for file in found]
        origin = ", ".join(file.name for file in found[:2]) + (f" and {len(found) - 2} more" if len(found) > 2 else "")
        if not bodies and recipe.make:
            bodies, origin = [recipe.make()], "generated"
        elif recipe.join:
            bodies = [recipe.join(bodies)]
        files = []
        for n, body in enumerate(bodies):
            files.append(folder / f"{recipe.name}-{n}.{recipe.suffix}")
            files[-1].write_bytes(body)
        if files:
            yield Case(recipe.name, recipe.kind, recipe.format, origin, tuple(files), sum(map(len, bodies)))


def missing() -> list[str]:
    """Formats that cannot be measured on this machine, because only a sample file could show them."""
    return [
        one.format for one in _RECIPES if not one.make and not any((SAMPLES / name).is_file() for name in one.samples)
    ]


def _of(name: str, size: int) -> Callable[[], bytes]:
    """A file of `bench.generated`, of this size or a record more."""

    def make() -> bytes:
        body, pieces = bytearray(), generated.FILES[name].pieces()
        while len(body) < size:
            body += next(pieces)
        return bytes(body) + generated.FILES[name].end

    return make


def _blocks(bodies: list[bytes]) -> bytes:
    """Twenty copies of each file, its first data block under a name of its own."""
    copies = ((n, body) for n in range(20) for body in bodies)
    return b"\n".join(re.sub(rb"(?m)^data_", b"data_%d_" % n, body) for n, body in copies)


def _mol() -> bytes:
    text: str = _laid_out().molfile()
    return text.encode()


def _cdxml() -> bytes:
    text: str = _laid_out().cdxml()
    return text.encode()


def _laid_out() -> Any:
    from indigo import Indigo

    indigo = Indigo()
    molecule = indigo.loadMolecule(_DRAWN)
    molecule.layout()
    return molecule


def _xyz(frames: int) -> bytes:
    """A trajectory of a molecule of 21 atoms."""
    atoms, pieces = "CCCCCCCCCOOOOHHHHHHHH", []
    for n in range(frames):
        lines = [f"{name} {at * 1.5:.6f} {n * 0.001 + at:.6f} {-0.25 * at:.6f}" for at, name in enumerate(atoms)]
        pieces.append("\n".join([str(len(atoms)), f"step={n} energy={-648.5 - n / 1000:.6f}", *lines, ""]))
    return "".join(pieces).encode()


def _reaction_smiles() -> bytes:
    found = [piece.decode().split()[0] for piece in islice(generated.smiles(), 300)]
    rows = (f"{n},{one}.{two}>CCO>{two}.{one}" for n, (one, two) in enumerate(pairwise(found)))
    return ("id,reaction\n" + "\n".join(rows) + "\n").encode()


def _rxn() -> bytes:
    return _rxnfile("CCO.CC(=O)O>OS(O)(=O)=O>CCOC(C)=O")


def _rxnfile(smiles: str) -> bytes:
    from indigo import Indigo

    indigo = Indigo()
    reaction = indigo.loadReaction(smiles)
    reaction.layout()
    text: str = reaction.rxnfile()
    return text.encode()


_RECIPES = (
    _Recipe("chemical", "sdf", "sdf", make=_of("sdf", 2_000_000)),
    _Recipe("chemical", "mol", "mol", ("mol/Aspirin.mol", "mol/chebi_15469.v3k.mol"), _mol),
    _Recipe("chemical", "smiles", "smi", ("smiles/chembl_drugs.smi",), _of("smiles", 20_000)),
    _Recipe("chemical", "inchi", "inchi", ("inchi/zinc-slice.sdf.inchi",), _of("inchi", 50_000)),
    _Recipe("chemical", "cdx", "cdx", ("cdx/125_11Mos.cdx",)),
    _Recipe("chemical", "cdxml", "cdxml", ("cdxml/test-multi.cdxml",), _cdxml),
    _Recipe("reaction", "rxn", "rxn", ("rxn/10001.rxn", "rxn/catalysts2000.rxn", "rxn/testRXNChiralityAgentV3000.rxn"), _rxn),
    _Recipe("reaction", "rdf", "rdf", ("rdf/queries.rdf", "rdf/pathway8.rdf"), _of("rdf", 200_000)),
    _Recipe("reaction", "reaction-smiles", "csv", ("reaction-smiles/example_rxns.csv",), _reaction_smiles),
    _Recipe("crystal", "cif", "cif", ("cif/4003024.cif", "cif/1100110.cif", "cif/1011031.cif"), _of("cif", 40_000), _blocks),
    _Recipe("crystal", "cif", "mmcif", ("cif/5i55.cif", "cif/1pfe.cif.gz"), _of("mmcif", 500_000), _blocks, label="mmcif"),
    _Recipe("geometry", "xyz", "xyz", make=lambda: _xyz(2000)),
    _Recipe("spectra", "jcamp", "jdx", ("jcamp/jcamp-fix.dx", "jcamp/jcamp-packed.dx", "jcamp/ethylbenzene.jdx"),
            _of("jcamp", 200_000)),
    _Recipe("spectra", "mzml", "mzML", ("mzml/example.mzML",), _of("mzml", 400_000)),
    _Recipe("spectra", "spc", "spc", ("spc/m_xyxy.spc",), lambda: small_files.spc(10_000)),
    _Recipe("tabular", "csv", "csv", ("csv/zipcodes.csv",), _of("csv", 2_000_000)),
    _Recipe("tabular", "csv", "csv.gz", make=lambda: gzip.compress(_of("csv", 2_000_000)(), mtime=0), label="csv.gz"),
    _Recipe("tabular", "tsv", "tsv", make=_of("tsv", 2_000_000)),
    _Recipe("tabular", "xlsx", "xlsx", make=lambda: small_files.xlsx(10_000)),
    _Recipe("tabular", "xlsb", "xlsb", ("spreadsheet/any_sheets.xlsb",)),
    _Recipe("tabular", "xlsb", "xlsb", make=lambda: small_files.xlsb(10_000), label="xlsb-table"),
    _Recipe("tabular", "xls", "xls", ("spreadsheet/issues.xls",)),
    _Recipe("tabular", "xls", "xls", make=lambda: small_files.xls(10_000), label="xls-table"),
    _Recipe("tabular", "ods", "ods", make=lambda: small_files.ods(10_000)),
    _Recipe("document", "pdf", "pdf", ("pdf/pdflatex-4-pages.pdf", "pdf/ML_report.pdf", "pdf/imagemagick-images.pdf"),
            lambda: small_files.pdf(50)),
    _Recipe("document", "docx", "docx", ("docx/blk-paras-and-tables.docx",), lambda: small_files.docx(100)),
    _Recipe("document", "pptx", "pptx", ("pptx/test.pptx", "pptx/prs-notes.pptx"), lambda: small_files.pptx(10)),
    _Recipe("document", "doc", "doc", ("doc/Enabling the World of Internet Based Chemistry Through ChemSpider.doc",)),
    _Recipe("image", "png", "png", ("image/hopper.png",), lambda: small_files.picture("PNG")),
    _Recipe("image", "jpeg", "jpg", ("image/Landscape_6.jpg", "image/pil_sample_cmyk.jpg"), lambda: small_files.picture("JPEG")),
    _Recipe("image", "jpeg", "jpg", make=small_files.photograph, label="jpeg-photo"),
    _Recipe("image", "gif", "gif", make=lambda: small_files.picture("GIF")),
    _Recipe("image", "bmp", "bmp", make=lambda: small_files.picture("BMP")),
    _Recipe("image", "webp", "webp", make=lambda: small_files.picture("WEBP")),
    _Recipe("image", "tiff", "tif", ("image/hopper_lzw.tif", "image/multipage.tiff"), lambda: small_files.picture("TIFF")),
    _Recipe("microscopy", "bigtiff", "tif", make=lambda: small_files.tiff_stack(ome=False, big=True)),
    _Recipe("microscopy", "ome-tiff", "ome.tif", ("microscopy/multi-channel.ome.tif",),
            lambda: small_files.tiff_stack(ome=True, big=False)),
    _Recipe("microscopy", "ome-xml", "ome.xml", ("microscopy/example.ome.xml",)),
    _Recipe("microscopy", "svs", "svs", make=small_files.slide),
    _Recipe("microscopy", "czi", "czi", ("microscopy/RGB-multichannel.czi",)),
    _Recipe("microscopy", "lif", "lif", ("microscopy/LeicaLASX_wavelength-sweep_example.lif",)),
    _Recipe("microscopy", "nd2", "nd2", ("microscopy/Nikon_BF007.nd2",)),
)  # fmt: skip
NAMES = tuple(dict.fromkeys(one.name for one in _RECIPES))
