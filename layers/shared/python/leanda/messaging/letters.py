"""Dead letters: what could not be handled, with everything needed to understand and repeat it, in the consumer's SQS queue."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from leanda.errors import Unavailable


@dataclass(frozen=True)
class Letter:
    """One record that a consumer gave up on.

    Attributes:
        envelope: the record's value as text, exactly as it came (base64 if it is not UTF-8).
        attempts: tries in the handler.
    """

    consumer: str
    envelope: str
    encoding: str
    code: str
    message: str
    detail: str | None
    stack: str
    attempts: int
    topic: str
    partition: int
    offset: int
    key: str | None
    at: datetime

    def body(self) -> str:
        """The SQS message: JSON, camelCase where two words meet."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return json.dumps(fields | {"at": self.at.isoformat()}, ensure_ascii=False)


class DeadLetterQueue(Protocol):
    def send(self, letter: Letter) -> None:
        """Keep the letter.

        Raises:
            Unavailable: it is not kept; the record must not be acknowledged.
        """
        ...


class SqsDeadLetterQueue:
    """The consumer's own queue."""

    def __init__(self, client: Any, url: str) -> None:
        self._client, self._url = client, url

    def send(self, letter: Letter) -> None:
        from botocore.exceptions import ClientError

        from leanda.aws import NO_ANSWER

        try:
            self._client.send_message(QueueUrl=self._url, MessageBody=letter.body())
        except (ClientError, *NO_ANSWER) as error:
            raise Unavailable(detail=f"SQS: {error}") from error
