"""CZI, LIF and ND2, compared with what was put into them and with czifile and liffile."""

from __future__ import annotations

import io
import struct

import czifile
import liffile
import pytest

from functions.parsers import czi_file
from functions.parsers.microscopy.formats import FORMATS, nd2, xml_tree
from leanda.contracts.artefacts import Record, RecordStatus
from leanda.errors import FileBomb, FileCorrupt, FormatMismatch, NoRecords, ParseFailure
from leanda.parsing.signatures import Kind, decide
from tests.samples import sample
from tests.unit.parsers.reading import codes
from tests.unit.parsers_microscopy import files


def records(format: str, data: bytes) -> list[Record]:
    found = list(FORMATS[format].records(io.BytesIO(data)))
    assert [record.index for record in found] == list(range(len(found)))
    return found


# --- LIF ------------------------------------------------------------------------------------------------------------------


def test_what_a_lif_states() -> None:
    data = files.lif()
    assert decide(data, "a", len(data)) == Kind("microscopy", "lif")
    first, part = records("lif", data)
    assert first.name == "series 1"
    assert first.properties == {
        "format": "lif",
        "sizeX": 101,
        "sizeY": 51,
        "sizeZ": 11,
        "sizeC": 2,
        "sizeT": 3,
        "sizeTile": 4,
        "pixelType": "uint16",
        "significantBits": 12,
        "objectiveModel": "HC PL APO 40x/1.30",
        "objectiveMagnification": 40,
        "objectiveNumericalAperture": 1.3,
        "objectiveImmersion": "OIL",
        "microscope": "DMI8",
        "acquisitionDate": "2009-04-22T19:24:48Z",
        "software": "LAS X 3.7",
        "physicalSizeX": 1.0e-05 / 100,
        "physicalSizeXUnit": "m",
        "physicalSizeY": 5.0e-06 / 50,
        "physicalSizeYUnit": "m",
        "physicalSizeZ": 5.0e-06 / 10,
        "physicalSizeZUnit": "m",
        "timeIncrement": 10.0,
        "timeIncrementUnit": "s",
        "channels": [{"name": "DAPI", "fluor": "DAPI", "color": "Blue"}, {"color": "Green"}],
    }
    assert {field.name: field.value for field in first.fields}["TextDescription"] == "a test"
    assert part.name == "series 1/part"
    assert part.status is RecordStatus.FAILED


def test_the_lif_sample_agrees_with_liffile() -> None:
    name = "LeicaLASX_wavelength-sweep_example.lif"
    found = records("lif", sample(name).read_bytes())
    axes = {"X": "X", "Y": "Y", "Z": "Z", "T": "T", "λ": "Lambda", "Λ": "Excitation", "C": "C"}
    with liffile.LifFile(sample(name).file) as oracle:
        assert [record.name for record in found] == [image.path for image in oracle.images]
        assert len(found) == 3
        for record, image in zip(found, oracle.images, strict=True):
            for axis, size in image.sizes.items():
                assert record.properties[f"size{axes[axis]}"] == size
            assert record.properties["pixelType"] == image.dtype.name
            step = float(image.coords["X"][1] - image.coords["X"][0])
            assert record.properties["physicalSizeX"] == pytest.approx(step, rel=1e-9)
            assert record.properties["acquisitionDate"].startswith(str(image.timestamps[0])[:23])
            assert record.properties["objectiveMagnification"] == 63
            assert record.properties["objectiveNumericalAperture"] == 1.3


def test_the_objective_and_the_microscope_of_a_lif_of_las_af() -> None:
    start, end = files.LIF_XML.index("<Attachment"), files.LIF_XML.index("</Image>")
    found = records("lif", files.lif(files.LIF_XML[:start] + files.LAS_AF_SETTINGS + files.LIF_XML[end:]))[0]
    stated = {name: value for name, value in found.properties.items() if name.startswith(("objective", "microscope"))}
    assert stated == {
        "objectiveModel": "HCX PL APO lambda blue 63.0x1.40 OIL UV",
        "objectiveMagnification": 63.0,
        "objectiveNumericalAperture": 1.4,
        "objectiveImmersion": "OIL",
        "microscope": "TCS SP5",
    }
    assert {field.name: field.value for field in found.fields}["Zoom"] == 2.5


