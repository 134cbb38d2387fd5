"""Every limit of Leanda, in one table (shown in `docs/limits.md`)."""

from __future__ import annotations

from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB
GIB: Final = 1024 * MIB

MAX_FILE_BYTES: Final = 10 * GIB
"""Largest accepted file."""
MAX_POST_BYTES: Final = 64 * MIB
"""Up to here a presigned POST is used; larger files go in parts."""
PART_BYTES: Final = 16 * MIB
"""Size of one part of a multipart upload; raised for files that would need more than 10,000 parts."""
MAX_PART_URLS: Final = 100
"""Part URLs in one answer; ask again for more."""
UPLOAD_OPEN_SECONDS: Final = 24 * 3600
"""How long an upload may stay unfinished."""
URL_SECONDS: Final = 900
"""Life of a presigned URL."""
STEP_SECONDS: Final = 15 * 60
"""A step without progress for this long is taken up by the watchdog."""
RUN_KEPT_SECONDS: Final = 30 * 24 * 3600
"""Records and artefacts of a run that is not shown any more stay for this long."""
PARSE_AT_ONCE_BYTES: Final = 1_000_000
"""Files up to this size are parsed in the planning invocation."""
CHUNK_RECORDS: Final = 1000
"""Wanted records in a chunk (500 to 2,000)."""
CHUNK_BYTES: Final = 4 * MIB
"""A chunk is closed at this size even if it holds fewer records; the first one at `PARSE_AT_ONCE_BYTES`."""
MAX_CHUNKS: Final = 512
"""Chunks of one run; bigger files get bigger chunks."""
MAX_EVENT_BYTES: Final = 256 * KIB
MAX_HOPS: Final = 16
MAX_OUTBOX_ENTRIES: Final = 100
MAX_OUTBOX_BYTES: Final = 1_000_000
MAX_FOLDER_DEPTH: Final = 32
MAX_PATH_BYTES: Final = 900
"""Of a path in the inbox."""
MAX_GROUPS: Final = 50
MAX_INDEXED_FIELDS: Final = 200
"""Fields of one record that go into the index; all are stored."""
MAX_SEARCHED_CHARACTERS: Final = 700_000
"""Characters of a page's, slide's or document's text that are searched; all are stored. OpenSearch highlights up to a million."""
MAX_NAME_CHARACTERS: Final = 255
MAX_PAGE: Final = 200
DEFAULT_PAGE: Final = 50
HEAD_BYTES: Final = 256 * KIB
"""First (inflated) bytes that decide a kind and carry a table's header."""
MAX_WHOLE_BYTES: Final = 512 * MIB
"""Largest workbook, document or zip, inflated, that is read: all of it is needed at once. Larger ones are kept and say so."""
MAX_IMAGE_BYTES: Final = 9 * GIB
"""The same for pictures and microscopy: a function's disk may have 10 GiB, and of the file nothing but its headers is read."""
MAX_INFLATED_BYTES: Final = 4 * GIB
MAX_INFLATE_RATIO: Final = 200
"""A gzip member may not inflate to more than this times its size."""
MAX_BUNDLE_MEMBERS: Final = 1000
"""Files in one zip that is to be unpacked."""
MAX_BUNDLE_BYTES: Final = 4 * GIB
"""All members of a zip together, inflated."""
MAX_MEMBER_BYTES: Final = 512 * MIB
"""One member of a zip, inflated."""
MAX_MEMBER_DEPTH: Final = 16
"""Folders around one member within its zip."""
MAX_RECORD_BYTES: Final = 8 * MIB
"""One record (molecule, row) larger than this fails as a record."""
REQUESTS_PER_MINUTE: Final = 1000
