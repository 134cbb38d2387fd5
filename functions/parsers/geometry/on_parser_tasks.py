"""Parses chunks of files of kind `geometry`.

Trigger: MSK topic `parser-tasks`, type ParseChunk of this kind. Emits: RecordsParsed.
"""

from functions.parsers.building import parser_tasks_handler
from functions.parsers.geometry.parser import parser

lambda_handler = parser_tasks_handler(parser)
