"""Bare loops: what a person would write with a library alone to get what a file says, by format.

Each takes the path of a file and gives one dictionary for each record, with the values that the parser's record has. What Leanda
adds is left out: bounds, verdicts, places of damage, encodings that are guessed, the plot of a spectrum.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

type Loop = Callable[[Path], Iterator[dict[str, Any]]]


@cache
def _indigo() -> Any:
    from indigo import Indigo

    indigo = Indigo()
    indigo.setOption("ignore-stereochemistry-errors", True)
    indigo.setOption("ignore-noncritical-query-features", True)
    return indigo


@cache
def _inchi() -> Any:
    from indigo.inchi import IndigoInchi

    return IndigoInchi(_indigo())


def sdf(path: Path) -> Iterator[dict[str, Any]]:
    """A molfile too: what stands behind its table are data items, and this is how Indigo gives them."""
    for molecule in _indigo().iterateSDFile(str(path)):
        try:
            atoms = molecule.countAtoms()  # reading is lazy: the table is looked at now
        except Exception as refusal:
            yield {"failed": str(refusal)}
            continue
        fields = {item.name(): item.rawData() for item in molecule.iterateProperties()}
        yield {"name": molecule.name(), "text": molecule.rawData(), "atoms": atoms, "fields": fields}


def smiles(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text().splitlines():
        text, name = [*line.split(None, 1), ""][:2]
        try:
            _indigo().loadMolecule(text)
        except Exception as refusal:
            yield {"name": name, "failed": str(refusal)}
            continue
        yield {"name": name, "text": text}


def inchi(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text().splitlines():
        text, name = [*line.split(None, 1), ""][:2]
        try:
            found = _inchi().loadMolecule(text).smiles()
            again = _inchi().getInchi(_indigo().loadMolecule(found), "")
        except Exception as refusal:
            yield {"name": name, "inchi": text, "failed": str(refusal)}
            continue
        yield {"name": name, "inchi": text, "text": found, "same": again == text, "key": _inchi().getInchiKey(text)}


def drawing(path: Path) -> Iterator[dict[str, Any]]:
    """CDX and CDXML: fragments as molfiles."""
    if path.suffix == ".cdx":
        for molecule in _indigo().iterateCDXFile(str(path)):
            yield {"text": molecule.clone().molfile()}
        return
    drawing = _indigo().loadMoleculeFromFile(str(path))
    for part in drawing.iterateComponents():
        yield {"text": part.clone().molfile()}


def rxn(path: Path) -> Iterator[dict[str, Any]]:
    text = path.read_text()
    yield {"text": text} | _reaction(_indigo().loadReaction(text))


def rdf(path: Path) -> Iterator[dict[str, Any]]:
    for reaction in _indigo().iterateRDFile(str(path)):
        fields = {item.name(): item.rawData() for item in reaction.iterateProperties()}
        yield {"text": reaction.rawData(), "fields": fields} | _reaction(reaction)


def reaction_smiles(path: Path) -> Iterator[dict[str, Any]]:
    for row in csv.DictReader(io.StringIO(path.read_text(), newline="")):
        text = next(cell for cell in row.values() if cell.count(">") >= 2)
        try:
            yield {"fields": row} | _reaction(_indigo().loadReaction(text))
        except Exception as refusal:
            yield {"fields": row, "failed": str(refusal)}


def _reaction(reaction: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    sides = {
        "reactants": reaction.iterateReactants,
        "products": reaction.iterateProducts,
        "agents": reaction.iterateCatalysts,
    }
    for role, side in sides.items():
        found[role] = []
        for molecule in side():
            molecule = molecule.clone()
            molecule.aromatize()
            smiles = molecule.canonicalSmiles()
            molecule.dearomatize()
            try:
                key = _inchi().getInchiKey(_inchi().getInchi(molecule, ""))
            except Exception:
                key = None
            found[role].append({"name": molecule.name(), "smiles": smiles, "key": key})
    return found


def cif(path: Path) -> Iterator[dict[str, Any]]:
    import gemmi
    from gemmi import cif as library

    text = path.read_text()
    texts = re.split(r"^(?=data_)", text, flags=re.MULTILINE | re.IGNORECASE)[1:]
    for block, own in zip(library.read_string(text), texts, strict=False):
        values: dict[str, str] = {}
        rows: dict[str, int] = {}
        for item in block:
            if item.pair is not None:
                values[item.pair[0]] = item.pair[1]
            elif item.loop is not None:
                for tag in item.loop.tags:
                    rows[tag] = item.loop.length()
                    if rows[tag] == 1:
                        values[tag] = item.loop[0, item.loop.tags.index(tag)]
        fields: dict[str, Any] = {}
        for tag, value in values.items():
            if value in ("?", "."):
                continue
            number = library.as_number(value)
            fields[tag] = library.as_string(value) if number != number else number
        structure = gemmi.make_small_structure_from_block(block)
        cell, group = structure.cell, structure.spacegroup
        yield {
            "name": block.name, "text": own, "fields": fields, "cell": list(cell.parameters), "volume": cell.volume,
            "group": group.xhm() if group else None, "number": group.number if group else None,
            "system": group.crystal_system_str() if group else None,
            "atoms": rows.get("_atom_site_label") or rows.get("_atom_site.id") or 0,
        }  # fmt: skip


def jcamp(path: Path) -> Iterator[dict[str, Any]]:
    import jcamp as library

    with contextlib.redirect_stdout(None):  # it prints what it thinks of checks
        found = library.readfile(str(path))
    for block in found.get("children") or [found]:
        x, y = block.pop("x"), block.pop("y")
        labels = {name: value for name, value in block.items() if isinstance(value, str | int | float)}
        yield {"fields": labels, "x": x.tolist(), "y": y.tolist(), "range": _range(x, y)}


def mzml(path: Path) -> Iterator[dict[str, Any]]:
    import pymzml.run

    for spectrum in pymzml.run.Reader(str(path)):
        fields = {item.get("name"): item.get("value") for item in spectrum.element.iter() if item.get("accession")}
        x, y = spectrum.mz, spectrum.i
        peaks = spectrum.highest_peaks(min(100, len(x)))
        yield {
            "id": spectrum.ID, "level": spectrum.ms_level, "time": spectrum.scan_time_in_minutes(), "fields": fields,
            "x": x.tolist(), "y": y.tolist(), "range": _range(x, y),
            "peaks": [[float(part) for part in peak] for peak in peaks],
        }  # fmt: skip


def spc(path: Path) -> Iterator[dict[str, Any]]:
    import spc_io

    with path.open("rb") as file:
        read = spc_io.SPC.from_bytes_io(file)
    for n in range(len(read)):
        x, y = read[n].xarray, read[n].yarray
        yield {
            "x": x.tolist(),
            "y": y.tolist(),
            "range": _range(x, y),
        }


def _range(x: Any, y: Any) -> list[float]:
    return [float(each) for each in (x.min(), x.max(), y.min(), y.max())]


def delimited(path: Path) -> Iterator[dict[str, Any]]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter="\t" if path.suffix == ".tsv" else ",")
        names = next(reader)
        for row in reader:
            if row:
                yield {name: cell or None for name, cell in zip(names, row, strict=False)}


def workbook(path: Path) -> Iterator[dict[str, Any]]:
    import python_calamine

    opened = python_calamine.load_workbook(str(path))
    for sheet in (found.name for found in opened.sheets_metadata if "WorkSheet" in str(found.typ)):
        rows = iter(opened.get_sheet_by_name(sheet).to_python())
        names = [str(name) for name in next(rows, [])]
        for number, row in enumerate(rows, 2):
            yield {"sheet": sheet, "row": number, "fields": dict(zip(names, map(_cell, row), strict=False))}


def _cell(value: Any) -> Any:
    if value == "":
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value) if isinstance(value, timedelta) else value


def pdf(path: Path) -> Iterator[dict[str, Any]]:
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    stated = document.get_metadata_dict(skip_empty=True) | {"version": document.get_version()}
    for index in range(len(document)):
        page = document[index]
        content = page.get_textpage()
        text = content.get_text_range().replace("\r\n", "\n").replace("\ufffe", "-")
        width, height = page.get_size()
        yield {"name": document.get_page_label(index), "text": text, "width": width, "height": height} | (
            stated if not index else {}
        )
        content.close()
        page.close()


def docx(path: Path) -> Iterator[dict[str, Any]]:
    import docx as library

    document = library.Document(str(path))
    lines = []
    for part in document.iter_inner_content():
        if hasattr(part, "rows"):
            lines += ["\t".join(cell.text for cell in row.cells) for row in part.rows]
        else:
            lines.append(part.text)
    yield {"text": "\n".join(lines), "tables": len(document.tables)} | _core(document.core_properties)


def pptx(path: Path) -> Iterator[dict[str, Any]]:
    import pptx as library

    show = library.Presentation(str(path))
    stated = _core(show.core_properties)
    for slide in show.slides:
        texts = [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]
        title = slide.shapes.title
        yield {"name": title.text if title is not None else None, "text": "\n".join(texts)} | stated
        stated = {}


def _core(properties: Any) -> dict[str, Any]:
    names = (
        "author",
        "title",
        "subject",
        "keywords",
        "category",
        "comments",
        "last_modified_by",
        "revision",
        "created",
        "modified",
    )
    values = {name: getattr(properties, name) for name in names}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def doc(path: Path) -> Iterator[dict[str, Any]]:
    import olefile

    with olefile.OleFileIO(str(path)) as file:
        found = file.get_metadata()
    names = (*found.SUMMARY_ATTRIBS, *found.DOCSUM_ATTRIBS)
    values = {name: getattr(found, name) for name in names}
    yield {name: value if isinstance(value, int | float | None) else str(value) for name, value in values.items()}


def picture(path: Path) -> Iterator[dict[str, Any]]:
    from PIL import ExifTags, Image, ImageCms

    with Image.open(path) as image:
        for n in range(getattr(image, "n_frames", 1) if path.suffix == ".tif" else 1):
            image.seek(n)
            stated = image.getexif()
            tags = dict(stated) | stated.get_ifd(ExifTags.IFD.Exif)
            exif = {ExifTags.TAGS.get(tag, str(tag)): _of_exif(value) for tag, value in tags.items()}
            profile = image.info.get("icc_profile")
            named = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile))) if profile else None
            told = {
                name: str(value) for name, value in image.info.items() if isinstance(value, str | int | float | tuple)
            }
            yield {
                "frames": getattr(image, "n_frames", 1),
                "size": image.size,
                "mode": image.mode,
                "bands": image.getbands(),
                "exif": exif,
                "profile": named,
            } | told


def _of_exif(value: Any) -> Any:
    if isinstance(value, str | int):
        return value
    if isinstance(value, tuple):
        return [_of_exif(part) for part in value]
    return value.decode("latin-1") if isinstance(value, bytes) else float(value)


def xyz(path: Path) -> Iterator[dict[str, Any]]:
    """Frames of a trajectory, without a library."""
    with path.open() as file:
        for first in file:
            comment = next(file)
            lines = [next(file) for _ in range(int(first))]
            names: Counter[str] = Counter()
            for line in lines:
                name, *place = line.split()
                _ = [float(each) for each in place]
                names[name] += 1
            stated = dict(word.split("=") for word in comment.split() if "=" in word)
            fields = {name: float(value) for name, value in stated.items()}
            formula = "".join(f"{name}{count}" for name, count in sorted(names.items()))
            yield {"name": comment, "text": first + comment + "".join(lines), "fields": fields, "formula": formula}


def ome(path: Path) -> Iterator[dict[str, Any]]:
    """OME-TIFF: the XML by tifffile, then its elements."""
    import tifffile

    with tifffile.TiffFile(path) as file:
        told = tifffile.xml2dict(file.ome_metadata or "")
        images = told["OME"]["Image"]
        for n, image in enumerate(images if isinstance(images, list) else [images]):
            series = file.series[n] if n < len(file.series) else None
            yield {"image": image, "shape": series.shape if series else None, "axes": series.axes if series else None}


def ome_xml(path: Path) -> Iterator[dict[str, Any]]:
    import tifffile

    images = tifffile.xml2dict(path.read_text())["OME"]["Image"]
    yield from ({"image": image} for image in (images if isinstance(images, list) else [images]))


def tiff(path: Path) -> Iterator[dict[str, Any]]:
    """BigTIFF and SVS: every page's tags."""
    import tifffile

    with tifffile.TiffFile(path) as file:
        for page in file.pages:
            yield {tag.name: str(tag.value) for tag in page.tags.values()} | {"shape": page.shape}


