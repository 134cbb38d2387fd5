"""OME-XML and the TIFF formats, compared with what was put into them, with ome-types and with tifffile."""

from __future__ import annotations

import io

import pytest
import tifffile
from ome_types import from_xml
from tifffile.tifffile import svs_description_metadata

from functions.parsers.microscopy.formats import FORMATS, ome_xml, series, xml_tree
from leanda import limits
from leanda.contracts.artefacts import Record, RecordStatus
from leanda.errors import FileBomb, FileCorrupt, FormatMismatch, NoRecords
from leanda.parsing.signatures import Kind, decide
from tests.samples import SampleRow, sample
from tests.unit.parsers.reading import codes
from tests.unit.parsers_image.pictures import ascii_, long, page, short, tiff
from tests.unit.parsers_microscopy import files


def records(format: str, data: bytes) -> list[Record]:
    found = list(FORMATS[format].records(io.BytesIO(data)))
    assert [record.index for record in found] == list(range(len(found)))
    assert {record.type for record in found} <= {"image"}
    return found


def fields(record: Record) -> list[tuple[str, object]]:
    return [(field.name, field.value) for field in record.fields]


def test_what_an_ome_document_states() -> None:
    cells, other, broken = records("ome-xml", files.OME.encode())
    assert cells.name == "cells"
    assert cells.properties == {
        "format": "ome-xml",
        "sizeX": 64,
        "sizeY": 48,
        "sizeZ": 5,
        "sizeC": 2,
        "sizeT": 7,
        "dimensionOrder": "XYZCT",
        "pixelType": "uint16",
        "significantBits": 12,
        "objectiveModel": "Plan-Apochromat",
        "objectiveManufacturer": "Zeiss",
        "objectiveMagnification": 63,
        "objectiveNumericalAperture": 1.4,
        "objectiveImmersion": "Oil",
        "microscope": "LSM 880",
        "microscopeManufacturer": "Zeiss",
        "acquisitionDate": "2020-05-06T07:08:09.123",
        "software": "by hand",
        "physicalSizeX": 0.1,
        "physicalSizeXUnit": "µm",
        "physicalSizeY": 0.1,
        "physicalSizeYUnit": "µm",
        "physicalSizeZ": 500,
        "physicalSizeZUnit": "nm",
        "timeIncrement": 2.5,
        "timeIncrementUnit": "s",
        "channels": [
            {
                "name": "DNA",
                "fluor": "DAPI",
                "color": "65535",
                "excitationWavelength": 405,
                "excitationWavelengthUnit": "nm",
                "emissionWavelength": 460.5,
                "emissionWavelengthUnit": "nm",
            },
            {"name": "actin", "acquisitionMode": "LaserScanningConfocalMicroscopy"},
        ],
    }
    assert fields(cells) == [
        ("Image.ID", "Image:0"),
        ("Image.Description", "HeLa"),
        ("ImagingEnvironment.Temperature", 37),
        ("ImagingEnvironment.CO2Percent", 0.05),
        ("Detector.Model", "GaAsP"),
        ("passage", "12"),
        ("plate", "A7"),
        ("Channel.Name", "DNA"),
        ("Channel.Name", "actin"),
        ("Channel.Fluor", "DAPI"),
    ]
    assert (other.properties["sizeX"], other.properties["pixelType"]) == (8, "float")
    assert other.properties["microscope"] == "LSM 880"  # the only instrument there is
    assert "objectiveModel" not in other.properties  # but which of its two objectives is not stated
    assert broken.status is RecordStatus.FAILED
    assert codes(broken) == ["IMAGE_WITHOUT_SIZE"]


@pytest.mark.parametrize("unknown", ["0", "0.0", "-1", "NaN", ""])
def test_an_objective_whose_numbers_are_not_known_has_none(unknown: str) -> None:
    xml = files.OME.replace('"63.0"', f'"{unknown}"').replace('"1.4"', f'"{unknown}"')
    found = records("ome-xml", xml.encode())[0].properties
    assert {name for name in found if name.startswith("objective")} == {
        "objectiveModel",
        "objectiveManufacturer",
        "objectiveImmersion",
    }


