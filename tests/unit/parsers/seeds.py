"""What mutants are made of: a small good file, or some, of every format that is read, and words that mean something to it."""

from __future__ import annotations

from functools import cache
from typing import Final

from tests.samples import manifest, sample
from tests.unit.parsers_bundle import archives
from tests.unit.parsers_chemical import drawings, molfiles
from tests.unit.parsers_crystal import cifs
from tests.unit.parsers_document import documents
from tests.unit.parsers_geometry.test_xyz import FILE as XYZ
from tests.unit.parsers_image import pictures
from tests.unit.parsers_image.pictures import ascii_, long, page, tiff
from tests.unit.parsers_microscopy import files as microscopy
from tests.unit.parsers_reaction import rxns
from tests.unit.parsers_spectra import jcamp_files, mzml_files, spc_files
from tests.unit.parsers_tabular import workbooks

type Format = tuple[str, str]
"""Kind and name."""

_TABLE: Final = b"id,name,mass (g/mol),smiles,when\n" + b"".join(
    b'%03d,"compound, %d",%d.5,%s,2026-02-%02d\n' % (n, n, 18 + n, b"C" * n + b"O", n) for n in range(1, 29)
)
_SHEETS: Final = {"A": [["name", "mass"], ["water", 18.015], ["ethanol", 46.07]], "B": [["x"], [True], ["=1+1"]]}
_CURVE: Final = [n * n % 977 - 400 for n in range(300)]


@cache
def seeds() -> dict[Format, tuple[bytes, ...]]:
    """By kind and by the parser's name of the format.

    Files of XLS and XLSB are samples: nothing that the tests have writes these formats.
    """
    return _chemistry() | _spectra() | _tables() | _documents() | _images() | _microscopy() | _bundles()


def _chemistry() -> dict[Format, tuple[bytes, ...]]:
    molfile, v3000, inside = molfiles.molfile, molfiles.v3000(), drawings.fragment("O", (), first=2001)
    charged, item = molfile(properties=["M  CHG  1   3  -1"]), "> <A>\n1\n\n"
    lone = drawings.fragment("CN", ((1, 2),), first=1001, inside=inside)
    return {
        ("chemical", "sdf"): (molfiles.sdf(charged + item, v3000, molfile(["N"], [])),),
        ("chemical", "mol"): (molfile().encode(), v3000.encode()),
        ("chemical", "smiles"): (b"SMILES Name\nC[C@H](N)C(=O)O L-alanine\n[Na+].[Cl-]\nc1ccccc1C#N |$a$| x\tY\n",),
        ("chemical", "inchi"): (b"InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3 ethanol\nInChI=1S/ClH.Na/h1H;/q;+1/p-1\tsalt\n",),
        ("chemical", "cdx"): (drawings.cdx(drawings.fragment(), lone),),
        ("chemical", "cdxml"): (
            drawings.cdxml(*drawings.SCHEME, f"<group>{drawings.cdxml_fragment(first=3001)}</group>").encode(),
        ),
        ("reaction", "rxn"): (rxns.rxn(agents=[rxns.molfile(rxns.OXYGEN)]).encode(), rxns.rxn_v3000().encode()),
        ("reaction", "rdf"): (rxns.RDF.encode(),),
        ("reaction", "reaction-smiles"): (
            b"id,rxn\n1,[CH3:1][OH:2]>[Cu]>[CH2:1]=[O:2]\n2,CC.O>>CCO |f:0.1|\n3,c1ccccc1Br>>c1ccccc1\n",
            b"CO>>C=O oxidation\nCC[O-].[Na+].CBr>CCO>CCOC.[Na+].[Br-] Williamson\n>>C\n",
        ),
        ("crystal", "cif"): (cifs.QUARTZ + cifs.BROKEN + cifs.SALT, cifs.PROTEIN),
        ("geometry", "xyz"): (XYZ,),
    }


