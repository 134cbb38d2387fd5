"""No event is lost by a mapping that was written down carelessly."""

from __future__ import annotations

import json

import aws_cdk as cdk
import pytest
from aws_cdk import aws_lambda as lambda_

from cdk.components.function import Place
from cdk.components.kafka_consumer import KafkaConsumer, KafkaLogConsumer
from cdk.components.parameters import Parameters
from cdk.config import environment
from cdk.contexts import CONTEXTS
from cdk.contexts.files import FILES
from cdk.contexts.table import Api, Consumer, LogConsumer, Package, Scheduled, of_type
from functions.parsers import guarded, reading
from functions.parsers.handling import AT_ONCE_SECONDS, FETCHING_SECONDS
from functions.processor import use_cases
from leanda import limits
from leanda.contracts import events
from leanda.contracts.registry import REGISTRY
from leanda.contracts.topics import FILE_EVENTS, PARSER_TASKS, TOPICS
from leanda.metrics import EmfMeter
from leanda.parsing.signatures import ROWS

COMPLETE = {
    "topic": FILE_EVENTS,
    "filters": (of_type(events.BlobStored.TYPE),),
    "batch_size": 10,
    "window": 1,
    "retries": 10,
    "record_age": 3600,
    "poller_group": "group",
}


@pytest.fixture
def place(staging):
    """A fresh stack and the place of `files` in it."""
    stack = cdk.Stack(cdk.App(), "Test")
    code = lambda_.CfnLayerVersion.ContentProperty(s3_bucket="bucket", s3_key="key")
    layer = lambda_.CfnLayerVersion(stack, "Layer", content=code)
    target = environment("prod")
    return stack, Place(target, FILES, Parameters(stack, target), staging, layer)


@pytest.fixture
def make(place):
    """Makes a consumer of `files` in a fresh stack."""
    stack, place = place
    row = Consumer(handler="on_file_events", topic=FILE_EVENTS, filters=COMPLETE["filters"])
    return lambda function=row, **arguments: KafkaConsumer(stack, place, Package("files", ()), function, **arguments)


def test_a_complete_consumer_can_be_made(make):
    assert make(**COMPLETE).mapping.batch_size == 10


def test_who_works_on_a_chunk_has_the_time_that_a_chunk_may_take():
    """What needs more time than an invocation has would be begun by none but the first, and be cut off there."""
    functions = {
        (package.name, function.handler): function for context in CONTEXTS for package, function in context.functions()
    }
    chunks = {key: function for key, function in functions.items() if key[1] == "on_parser_tasks"}
    chunks["processor", "on_record_events"] = functions["processor", "on_record_events"]
    assert len(chunks) > 5
    for key, function in chunks.items():
        assert max(guarded.CHUNK_SECONDS, use_cases.CHUNK_SECONDS) + 2 * FETCHING_SECONDS < function.timeout <= 900, key
    plans = [
        function for key, function in functions.items() if key[0].startswith("parsers/") and key[1] == "on_file_events"
    ]
    assert all(function.timeout > AT_ONCE_SECONDS + 2 * FETCHING_SECONDS for function in plans)


@pytest.mark.parametrize("kind", sorted({row.kind for row in ROWS}))
def test_a_parsers_disk_holds_the_largest_file_that_it_reads(kind):
    (plan,) = [
        function
        for context in CONTEXTS
        for package, function in context.functions()
        if (package.name, function.handler) == (f"parsers/{kind}", "on_file_events")
    ]
    needed = reading._parser(kind).whole_bytes / limits.MIB
    assert needed + 256 <= plan.disk <= 10_240, "AWS Lambda quotas: 512 to 10,240 MiB"


@pytest.mark.parametrize("missing", sorted(COMPLETE))
def test_a_consumer_without_a_bound_cannot_be_written(make, missing):
    with pytest.raises(TypeError, match=missing):
        make(**{name: value for name, value in COMPLETE.items() if name != missing})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("filters", ()),
        ("filters", (of_type("a"),) * 6),
        ("batch_size", 0),
        ("window", -1),
        ("window", 301),
        ("retries", -1),
        ("retries", 0),
        ("record_age", -1),
        ("record_age", 8 * 24 * 3600),
        ("poller_group", ""),
        ("topic", PARSER_TASKS),
    ],
)
def test_a_bound_that_bounds_nothing_is_refused(make, name, value):
    with pytest.raises(ValueError, match=r"."):
        make(**COMPLETE | {name: value})


def test_a_function_without_dead_letters_cannot_consume(make):
    with pytest.raises(ValueError, match="dead-letter"):
        make(Api(), **COMPLETE)


