"""Makes the indexes of `users` in its store; running it again changes nothing.

Trigger: deployment (custom resource).
"""

from functions.users.bootstrap import ensure_indexes
from leanda.deployment import setup_handler

lambda_handler = setup_handler(ensure_indexes)
