"""What a user is asked for, in which words."""

from dataclasses import replace

from app.domain.money import NANOS, Environment, Unit
from app.domain.paywalls.configuration import Configuration
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import ProviderSetting
from app.flows.callers.asked import message_text
from app.flows.callers.snapshot import Snapshot

SNAPSHOT = Snapshot(
    "pw_1", "key_1", Mode.DEFAULT, Environment.SANDBOX, Unit.USD, 1,
    Configuration("Lexica", (ProviderSetting("demo"),)),
    {}, frozenset(), (),
)  # fmt: skip


def test_a_template_of_another_action_changes_nothing() -> None:
    own = replace(SNAPSHOT, configuration=replace(SNAPSHOT.configuration, messages={"connect": "Hello"}))
    assert message_text(own, "topup", "https://x", 1) == message_text(SNAPSHOT, "topup", "https://x", 1)


def test_in_shared_mode_the_wallet_is_the_persons_and_not_the_apps() -> None:
    shared = replace(SNAPSHOT, mode=Mode.SHARED, unit=Unit.USDC)
    assert message_text(shared, "topup", "https://x", 1).startswith("Your wallet does not have enough left")
    assert message_text(SNAPSHOT, "topup", "https://x", 1).startswith("Your Lexica wallet does not have enough left")


def test_the_message_is_ours_or_the_developers() -> None:
    text = message_text(SNAPSHOT, "topup", "https://x", 5 * NANOS)
    assert "Lexica" in text and "https://x" in text and "{{" not in text
    own = replace(SNAPSHOT, configuration=replace(SNAPSHOT.configuration, messages={
        "topup": "{{name}} needs {{ shortfall }}: {{ url }} {{ other }}"}))  # fmt: skip
    assert message_text(own, "topup", "https://x", 5 * NANOS) == "Lexica needs $5.00: https://x {{ other }}"
