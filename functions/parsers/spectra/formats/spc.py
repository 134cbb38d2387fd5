"""SPC of Galactic and Thermo Grams: one record for each subfile.

Galactic Industries, "A Brief Guide to SPC File Format"; the layouts are in `spc_header`. Nothing in a file is believed
before its length agrees.
"""

from __future__ import annotations

import io
import math
import struct
import sys
from array import array
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from functions.parsers.spectra.formats import spc_header, spc_terms
from functions.parsers.spectra.formats.points import MAX_POINTS, Points, numbers, plot_of, properties_of
from functions.parsers.spectra.formats.spc_header import Subheader, read_header, read_subheader
from functions.parsers.spectra.formats.text import TYPE, Fields, Unreadable, typed
from leanda import limits
from leanda.contracts.artefacts import FieldValue, Issue, Record
from leanda.errors import FileCorrupt
from leanda.parsing.format import WholeFormat
from leanda.parsing.records import failed, information

MAX_LOG_BYTES: Final = limits.MIB
MAX_SUBFILES: Final = 1_000_000
_FLOATS: Final = spc_header.FLOATS
_LOG: Final = "IIIII"
_DIRECTORY: Final = "IIf"
"""What an entry of the directory of subfiles holds: ssfposn, ssfsize, ssftime."""


class SpcFormat:
    """See `leanda.parsing.format.WholeFormat`."""

    name = "spc"
    version = "2"
    empty_is_failure = True

    def records(self, file: BinaryIO) -> Iterator[Record]:
        return _File(file).records()


FORMAT: WholeFormat = SpcFormat()