def test_names_of_the_first_schemas_are_read() -> None:
    old = """<OME xmlns="http://www.openmicroscopy.org/XMLschemas/OME/FC/ome.xsd"><Instrument ID="i"><Objective ID="o"
    Magnification="40" LensNA="0.95"/></Instrument><Image Name="old"><CreationDate>2004-01-02T03:04:05</CreationDate>
    <InstrumentRef ID="i"/><ObjectiveRef ID="o"/><LogicalChannel ExWave="488" EmWave="520"/>
    <Pixels PixelType="Uint8" SizeX="2" SizeY="3" SizeZ="1" SizeC="1" SizeT="1"/></Image></OME>"""
    [record] = records("ome-xml", old.encode())
    assert record.properties["pixelType"] == "Uint8"
    assert record.properties["acquisitionDate"] == "2004-01-02T03:04:05"
    assert record.properties["objectiveMagnification"] == 40
    assert record.properties["channels"][0]["excitationWavelength"] == 488


def document_of(row: SampleRow) -> str | bytes:
    """The OME-XML of a sample: the file itself, or the description of its first page as tifffile reads it."""
    if row.name.endswith(".xml"):
        return row.read_bytes()
    with tifffile.TiffFile(row.file) as oracle:
        return str(oracle.ome_metadata)


@pytest.mark.parametrize(
    ("name", "format", "images"), [("example.ome.xml", "ome-xml", 5), ("multi-channel.ome.tif", "ome-tiff", 1)]
)
def test_ome_samples_agree_with_ome_types(name: str, format: str, images: int) -> None:
    row = sample(name)
    expected = from_xml(document_of(row))
    found = records(format, row.read_bytes())
    assert len(found) == len(expected.images) == images
    for record, image in zip(found, expected.images, strict=True):
        pixels = image.pixels
        for axis in "xyzct":
            assert record.properties[f"size{axis.upper()}"] == getattr(pixels, f"size_{axis}")
        assert record.properties["pixelType"] == pixels.type.value
        assert record.properties["dimensionOrder"] == pixels.dimension_order.value
        assert record.properties.get("physicalSizeX") == pixels.physical_size_x
        assert len(record.properties["channels"]) == len(pixels.channels)
        assert [one.get("name") for one in record.properties["channels"]] == [one.name for one in pixels.channels]


def test_pages_of_ome_tiff_samples_agree_with_tifffile() -> None:
    with tifffile.TiffFile(sample("multi-channel.ome.tif").file) as oracle:
        [series] = oracle.series
        [record] = records("ome-tiff", sample("multi-channel.ome.tif").read_bytes())
        sizes = {axis: record.properties[f"size{axis}"] for axis in "XYZCT"}
        assert sizes == {**dict.fromkeys("XYZCT", 1), **dict(zip(series.axes, series.shape, strict=True))}
        assert record.properties["pixelType"] == str(series.dtype)
    with tifffile.TiffFile(sample("multifile-Z1.ome.tiff").file) as oracle:
        page = oracle.pages.first
        [record] = records("ome-tiff", sample("multifile-Z1.ome.tiff").read_bytes())
        assert (record.properties["sizeX"], record.properties["sizeY"]) == (page.imagewidth, page.imagelength)
        assert record.properties["pixelType"] == str(page.dtype)


def test_a_document_of_our_own_agrees_with_ome_types() -> None:
    whole = files.OME.replace('<Image ID="Image:2" Name="broken"/>', "")
    expected = from_xml(whole.encode()).images[0]
    [cells, _] = records("ome-xml", whole.encode())
    assert expected.acquisition_date is not None
    assert cells.properties["acquisitionDate"].startswith(expected.acquisition_date.isoformat()[:23])
    assert cells.properties["physicalSizeZ"] == expected.pixels.physical_size_z
    assert cells.properties["physicalSizeZUnit"] == expected.pixels.physical_size_z_unit.value


def ome_tiff(xml: str, *, width: int = 64, height: int = 48, big: bool = False) -> bytes:
    return tiff(page(width, height, t270=ascii_(xml)), page(width, height), big=big)


@pytest.mark.parametrize("big", [False, True])
def test_an_ome_tiff_gives_the_images_of_its_document(big: bool) -> None:
    data = ome_tiff(files.OME, big=big)
    assert decide(data, "a.tif", len(data)) == Kind("microscopy", "ome-tiff")
    found = records("ome-tiff", data)
    assert len(found) == 3
    assert found[0].properties["format"] == "ome-tiff"
    assert found[0].properties["sizeZ"] == 5
    assert found[0].properties["compression"] == "none"
    assert codes(found[0]) == []


