"""A small good file, or some, of every format that is read: what mutants are made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from tests.samples import manifest
from tests.unit.parsers_bundle import archives
from tests.unit.parsers_chemical import test_mutants as chemical
from tests.unit.parsers_chemical.drawings import SCHEME, cdx, cdxml, cdxml_fragment, fragment
from tests.unit.parsers_chemical.molfiles import molfile
from tests.unit.parsers_crystal.cifs import BROKEN, PROTEIN, QUARTZ, SALT
from tests.unit.parsers_document.test_document_mutants import SEEDS as DOCUMENTS
from tests.unit.parsers_geometry.test_xyz import FILE as XYZ
from tests.unit.parsers_image.test_image_samples import SEEDS as IMAGES
from tests.unit.parsers_microscopy.test_microscopy_samples import SEEDS as MICROSCOPY
from tests.unit.parsers_reaction import test_reaction_mutants as reaction
from tests.unit.parsers_spectra.test_mutants import SEEDS as SPECTRA
from tests.unit.parsers_tabular import test_spreadsheet_mutants as spreadsheets

type Format = tuple[str, str]
"""Kind and name."""

TABLE: Final = b"id,name,mass (g/mol),smiles,when\n" + b"".join(
    b'%03d,"compound, %d",%d.5,%s,2026-02-%02d\n' % (n, n, 18 + n, b"C" * n + b"O", n) for n in range(1, 29)
)


def seeds() -> dict[Format, tuple[bytes, ...]]:
    """By kind and format, as the signature table names them.

    Files of XLS and XLSB are samples: nothing that the tests have writes these formats.
    """
    return {
        ("chemical", "sdf"): _of("sdf", chemical.SEEDS),
        ("chemical", "mol"): (molfile().encode(), *_of("mol", chemical.SEEDS)),
        ("chemical", "smiles"): _of("smiles", chemical.SEEDS),
        ("chemical", "inchi"): _of("inchi", chemical.SEEDS),
        ("chemical", "cdx"): (cdx(fragment(), fragment("CN", ((1, 2),), first=1001)),),
        ("chemical", "cdxml"): (cdxml(*SCHEME, f"<group>{cdxml_fragment(first=3001)}</group>").encode(),),
        ("reaction", "rxn"): _of("rxn", reaction.SEEDS),
        ("reaction", "rdf"): _of("rdf", reaction.SEEDS),
        ("reaction", "reaction-smiles"): _of("reaction-smiles", reaction.SEEDS),
        ("crystal", "cif"): (QUARTZ + BROKEN + SALT, PROTEIN),
        ("geometry", "xyz"): (XYZ,),
        ("spectra", "jcamp"): (SPECTRA["jcamp"],),
        ("spectra", "mzml"): (SPECTRA["mzml"],),
        ("spectra", "spc"): (SPECTRA["spc"], SPECTRA["spc-even"], SPECTRA["spc-old"]),
        ("tabular", "csv"): (TABLE,),
        ("tabular", "tsv"): (TABLE.replace(b",", b"\t"),),
        **{("tabular", name): (spreadsheets.seed(name),) for name in ("xlsx", "xlsb", "xls", "ods")},
        **{("document", name): (seed,) for name, seed in DOCUMENTS.items()},
        **{("image", name): (seed,) for name, seed in IMAGES.items()},
        **{("microscopy", name): (seed,) for name, seed in MICROSCOPY.items()},
        ("microscopy", "nd2"): (MICROSCOPY["nd2"], _nd2_with_pixels()),
        ("bundle", "zip"): (archives.packed({"a.txt": b"text " * 50, "b/c.csv": b"1,2\n" * 50, "d": b""}),),
    }


def _of(name: str, pairs: Iterable[tuple[Any, bytes]]) -> tuple[bytes, ...]:
    return tuple(seed for form, seed in pairs if form.name == name)


def _nd2_with_pixels() -> bytes:
    return next(row for row in manifest("microscopy") if row.path.endswith(".nd2")).read_bytes()
