"""Plans and parses files of kind `bundle`.

Trigger: MSK topic `file-events`, types FileCreated and FileReprocessRequested of this kind.
Emits: ChunksPlanned, RecordsParsed, ParseFailed.
"""

from functions.parsers.building import file_events_handler
from functions.parsers.bundle.parser import parser

lambda_handler = file_events_handler(parser)
