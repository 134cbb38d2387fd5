"""Parses chunks of files of kind `spectra`.

Trigger: MSK topic `parser-tasks`, type ParseChunk of this kind. Emits: RecordsParsed.
"""

from functions.parsers.building import parser_tasks_handler
from functions.parsers.spectra.parser import parser

lambda_handler = parser_tasks_handler(parser)
