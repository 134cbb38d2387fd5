"""The three buckets, and the queues to which two of them announce new objects: originals, artefacts, failures."""

from __future__ import annotations

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.components.queues import FOURTEEN_DAYS, LETTER_VISIBILITY, dead_letter_queue, queue_policy
from cdk.config import Environment

UPLOAD_PREFIXES: Final = ("uploads/", "inbox/")
# What was drawn lies in the bucket of artefacts, under this prefix; whoever wants it again has it drawn again.
PICTURE_PREFIX: Final = "pictures/"
# What Lambda puts into an on-failure bucket lies under this prefix.
FAILURE_PREFIX: Final = "aws/lambda/"
# Six times the timeout of the consumer, as AWS advises; five receives before a message is a dead letter.
_VISIBILITY: Final = 6 * 120
_RECEIVES: Final = 5


class Buckets(Construct):
    """Private, encrypted, versioned where something must not get lost. Sizes say how long pictures and failures stay.

    Artefacts stay as long as somebody could ask for them: S3 cannot know, `files.tidy` removes them.
    """

    def __init__(self, scope: Construct, environment: Environment) -> None:
        super().__init__(scope, "Buckets")
        self._environment = environment
        self.upload_queue = self._upload_queue()
        self.originals = self._originals()
        self.artefacts = self._bucket(
            "artefacts",
            lifecycle=[
                _expire("pictures", days=environment.sizes.picture_days, prefix=PICTURE_PREFIX),
                _abort_multipart(days=2),
            ],
        )
        self.failures = self._failures()

    def _bucket(
        self,
        purpose: str,
        *,
        lifecycle: list[s3.CfnBucket.RuleProperty],
        versioned: bool = False,
        notifications: s3.CfnBucket.NotificationConfigurationProperty | None = None,
    ) -> s3.CfnBucket:
        bucket = s3.CfnBucket(
            self,
            purpose.capitalize(),
            bucket_name=self._environment.bucket(purpose),
            bucket_encryption=s3.CfnBucket.BucketEncryptionProperty(
                server_side_encryption_configuration=[
                    s3.CfnBucket.ServerSideEncryptionRuleProperty(
                        server_side_encryption_by_default=s3.CfnBucket.ServerSideEncryptionByDefaultProperty(
                            sse_algorithm="AES256"
                        )
                    )
                ]
            ),
            public_access_block_configuration=s3.CfnBucket.PublicAccessBlockConfigurationProperty(
                block_public_acls=True, block_public_policy=True, ignore_public_acls=True, restrict_public_buckets=True
            ),
            ownership_controls=s3.CfnBucket.OwnershipControlsProperty(
                rules=[s3.CfnBucket.OwnershipControlsRuleProperty(object_ownership="BucketOwnerEnforced")]
            ),
            versioning_configuration=s3.CfnBucket.VersioningConfigurationProperty(status="Enabled")
            if versioned
            else None,
            lifecycle_configuration=s3.CfnBucket.LifecycleConfigurationProperty(rules=lifecycle),
            notification_configuration=notifications,
        )
        if self._environment.retain:
            bucket.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        if not self._environment.is_local:
            self._only_tls(purpose, bucket)
        return bucket

    def _only_tls(self, purpose: str, bucket: s3.CfnBucket) -> None:
        s3.CfnBucketPolicy(
            self,
            f"{purpose.capitalize()}Policy",
            bucket=bucket.ref,
            policy_document={
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "OnlyTls",
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "s3:*",
                        "Resource": [bucket.attr_arn, f"{bucket.attr_arn}/*"],
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    }
                ],
            },
        )

    def _originals(self) -> s3.CfnBucket:
        """Announces every new object of both prefixes to the queue."""
        return self._announcing("originals", self.upload_queue, UPLOAD_PREFIXES, lifecycle=[_abort_multipart(days=7)])

    def _failures(self) -> s3.CfnBucket:
        """Announces every batch that a mapping gave up to the collector of dead letters."""
        named = self._environment
        queue = sqs.CfnQueue(
            self,
            "FailureQueue",
            queue_name=named.queue("deadletters", "failures"),
            visibility_timeout=LETTER_VISIBILITY,
            message_retention_period=FOURTEEN_DAYS,
            sqs_managed_sse_enabled=True,
        )
        expire = _expire("expire", days=named.sizes.failure_days)
        return self._announcing("failures", queue, (FAILURE_PREFIX,), lifecycle=[expire])

    def _announcing(
        self,
        purpose: str,
        queue: sqs.CfnQueue,
        prefixes: tuple[str, ...],
        *,
        lifecycle: list[s3.CfnBucket.RuleProperty],
    ) -> s3.CfnBucket:
        """A versioned bucket that announces new objects to a queue, whose policy must be there before."""
        named = self._environment
        allow = queue_policy(
            self,
            f"{'Upload' if purpose == 'originals' else 'Failure'}QueuePolicy",
            named,
            queue,
            {
                "Sid": "BucketMayAnnounce",
                "Effect": "Allow",
                "Principal": {"Service": "s3.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue.attr_arn,
                "Condition": {
                    "ArnLike": {"aws:SourceArn": named.bucket_arn(purpose)},
                    "StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID},
                },
            },
        )
        announced = s3.CfnBucket.NotificationConfigurationProperty(
            queue_configurations=[
                s3.CfnBucket.QueueConfigurationProperty(
                    event="s3:ObjectCreated:*",
                    queue=queue.attr_arn,
                    filter=s3.CfnBucket.NotificationFilterProperty(
                        s3_key=s3.CfnBucket.S3KeyFilterProperty(
                            rules=[s3.CfnBucket.FilterRuleProperty(name="prefix", value=prefix)]
                        )
                    ),
                )
                for prefix in prefixes
            ]
        )
        bucket = self._bucket(purpose, versioned=True, lifecycle=lifecycle, notifications=announced)
        if allow is not None:
            bucket.add_resource_dependency(allow)
        return bucket

    def _upload_queue(self) -> sqs.CfnQueue:
        named = self._environment
        uploads = named.queue("blobs", "uploads")
        dead = dead_letter_queue(self, "UploadDeadLetters", named, f"{uploads}-dlq")
        return sqs.CfnQueue(
            self,
            "UploadQueue",
            queue_name=uploads,
            visibility_timeout=_VISIBILITY,
            message_retention_period=FOURTEEN_DAYS,
            sqs_managed_sse_enabled=True,
            redrive_policy={"deadLetterTargetArn": dead.attr_arn, "maxReceiveCount": _RECEIVES},
        )


def _expire(name: str, *, days: int, prefix: str | None = None) -> s3.CfnBucket.RuleProperty:
    return s3.CfnBucket.RuleProperty(
        id=name,
        status="Enabled",
        prefix=prefix,
        expiration_in_days=days,
        noncurrent_version_expiration=s3.CfnBucket.NoncurrentVersionExpirationProperty(noncurrent_days=1),
    )


def _abort_multipart(*, days: int) -> s3.CfnBucket.RuleProperty:
    """What `blobs.sweep` did not abort, S3 does: parts of dead uploads cost money and are seen by nobody."""
    return s3.CfnBucket.RuleProperty(
        id="abort-multipart",
        status="Enabled",
        abort_incomplete_multipart_upload=s3.CfnBucket.AbortIncompleteMultipartUploadProperty(
            days_after_initiation=days
        ),
    )
