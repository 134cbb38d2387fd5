"""librdkafka's mock cluster (rdkafka_mock.h), through the library that confluent-kafka brings with it."""

import ctypes
import itertools
from types import TracebackType
from typing import Self

from confluent_kafka import Producer, cimpl

_PRODUCER = 0
_names = itertools.count()


class MockCluster:
    """One broker on a loopback port; topics are created with as many partitions as a test wants."""

    def __init__(self) -> None:
        library = ctypes.CDLL(cimpl.__file__)
        self._new = library.rd_kafka_new
        self._new.restype = ctypes.c_void_p
        self._cluster_new = library.rd_kafka_mock_cluster_new
        self._cluster_new.restype = ctypes.c_void_p
        self._cluster_new.argtypes = [ctypes.c_void_p, ctypes.c_int]
        self._bootstraps = library.rd_kafka_mock_cluster_bootstraps
        self._bootstraps.restype = ctypes.c_char_p
        self._bootstraps.argtypes = [ctypes.c_void_p]
        self._topic_create = library.rd_kafka_mock_topic_create
        self._topic_create.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_int]
        self._rebalance_delay = library.rd_kafka_mock_group_initial_rebalance_delay_ms
        self._rebalance_delay.argtypes = [ctypes.c_void_p, ctypes.c_int32]
        self._down = library.rd_kafka_mock_broker_set_down
        self._down.argtypes = [ctypes.c_void_p, ctypes.c_int32]
        self._up = library.rd_kafka_mock_broker_set_up
        self._up.argtypes = [ctypes.c_void_p, ctypes.c_int32]
        self._destroy = library.rd_kafka_mock_cluster_destroy
        self._destroy.argtypes = [ctypes.c_void_p]
        self._client_destroy = library.rd_kafka_destroy
        self._client_destroy.argtypes = [ctypes.c_void_p]

    def __enter__(self) -> Self:
        self._client = self._new(_PRODUCER, None, None, 0)
        self._cluster = self._cluster_new(self._client, 1)
        self._rebalance_delay(self._cluster, 100)
        self.bootstrap = self._bootstraps(self._cluster).decode()
        self._producer = Producer({"bootstrap.servers": self.bootstrap, "linger.ms": 0})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._producer.flush(5)
        self._destroy(self._cluster)
        self._client_destroy(self._client)

    def topic(self, partitions: int = 1) -> str:
        name = f"orders-{next(_names)}"
        assert self._topic_create(self._cluster, name.encode(), partitions, 1) == 0
        return name

    def produce(self, topic: str, values: list[bytes], *, partition: int = 0) -> None:
        for value in values:
            self._producer.produce(topic, value, partition=partition, key=b"k", headers=[("h", b"\xff")])
        assert self._producer.flush(10) == 0

    def break_down(self) -> None:
        self._down(self._cluster, 1)

    def come_back(self) -> None:
        self._up(self._cluster, 1)
