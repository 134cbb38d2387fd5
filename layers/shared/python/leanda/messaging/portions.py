"""Work in portions, so that a batch of large chunks is not one piece that no invocation has the time for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from leanda.messaging.consumer import Group, Received


def portions(received: Sequence[Received], *, weight: Callable[[Received], int], most: int) -> Iterator[Group]:
    """Consecutive events that weigh at most `most` together; one that is heavier is a portion of its own.

    What was done of a batch before its time ran out then stays done: between two portions the consumer looks at the time.
    """
    portion: list[Received] = []
    held = 0
    for one in received:
        heavy = weight(one)
        if portion and held + heavy > most:
            yield portion
            portion, held = [], 0
        portion.append(one)
        held += heavy
    if portion:
        yield portion
