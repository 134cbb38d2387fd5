"""Makes the indexes of `deadletters` in its store; running it again changes nothing.

Trigger: deployment (custom resource).
"""

from functions.deadletters.bootstrap import ensure_indexes
from leanda.deployment import setup_handler

lambda_handler = setup_handler(ensure_indexes)
