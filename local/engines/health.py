"""Whether an engine answers a real client.

An open port is not enough: Kafka accepts connections before its broker may take writes, and OpenSearch before its
shards are assigned. Each check is one question with a short timeout; whoever waits asks again.
"""

import ssl

import httpx
import pymongo
import valkey
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from pymongo.errors import PyMongoError


def kafka_answers(bootstrap: str) -> bool:
    """True when the cluster names a broker that takes writes (a fenced one is not in its answer)."""
    # librdkafka prints each refused connection on stderr; while waiting for a start these are expected.
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0, "socket.timeout.ms": 5000})
    try:
        return bool(admin.list_topics(timeout=5).brokers)
    except KafkaException:
        return False


def opensearch_answers(url: str) -> bool:
    """True when every primary shard is assigned (yellow is as good as one node gets)."""
    try:
        # The machine's proxy must not see a loopback address, but a named server may need the machine's certificates.
        with httpx.Client(trust_env=not url.startswith("http://"), verify=ssl.create_default_context()) as client:
            reply = client.get(
                f"{url.rstrip('/')}/_cluster/health",
                params={"wait_for_status": "yellow", "timeout": "5s"},
                timeout=8,
            )
    except httpx.HTTPError:
        return False
    return reply.status_code == httpx.codes.OK


def document_store_answers(url: str) -> bool:
    """True when the server answers `ping`."""
    client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(url, serverSelectionTimeoutMS=1000)
    try:
        client.admin.command("ping")
    except PyMongoError:
        return False
    finally:
        client.close()
    return True


def cache_answers(url: str) -> bool:
    """True when the server answers PING."""
    try:
        with valkey.Valkey.from_url(url, socket_connect_timeout=1, socket_timeout=1) as client:
            return bool(client.ping())
    except valkey.ValkeyError:
        return False
