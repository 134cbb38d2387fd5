"""A Kafka event source mapping for one machine.

Does what AWS Lambda does for an Amazon MSK event source mapping in provisioned mode: one consumer group per mapping,
filters, batches, retries, bisection, partial-batch responses and an on-failure destination. It knows Kafka, the Lambda
Invoke API and nothing of the functions behind it.
"""

from local.poller.chaos import Chaos
from local.poller.invoke import EndpointUnavailable, InvokeResult, http_invoker
from local.poller.mapping import KafkaMapping
from local.poller.poller import Poller

__all__ = ["Chaos", "EndpointUnavailable", "InvokeResult", "KafkaMapping", "Poller", "http_invoker"]
