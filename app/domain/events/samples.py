"""Examples of events, for developers who try their endpoint: every field of its kind, and none of it real."""

from collections.abc import Mapping
from typing import Any

from app.domain.errors import BadField
from app.domain.events.catalogue import EVENTS

TEST = "test"
"""The field by which an event says that it is an example; no other event has it."""

_SAMPLES: Mapping[str, Any] = {
    "externalUserId": "user_123",
    "walletUserId": "usr_example",
    "amount": "5",
    "currency": "USD",
    "charge": "0.0042",
    "cost": "0.0042",
    "model": "example-model",
    "promptTokens": 1_200,
    "completionTokens": 180,
    "tokens": 1_380,
    "credits": 20,
    "processingFeeAmount": "0",
    "requestedAmount": "0.5",
    "availableBalance": "0.1",
    "streamed": False,
    "estimated": False,
    "retryAfterSeconds": 30,
    "configVersion": 2,
    "threshold": 80,
    "changedFields": ["limits.user.requests_per_minute"],
    "summarySections": ["limits"],
    "metadata": None,
    "split": {"provider": "0.003", "platform": "0.000042", "developer": "0.001158"},
}
"""What stands in fields whose kind tells something; any other says its own name."""


def sample_of(type_: str) -> Mapping[str, Any]:
    """Returns the data of an example of an event. Raises BadField for a kind that there is not."""
    event = EVENTS.get(type_)
    if event is None:
        raise BadField("type", f"There is no event `{type_[:80]}`.")
    names = (*event.fields, *event.ours)
    return {TEST: True, **{name: _SAMPLES.get(name, f"example_{name}") for name in names}}