def test_each_image_of_an_ome_tiff_has_its_own_compression_and_pyramid() -> None:
    def image(name: str, begin: str) -> str:
        return (
            f'<Image Name="{name}"><Pixels SizeX="64" SizeY="48" SizeC="1" SizeZ="1" SizeT="1">{begin}</Pixels></Image>'
        )

    elsewhere = '<UUID FileName="b.ome.tif">urn:uuid:b</UUID>'
    xml = (
        '<OME UUID="urn:uuid:a">'
        + image("slide", '<TiffData IFD="1"><UUID FileName="a.ome.tif">urn:uuid:a</UUID></TiffData><TiffData IFD="9"/>')
        + image("label", '<TiffData IFD="0"/><TiffData IFD="1"/>')
        + image("far", f'<TiffData IFD="1">{elsewhere}</TiffData>')
        + image("untold", "<TiffData/>")
        + "</OME>"
    )
    below = {330: (4, 3, b"\x08\0\0\0" * 3), 259: short(5)}
    found = records("ome-tiff", tiff(page(64, 48, t270=ascii_(xml)), page(64, 48) | below))
    stated = {one.name: (one.properties.get("compression"), one.properties.get("pyramidLevels")) for one in found}
    assert stated == {"slide": ("lzw", 4), "label": ("none", None), "far": (None, None), "untold": (None, None)}
    assert codes(found[0]) == ["IMAGE_IN_SEVERAL_FILES"]


def test_an_ome_tiff_that_was_cut_says_so() -> None:
    first, second = page(64, 48, t270=ascii_(files.OME)), page(64, 48, t273=long(1), t279=long(9999))
    whole = tiff(first, second)
    assert codes(records("ome-tiff", whole)[0]) == ["IMAGE_TRUNCATED"]
    assert codes(records("ome-tiff", whole[:-40])[0]) == ["PAGE_UNREADABLE"]


def test_a_size_that_contradicts_the_pages_is_pointed_out() -> None:
    assert codes(records("ome-tiff", ome_tiff(files.OME, width=65))[0]) == ["SIZE_CONFLICT"]


def test_an_ome_tiff_without_readable_document_gives_its_pages() -> None:
    for xml, code in (
        ("no XML at all", "OME_XML_MISSING"),
        ("<OME><Image></OME>", "OME_XML_UNREADABLE"),
        ("<OME><Instrument/></OME>", "OME_XML_WITHOUT_IMAGE"),
        ('<OME><BinaryOnly MetadataFile="all.companion.ome" UUID="u"/></OME>', "OME_METADATA_ELSEWHERE"),
    ):
        found = records("ome-tiff", ome_tiff(xml))
        assert [record.properties["sizeX"] for record in found] == [64, 64]
        assert codes(found[0]) == [code]
        assert codes(found[1]) == []


def test_planes_in_several_files_are_pointed_out() -> None:
    more = '<TiffData IFD="0"><UUID FileName="b.ome.tif">urn:uuid:2</UUID></TiffData>'
    assert codes(records("ome-tiff", ome_tiff(files.OME.replace("<TiffData", f"{more}<TiffData", 1)))[0]) == [
        "IMAGE_IN_SEVERAL_FILES"
    ]


def test_the_declared_encoding_of_a_description_does_not_matter() -> None:
    found = records("ome-tiff", ome_tiff(files.OME.replace('encoding="UTF-8"', 'encoding="UTF-16"')))
    assert found[0].properties["physicalSizeXUnit"] == "µm"


def test_files_of_tifffile_are_read() -> None:
    numpy = pytest.importorskip("numpy")
    for big in (False, True):
        target = io.BytesIO()
        axes = {"axes": "TZCYX", "PhysicalSizeX": 0.11, "PhysicalSizeXUnit": "µm", "Channel": {"Name": ["a", "b"]}}
        with tifffile.TiffWriter(target, ome=True, bigtiff=big) as writer:
            writer.write(numpy.zeros((3, 4, 2, 20, 30), "uint16"), metadata=axes)
        data = target.getvalue()
        assert decide(data[: limits.HEAD_BYTES], "a.ome.tif", len(data)) == Kind("microscopy", "ome-tiff")
        [record] = records("ome-tiff", data)
        sizes = {axis: record.properties[f"size{axis}"] for axis in "XYZCT"}
        assert sizes == {"X": 30, "Y": 20, "Z": 4, "C": 2, "T": 3}
        assert record.properties["physicalSizeX"] == 0.11
        assert [channel["name"] for channel in record.properties["channels"]] == ["a", "b"]


def test_the_levels_of_a_pyramid_are_counted() -> None:
    below = {330: (4, 3, b"\x08\0\0\0" * 3)}
    [record, *_] = records("ome-tiff", tiff(page(64, 48, t270=ascii_(files.OME)) | below))
    assert record.properties["pyramidLevels"] == 4


