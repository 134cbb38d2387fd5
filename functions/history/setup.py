"""Makes the indexes of `history` in its store; running it again changes nothing.

Trigger: deployment (custom resource).
"""

from functions.history.bootstrap import ensure_indexes
from leanda.deployment import setup_handler

lambda_handler = setup_handler(ensure_indexes)
