"""One event source mapping, in the words of the Lambda API (CreateEventSourceMapping)."""

import uuid
from dataclasses import dataclass

INFINITE = -1
RETRIES_WITH_DESTINATION = 10
"""What infinite retries become with an on-failure destination (Lambda guide, kafka-retry-configurations)."""

STARTING_POSITIONS = {"TRIM_HORIZON": "earliest", "LATEST": "latest"}
_NAMESPACE = uuid.UUID("9d5b0a4e-3c6f-5f0e-8a53-5d1c1b5a7f10")


@dataclass(frozen=True, kw_only=True)
class KafkaMapping:
    """A function and the topic partitions that feed it.

    Args:
        function_name: What the Invoke API is called with.
        topics: Topics to subscribe to; AWS takes exactly one.
        group_id: Consumer group; unique per mapping, so that every mapping reads everything.
        starting_position: `TRIM_HORIZON` or `LATEST`; a committed offset of the group wins over it.
        batch_size: Records per invocation, 1 to 10,000.
        window_seconds: How long a batch may wait to fill, 0 to 300; 0 sends what is there at once.
        max_retries: 0 to 10,000, or -1 for no limit.
        max_record_age_seconds: Records older than this are discarded; -1 for no limit. AWS takes 60 to 604,800, here
            tests may go lower.
        bisect: Split a failed batch in two (`BisectBatchOnFunctionError`).
        partial_responses: Honour `ReportBatchItemFailures`.
        on_failure: Name of the S3 bucket that gets discarded batches, or None: they are dropped.
        filters: JSON patterns of which one must match the record's value; none means everything.
        maximum_pollers: Consumers at most; never more than the topics have partitions.
        event_source_arn: Cluster ARN shown in events and failure records.
        function_arn: Shown in failure records; the function's name when empty.
        mapping_id: UUID of the mapping, part of failure object keys; derived from function and group when empty.

    Raises:
        ValueError: a value outside the ranges that the Lambda API accepts.
    """

    function_name: str
    topics: tuple[str, ...]
    group_id: str
    starting_position: str = "TRIM_HORIZON"
    batch_size: int = 100
    window_seconds: float = 0.5
    max_retries: int = INFINITE
    max_record_age_seconds: int = INFINITE
    bisect: bool = False
    partial_responses: bool = False
    on_failure: str | None = None
    filters: tuple[str, ...] = ()
    maximum_pollers: int = 200
    event_source_arn: str = ""
    function_arn: str = ""
    mapping_id: str = ""

    def __post_init__(self) -> None:
        checks = {
            "topics must name at least one topic": bool(self.topics) and all(self.topics),
            "group_id must have 1 to 200 characters": 1 <= len(self.group_id) <= 200,
            f"starting_position must be one of {sorted(STARTING_POSITIONS)}": self.starting_position
            in STARTING_POSITIONS,
            "batch_size must be 1 to 10000": 1 <= self.batch_size <= 10_000,
            "window_seconds must be 0 to 300": 0 <= self.window_seconds <= 300,
            "max_retries must be -1 to 10000": INFINITE <= self.max_retries <= 10_000,
            "max_record_age_seconds must be -1 or 1 to 604800": self.max_record_age_seconds == INFINITE
            or 1 <= self.max_record_age_seconds <= 604_800,
            "maximum_pollers must be 1 to 2000": 1 <= self.maximum_pollers <= 2_000,
        }
        for rule, holds in checks.items():
            if not holds:
                raise ValueError(f"{self.function_name}: {rule}")

    @property
    def retry_limit(self) -> int | None:
        """Retries after the first attempt; None when there is no limit."""
        if self.max_retries != INFINITE:
            return self.max_retries
        return RETRIES_WITH_DESTINATION if self.on_failure else None

    @property
    def record_age_limit_ms(self) -> int | None:
        return None if self.max_record_age_seconds == INFINITE else self.max_record_age_seconds * 1000

    @property
    def uuid(self) -> str:
        return self.mapping_id or str(uuid.uuid5(_NAMESPACE, f"{self.function_name}\n{self.group_id}"))