@pytest.mark.parametrize(
    "settings",
    [
        "<ScannerSettingRecord Identifier='nLines' Variant='512'/><FilterSettingRecord ClassName='CAotf' Attribute='Objective'/>",
        "<Wheel Qualifier='1'/><BeamPosition Position='0'/>",
    ],
)
def test_settings_of_a_scanner_do_not_count_against_the_images_of_a_lif(
    settings: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xml_tree, "MAX_ELEMENTS", 1000)
    attachment = f"<Attachment Name='HardwareSettingList'>{settings * 2000}</Attachment>"
    assert len(records("lif", files.lif(files.LIF_XML.replace("</Image>", attachment + "</Image>", 1)))) == 2


def test_broken_lifs() -> None:
    whole = files.lif()
    for data, error in (
        (b"", FormatMismatch),
        (b"\x70\0\0\0" + bytes(30), FormatMismatch),
        (whole[:-10], FileCorrupt),
        (whole[:9] + struct.pack("<I", 2**31) + whole[13:], FileCorrupt),
        (files.lif("<a>"), FileCorrupt),
        (files.lif("<LMSDataContainerHeader/>"), NoRecords),
        (files.lif("<a>" * 500), FileBomb),
    ):
        with pytest.raises(error):
            records("lif", data)


# --- CZI ------------------------------------------------------------------------------------------------------------------


def test_what_a_czi_states() -> None:
    data = files.czi()
    assert decide(data, "a.tif", len(data)) == Kind("microscopy", "czi")
    left, right = records("czi", data)
    assert left.name == "left"
    assert left.properties == {
        "format": "czi",
        "sizeX": 190,  # two tiles from -50 to 140; the metadata's 999 is the whole plane
        "sizeY": 80,
        "sizeZ": 3,
        "sizeC": 2,
        "sizeT": 1,
        "pixelType": "Gray16",
        "significantBits": 14,
        "objectiveModel": "Plan 20x",
        "objectiveMagnification": 20,
        "objectiveNumericalAperture": 0.8,
        "objectiveImmersion": "Air",
        "microscope": "Axio Observer",
        "acquisitionDate": "2021-02-03T04:05:06.7Z",
        "software": "ZEN 3.1",
        "physicalSizeX": 3.25e-07,
        "physicalSizeXUnit": "m",
        "physicalSizeY": 3.25e-07,
        "physicalSizeYUnit": "m",
        "physicalSizeZ": 1e-06,
        "physicalSizeZUnit": "m",
        "channels": [
            {
                "name": "DAPI",
                "fluor": "DAPI",
                "color": "#FF0000FF",
                "excitationWavelength": 353,
                "excitationWavelengthUnit": "nm",
                "emissionWavelength": 465,
                "emissionWavelengthUnit": "nm",
            },
            {"name": "Channel:1"},
        ],
    }
    assert (right.name, right.properties["sizeX"]) == ("right", 100)
    assert {field.name: field.value for field in left.fields}["Document.Comment"] == "fine"


def test_the_czi_sample_agrees_with_czifile() -> None:
    name = "RGB-multichannel.czi"
    [record] = records("czi", sample(name).read_bytes())
    with czifile.CziFile(sample(name).file) as oracle:
        [scene] = oracle.scenes.values()
        sizes = dict(scene.sizes)
    assert (record.properties["sizeX"], record.properties["sizeY"]) == (sizes["X"], sizes["Y"]) == (147, 81)
    assert record.properties["sizeC"] == sizes["C"] == 7
    assert [channel["name"] for channel in record.properties["channels"]][:2] == ["Bright", "Pol_0"]
    assert record.properties["physicalSizeX"] == 2.9584899946757142e-06
    assert record.properties["objectiveNumericalAperture"] == 0.9


def test_a_czi_without_subblocks_or_with_a_lying_directory_keeps_the_sizes_of_its_metadata() -> None:
    [record] = records("czi", files.czi(blocks=()))
    assert (record.properties["sizeX"], record.name, codes(record)) == (999, "slide 4", [])
    for count in (-1, 2**31 - 1):
        [record] = records("czi", files.czi(count=count))
        assert (record.properties["sizeX"], codes(record)) == (999, ["SUBBLOCKS_UNREADABLE"])