class _File:
    """An SPC file while it is read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = file.seek(0, io.SEEK_END)
        file.seek(0)
        self._header = read_header(file.read(spc_header.NEW_BYTES))
        self._abscissas: array[float] | None = None
        self._first: Subheader | None = None
        self._unread = self._size // 2

    def records(self) -> Iterator[Record]:
        header = self._header
        position = header.size
        own_abscissas = bool(header.flags & spc_header.OWN_ABSCISSAS)
        if not header.old and header.flags & spc_header.ABSCISSAS and not own_abscissas:
            try:
                self._abscissas = self._floats(position, header.count)
            except Unreadable as problem:
                raise FileCorrupt(detail=problem.issue.message) from problem
            position += 4 * header.count
        subfiles = header.subfiles
        if subfiles is not None and not 0 < subfiles <= min(MAX_SUBFILES, self._size // spc_header.SUBHEADER_BYTES):
            raise FileCorrupt(detail=f"{subfiles:,} subfiles do not fit into {self._size:,} bytes")
        directory = self._directory_at() if own_abscissas else 0
        common, issues = self._common()
        index = 0
        while index < subfiles if subfiles is not None else position + spc_header.SUBHEADER_BYTES <= self._size:
            if directory:
                position = self._listed(directory, index)
            try:
                subheader = read_subheader(self._exactly(position, spc_header.SUBHEADER_BYTES), header.order)
                points, position = self._points(position + spc_header.SUBHEADER_BYTES, subheader)
            except (Unreadable, struct.error) as problem:
                issue = (
                    problem.issue
                    if isinstance(problem, Unreadable)
                    else Unreadable("SUBFILE_CORRUPT", str(problem)).issue
                )
                yield failed(TYPE, index, issue, name=self._name(index), fields=tuple(common.values))
                index += 1
                if not directory:
                    yield from self._lost(index, issue)
                    return
                continue
            if index == 0:
                self._first = subheader
            yield self._record(index, subheader, points, common, issues)
            index += 1

    def _lost(self, index: int, issue: Issue) -> Iterator[Record]:
        """The subfiles behind one that cannot be read: nobody knows where they start."""
        for further in range(index, self._header.subfiles or 0):
            yield failed(TYPE, further, issue, name=self._name(further))

    def _directory_at(self) -> int:
        """Where the directory of subfiles with own abscissas stands; 0 when the file has none that fits."""
        at = self._header.count
        length = struct.calcsize("<" + _DIRECTORY) * (self._header.subfiles or 0)
        multifile = bool(self._header.flags & spc_header.MULTIFILE)
        return at if multifile and at >= spc_header.NEW_BYTES and at + length <= self._size else 0

    def _listed(self, directory: int, index: int) -> int:
        size = struct.calcsize("<" + _DIRECTORY)
        entry = self._exactly(directory + size * index, size)
        position: int = struct.unpack(self._header.order + _DIRECTORY, entry)[0]
        return position

    def _points(self, position: int, subheader: Subheader) -> tuple[Points, int]:
        """The points of the subfile whose data start here, and where they end.

        Raises:
            Unreadable: they do not fit into the file, or are too many.
        """
        header = self._header
        count, x = header.count, self._abscissas
        own_abscissas = header.flags & spc_header.OWN_ABSCISSAS
        if own_abscissas and (header.flags & spc_header.MULTIFILE or subheader.count):
            count = subheader.count
        # An ordinate takes two bytes at least: the subfiles cannot have more of them, but if they overlap.
        if count > self._unread:
            raise Unreadable("SUBFILES_OVERLAP", "The subfiles announce more points than the file has room for.")
        self._unread -= count
        if own_abscissas:
            x = self._floats(position, count)
            position += 4 * count
        exponent = subheader.exponent if header.flags & spc_header.MULTIFILE else header.exponent
        if not exponent and header.exponent == _FLOATS:
            exponent = _FLOATS  # Some writers of floating numbers say so for the file alone.
        y, position, factor = self._ordinates(position, count, exponent)
        missing = 0
        if exponent == _FLOATS and y and not math.isfinite(sum(y)):
            y = numbers(value if math.isfinite(value) else math.nan for value in y)
            missing = sum(1 for value in y if value != value)
        if x is not None:
            if not all(map(math.isfinite, x)):
                raise Unreadable("SUBFILE_CORRUPT", "An abscissa is not a finite number.", f"byte {position}")
            return Points(y, factor, x=x, missing=missing, single_x=True, single_y=exponent == _FLOATS), position
        if not (math.isfinite(header.first) and math.isfinite(header.last)):
            raise Unreadable("SUBFILE_CORRUPT", "The ends of the abscissa are no finite numbers.", "the file's header")
        delta = (header.last - header.first) / (count - 1) if count > 1 else 0.0
        even = Points(y, factor, first=header.first, delta=delta, missing=missing, single_y=exponent == _FLOATS)
        return even, position

    def _ordinates(self, position: int, count: int, exponent: int) -> tuple[array[float], int, float]:
        """Ordinates as stored, where they end, and what to multiply them by."""
        if exponent == _FLOATS:
            return self._floats(position, count), position + 4 * count, 1.0
        short = bool(self._header.flags & spc_header.SHORT_ORDINATES)
        width = 2 if short else 4
        raw = bytearray(self._sized(position, count, width))
        if self._header.old and not short:
            # LabCalc stores the high word of 32 bits first, each word with its low byte first.
            raw[0::4], raw[1::4], raw[2::4], raw[3::4] = raw[2::4], raw[3::4], raw[0::4], raw[1::4]
        stored: array[int] = array("h" if short else "i")
        stored.frombytes(bytes(raw))
        if (sys.byteorder == "little") is not (self._header.order == "<"):
            stored.byteswap()
        return numbers(stored), position + width * count, math.ldexp(1.0, exponent - 8 * width)

    def _floats(self, position: int, count: int) -> array[float]:
        stored: array[float] = array("f")
        stored.frombytes(self._sized(position, count, 4))
        if (sys.byteorder == "little") is not (self._header.order == "<"):
            stored.byteswap()
        return numbers(stored)

    def _sized(self, position: int, count: int, width: int) -> bytes:
        if count > MAX_POINTS:
            raise Unreadable("SPECTRUM_TOO_LARGE", f"The spectrum has more than {MAX_POINTS:,} points.")
        return self._exactly(position, count * width)

    def _exactly(self, position: int, length: int) -> bytes:
        """Raises Unreadable when the file ends before."""
        if position + length > self._size:
            message = f"{length:,} bytes are announced, the file has {max(0, self._size - position):,} more."
            raise Unreadable("SUBFILE_CUT_OFF", message, f"byte {position}")
        self._file.seek(position)
        return self._file.read(length)

    def _z(self, index: int, subheader: Subheader) -> float:
        """Where a subfile stands on the z axis. Of evenly spaced ones the first and its distance to the next may say it for all."""
        header, first = self._header, self._first
        uneven = header.flags & (spc_header.ARBITRARY_Z | spc_header.ORDERED_Z)
        if subheader.z or uneven or first is None:
            return subheader.z
        return first.z + index * (header.z_step or first.z_next - first.z)

    def _name(self, index: int) -> str | None:
        memo = str(self._header.texts.get("fcmnt") or self._header.texts.get("ocmnt") or "")
        if self._header.subfiles == 1 or not memo:
            return memo or None
        return f"{memo} [{index + 1}]"

    def _common(self) -> tuple[Fields, tuple[Issue, ...]]:
        """The fields of the whole file: texts and numbers of the header, then the lines of the log.

        A log that all subfiles together would swell beyond `MAX_LOG_BYTES` × 16 is left out, and an issue says so.
        """
        fields = Fields()
        for name, value in self._header.texts.items():
            if isinstance(value, str) or math.isfinite(value):
                fields.add(name, value)
        try:
            log = self._log()
        except (Unreadable, struct.error):
            return fields, (*fields.issues(), information("LOG_UNREADABLE", "The file's log block cannot be read."))
        if len(log) * (self._header.subfiles or 1) > 16 * MAX_LOG_BYTES:
            message = f"The file's log block of {len(log):,} characters is not repeated for so many spectra."
            return fields, (*fields.issues(), information("LOG_LEFT_OUT", message))
        for line in log.splitlines():
            name, equals, text = line.partition("=")
            if equals and name.strip():
                fields.add(name.strip(), typed(text.strip()))
            elif line.strip():
                fields.add("log", line.strip())
        return fields, fields.issues()

    def _log(self) -> str:
        at = self._header.log_at
        if not at:
            return ""
        size = struct.calcsize("<" + _LOG)
        length, _, text_at, _, _ = struct.unpack(self._header.order + _LOG, self._exactly(at, size))
        length = min(length, self._size - at)
        if not 0 < text_at <= length:
            return ""
        raw = self._exactly(at + text_at, min(length - text_at, MAX_LOG_BYTES))
        return raw.split(b"\0", 1)[0].decode("cp1252", errors="replace")

    def _record(
        self, index: int, subheader: Subheader, points: Points, common: Fields, issues: tuple[Issue, ...]
    ) -> Record:
        header = self._header
        labels = dict(zip(("x", "y", "z"), header.labels, strict=False))
        x_units = labels.get("x") or spc_terms.X_UNITS.get(header.x_type)
        y_units = labels.get("y") or spc_terms.Y_UNITS.get(header.y_type)
        properties: dict[str, Any] = {
            "technique": spc_terms.technique(header.experiment, header.x_type, header.y_type),
            "title": str(header.texts.get("fcmnt") or header.texts.get("ocmnt") or "") or None,
            "instrument": header.texts.get("fsource"),
            "date": header.date,
            "xUnits": x_units,
            "yUnits": y_units,
            **properties_of(points),
        }
        own: list[FieldValue] = []
        if header.flags & spc_header.MULTIFILE:
            properties["subfile"] = index
            properties["zUnits"] = labels.get("z") or spc_terms.X_UNITS.get(header.z_type)
            z = self._z(index, subheader)
            for name, value in (
                ("subtime", z),
                ("subnext", subheader.z_next),
                ("subwlevel", subheader.level),
            ):
                if math.isfinite(value) and (value or name == "subtime"):
                    own.append(FieldValue(name=name, value=value))
            if math.isfinite(z):
                properties["z"] = z
            if subheader.scans:
                own.append(FieldValue(name="subscan", value=subheader.scans))
        sticks = properties["technique"] == "MS" and points.x is not None
        return Record(
            index=index,
            type=TYPE,
            name=self._name(index),
            structure=plot_of([points], x_units=x_units, y_units=y_units, sticks=sticks),
            fields=(*own, *common.values),
            properties={name: value for name, value in properties.items() if value is not None},
            issues=issues,
        )
