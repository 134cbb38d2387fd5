"""Plans files of kind `geometry`.

Trigger: MSK topic `file-events`, types FileCreated and FileReprocessRequested of this kind.
Emits: ChunksPlanned, ParseChunk, RecordsParsed, ParseFailed.
"""

from functions.parsers.building import file_events_handler
from functions.parsers.geometry.parser import parser

lambda_handler = file_events_handler(parser)
