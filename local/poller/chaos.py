"""What AWS may do to a consumer on any day, done often and by seed, so that tests meet it."""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Chaos:
    """How often, per batch, a poller misbehaves within the at-least-once contract.

    Args:
        seed: The same seed makes the same decisions for the same sequence of batches.
        duplicate: Probability that a finished batch is delivered a second time as a whole.
        rebalance: Probability that the consumer forgets to commit a finished batch, leaves its group and joins again:
            the records come back, perhaps to another consumer and cut differently.
    """

    seed: int
    duplicate: float = 0.0
    rebalance: float = 0.0

    def dice(self, group_id: str, poller: int) -> random.Random:
        return random.Random(f"{self.seed}:{group_id}:{poller}")  # noqa: S311 - repeatable by design
