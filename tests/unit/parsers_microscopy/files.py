"""Small microscopy files, made by hand after the formats' documentation, whose metadata is known."""

from __future__ import annotations

import struct
from collections.abc import Mapping

OME = """<?xml version="1.0" encoding="UTF-8"?>
<!-- made by hand -->
<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" Creator="by hand">
  <Instrument ID="Instrument:0">
    <Microscope Manufacturer="Zeiss" Model="LSM 880"/>
    <Detector ID="Detector:0" Model="GaAsP"/>
    <Objective ID="Objective:0" Model="10x dry" NominalMagnification="10" LensNA="0.3"/>
    <Objective ID="Objective:1" Model="Plan-Apochromat" Manufacturer="Zeiss" NominalMagnification="63.0" LensNA="1.4"
               Immersion="Oil"/>
  </Instrument>
  <Image ID="Image:0" Name="cells">
    <AcquisitionDate>2020-05-06T07:08:09.123</AcquisitionDate>
    <Description>HeLa</Description>
    <InstrumentRef ID="Instrument:0"/>
    <ObjectiveSettings ID="Objective:1"/>
    <ImagingEnvironment Temperature="37" CO2Percent="0.05"/>
    <Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint16" SignificantBits="12" SizeX="64" SizeY="48" SizeZ="5" SizeC="2"
            SizeT="7" PhysicalSizeX="0.1" PhysicalSizeY="0.1" PhysicalSizeZ="500" PhysicalSizeZUnit="nm" TimeIncrement="2.5">
      <Channel ID="Channel:0:0" Name="DNA" Fluor="DAPI" ExcitationWavelength="405" EmissionWavelength="460.5" Color="65535"/>
      <Channel ID="Channel:0:1" Name="actin" AcquisitionMode="LaserScanningConfocalMicroscopy"/>
      <TiffData IFD="0"><UUID FileName="a.ome.tif">urn:uuid:bebd2be7-8253-4b90-be93-4df567ffe1be</UUID></TiffData>
      <Plane TheZ="0" TheC="0" TheT="0" DeltaT="0.5"/>
    </Pixels>
    <AnnotationRef ID="Annotation:0"/>
  </Image>
  <Image ID="Image:1"><Pixels ID="Pixels:1" DimensionOrder="XYCZT" Type="float"
    SizeX="8" SizeY="4" SizeZ="1" SizeC="1" SizeT="1"/></Image>
  <Image ID="Image:2" Name="broken"/>
  <StructuredAnnotations><MapAnnotation ID="Annotation:0"><Value><M K="passage">12</M><M K="plate">A7</M></Value></MapAnnotation>
  </StructuredAnnotations>
</OME>"""

APERIO = (
    "Aperio Image Library v11.2.1\r\n46000x32914 [0,100 46000x32814] (240x240) JPEG/RGB Q=30|AppMag = 20|StripeWidth = 2040"
    "|ScanScope ID = SS1302|Filename = 6797|Date = 12/29/09|Time = 09:59:15|Time Zone = GMT-05:00|MPP = 0.4990|Left = 25.691574"
    "|ImageID = 00123"
)


def billion_laughs(root: str = "OME") -> str:
    entities = '<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True)
    )
    return f'<?xml version="1.0"?><!DOCTYPE {root} [{entities}]><{root}>&j;</{root}>'


