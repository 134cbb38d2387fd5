"""Headers of SPC files: the new layout (byte order of either kind) and the one of LabCalc before 1996.

Galactic Industries (now Thermo), "A Brief Guide to SPC File Format" and SPC.H; names of the fields are those of SPC.H.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from leanda.errors import FileCorrupt, FormatMismatch

NEW_BYTES: Final = 512
OLD_BYTES: Final = 256
SUBHEADER_BYTES: Final = 32

SHORT_ORDINATES: Final = 0x01
CHROMATOGRAM: Final = 0x02
MULTIFILE: Final = 0x04
ARBITRARY_Z: Final = 0x08
ORDERED_Z: Final = 0x10
OWN_LABELS: Final = 0x20
OWN_ABSCISSAS: Final = 0x40
ABSCISSAS: Final = 0x80

LITTLE, BIG, OLD = 0x4B, 0x4C, 0x4D

FLOATS: Final = -128
"""The exponent of ordinates that are 32-bit floating numbers."""
_GENERAL_CHROMATOGRAM: Final = 2
_OLD_FLOATS: Final = 0x80
"""The same in the old layout, whose exponent is a word."""
_OLD_LABELS: Final = 15
"""The type of z by which the old layout says that the axes have labels (ZTEXTL)."""

_NEW: Final = "BBBbIddIBBBBI9s9sH8f130s30sIIBBHf48sfIfB187s"
_OLD: Final = "BBhfffBBHBBBB8sHH7f130s30s"


@dataclass(frozen=True)
class Header:
    """The main header.

    Attributes:
        order: byte order as `struct` writes it.
        flags, exponent, count, first, last: ftflgs, fexp, fnpts, ffirst, flast.
        subfiles: fnsub; None in the old layout, which does not say.
        z_step: fzinc, from each subfile to the next; 0 where the first one says it.
        log_at: where the log block stands; 0 without one.
        texts: the header's own texts and numbers by their names in SPC.H, without the empty ones.
    """

    version: int
    order: str
    flags: int
    exponent: int
    count: int
    first: float
    last: float
    subfiles: int | None
    experiment: int = 0
    x_type: int = 0
    y_type: int = 0
    z_type: int = 0
    z_step: float = 0.0
    log_at: int = 0
    date: str | None = None
    texts: dict[str, str | float] = field(default_factory=dict)
    labels: tuple[str, ...] = ()

    @property
    def old(self) -> bool:
        return self.version == OLD

    @property
    def size(self) -> int:
        return OLD_BYTES - SUBHEADER_BYTES if self.old else NEW_BYTES


@dataclass(frozen=True)
class Subheader:
    """The header of one subfile: subflgs, subexp, subtime, subnext, subnpts, subscan, subwlevel."""

    exponent: int
    index: int
    z: float
    z_next: float
    count: int
    scans: int
    level: float


def read_header(raw: bytes) -> Header:
    """The main header of a file that starts with these bytes.

    Raises:
        FormatMismatch: they are no SPC header.
        FileCorrupt: they are the beginning of one.
    """
    version = raw[1] if len(raw) > 1 else 0
    if version not in (LITTLE, BIG, OLD):
        raise FormatMismatch(detail=f"version byte {version:#04x} is none of SPC")
    if len(raw) < (OLD_BYTES if version == OLD else NEW_BYTES):
        raise FileCorrupt(detail="the file ends inside of its header")
    return _old(raw) if version == OLD else _new(raw, "<" if version == LITTLE else ">")


def _new(raw: bytes, order: str) -> Header:
    values = struct.unpack(order + _NEW, raw[:NEW_BYTES])
    flags, version, experiment, exponent, count, first, last, subfiles = values[:8]
    x_type, y_type, z_type, _, date, resolution, source, peak = values[8:16]
    memo, own_labels, log_at, modified, processing, level, sample, factor, method, z_step, planes, w_step, w_type = (
        values[24:37]
    )
    texts = {
        "fcmnt": _text(memo),
        "fres": _text(resolution),
        "fsource": _text(source),
        "fmethod": _text(method),
        "fpeakpt": peak,
        "fmods": modified,
        "fprocs": processing,
        "flevel": level,
        "fsampin": sample,
        "ffactor": factor,
        "fzinc": z_step,
        "fwplanes": planes,
        "fwinc": w_step,
        "fwtype": w_type,
    }
    return Header(
        version=version,
        order=order,
        flags=flags,
        exponent=exponent,
        count=count,
        first=first,
        last=last,
        # A single spectrum is one, even if its writer left the count out.
        subfiles=subfiles or (0 if flags & MULTIFILE else 1),
        # Before there was a code for the experiment, a flag said that it is a chromatogram.
        experiment=experiment or (_GENERAL_CHROMATOGRAM if flags & CHROMATOGRAM else 0),
        x_type=x_type,
        y_type=y_type,
        z_type=z_type,
        z_step=z_step,
        log_at=log_at,
        date=_date(date >> 20, date >> 16 & 15, date >> 11 & 31, date >> 6 & 31, date & 63),
        texts={name: value for name, value in texts.items() if value},
        labels=_labels(own_labels) if flags & OWN_LABELS else (),
    )


def _old(raw: bytes) -> Header:
    values = struct.unpack("<" + _OLD, raw[: OLD_BYTES - SUBHEADER_BYTES])
    flags, version, exponent, count, first, last, x_type, y_type, year, month, day, hour, minute = values[:13]
    resolution, peak, scans = values[13:16]
    memo, own_labels = values[23:25]
    z_type = year >> 12
    if not 0 <= count < 2**31:
        raise FileCorrupt(detail=f"{count} points")
    texts = {"ocmnt": _text(memo), "ores": _text(resolution), "opeakpt": peak, "onscans": scans}
    return Header(
        version=version,
        order="<",
        flags=flags,
        exponent=FLOATS if exponent == _OLD_FLOATS else exponent,
        count=int(count),
        first=first,
        last=last,
        subfiles=None if flags & MULTIFILE else 1,
        experiment=_GENERAL_CHROMATOGRAM if flags & CHROMATOGRAM else 0,
        x_type=x_type,
        y_type=y_type,
        z_type=z_type,
        date=_date(year & 0x0FFF, month, day, hour, minute),
        texts={name: value for name, value in texts.items() if value},
        labels=_labels(own_labels) if flags & OWN_LABELS or z_type == _OLD_LABELS else (),
    )


def read_subheader(raw: bytes, order: str) -> Subheader:
    _, exponent, index, z, z_next, _, count, scans, level = struct.unpack(order + "BbHfffIIf", raw[:28])
    return Subheader(exponent, index, z, z_next, count, scans, level)


def _text(raw: bytes) -> str:
    """Text up to its end; a byte more that a writer left behind a NUL is old memory."""
    return raw.split(b"\0", 1)[0].decode("cp1252", errors="replace").strip()


def _labels(raw: bytes) -> tuple[str, ...]:
    return tuple(part.decode("cp1252", errors="replace").strip() for part in raw.split(b"\0")[:3])


def _date(year: int, month: int, day: int, hour: int, minute: int) -> str | None:
    """The local time of measurement to the minute; no zone is stated."""
    try:
        return datetime(year, month, day, hour, minute).strftime("%Y-%m-%dT%H:%M:%S") if year >= 1900 else None
    except ValueError:
        return None