def test_a_plain_bigtiff_gives_its_pages_without_their_smaller_versions() -> None:
    data = tiff(page(100, 80), page(50, 40, t254=long(1)), page(7, 9, t258=short(16)), big=True)
    assert decide(data, "scan.tif", len(data)) == Kind("microscopy", "bigtiff")
    found = records("bigtiff", data)
    assert [
        (record.properties["sizeX"], record.properties["pixelType"], record.properties["page"]) for record in found
    ] == [
        (100, "uint8", 1),
        (7, "uint16", 3),
    ]


def test_pages_beyond_the_limit_are_left_out_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series, "MAX_SERIES", 2)
    found = records("bigtiff", tiff(page(4, 4), page(4, 4), page(4, 4), big=True))
    assert [codes(record) for record in found] == [[], ["PAGES_NOT_READ"]]
    assert codes(records("bigtiff", tiff(page(4, 4), page(4, 4), big=True))[1]) == []


def test_a_bigtiff_whose_head_said_nothing_is_read_by_what_is_in_it() -> None:
    assert records("bigtiff", ome_tiff(files.OME, big=True))[0].properties["format"] == "ome-tiff"
    assert records("bigtiff", tiff(page(9, 9, t270=ascii_(files.APERIO)), big=True))[0].properties["format"] == "svs"


def svs() -> bytes:
    def level(side: int) -> dict[int, tuple[int, int, bytes]]:
        return page(side, side, t270=ascii_("Aperio Image Library v11.2.1"), t322=long(240), t323=long(240))

    slide = page(46000, 32914, t270=ascii_(files.APERIO), t322=long(240), t323=long(240)) | {
        258: (3, 3, b"\x08\0" * 3),
        277: short(3),
    }
    thumbnail = page(574, 768, t270=ascii_("Aperio Image Library v11.2.1\r\n46000x32914 -> 574x768 - |AppMag = 20"))
    label = page(387, 463, t254=long(1), t270=ascii_("Aperio Image Library v11.2.1\r\nlabel 387x463"))
    macro = page(1280, 431, t254=long(9), t270=ascii_("Aperio Image Library v11.2.1\r\nmacro 1280x431"))
    return tiff(slide, thumbnail, level(11500), level(2875), label, macro)


def test_a_slide_with_its_pyramid_and_pictures() -> None:
    data = svs()
    assert decide(data, "slide.tif", len(data)) == Kind("microscopy", "svs")
    slide, *others = records("svs", data)
    assert slide.properties == {
        "format": "svs",
        "sizeX": 46000,
        "sizeY": 32914,
        "pixelType": "uint8",
        "samplesPerPixel": 3,
        "compression": "none",
        "pyramidLevels": 3,
        "page": 1,
        "objectiveMagnification": 20,
        "microscope": "SS1302",
        "acquisitionDate": "2009-12-29T09:59:15-05:00",
        "software": "Aperio Image Library v11.2.1",
        "physicalSizeX": 0.499,
        "physicalSizeXUnit": "µm",
        "physicalSizeY": 0.499,
        "physicalSizeYUnit": "µm",
    }
    assert ("Left", 25.691574) in fields(slide)
    assert ("ImageID", "00123") in fields(slide)  # An identifier is no number.
    assert [(record.name, record.properties["sizeX"], record.properties["page"]) for record in others] == [
        ("thumbnail", 574, 2),
        ("label", 387, 5),
        ("macro", 1280, 6),
    ]


@pytest.mark.parametrize(
    ("day", "expected"), [("12/29/2009", "2009-12-29T09:59:15-05:00"), ("29/12/09", None), ("02/30/09", None)]
)
def test_a_day_of_a_slide_that_does_not_exist_is_no_date(day: str, expected: str | None) -> None:
    description = ascii_(files.APERIO.replace("12/29/09", day))
    [slide] = records("svs", tiff(page(9, 9, t270=description)))
    assert slide.properties.get("acquisitionDate") == expected
    assert ("Date", day) in fields(slide)


def test_a_slide_agrees_with_tifffile() -> None:
    with tifffile.TiffFile(io.BytesIO(svs())) as oracle:
        [first, *_] = oracle.pages
        assert isinstance(first, tifffile.TiffPage)
        stated = svs_description_metadata(first.description)
        assert oracle.is_svs
        assert len(oracle.pages) == 6
    slide = records("svs", svs())[0]
    assert slide.properties["objectiveMagnification"] == stated["AppMag"]
    assert slide.properties["physicalSizeX"] == stated["MPP"]


