"""What a client of AWS raises when a service did not answer, or not to the end."""

from __future__ import annotations

from typing import Final

from botocore.exceptions import BotoCoreError
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

# botocore's own errors leave two out: XML that is not whole, and an error that breaks off where a stream of bytes was asked for.
NO_ANSWER: Final = (BotoCoreError, ResponseParserError, HTTPError)