def czi(path: Path) -> Iterator[dict[str, Any]]:
    import czifile

    with czifile.CziFile(path) as file:
        metadata = file.metadata(asdict=True)
        for key in file.scenes:
            scene = file.scenes[key]
            told = {"name": scene.name, "sizes": dict(scene.sizes), "type": str(scene.dtype), "at": str(scene.datetime)}
            told |= {"objective": str(scene.objective), "mpp": str(scene.mpp), "channels": str(scene.channels)}
            yield told | {"metadata": metadata}


def lif(path: Path) -> Iterator[dict[str, Any]]:
    import liffile

    with liffile.LifFile(path) as file:
        for image in file.images:
            yield {
                "name": image.name,
                "sizes": dict(image.sizes),
                "type": str(image.dtype),
                "attributes": str(image.attrs),
            }


def nd2(path: Path) -> Iterator[dict[str, Any]]:
    import nd2 as library

    with library.ND2File(path) as file:
        yield {
            "sizes": dict(file.sizes),
            "metadata": str(file.metadata),
            "texts": dict(file.text_info),
            "voxel": list(file.voxel_size()),
        }


LOOPS: dict[str, tuple[str, Loop]] = {
    "sdf": ("Indigo", sdf), "mol": ("Indigo", sdf), "smiles": ("Indigo", smiles), "inchi": ("Indigo", inchi),
    "cdx": ("Indigo", drawing), "cdxml": ("Indigo", drawing), "rxn": ("Indigo", rxn), "rdf": ("Indigo", rdf),
    "reaction-smiles": ("Indigo", reaction_smiles), "cif": ("gemmi", cif), "jcamp": ("jcamp", jcamp), "mzml": ("pymzML", mzml),
    "spc": ("spc-io", spc), "csv": ("csv", delimited), "tsv": ("csv", delimited), "xlsx": ("calamine", workbook),
    "xlsb": ("calamine", workbook), "xls": ("calamine", workbook), "ods": ("calamine", workbook), "pdf": ("pypdfium2", pdf),
    "docx": ("python-docx", docx), "pptx": ("python-pptx", pptx), "doc": ("olefile", doc), "png": ("Pillow", picture),
    "jpeg": ("Pillow", picture), "gif": ("Pillow", picture), "bmp": ("Pillow", picture), "webp": ("Pillow", picture),
    "tiff": ("Pillow", picture), "bigtiff": ("tifffile", tiff), "svs": ("tifffile", tiff), "ome-xml": ("tifffile", ome_xml),
    "ome-tiff": ("tifffile", ome), "czi": ("czifile", czi),
    "lif": ("liffile", lif), "nd2": ("nd2", nd2), "xyz": ("by hand", xyz),
}  # fmt: skip
"""By the name of the format: the library, and the loop."""
