"""Plans files of kind `crystal`.

Trigger: MSK topic `file-events`, types FileCreated and FileReprocessRequested of this kind.
Emits: ChunksPlanned, ParseChunk, RecordsParsed, ParseFailed.
"""

from functions.parsers.building import file_events_handler
from functions.parsers.crystal.parser import parser

lambda_handler = file_events_handler(parser)