def _spectra() -> dict[Format, tuple[bytes, ...]]:
    lines, axis = jcamp_files.difdup(_CURVE), jcamp_files.axis(len(_CURVE))
    compressed = jcamp_files.spectrum(lines, *axis, "YFACTOR= 0.1")
    level = mzml_files.cv("MS:1000511", "ms level", 2)
    scans = (mzml_files.spectrum(more=level, name=f"scan={n}") for n in range(4))
    own_abscissas = spc_files.own_abscissas([[(float(n), n) for n in range(9)]] * 3)
    return {
        ("spectra", "jcamp"): ((jcamp_files.LINKED + jcamp_files.NTUPLES + compressed).encode(),),
        ("spectra", "mzml"): (mzml_files.document(*scans),),
        ("spectra", "spc"): (
            own_abscissas + spc_files.single([1.0, 2.0], log_at=552) + spc_files.log(b"a=1"),
            spc_files.single([1.0, 2.0, 3.0], log_at=556) + spc_files.log(b"SCANS=16\r\nb=x"),
            spc_files.old(_CURVE[:20], subfiles=3),
        ),
    }


def _tables() -> dict[Format, tuple[bytes, ...]]:
    found = tuple(row.read_bytes()[:3000] for row in manifest("csv") if row.records != 0)
    return {
        ("tabular", "csv"): (_TABLE, *found),
        ("tabular", "tsv"): (_TABLE.replace(b",", b"\t"),),
        ("tabular", "xlsx"): (workbooks.xlsx(_SHEETS),),
        ("tabular", "xlsb"): (sample("any_sheets.xlsb").read_bytes(),),
        ("tabular", "xls"): (sample("issues.xls").read_bytes(),),
        ("tabular", "ods"): (workbooks.ods(workbooks.ods_row("a", "b") + workbooks.ods_row("c", 1.5)),),
    }


def _documents() -> dict[Format, tuple[bytes, ...]]:
    paragraph, shape, slide = documents.paragraph, documents.shape, documents.slide_xml
    cells = "".join(f"<w:tc>{paragraph(text)}</w:tc>" for text in "ab")
    body = documents.document_xml(f"{paragraph('one')}<w:tbl><w:tr>{cells}</w:tr></w:tbl>")
    slides = [slide(shape("Title", "title") + shape("a\nb")), slide(shape("c"))]
    pages, info = ["Hello\nworld", "two", "three"], "/Title(T)/CreationDate(D:20240229)"
    return {
        ("document", "pdf"): (documents.pdf(pages, info=info, catalog="/Lang(de)"),),
        ("document", "docx"): (documents.packed(documents.office_members("word/document.xml", body)),),
        ("document", "pptx"): (documents.pptx(slides, notes=shape("note")),),
        ("document", "doc"): (documents.doc(),),
        ("document", "ppt"): (documents.ppt(),),
    }


def _images() -> dict[Format, tuple[bytes, ...]]:
    placed = pictures.exif()
    return {
        ("image", "png"): (pictures.png(),),
        ("image", "jpeg"): (pictures.jpeg(),),
        ("image", "gif"): (pictures.gif(),),
        ("image", "bmp"): (pictures.encoded("BMP", "P"),),
        ("image", "webp"): (pictures.webp(2),),
        ("image", "tiff"): (tiff(page(8, 8, t270=ascii_("a" * 50)), page(4, 4)),),
        ("image", "png+position"): (pictures.encoded("PNG", exif=placed),),
        ("image", "jpeg+position"): (pictures.jpeg(),),
        ("image", "webp+position"): (pictures.webp(2),),
        ("image", "tiff+position"): (pictures.placed_tiff(placed),),
    }


def _microscopy() -> dict[Format, tuple[bytes, ...]]:
    slide = page(46, 32, t270=ascii_(microscopy.APERIO), t322=long(16))
    return {
        ("microscopy", "ome-xml"): (microscopy.OME.encode(),),
        ("microscopy", "ome-tiff"): (tiff(page(64, 48, t270=ascii_(microscopy.OME)), page(64, 48)),),
        ("microscopy", "svs"): (tiff(slide, page(4, 4), page(5, 5, t322=long(16))),),
        ("microscopy", "bigtiff"): (tiff(page(46, 32), page(4, 4), big=True),),
        ("microscopy", "czi"): (microscopy.czi(),),
        ("microscopy", "lif"): (microscopy.lif(),),
        ("microscopy", "nd2"): (microscopy.nd2(), sample("Nikon_BF007.nd2").read_bytes()),
    }


