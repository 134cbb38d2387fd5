"""Makes the indices of `search` with their aliases; running it again changes nothing.

Trigger: deployment (custom resource).
"""

from functions.search.bootstrap import ensure_indices
from leanda.deployment import setup_handler

lambda_handler = setup_handler(ensure_indices)