def test_levels_of_a_pyramid_do_not_count() -> None:
    data = bytearray(
        files.czi(blocks=({"X": (0, 100), "Y": (0, 80), "C": (0, 1)}, {"X": (0, 4000), "Y": (0, 80), "C": (0, 1)}))
    )
    struct.pack_into("<i", data, len(data) - 3 * 20 + 16, 1000)  # The second block stores a quarter of what it covers.
    [record] = records("czi", bytes(data))
    assert record.properties["sizeX"] == 100


def test_broken_czis() -> None:
    whole = files.czi()
    at = struct.unpack_from("<q", whole, 92)[0]
    for data, error in (
        (b"", FormatMismatch),
        (b"ZISRAWFILE", FileCorrupt),
        (whole[: at + 100], FileCorrupt),
        (whole[: at + 400], FileCorrupt),
        (whole[:92] + struct.pack("<q", 2**62) + whole[100:], FileCorrupt),
        (whole[:92] + struct.pack("<q", -5) + whole[100:], FileCorrupt),
        (whole[: at + 32] + struct.pack("<i", 2**31 - 1) + whole[at + 36 :], FileCorrupt),
        (files.czi("<ImageDocument/>"), FileCorrupt),
        (files.czi("<ImageDocument>"), FileCorrupt),
    ):
        with pytest.raises(error):
            records("czi", data)


def test_a_scene_without_size_fails_alone() -> None:
    xml = files.CZI_XML.replace("<SizeX>999</SizeX>", "")
    blocks = ({"X": (0, 10), "Y": (0, 8), "S": (0, 1)}, {"Y": (0, 8), "S": (1, 1)})
    assert [record.status for record in records("czi", files.czi(xml, blocks))] == [
        RecordStatus.PARSED,
        RecordStatus.FAILED,
    ]


def test_more_subblocks_than_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(czi_file, "MAX_SUBBLOCKS", 3)
    [record] = records("czi", files.czi())
    assert codes(record) == ["SUBBLOCKS_UNREADABLE"]


# --- ND2 ------------------------------------------------------------------------------------------------------------------


def test_what_an_nd2_states() -> None:
    data = files.nd2()
    assert decide(data, "a.tif", len(data)) == Kind("microscopy", "nd2")
    first, second = records("nd2", data)
    assert (first.name, second.name) == ("well 0", "well 1")
    assert first.properties == {
        "format": "nd2",
        "sizeX": 32,
        "sizeY": 24,
        "sizeZ": 1,
        "sizeC": 2,
        "sizeT": 1,
        "pixelType": "uint16",
        "significantBits": 12,
        "objectiveModel": "Plan Apo 20x",
        "objectiveMagnification": 20,
        "objectiveNumericalAperture": 0.75,
        "acquisitionDate": "2020-01-01T18:00:00.000Z",
        "physicalSizeX": 0.65,
        "physicalSizeXUnit": "µm",
        "physicalSizeY": 0.65,
        "physicalSizeYUnit": "µm",
        "channels": [
            {
                "name": "GFP",
                "color": "#00FF00",
                "excitationWavelength": 488,
                "excitationWavelengthUnit": "nm",
                "emissionWavelength": 509.5,
                "emissionWavelengthUnit": "nm",
            },
            {
                "name": "RFP",
                "color": "#FF0000",
                "excitationWavelength": 558,
                "excitationWavelengthUnit": "nm",
                "emissionWavelength": 583,
                "emissionWavelengthUnit": "nm",
            },
        ],
    }
    assert {field.name: field.value for field in first.fields}["description"] == "plate 9"
    assert first.toolkit is not None
    assert first.toolkit.startswith("nd2 ")


def test_a_line_scan_keeps_its_width_of_one() -> None:
    assert records("nd2", files.nd2(width=1))[0].properties["sizeX"] == 1


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("setting", ["sSampleSetting pDeviceSetting", "sPlane sOpticalConfigFull"])
def test_the_microscope_and_the_moment_of_an_nd2(version: int, setting: str) -> None:
    """A text of the date, `1/2/2020`, could be read in two ways."""
    place, name = setting.split()
    planes = {place: {"a0": {name: {"m_sMicroscopeFullName": "Ti2 Microscope"}}}, "uiCount": 0}
    [record] = records("nd2", files.nd2(positions=1, version=version, frame={"sPicturePlanes": planes}))
    assert record.properties["microscope"] == "Ti2 Microscope"
    assert record.properties["acquisitionDate"] == "2020-01-01T18:00:00.000Z"