def test_every_mapping_is_complete(each):
    rows = [function for context in CONTEXTS for _, function in context.functions()]
    topics = sum(len(row.topics) if isinstance(row, LogConsumer) else isinstance(row, Consumer) for row in rows)
    assert len(each.mappings()) == topics > 10
    for name, mapping in each.mappings().items():
        assert mapping["AmazonManagedKafkaEventSourceConfig"]["ConsumerGroupId"] == name
        assert mapping["FilterCriteria"]["Filters"]
        assert mapping["MaximumRetryAttempts"] == 10
        assert mapping["MaximumRecordAgeInSeconds"] == 6 * 24 * 3600
        assert mapping["BisectBatchOnFunctionError"] is True
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert "failures" in mapping["DestinationConfig"]["OnFailure"]["Destination"]
        assert mapping["ProvisionedPollerConfig"]["PollerGroupName"] == f"leanda-{each.name}"
        assert mapping["StartingPosition"] == "TRIM_HORIZON"
        assert len(mapping["Topics"]) == 1


def test_filters_name_only_types_that_exist_on_their_topic(each):
    known = {topic.name: {kind.TYPE for kind in REGISTRY.values() if topic == kind.TOPIC} for topic in TOPICS}
    for name, mapping in each.mappings().items():
        for entry in mapping["FilterCriteria"]["Filters"]:
            for wanted in json.loads(entry["Pattern"])["value"]["type"]:
                types = known[mapping["Topics"][0]]
                if isinstance(wanted, dict):
                    assert any(kind.startswith(wanted["prefix"]) for kind in types), (name, wanted)
                else:
                    assert wanted in types, (name, wanted)


def test_every_kind_of_file_has_exactly_one_parser(local):
    kinds = []
    for name, mapping in local.mappings().items():
        if name.startswith("parsers-") and mapping["Topics"] == ["file-events"]:
            (entry,) = mapping["FilterCriteria"]["Filters"]
            data = json.loads(entry["Pattern"])["value"]["data"]
            assert data["process"] == [True]
            kinds.extend(data["kind"])
    assert sorted(kinds) == sorted({row.kind for row in ROWS})


def test_numbers_in_filters_are_compared_as_numbers():
    assert of_type("a", run=1, process=True) == {
        "value": {"type": ["a"], "data": {"run": [{"numeric": ["=", 1]}], "process": [True]}}
    }


def test_everything_nobody_waits_for_has_its_own_dead_letters(each):
    queues = {queue["QueueName"] for queue in each.properties("AWS::SQS::Queue")}
    with_letters = {
        name
        for name, function in each.functions().items()
        if "DEAD_LETTER_QUEUE_URL" in function["Environment"]["Variables"]
    }
    triggered = {_function_of(name) for name in each.mappings()} | {"blobs-on-s3-upload"}
    for stack, _, resource in each.resources("AWS::Events::Rule"):
        (target,) = resource["Properties"]["Targets"]
        function = each.templates[stack]["Resources"][target["Arn"]["Fn::GetAtt"][0]]["Properties"]["FunctionName"]
        triggered.add(function.removeprefix(f"leanda-{each.name}-"))
    assert with_letters == triggered
    assert {f"leanda-{each.name}-{name}-dlq" for name in with_letters} <= queues
    for name in with_letters:
        (letters,) = [statement for statement in each.roles()[name] if statement["Sid"] == "DeadLetters"]
        assert letters["Resource"] == [f"arn:aws:sqs:eu-west-1:000000000000:leanda-{each.name}-{name}-dlq"]


def test_a_failed_scheduled_run_is_kept(each):
    rules = each.properties("AWS::Events::Rule")
    configs = each.properties("AWS::Lambda::EventInvokeConfig")
    scheduled = [f for context in CONTEXTS for _, f in context.functions() if isinstance(f, Scheduled)]
    assert len(rules) == len(configs) == len(scheduled) > 6
    assert all(config["DestinationConfig"]["OnFailure"]["Destination"] for config in configs)


def test_uploads_are_announced_without_a_custom_resource(each):
    (originals,) = [b for b in each.properties("AWS::S3::Bucket") if "originals" in b["BucketName"]]
    configurations = originals["NotificationConfiguration"]["QueueConfigurations"]
    prefixes = [rule["Value"] for c in configurations for rule in c["Filter"]["S3Key"]["Rules"]]
    assert prefixes == ["uploads/", "inbox/"]
    assert not list(each.resources("Custom::S3BucketNotifications"))


def test_the_upload_queue_gives_a_message_five_tries_and_enough_time(each):
    (queue,) = [q for q in each.properties("AWS::SQS::Queue") if q["QueueName"].endswith("blobs-uploads")]
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5
    assert queue["VisibilityTimeout"] >= 6 * each.functions()["blobs-on-s3-upload"]["Timeout"]


def test_someone_is_told_of_letters_that_nobody_collects_and_of_lag(prod):
    alarms = {alarm["AlarmName"] for alarm in prod.properties("AWS::CloudWatch::Alarm")}
    for queue in prod.properties("AWS::SQS::Queue"):
        if queue["QueueName"].endswith("-dlq"):
            assert f"{queue['QueueName']}-not-empty" in alarms
    assert {f"leanda-prod-{_function_of(name)}-lag" for name in prod.mappings()} <= alarms