LIF_XML = """<LMSDataContainerHeader Version="2"><Element Name="project"><Data><Experiment/></Data><Children>
<Element Name="series 1"><Data><Image TextDescription="a test"><ImageDescription>
<Channels>
<ChannelDescription DataType="0" ChannelTag="0" Resolution="12" LUTName="Blue">
<ChannelProperty><Key>DyeName</Key><Value>DAPI</Value></ChannelProperty></ChannelDescription>
<ChannelDescription DataType="0" ChannelTag="0" Resolution="12" LUTName="Green"/></Channels>
<Dimensions>
<DimensionDescription DimID="1" NumberOfElements="101" Length="1.0e-05" Unit="m"/>
<DimensionDescription DimID="2" NumberOfElements="51" Length="5.0e-06" Unit="m"/>
<DimensionDescription DimID="3" NumberOfElements="11" Length="-5.0e-06" Unit="m"/>
<DimensionDescription DimID="4" NumberOfElements="3" Length="20" Unit="s"/>
<DimensionDescription DimID="10" NumberOfElements="4" Length="0" Unit=""/>
</Dimensions></ImageDescription>
<TimeStampList><TimeStamp HighInteger="30000000" LowInteger="0"/><TimeStamp HighInteger="30000001" LowInteger="0"/></TimeStampList>
<Attachment Name="HardwareSetting" Software="LAS X 3.7"><ATLConfocalSettingDefinition ObjectiveName="HC PL APO  40x/1.30"
 Magnification="40" NumericalAperture="1.3" Immersion="OIL" MicroscopeModel="DMI8" Zoom="2.5" ScanMode="xyzt"/></Attachment>
</Image></Data><Children><Element Name="part"><Data><Image><ImageDescription/></Image></Data></Element></Children></Element>
</Children></Element></LMSDataContainerHeader>"""


LAS_AF_SETTINGS = """<Attachment Name="HardwareSettingList" Application="LAS AF"><HardwareSetting Name="default"><ScannerSetting>
<ScannerSettingRecord Identifier="SystemType" Description="System Type" Variant="TCS SP5" VariantType="8"/>
<ScannerSettingRecord Identifier="dblZoom" Variant="2.5" VariantType="5"/>
<ScannerSettingRecord Identifier="nLines" Variant="512" VariantType="3"/></ScannerSetting><FilterSetting>
<FilterSettingRecord ObjectName="Mirror" ClassName="CMirror" Attribute="NumericalAperture" Variant="9"/>
<FilterSettingRecord ObjectName="DMI6000 Turret" ClassName="CTurret" Attribute="NumericalAperture" Variant="1.4"/>
<FilterSettingRecord ObjectName="DMI6000 Turret" ClassName="CTurret" Attribute="Objective"
 Variant="HCX PL APO lambda blue  63.0x1.40 OIL  UV"/></FilterSetting></HardwareSetting>
<HardwareSetting Name="second"><FilterSetting>
<FilterSettingRecord ObjectName="DMI6000 Turret" ClassName="CTurret" Attribute="NumericalAperture" Variant="0.3"/></FilterSetting>
</HardwareSetting></Attachment>"""
"""The hardware settings of an image as programs before LAS X wrote them."""