def test_a_line_scan_has_no_size_of_its_time_axis() -> None:
    found = records("nd2", files.nd2(frame={"ePictureYAxis": 2}))[0].properties
    assert (found["physicalSizeX"], found.get("physicalSizeY")) == (0.65, None)


@pytest.mark.parametrize(
    ("measured", "expected"), [({"dAvgPeriodDiff": 5012.5}, 5012.5), ({"dAvgPeriodDiff": 0.0}, 5000), ({}, 5000)]
)
def test_the_interval_of_a_series_in_time(measured: files.Lite, expected: float) -> None:
    loop: files.Lite = {"uiCount": 2, "dStart": 0.0, "dPeriod": 5000.0, "dDuration": 0.0, **measured}
    [record] = records("nd2", files.nd2(experiment={"eType": 1, "uLoopPars": loop}))
    found = record.properties
    assert (found["sizeT"], found["timeIncrement"], found["timeIncrementUnit"]) == (2, expected, "ms")


def test_channels_that_cannot_be_read_leave_the_rest() -> None:
    [record] = records("nd2", files.nd2(positions=1, probes=False))
    assert record.properties["sizeX"] == 32
    assert codes(record) == ["CHANNELS_UNREADABLE"]


def test_the_nd2_sample() -> None:
    """Its texts say once more what its binary metadata holds."""
    data = sample("Nikon_BF007.nd2").read_bytes()
    assert decide(data[:1000], "Nikon_BF007", len(data)) == Kind("microscopy", "nd2")
    [record] = records("nd2", data)
    found = record.properties
    assert (found["sizeX"], found["sizeY"], found["pixelType"], found["significantBits"]) == (164, 156, "uint16", 16)
    # The first frame has a time stamp and as many numbers as that, as the length of its chunk says.
    _, _, length = struct.unpack_from("<IIQ", data, data.index(b"ImageDataSeq|0!") - 16)
    assert length == 8 + 2 * found["sizeX"] * found["sizeY"]
    texts = {field.name: str(field.value) for field in record.fields}
    assert f"Numerical Aperture: {found['objectiveNumericalAperture']}" in texts["description"]
    assert f"Name: {found['channels'][0]['name']}" in texts["description"]
    assert (texts["optics"], found["objectiveMagnification"]) == (found["objectiveModel"], 100)
    assert found["channels"][0]["excitationWavelength"] == 405
    # The frame's time is in UTC, the text in the time of a place seven hours behind.
    assert nd2.date(texts["date"]) == "2017-07-19T13:44:22"
    assert found["acquisitionDate"].startswith("2017-07-19T20:44:2")


def test_the_old_kind_of_nd2_is_told_by_its_extension() -> None:
    data = b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(200)
    assert decide(data, "a.nd2", len(data)) == Kind("microscopy", "nd2")
    assert decide(data, "photo.jp2", len(data)).kind != "microscopy"
    with pytest.raises(FileCorrupt):
        records("nd2", data)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7/19/2017  1:44:22 PM", "2017-07-19T13:44:22"),
        ("19/07/2017 12:00:05 AM", "2017-07-19T00:00:05"),
        ("3.4.2017 18:05:00", "2017-04-03T18:05:00"),
        ("5/5/2017 18:05", "2017-05-05T18:05:00"),
        ("3/4/2017 18:05:00", None),
        ("31.2.2017 18:05:00", None),
        ("19/19/2017 18:05:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_date_that_can_be_read_in_two_ways_is_none(text: str, expected: str | None) -> None:
    assert nd2.date(text) == expected


def test_broken_nd2s() -> None:
    whole = files.nd2()
    with pytest.raises(FormatMismatch):
        records("nd2", b"ND2 it is not")
    for data in (whole[:100], whole[:-1], whole[:-8] + struct.pack("<Q", 2**63 - 1), whole[:-8] + bytes(8)):
        with pytest.raises(ParseFailure):
            records("nd2", data)
    with pytest.raises(FileCorrupt):
        records("nd2", files.nd2(width=0))
