"""The endpoint's words, or the template's: the user always gets the link."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from app import settings
from app.adapters.secret_box import SecretBox
from app.domain.errors import ProviderFailed
from app.domain.money import NANOS, Environment, Unit
from app.domain.paywalls.configuration import Configuration, ProviderSetting, ResponderSetting
from app.domain.paywalls.messages import seal_context
from app.domain.paywalls.modes import Mode
from app.flows.callers.asked import Ask
from app.flows.callers.snapshot import Snapshot
from app.flows.chat.instead import CustomResponses
from app.ports.webhooks import Responder

URL = "https://coinslot.example/topup/x.y/"
TEMPLATE = f"Add funds: {URL}"
SNAPSHOT = Snapshot(
    "pw_1", "key_1", Mode.DEFAULT, Environment.SANDBOX, Unit.USD, Configuration("Lexica", ProviderSetting("demo")),
    {}, frozenset(), (),
)  # fmt: skip


@dataclass
class ScriptedResponder:
    """Says what it is told to say, and remembers what it was asked."""

    says: str | ProviderFailed
    asked: list[tuple[str, str, Mapping[str, Any]]] = field(default_factory=list)

    async def write(self, url: str, secret: str, message_id: str, content: Mapping[str, Any]) -> str:
        assert message_id.startswith("msg_")
        self.asked.append((url, secret, content))
        if isinstance(self.says, ProviderFailed):
            raise self.says
        return self.says

    async def close(self) -> None:
        """Has nothing to close."""


async def written(responder: Responder, *, sealed_for: str = "pw_1", has_endpoint: bool = True) -> str:
    box = SecretBox(settings.get().secrets)
    sealed = box.seal("whsec_c2VjcmV0", seal_context(sealed_for))
    setting = ResponderSetting("https://lexica.example/messages", sealed) if has_endpoint else None
    snapshot = replace(SNAPSHOT, configuration=replace(SNAPSHOT.configuration, responder=setting))
    ask = Ask("topup", NANOS // 80)
    return await CustomResponses(responder, box).write(snapshot, "ada", "gpt-x", "req_1", ask, URL, TEMPLATE)


async def test_the_endpoint_is_told_what_happened_and_its_words_are_said() -> None:
    responder = ScriptedResponder(f"Hi Ada, {URL} please.")
    assert await written(responder) == f"Hi Ada, {URL} please."
    assert responder.asked == [
        (
            "https://lexica.example/messages",
            "whsec_c2VjcmV0",
            {
                "event": "topup", "paywallId": "pw_1", "requestId": "req_1", "user": "ada", "model": "gpt-x",
                "name": "Lexica", "url": URL, "shortfall": "0.0125", "shortfallFormatted": "$0.01", "unit": "USD",
                "message": TEMPLATE,
            },
        )
    ]  # fmt: skip


async def test_a_text_without_the_link_gets_it() -> None:
    assert await written(ScriptedResponder("Ask the front desk.\n")) == f"Ask the front desk.\n\n{URL}"


@pytest.mark.parametrize("says", ["", " \n", "x" * 4_001, "a\x07", "\ud800", ProviderFailed("It is on fire.")])
async def test_whatever_else_it_does_the_template_is_said(says: str | ProviderFailed) -> None:
    assert await written(ScriptedResponder(says)) == TEMPLATE


async def test_a_secret_of_another_paywall_signs_nothing() -> None:
    responder = ScriptedResponder("Hello")
    assert await written(responder, sealed_for="pw_2") == TEMPLATE
    assert responder.asked == []


async def test_without_an_endpoint_nobody_is_asked() -> None:
    responder = ScriptedResponder("Hello")
    assert await written(responder, has_endpoint=False) == TEMPLATE
    assert responder.asked == []
