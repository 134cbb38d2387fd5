"""What a document says of itself, under the same names whatever its format.

Fields of a document's first record, in this order, as far as the file states them: the names are those that Office programs show.
Times are ISO 8601 text (`2017-08-30T08:55:58+03:00`), counts are numbers. Counts that the file states may be stale (Word writes
them when it saves); what Leanda counted itself is in the record's properties instead.

| Field | PDF (ISO 32000-2, 14.3.3) | Office Open XML (core, extended) | DOC, PPT ([MS-OLEPS]) |
|---|---|---|---|
| Title, Subject, Keywords | Title, Subject, Keywords | dc:title, dc:subject, cp:keywords | PIDSI_TITLE, _SUBJECT, _KEYWORDS |
| Author | Author | dc:creator | PIDSI_AUTHOR |
| Last Modified By | | cp:lastModifiedBy | PIDSI_LASTAUTHOR |
| Comments, Category | | dc:description, cp:category | PIDSI_COMMENTS, PIDDSI_CATEGORY |
| Created, Modified | CreationDate, ModDate | dcterms:created, dcterms:modified | PIDSI_CREATE_DTM, _LASTSAVE_DTM |
| Last Printed, Revision | | cp:lastPrinted, cp:revision | PIDSI_LASTPRINTED, _REVNUMBER |
| Language | catalog Lang | dc:language, else the text's default | PIDDSI_LANGUAGE |
| Application | Creator | Application | PIDSI_APPNAME |
| Producer | Producer | | |
| Company, Manager, Template | | the same | PIDDSI_COMPANY, _MANAGER, PIDSI_TEMPLATE |
| Pages, Words, Characters, Lines, Paragraphs, Slides | | the same | the same |

Custom properties of Office Open XML follow under their own names.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from functions.parsers.document.formats.text import MAX_VALUE_CHARACTERS, clean
from leanda.contracts.artefacts import FieldValue

type Value = str | int | float | bool

ORDER: Final = (
    "Title", "Author", "Subject", "Keywords", "Comments", "Category", "Content Status", "Company", "Manager",
    "Last Modified By", "Created", "Modified", "Last Printed", "Revision", "Language", "Application", "App Version",
    "Producer", "PDF Version", "Template", "Pages", "Words", "Characters", "Lines", "Paragraphs", "Slides",
)  # fmt: skip
_PLACE: Final = {name: n for n, name in enumerate(ORDER)}
_PDF_DATE: Final = re.compile(
    r"(?:D:)?(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d))?)?)?)?)?\s*(?:(Z)|([+-])(\d\d)'?(?:(\d\d)'?)?)?.*",
    re.DOTALL,
)


def fields(stated: dict[str, Value | None]) -> tuple[FieldValue, ...]:
    """Fields of what a document states: known ones in their order, then the others; what is empty is left out."""
    kept = [(name, value) for name, value in stated.items() if value is not None and value != ""]
    kept.sort(key=lambda item: _PLACE.get(item[0], len(ORDER)))
    return tuple(FieldValue(name=name, value=_short(value)) for name, value in kept)


def stated_text(text: str) -> str:
    """A property's text, cleaned and without outer spaces."""
    return clean(text).strip()


def name_of(title: Value | None) -> str | None:
    """A record's name from a title: one line."""
    return " ".join(title.split())[:1000] or None if isinstance(title, str) else None


def _short(value: Value) -> Value:
    return value[:MAX_VALUE_CHARACTERS] if isinstance(value, str) else value


def pdf_date(text: str) -> str:
    """A PDF date (ISO 32000-2, 7.9.4: `D:20170830085558+03'00'`) as ISO 8601, as exact as it is; other text as it is."""
    text = stated_text(text)
    found = _PDF_DATE.fullmatch(text)
    if found is None:
        return text
    year, month, day, hour, minute, second, zulu, sign, hours, minutes = found.groups()
    try:
        zone = UTC if zulu else _zone(sign, hours, minutes) if sign else None
        moment = datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=zone
        )
    except ValueError:
        return text
    if hour is None:
        return "-".join(part for part in (year, month, day) if part)
    return iso(moment)


def iso(moment: datetime) -> str:
    """ISO 8601 with `Z` for UTC; without a zone when none is known."""
    return moment.isoformat().replace("+00:00", "Z")


def _zone(sign: str, hours: str, minutes: str | None) -> timezone:
    offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return timezone(-offset if sign == "-" else offset)
