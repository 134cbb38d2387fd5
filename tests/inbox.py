"""A user's inbox, by that user's own credentials."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from leanda import ids
from tests.cloud import Cloud, Person


class Inbox:
    """What an S3 client with the credentials of one inbox does."""

    def __init__(self, cloud: Cloud, person: Person) -> None:
        answer = person.http.post("/inbox/credentials")
        assert answer.status_code == 201, answer.text
        given = answer.json()
        session = cloud.session_of(
            {
                "AccessKeyId": given["accessKeyId"],
                "SecretAccessKey": given["secretAccessKey"],
                "SessionToken": given["sessionToken"],
            }
        )
        self._s3 = cloud.client_of(session, "s3")
        self._bucket, self._prefix, self._owner = given["bucket"], given["prefix"], person.id

    def put(self, path: str, content: bytes) -> str:
        """Put an object; the id of its file."""
        self.put_at(self._prefix + path, content)
        return ids.file_id_of_inbox(self._owner, path)

    def put_at(self, key: str, content: bytes) -> Any:
        return self._s3.put_object(Bucket=self._bucket, Key=key, Body=content)

    def get(self, path: str) -> Any:
        return self._s3.get_object(Bucket=self._bucket, Key=self._prefix + path)

    def delete(self, path: str) -> Any:
        return self._s3.delete_object(Bucket=self._bucket, Key=self._prefix + path)

    def list(self) -> Any:
        return self._s3.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix)

    @staticmethod
    def refusal(call: Callable[[], Any]) -> str | None:
        """The code with which a call was refused; None if it was not."""
        try:
            call()
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return None
