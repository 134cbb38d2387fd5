"""The contexts, one table each. Order is the order of deployment: topics exist before anyone reads them."""

from __future__ import annotations

from typing import Final

from cdk.contexts.blobs import BLOBS
from cdk.contexts.deadletters import deadletters
from cdk.contexts.files import FILES
from cdk.contexts.history import HISTORY
from cdk.contexts.parsers import PARSERS
from cdk.contexts.platform import PLATFORM
from cdk.contexts.processor import PROCESSOR
from cdk.contexts.search import SEARCH
from cdk.contexts.table import Context
from cdk.contexts.users import USERS

_OTHERS: Final = (PLATFORM, USERS, FILES, BLOBS, PARSERS, PROCESSOR, SEARCH, HISTORY)
CONTEXTS: Final[tuple[Context, ...]] = (*_OTHERS, deadletters(_OTHERS))
