"""What the beginning of a spectrum file looks like: JCAMP-DX and mzML, which are text, and SPC, which is not."""

from __future__ import annotations

import math
import re
import struct
from typing import Final

_COMMENTS = r"(?:\s++|\$\$[^\r\n]*+)*+"
_TITLE = re.compile(rf"{_COMMENTS}##[ \t]*+TITLE[ \t]*+=", re.IGNORECASE)
_FURTHER_LABEL = re.compile(r"^[ \t]{0,20}##[^=\r\n]{1,80}=", re.MULTILINE)
_MZML = re.compile(r"\s*+(?:<\?xml[^>]*+>\s*+)?(?:<!--.*?-->\s*+)*+(?:<indexedmzML\b|<mzML\b)", re.DOTALL)

_ZIP: Final = b"PK\x03\x04"
_SPC_ORDERS: Final = {0x4B: "<", 0x4C: ">"}
_SPC_HEADER: Final = 512
_SPC_RESERVED: Final = 325
_SPC_EXPERIMENTS: Final = 32
_SPC_EXPONENTS: Final = 64
_SPC_FLOATS: Final = -128


def is_jcamp(text: str) -> bool:
    """A file of labelled data records: `##TITLE=` first, and another label behind it (a heading may look like one)."""
    title = _TITLE.match(text)
    return title is not None and _FURTHER_LABEL.search(text.replace("\r", "\n"), title.end()) is not None


def is_mzml(text: str) -> bool:
    return _MZML.match(text) is not None


def is_spc(head: bytes) -> bool:
    """A header of the SPC layout since 1996, whose magic number of one byte alone would prove nothing.

    The layout before it has no reserved bytes that tell it; only its extension does.
    """
    order = _SPC_ORDERS.get(head[1]) if len(head) >= _SPC_HEADER else None
    if order is None or head.startswith(_ZIP) or any(head[_SPC_RESERVED:_SPC_HEADER]):
        return False
    _, _, experiment, exponent, _, first, last, subfiles = struct.unpack(f"{order}BBBbIddI", head[:28])
    return (
        experiment < _SPC_EXPERIMENTS
        and (abs(exponent) <= _SPC_EXPONENTS or exponent == _SPC_FLOATS)
        and subfiles > 0
        and math.isfinite(first)
        and math.isfinite(last)
    )