@pytest.mark.parametrize("format", ["ome-tiff", "svs", "bigtiff"])
def test_what_is_no_tiff(format: str) -> None:
    for data in (b"", b"GIF89a" * 10):
        with pytest.raises(FormatMismatch):
            records(format, data)
    with pytest.raises(NoRecords):
        records(format, b"II*\0" + bytes(20))
    with pytest.raises(FileCorrupt):
        records(format, b"II*\0\x08\0\0\0\xff\0" + bytes(20))


@pytest.mark.parametrize("format", ["ome-tiff", "svs", "bigtiff"])
def test_a_damaged_later_page_costs_itself(format: str) -> None:
    found = records(format, tiff(page(4, 4), page(0, 4), page(6, 6)))
    assert found[0].status is RecordStatus.PARSED
    assert any(issue.code == "PAGE_UNREADABLE" for record in found for issue in record.issues)


def test_entities_are_refused_wherever_the_document_is() -> None:
    xml = files.billion_laughs()
    for format, data in (
        ("ome-xml", xml.encode()),
        ("ome-tiff", ome_tiff(xml)),
        ("lif", files.lif(files.billion_laughs("LMSDataContainerHeader"))),
        ("czi", files.czi(files.billion_laughs("ImageDocument"))),
        ("nd2", files.nd2(xml=files.billion_laughs("variant"))),
    ):
        with pytest.raises(xml_tree.EntitiesRefused):
            records(format, data)


def test_depth_elements_and_text_have_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileBomb):
        records("ome-xml", b"<OME>" + b"<a>" * 100_000)
    monkeypatch.setattr(xml_tree, "MAX_ELEMENTS", 1000)
    with pytest.raises(FileBomb):
        records("ome-xml", b"<OME>" + b"<a/>" * 2000 + b"</OME>")
    monkeypatch.setattr(xml_tree, "MAX_CHARACTERS", 1000)
    with pytest.raises(FileBomb):
        records("ome-xml", b"<OME>" + b"a" * 2000 + b"</OME>")


def test_planes_by_the_hundred_thousand_cost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_tree, "MAX_ELEMENTS", 1000)
    planes = '<Plane TheZ="0" TheC="0" TheT="0"/>' * 100_000
    assert len(records("ome-xml", files.OME.replace("</Pixels>", planes + "</Pixels>", 1).encode())) == 3


@pytest.mark.timeout(30)
def test_notes_that_ten_thousand_images_share_are_a_bomb() -> None:
    pairs = "".join(f'<M K="k{n}">{"v" * 300}</M>' for n in range(900))
    image = '<Image><Pixels SizeX="1" SizeY="1"/><AnnotationRef ID="a"/></Image>'
    notes = (
        f'<StructuredAnnotations><MapAnnotation ID="a"><Value>{pairs}</Value></MapAnnotation></StructuredAnnotations>'
    )
    with pytest.raises(FileBomb):
        records("ome-xml", f"<OME>{image * 9000}{notes}</OME>".encode())


def test_images_beyond_the_limit_are_left_out_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series, "MAX_SERIES", 2)
    found = records("ome-xml", files.OME.encode())
    assert len(found) == 2
    assert codes(found[1]) == ["IMAGES_NOT_READ"]


def test_other_xml_is_a_mismatch_and_an_empty_one_has_no_records() -> None:
    with pytest.raises(FormatMismatch):
        records("ome-xml", b"<svg/>")
    with pytest.raises(NoRecords):
        records("ome-xml", b"<OME/>")
    with pytest.raises(FileCorrupt):
        records("ome-xml", b"<OME>")


def test_the_first_of_a_row_is_kept() -> None:
    tree = xml_tree.parse([b"<a><s i='1'/><s i='2'/><t/><s i='3'/></a>"], first_only=frozenset({"s"}))
    assert [(one.tag, one.get("i")) for one in tree] == [("s", "1"), ("t", None), ("s", "3")]


def test_values_that_are_none() -> None:
    assert [series.number(text) for text in ("", "x", "nan", "inf", "1e999", "1_0", "9" * 100, None)] == [None] * 8
    assert series.number(" 12 ") == 12
    assert series.number("1e3") == 1000.0
    assert series.count("0") is None
    assert series.date("2020-13") is None
    assert ome_xml.read(files.OME).other_files == {"a.ome.tif"}