def test_someone_is_told_of_a_function_that_runs_by_itself_and_fails(prod):
    alarms = {alarm["AlarmName"]: alarm for alarm in prod.properties("AWS::CloudWatch::Alarm")}
    scheduled = [rule["Name"] for rule in prod.properties("AWS::Events::Rule")]
    assert "leanda-prod-files-relay" in scheduled
    for name in scheduled:
        alarm = alarms[f"{name}-errors"]
        assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == ("AWS/Lambda", "Errors", "Sum")
        assert [dimension["Value"] for dimension in alarm["Dimensions"]] == [name]


@pytest.mark.parametrize(
    ("function", "metric", "context"),
    [
        ("search-reconcile", "IndexDrift", "search"),
        ("search-reconcile", "IndexBeyondRepair", "search"),
        ("files-watchdog", "RunsClosed", "files"),
        ("files-watchdog", "RunsFailed", "files"),
        ("deadletters-redrive", "OldestLetterSeconds", "deadletters"),
    ],
)
def test_someone_is_told_of_what_functions_count_and_should_not_find(prod, capsys, function, metric, context):
    alarms = {alarm["AlarmName"]: alarm for alarm in prod.properties("AWS::CloudWatch::Alarm")}
    alarm = alarms[f"leanda-prod-{function}-{metric}"]
    EmfMeter(context).measure({metric: 1})
    (told,) = json.loads(capsys.readouterr().out)["_aws"]["CloudWatchMetrics"]
    assert (alarm["Namespace"], alarm["MetricName"]) == (told["Namespace"], told["Metrics"][0]["Name"])
    assert [dimension["Name"] for dimension in alarm["Dimensions"]] == told["Dimensions"][0]
    assert alarm["Dimensions"][0]["Value"] == context
    assert (alarm["Threshold"], alarm["ComparisonOperator"], alarm["Statistic"]) == (0, "GreaterThanThreshold", "Sum")


def test_the_log_reads_every_topic_whole(each):
    mappings = [mapping for name, mapping in each.mappings().items() if name.startswith("history-")]
    assert sorted(mapping["Topics"][0] for mapping in mappings) == sorted(topic.name for topic in TOPICS)
    for mapping in mappings:
        (entry,) = mapping["FilterCriteria"]["Filters"]
        assert json.loads(entry["Pattern"]) == {"value": {"type": [{"prefix": "leanda."}]}}


def test_every_dead_letter_queue_is_collected(each):
    queues = {queue["QueueName"] for queue in each.properties("AWS::SQS::Queue") if queue["QueueName"].endswith("-dlq")}
    read = [
        mapping["EventSourceArn"].rpartition(":")[2] for mapping in each.queue_mappings("deadletters-on-dead-letter")
    ]
    assert sorted(read) == sorted(queues | {f"leanda-{each.name}-deadletters-failures"})
    assert all(
        mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        for mapping in each.queue_mappings("deadletters-on-dead-letter")
    )


def test_a_letter_stays_invisible_while_it_is_collected(each):
    """Lambda refuses a mapping of a queue whose visibility timeout is shorter than the function's."""
    collector = each.functions()["deadletters-on-dead-letter"]
    for queue in each.properties("AWS::SQS::Queue"):
        if queue["QueueName"].endswith(("-dlq", "-deadletters-failures")):
            assert queue["VisibilityTimeout"] >= 6 * collector["Timeout"]


def test_batches_that_were_given_up_are_announced(each):
    (failures,) = [b for b in each.properties("AWS::S3::Bucket") if "failures" in b["BucketName"]]
    (announced,) = failures["NotificationConfiguration"]["QueueConfigurations"]
    assert announced["Filter"]["S3Key"]["Rules"] == [{"Name": "prefix", "Value": "aws/lambda/"}]
    assert failures["VersioningConfiguration"] == {"Status": "Enabled"}


def test_a_log_consumer_needs_dead_letters_and_topics_that_it_may_read(place):
    class Careless(LogConsumer):
        dead_letters = False

    stack, made = place
    with pytest.raises(ValueError, match="dead-letter"):
        KafkaLogConsumer(
            stack, made, Package("files", ()), Careless(handler="a", topics=(FILE_EVENTS,)), poller_group="g"
        )
    with pytest.raises(ValueError, match="no reader"):
        KafkaLogConsumer(
            stack, made, Package("files", ()), LogConsumer(handler="b", topics=(PARSER_TASKS,)), poller_group="g"
        )


def _function_of(mapping):
    """A mapping of the log is named by its function and its topic."""
    return "history-on-events" if mapping.startswith("history-on-events-") else mapping


def test_s3_removes_pictures_by_their_age_and_no_artefact(each):
    """A rebuild of the index needs those of every active run, however old (ADR 34)."""
    (bucket,) = [one for one in each.properties("AWS::S3::Bucket") if "-artefacts" in str(one["BucketName"])]
    rules = [rule for rule in bucket["LifecycleConfiguration"]["Rules"] if "ExpirationInDays" in rule]
    assert [rule["Prefix"] for rule in rules] == ["pictures/"]
