"""mzML made by hand: arrays packed in every way, by writers independent of what reads them."""

from __future__ import annotations

import base64
import math
import struct
import zlib
from collections.abc import Sequence

MZ, INTENSITY = "MS:1000514", "MS:1000515"
F64, F32, I32, I64 = "MS:1000523", "MS:1000521", "MS:1000519", "MS:1000522"
NONE, ZLIB, LINEAR, PIC, SLOF = "MS:1000576", "MS:1000574", "MS:1002312", "MS:1002313", "MS:1002314"


def packed(values: Sequence[float], kind: str, compression: str = NONE) -> str:
    code = {F64: "d", F32: "f", I32: "i", I64: "q"}[kind]
    raw = struct.pack(f"<{len(values)}{code}", *values)
    return base64.b64encode(zlib.compress(raw) if compression == ZLIB else raw).decode()


def half_bytes(values: Sequence[int]) -> bytes:
    """Integers of MS-Numpress, after the description in its paper."""
    halves: list[int] = []
    for value in values:
        digits = [(value & 0xFFFFFFFF) >> (4 * n) & 15 for n in range(8)]
        for filler, offset in ((0, 0), (15, 8)):
            leading = 0
            while leading < 8 and digits[7 - leading] == filler:
                leading += 1
            if leading and (offset == 0 or leading < 8):
                halves += [leading + offset, *digits[: 8 - leading]]
                break
        else:
            halves += [0, *digits]
    if len(halves) % 2:
        halves.append(0)
    return bytes(high << 4 | low for high, low in zip(halves[::2], halves[1::2], strict=True))


def linear(values: Sequence[float], scale: float) -> bytes:
    fixed = [round(value * scale) for value in values]
    start = struct.pack(">d", scale) + b"".join(struct.pack("<i", value) for value in fixed[:2])
    errors = [fixed[n] - (2 * fixed[n - 1] - fixed[n - 2]) for n in range(2, len(fixed))]
    return start + half_bytes(errors)


def slof(values: Sequence[float], scale: float) -> bytes:
    return struct.pack(">d", scale) + b"".join(
        struct.pack("<H", round(math.log(value + 1) * scale)) for value in values
    )


def cv(accession: str, name: str, value: object = "", unit: str = "") -> str:
    return f'<cvParam cvRef="MS" accession="{accession}" name="{name}" value="{value}" unitName="{unit}"/>'


def array(axis: str, text: str, *accessions: str, unit: str = "m/z") -> str:
    terms = "".join(cv(accession, "packing") for accession in accessions)
    return f"<binaryDataArray>{terms}{cv(axis, 'array', unit=unit)}<binary>{text}</binary></binaryDataArray>"


def spectrum(
    mz: Sequence[float] = (100.5, 200.25, 300.125),
    intensity: Sequence[float] = (10, 300, 20),
    *,
    arrays: str | None = None,
    name: str = "scan=1",
    more: str = "",
    length: int | None = None,
) -> str:
    if arrays is None:
        arrays = array(MZ, packed(mz, F64, ZLIB), F64, ZLIB) + array(
            INTENSITY, packed(intensity, F32), F32, NONE, unit="number of counts"
        )
    count = len(mz) if length is None else length
    return (
        f'<spectrum index="0" id="{name}" defaultArrayLength="{count}">'
        + cv("MS:1000580", "MSn spectrum")
        + cv("MS:1000127", "centroid spectrum")
        + more
        + f'<binaryDataArrayList count="2">{arrays}</binaryDataArrayList></spectrum>'
    )


def document(*spectra: str, groups: str = "", encoding: str = "utf-8", end: bool = True) -> bytes:
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?>\n<mzML xmlns="http://psi.hupo.org/ms/mzml" version="1.1.0">\n'
        f'<referenceableParamGroupList count="1">{groups}</referenceableParamGroupList>'
        '<instrumentConfigurationList count="1"><instrumentConfiguration id="IC1">'
        + cv("MS:1001911", "Q Exactive")
        + '</instrumentConfiguration></instrumentConfigurationList><run id="r" startTimeStamp="2013-09-10T10:31:08Z">'
        + f'<spectrumList count="{len(spectra)}">'
        + "\n".join(spectra)
    )
    return (text + ("\n</spectrumList></run></mzML>\n" if end else "")).encode(encoding)
