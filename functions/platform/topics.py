"""Creates the topics of `leanda.contracts.topics`; running it again changes nothing.

Trigger: deployment (custom resource).
"""

from functions.platform.bootstrap import set_up_topics
from leanda.deployment import setup_handler

lambda_handler = setup_handler(set_up_topics)
