"""What spectroscopists call it: techniques, nuclei, dates, from the many ways in which files write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

_TECHNIQUES: Final = (
    ("NMR", r"\bNMR\b|NUCLEAR MAGNETIC"),
    ("IMS", r"\bION MOBILITY\b|\bIMS\b"),
    ("MS", r"\bMASS\b|\bMS\b|\bGC/?MS\b|\bLC/?MS\b"),
    ("Raman", r"\bRAMAN\b"),
    ("NIR", r"\bNEAR.INFRARED\b|\bNIR\b"),
    ("IR", r"\bINFRA.?RED\b|\b(?:FT.?)?IR\b"),
    ("CD", r"\bCIRCULAR DICHROISM\b|\bCD\b"),
    ("fluorescence", r"\bFLUORESCENCE\b|\bLUMINESCENCE\b"),
    ("UV/VIS", r"\bUV\b|\bUV.?VIS|\bULTRA.?VIOLET\b|\bVISIBLE\b|\bUV/"),
    ("EPR", r"\bE[SP]R\b"),
    ("CV", r"\bVOLTAMM"),
    ("XRD", r"\bX.?RAY.*DIFFRACTION\b|\bXRD\b"),
    ("XPS", r"\bXPS\b|\bX.?RAY PHOTOELECTRON"),
    ("TGA", r"\bTHERMO.?GRAVIMETRIC\b|\bTGA\b"),
    ("DSC", r"\bDIFFERENTIAL SCANNING\b|\bDSC\b"),
    ("chromatography", r"\bCHROMATOGRA|\bHPLC\b|\bGC\b"),
)
_PATTERNS: Final = tuple((name, re.compile(pattern)) for name, pattern in _TECHNIQUES)

_NUCLIDE: Final = re.compile(r"[\^<\s]*(?:(\d{1,3})[-\s]*([A-Z][a-z]?)|([A-Z][a-z]?)[-\s]*(\d{1,3}))\s*>?")
# Nuclides that NMR observes; a mass number that an element does not have in NMR is a writer's mistake.
_NUCLIDES: Final = {
    "H": (1, 2, 3),
    "He": (3,),
    "Li": (6, 7),
    "Be": (9,),
    "B": (10, 11),
    "C": (13,),
    "N": (14, 15),
    "O": (17,),
    "F": (19,),
    "Ne": (21,),
    "Na": (23,),
    "Mg": (25,),
    "Al": (27,),
    "Si": (29,),
    "P": (31,),
    "S": (33,),
    "Cl": (35, 37),
}

_ISO_DATE: Final = re.compile(
    r"\s*(\d{4})[/.-](\d{1,2})[/.-](\d{1,2})"
    r"(?:[T\s]+(\d{1,2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?\s*(Z|[+-]\d{2}:?\d{2})?)?(?![\d:])"
)
_SHORT_DATE: Final = re.compile(r"\s*(\d{2})/(\d{2})/(\d{2})\s*")
_NAMED_DATE: Final = re.compile(r"\s*(\d{1,2})[\s-]+([A-Za-z]{3})[a-z]*\.?[\s,-]+(\d{4})\b")
_AMERICAN_DATE: Final = re.compile(r"\s*([A-Za-z]{3})[a-z]*\.?\s+(\d{1,2}),?\s+(\d{4})\b")
_CLOCK: Final = re.compile(r"\s*(\d{1,2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?\s*")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def technique(data_type: str | None) -> str | None:
    """The technique that a data type names (`INFRARED SPECTRUM` → IR); None when it names none."""
    text = (data_type or "").upper()[:200]
    return next((name for name, pattern in _PATTERNS if pattern.search(text)), None)


def nuclide(stated: str | None) -> str | None:
    """`^13C`, `<13C>`, `C13` as 13C; None when it is not a nuclide that NMR can observe."""
    match = _NUCLIDE.fullmatch((stated or "").strip()[:20])
    if match is None:
        return None
    mass, element = int(match[1] or match[4]), match[2] or match[3]
    known = _NUCLIDES.get(element)
    if mass == 0 or (known is not None and mass not in known):
        return None
    return f"{mass}{element}"


def date(stated: str | None, clock: str | None = None) -> str | None:
    """A date or time as RFC 3339 writes it: `2006-01-31T09:24:52+00:00`, or `2006-01-31` alone.

    A time without a zone stays one: no offset is invented. `YY/MM/DD` is what JCAMP-DX 4.24 asks for.

    Args:
        stated: the date, perhaps with its time.
        clock: a time of day that is stated apart.
    """
    text = stated or ""
    if match := _ISO_DATE.match(text):
        day = _day(int(match[1]), int(match[2]), int(match[3]))
        if day and match[4]:
            time = _time(match[4], match[5], match[6], match[7])
            zone = match[8] or ""
            if zone not in ("", "Z") and ":" not in zone:
                zone = f"{zone[:3]}:{zone[3:]}"
            return f"{day}T{time}{zone}" if time else day
    elif match := _SHORT_DATE.fullmatch(text):
        year = int(match[1])
        day = _day(year + (1900 if year >= 70 else 2000), int(match[2]), int(match[3]))
    elif (match := _NAMED_DATE.match(text)) and match[2].lower() in _MONTHS:
        day = _day(int(match[3]), _MONTHS.index(match[2].lower()) + 1, int(match[1]))
    elif (match := _AMERICAN_DATE.match(text)) and match[1].lower() in _MONTHS:
        day = _day(int(match[3]), _MONTHS.index(match[1].lower()) + 1, int(match[2]))
    else:
        return None
    if day and clock and (at := _CLOCK.fullmatch(clock)):
        time = _time(at[1], at[2], at[3], at[4])
        return f"{day}T{time}" if time else day
    return day


def unix_date(seconds: float | None) -> str | None:
    """A Unix time as a date in UTC; None outside of the years 1970 to 2100."""
    if seconds is None or not 0 < seconds < 4_102_444_800:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _day(year: int, month: int, day: int) -> str | None:
    try:
        return datetime(year, month, day, tzinfo=UTC).strftime("%Y-%m-%d") if year >= 1900 else None
    except ValueError:
        return None


def _time(hour: str, minute: str, second: str | None, fraction: str | None) -> str | None:
    if int(hour) > 23 or int(minute) > 59 or int(second or 0) > 60:
        return None
    return f"{int(hour):02}:{minute}:{second or '00'}{fraction or ''}"