def lif(xml: str = LIF_XML) -> bytes:
    text = xml.encode("utf-16-le")
    return struct.pack("<iIBI", 0x70, len(text) + 5, 0x2A, len(text) // 2) + text


CZI_XML = """<ImageDocument><Metadata><Information>
<Application><Name>ZEN</Name><Version>3.1</Version></Application><Document><Name>slide 4</Name><Comment>fine</Comment></Document>
<Image><SizeX>999</SizeX><SizeY>999</SizeY><SizeC>2</SizeC><SizeS>2</SizeS><PixelType>Gray16</PixelType>
<ComponentBitCount>14</ComponentBitCount><AcquisitionDateAndTime>2021-02-03T04:05:06.7Z</AcquisitionDateAndTime>
<Dimensions><Channels><Channel Id="Channel:0" Name="DAPI"><Fluor>DAPI</Fluor><ExcitationWavelength>353</ExcitationWavelength>
<EmissionWavelength>465</EmissionWavelength><Color>#FF0000FF</Color></Channel><Channel Id="Channel:1"/></Channels>
<S><Scenes><Scene Index="0" Name="left"/><Scene Index="1" Name="right"/></Scenes></S></Dimensions>
<ObjectiveSettings><ObjectiveRef Id="Objective:1"/></ObjectiveSettings><MicroscopeRef Id="Microscope:1"/></Image>
<Instrument><Microscopes><Microscope Id="Microscope:1" Name="Axio Observer"/></Microscopes><Objectives>
<Objective Id="Objective:0" Name="5x"/><Objective Id="Objective:1" Name="Plan 20x"><LensNA>0.8</LensNA>
<NominalMagnification>20</NominalMagnification><Immersion>Air</Immersion></Objective></Objectives></Instrument>
</Information><Scaling><Items><Distance Id="X"><Value>3.25E-07</Value></Distance><Distance Id="Y"><Value>3.25E-07</Value></Distance>
<Distance Id="Z"><Value>1E-06</Value></Distance></Items></Scaling></Metadata></ImageDocument>"""


def czi(
    xml: str = CZI_XML, blocks: tuple[Mapping[str, tuple[int, int]], ...] | None = None, count: int | None = None
) -> bytes:
    """A CZI of header, metadata and directory.

    Args:
        blocks: of each subblock, (start, size) of its axes.
        count: what the directory claims to hold, if it lies.
    """
    if blocks is None:
        blocks = tuple(
            {"X": (x, 100), "Y": (0, 80), "C": (c, 1), "Z": (z, 1), "S": (scene, 1), "M": (n, 1)}
            for scene, x, n in ((0, -50, 0), (0, 40, 1), (1, 500, 0))
            for c in range(2)
            for z in range(3)
        )
    entries = b"".join(_subblock(block) for block in blocks)
    data = xml.encode()
    metadata = _segment(b"ZISRAWMETADATA", struct.pack("<ii", len(data), 0) + bytes(248) + data)
    listed = struct.pack("<i", len(blocks) if count is None else count) + bytes(124) + entries
    at = 32 + 512
    header = struct.pack("<iiii16s16siqqiq", 1, 0, 0, 0, b"", b"", 0, at + len(metadata), at, 0, 0)
    return _segment(b"ZISRAWFILE", header.ljust(512, b"\0")) + metadata + _segment(b"ZISRAWDIRECTORY", listed)


def _segment(name: bytes, data: bytes) -> bytes:
    return struct.pack("<16sqq", name, len(data), len(data)) + data


def _subblock(axes: Mapping[str, tuple[int, int]]) -> bytes:
    dimensions = b"".join(
        struct.pack("<4siifi", axis.encode(), at, size, 0.0, size) for axis, (at, size) in axes.items()
    )
    return struct.pack("<2siqiiBB4si", b"DV", 1, 0, 0, 0, 0, 0, b"", len(axes)) + dimensions


type Lite = dict[str, Lite | int | float | str]


def nd2(
    positions: int = 2,
    width: int = 32,
    xml: str | None = None,
    probes: bool = True,
    frame: Lite | None = None,
    experiment: Lite | None = None,
    version: int = 3,
) -> bytes:
    """An ND2 file of the newer kind: chunks in the binary variant (in XML before version 3), no pixels.

    Args:
        frame: what is said of the first frame, besides what always is.
        experiment: in place of the positions.
    """
    planes: Lite = {
        f"a{n}": {
            "sDescription": name,
            "uiColor": color,
            "uiModalityMask": 1,
            "uiCompCount": 1,
            "pFluorescentProbe": {"m_ExcitationSpectrum": _line(excited), "m_EmissionSpectrum": _line(emitted)},
        }
        for n, (name, color, excited, emitted) in enumerate(
            (("GFP", 0x00FF00, 488.0, 509.5), ("RFP", 0x0000FF, 558.0, 583.0))
        )
    }
    if not probes:
        planes = {name: {"sDescription": name, "uiModalityMask": 1} for name in planes}
    stage: Lite = {
        f"i{n:010}": {"dPosX": 10.0 * n, "dPosY": 0.0, "dPosZ": 0.0, "dPosName": f"well {n}"}
        for n in range(min(positions, 3))
    }
    pictured: Lite = {
        "bCalibrated": 1,
        "dCalibration": 0.65,
        "dObjectiveMag": 20.0,
        "dObjectiveNA": 0.75,
        "wsObjectiveName": "Plan Apo 20x",
        "dTimeAbsolute": 2458850.25,
        "dRefractIndex1": 1.0,
        "sPicturePlanes": {"uiCount": 2, "sPlaneNew": planes},
    }
    contents: dict[str, Lite] = {
        "ImageAttributes": {
            "SLxImageAttributes": {
                "uiBpcInMemory": 16, "uiBpcSignificant": 12, "uiComp": 2, "uiHeight": 24, "uiWidth": width,
                "uiSequenceCount": positions, "uiWidthBytes": 4 * width, "eCompression": 2,
            }
        },
        "ImageMetadataSeq": {"SLxPictureMetadata": pictured | (frame or {})},
        "ImageTextInfo": {"SLxImageTextInfo": {"TextInfoItem_5": "plate 9", "TextInfoItem_9": "1/2/2020  6:00:00 PM"}},
        "ImageMetadata": {
            "SLxExperiment": experiment
            or {"eType": 2, "uLoopPars": {"uiCount": positions, "bUseZ": 0, "Points": stage}},
        },
    }  # fmt: skip
    lv, coded = ("LV", _lite) if version >= 3 else ("", _variant)
    chunks = {f"{name}{lv}{'|0' * name.endswith('Seq')}": coded(content) for name, content in contents.items()}
    if xml is not None:
        chunks[f"ImageTextInfo{lv}"] = xml.encode()
    body = bytearray(_chunk(b"ND2 FILE SIGNATURE CHUNK NAME01!", f"Ver{version}.0".encode().ljust(64, b"\0")))
    places = bytearray()
    for name, data in chunks.items():
        key = name.encode() + b"!"
        places += key + struct.pack("<QQ", len(body), len(data))
        body += _chunk(key, data)
    at = len(body)
    places += b"ND2 CHUNK MAP SIGNATURE 0000001!" + struct.pack("<Q", at)
    return bytes(body) + _chunk(b"ND2 FILEMAP SIGNATURE NAME 0001!", bytes(places))


def _line(wavelength: float) -> Lite:
    return {"uiCount": 1, "pPoint": {"Point0": {"dTValue": 1.0, "dWavelength": wavelength}}}


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack("<IIQ", 0x0ABECEDA, len(name), len(data)) + name + data


def _variant(values: Lite) -> bytes:
    """The same as XML, as versions before 3 have it: without the name of the structure."""
    [inner] = values.values()
    assert isinstance(inner, dict)
    return f'<variant version="1.0"><no_name runtype="CLxListVariant">{_nodes(inner)}</no_name></variant>'.encode()


def _nodes(values: Lite) -> str:
    types = {int: "lx_uint32", float: "double", str: "CLxStringW"}
    return "".join(
        f'<{name} runtype="CLxListVariant">{_nodes(value)}</{name}>'
        if isinstance(value, dict)
        else f'<{name} runtype="{types[type(value)]}" value="{value}"/>'
        for name, value in values.items()
    )


def _lite(values: Lite) -> bytes:
    return b"".join(_lite_item(name, value) for name, value in values.items())


def _lite_item(name: str, value: Lite | float | str) -> bytes:
    title = (name + "\0").encode("utf-16-le")
    if isinstance(value, dict):
        inner = _lite(value)
        head = struct.pack("BB", 11, len(title) // 2) + title
        length = len(head) + 12 + len(inner)
        return head + struct.pack("<IQ", len(value), length) + inner + bytes(8 * len(value))
    if isinstance(value, str):
        kind, data = 8, (value + "\0").encode("utf-16-le")
    elif isinstance(value, float):
        kind, data = 6, struct.pack("<d", value)
    else:
        kind, data = 3, struct.pack("<I", value)
    return struct.pack("BB", kind, len(title) // 2) + title + data
