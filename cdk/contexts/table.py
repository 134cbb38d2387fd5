"""The words in which a context is written down: its functions, what wakes them, what they use, its routes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from cdk.components.uses import Use
from leanda.contracts.topics import Topic

DAY: Final = 24 * 3600
JsonSchema = Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Function:
    """One Lambda function: one handler module, memory and disk (/tmp) in MiB, timeout in seconds, and what it may use."""

    handler: str
    uses: tuple[Use, ...] = ()
    memory: int = 512
    disk: int = 512
    timeout: int = 60
    dead_letters: ClassVar[bool] = False
    """Whether it has a dead-letter queue of its own: everything that nobody waits for has one."""


@dataclass(frozen=True, kw_only=True)
class Api(Function):
    """Answers requests of the public API; its routes stand in the context's table."""

    handler: str = "api"
    memory: int = 512
    timeout: int = 15


@dataclass(frozen=True, kw_only=True)
class InternalApi(Function):
    """Answers other contexts behind the internal load balancer.

    `callers` names for each operation the functions (`context`, `handler`) that may call it. All else is refused.
    """

    handler: str = "internal_api"
    paths: tuple[str, ...]
    callers: Mapping[str, tuple[tuple[str, str], ...]]
    memory: int = 512
    timeout: int = 15


@dataclass(frozen=True, kw_only=True)
class Consumer(Function):
    """Reads one topic. `filters` are patterns on the event, ORed; `retries`, `record_age` (s) and the rest are never left open."""

    topic: Topic
    filters: tuple[Mapping[str, object], ...]
    batch_size: int = 100
    window: int = 0
    retries: int = 10
    record_age: int = 6 * DAY
    memory: int = 1024
    timeout: int = 120
    dead_letters: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class LogConsumer(Function):
    """Reads several topics whole, each by a mapping with a group of its own: `<context>-<handler>-<topic>`."""

    topics: tuple[Topic, ...]
    batch_size: int = 500
    window: int = 0
    retries: int = 10
    record_age: int = 6 * DAY
    memory: int = 512
    timeout: int = 60
    dead_letters: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class LetterCollector(Function):
    """Reads the dead letters of other functions, and the queue that announces failure objects.

    It has no dead letters itself: what it cannot take stays in the queue that it came from, for fourteen days.

    Attributes:
        letters_of: functions (`package`, `handler`) whose dead-letter queues are read.
        queues: dead-letter queues of other queues by name of purpose (`context`, `purpose`), with the function behind them.
    """

    letters_of: tuple[tuple[str, str], ...]
    queues: Mapping[tuple[str, str], tuple[str, str]]
    failures_queue: str = "failures"
    batch_size: int = 10
    memory: int = 512
    timeout: int = 60


@dataclass(frozen=True, kw_only=True)
class QueueConsumer(Function):
    """Reads one SQS queue of the data stack, named by its purpose."""

    queue: str
    batch_size: int = 10
    memory: int = 1024
    timeout: int = 120
    dead_letters: ClassVar[bool] = True


@dataclass(frozen=True)
class Alarm:
    """A metric of a function that should stay at nothing, summed over so many seconds."""

    metric: str
    description: str
    seconds: int = 300


@dataclass(frozen=True, kw_only=True)
class Scheduled(Function):
    """Runs every so many minutes."""

    every: int = 1
    alarms: tuple[Alarm, ...] = ()
    memory: int = 512
    timeout: int = 55
    dead_letters: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class Signup(Function):
    """Called by Cognito after a confirmed sign-up. Cognito waits five seconds for it and retries itself."""

    timeout: int = 5


@dataclass(frozen=True, kw_only=True)
class Setup(Function):
    """Runs once per deployment that changes it, as a custom resource: indexes, mappings, topics. CloudFormation waits for it."""

    handler: str = "setup"
    timeout: int = 300


@dataclass(frozen=True)
class Package:
    """One folder of functions, staged as one asset together with the wheels of one requirements group."""

    name: str
    functions: tuple[Function, ...]
    wheels: str | None = None


@dataclass(frozen=True)
class Route:
    """One route of the public API. `body` is the JSON Schema that API Gateway checks, `query` the parameters it insists on.

    `package` is the one whose handler answers; of a context with one package it need not be said.
    """

    method: str
    path: str
    body: JsonSchema | None = None
    query: tuple[str, ...] = ()
    handler: str = "api"
    package: str | None = None


@dataclass(frozen=True)
class Context:
    """A context: a database, its packages (one, save for parsers), its routes and its secrets."""

    name: str
    packages: tuple[Package, ...]
    routes: tuple[Route, ...] = field(default=())

    def functions(self) -> Iterator[tuple[Package, Function]]:
        for package in self.packages:
            for function in package.functions:
                yield package, function

    @property
    def collects_letters(self) -> bool:
        """Whether it reads queues of all other contexts, which must be there before."""
        return any(isinstance(function, LetterCollector) for _, function in self.functions())


def consumers_of(
    contexts: Iterable[Context], kinds: tuple[type[Function], ...] = (Consumer, LogConsumer, QueueConsumer)
) -> tuple[tuple[str, str], ...]:
    """Every function that is fed by a topic or a queue, as (`package`, `handler`): what a letter can be delivered to again."""
    return tuple(
        (package.name, function.handler)
        for context in contexts
        for package, function in context.functions()
        if isinstance(function, kinds)
    )


def of_type(*types: str, **data: object) -> Mapping[str, object]:
    """A filter: events of one of the types whose data match. A type that ends in `*` matches by its beginning.

    Mapping filters see the Kafka value only, which is the CloudEvent.
    """
    names: list[object] = [{"prefix": name[:-1]} if name.endswith("*") else name for name in types]
    pattern: dict[str, object] = {"type": names}
    if data:
        pattern["data"] = {key: [_literal(value)] for key, value in data.items()}
    return {"value": pattern}


def _literal(value: object) -> object:
    """Numbers are compared as numbers (`1` equals `1.0`), all else as written."""
    return {"numeric": ["=", value]} if isinstance(value, int) and not isinstance(value, bool) else value


def json_object(required: tuple[str, ...] = (), **properties: Mapping[str, object]) -> JsonSchema:
    """The schema of a request body. The function checks the rest; this refuses early what can never be right."""
    return {"type": "object", "required": list(required), "properties": dict(properties)}
