"""The contexts, one table each. Order is the order of deployment: topics exist before anyone reads them."""

from __future__ import annotations

from typing import Final

from cdk.contexts.blobs import BLOBS
from cdk.contexts.deadletters import deadletters
from cdk.contexts.files import FILES
from cdk.contexts.history import history
from cdk.contexts.parsers import PARSERS
from cdk.contexts.platform import PLATFORM
from cdk.contexts.processor import PROCESSOR
from cdk.contexts.search import SEARCH
from cdk.contexts.table import Context
from cdk.contexts.users import USERS

_PIPELINE: Final = (PLATFORM, USERS, FILES, BLOBS, PARSERS, PROCESSOR, SEARCH)
_OTHERS: Final = (*_PIPELINE, history(_PIPELINE))
CONTEXTS: Final[tuple[Context, ...]] = (*_OTHERS, deadletters(_OTHERS))