def _bundles() -> dict[Format, tuple[bytes, ...]]:
    return {("bundle", "zip"): (archives.packed({"a.txt": b"text " * 50, "b/c.csv": b"1,2\n" * 50, "d": b""}),)}


_OF_MOLFILES: Final = (b"M  END\n", b"999", b"V3000", b"M  V30 ", b"M  V30 BEGIN CTAB\n")
_OF_TIFF: Final = (b"II*\0", b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\xff" * 8)
_OF_ZIP: Final = (b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"../", b"\\")
_OF_XML: Final = (b">", b"/>", b"</", b"&#0;", b"&amp;&x;", b"]]>", b"<!--", b"<!DOCTYPE a>")

WORDS: Final[dict[str, tuple[bytes, ...]]] = {
    "chemical": (*_OF_MOLFILES, *_OF_XML, b"$$$$\n", b"> <x>\n", b"<fragment>", b"InChI=1S/", b"|$a$|", b"[", b"."),
    "reaction": (
        *_OF_MOLFILES, b"$RXN\n", b"$MOL\n", b"$RFMT\n", b"$MFMT\n", b"$DTYPE", b"$DATUM", b">", b">>", b".", b"|f:0.1|",
        b",", b'"', b"[",
    ),
    "crystal": (
        b"\n;", b"'", b'"', b"loop_", b"data_", b"save_", b"global_", b"_cell_length_a", b"#", b"?", b"9" * 400, b"(9)",
        b"e999", b"_" * 300, b"_symmetry_equiv_pos_as_xyz", b"x,y,z", b"\x1a",
    ),
    "geometry": (b"999999999", b'Lattice="', b"Properties=pos:R:3", b"1e999", b"{", b"O 0 0 0\n"),
    "spectra": (
        *_OF_XML, b"999999999999", b"##TITLE=\n", b"##END=\n", b"##NPOINTS= 1e300\n", b"##FIRSTX= nan\n",
        b"##XFACTOR= 1e-300\n", b"##DATA TABLE= (X++(R..R)), XYDATA\n", b"##XYDATA= (X++(Y..Y))\n", b"A1Z99J%jS9999",
        b"?" * 50, b"</spectrum>", b"<spectrum>", b"<spectrumList>", b"</binary>", b"\x80" * 40, b"\x7f" * 4, b"\0\0\0\x80",
    ),
    "tabular": (
        *_OF_ZIP, *_OF_XML, b'"', b'""', b",", b"\t", b"\xff", b"\xfe\xff", b"<row/>", b't="s"', b"\x09\x08\x10\0", b"1e400",
    ),
    "document": (
        *_OF_ZIP, *_OF_XML, b"<w:p>" * 50, b"99999999", b"endobj", b"stream\n", b"2 0 R", b"<<", b"[", b"/Kids[2 0 R]",
        b"/Count 2147483647",
    ),
    "image": (
        *_OF_TIFF, b"Exif\0\0", b"ICC_PROFILE\0", b"MPF\0", b"\xff\xe1\xff\xff", b"acTL", b"iCCP", b"zTXt", b"\x2c",
        b"\x21\xf9", b"ANMF", b"VP8X", b"\x69\x87\x04\0", b"\x25\x88\x04\0",
    ),
    "microscopy": (
        *_OF_TIFF, *_OF_XML, b"</OME>", b'"', b"&a;", b'SizeX="-1"', b'SizeX="99999999999999999999"', b"DimID", b"nan",
        b"1e999", b"0x", b"ZISRAWDIRECTORY", b"DV", b"\x0b", b"\x4c",
    ),
    "bundle": _OF_ZIP,
}  # fmt: skip
"""By kind: what means something in one of its formats, or is often met in broken files."""
