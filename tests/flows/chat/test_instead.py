"""The endpoint's words, or the template's: the user always gets the link."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from app import settings
from app.adapters.secret_box import SecretBox
from app.domain.errors import BadField, NotAllowed, ProviderFailed
from app.domain.money import NANOS, Environment, Unit
from app.domain.paywalls.configuration import Configuration, ResponderSetting, UserPlace
from app.domain.paywalls.messages import seal_context
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import ProviderSetting
from app.flows.callers.asked import Action, Ask, NoAction, PaywallRefusal, Stopped
from app.flows.callers.snapshot import Snapshot
from app.flows.chat.call import Call
from app.flows.chat.instead import CustomResponses, Instead, TriedResponse
from app.flows.chat.told import Teller
from app.flows.paywalls.change import change
from app.flows.paywalls.messages import Endpoint, endpoint
from app.formats.openai_request import read_chat_request
from app.keeper import Keeper
from app.ports.webhooks import Responder
from tests.support.books import make_snapshot
from tests.support.handed import links
from tests.support.managing import OPERATOR, manager, own, owner_of, person

pytestmark = pytest.mark.plain_sql

URL = "https://coinslot.example/topup/x.y/"
TEMPLATE = f"Add funds: {URL}"
SNAPSHOT = Snapshot(
    "pw_1", "key_1", Mode.DEFAULT, Environment.SANDBOX, Unit.USD, 1,
    Configuration("Lexica", (ProviderSetting("demo"),)),
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


def call_of(snapshot: Snapshot, *, content: dict[str, Any] | None = None, wants_errors: bool = False) -> Call:
    request = read_chat_request(
        {"model": "gpt-x", "messages": [{"role": "user", "content": "Hello"}], **(content or {})}
    )
    return Call(snapshot=snapshot, user="ada", user_from=UserPlace.BODY, request=request, request_id="req_1",
                wants_errors=wants_errors)  # fmt: skip


async def written(responder: Responder, *, sealed_for: str = "pw_1", has_endpoint: bool = True) -> str:
    box = SecretBox(settings.get().secrets)
    sealed = box.seal("whsec_c2VjcmV0", seal_context(sealed_for))
    setting = ResponderSetting("https://lexica.example/messages", sealed) if has_endpoint else None
    snapshot = replace(SNAPSHOT, configuration=replace(SNAPSHOT.configuration, responder=setting))
    ask = Ask(Action.TOPUP, NANOS // 80)
    return await CustomResponses(responder, box).write(call_of(snapshot), ask, URL, TEMPLATE)


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


def instead_of(responder: Responder) -> Instead:
    box = SecretBox(settings.get().secrets)
    return Instead(links(), Teller(Keeper()), CustomResponses(responder, box))


async def test_a_person_gets_the_link_in_prose_and_a_program_beside_it(database: str) -> None:
    said = await instead_of(ScriptedResponder("unused")).say(call_of(SNAPSHOT), Ask(Action.TOPUP, NANOS, 5_000))
    assert said.paywall["url"] in said.text and "/topup/" in said.paywall["url"]
    assert said.paywall == {
        "request_id": "req_1", "action": "topup", "charge": "0", "balance": "5", "unit": "USD",
        "url": said.paywall["url"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "is_strict", "wants_errors"),
    [
        ({"response_format": {"type": "json_object"}}, False, False),
        ({"tools": [{"type": "function", "function": {"name": "f"}}], "tool_choice": "required"}, False, False),
        ({}, True, False),
        ({}, False, True),
    ],
)
async def test_who_reads_errors_better_gets_one_with_the_link(
    database: str, content: dict[str, Any], is_strict: bool, wants_errors: bool
) -> None:
    strict = replace(SNAPSHOT, configuration=replace(SNAPSHOT.configuration, is_strict=is_strict))
    with pytest.raises(PaywallRefusal) as refused:
        call = call_of(strict, content=content, wants_errors=wants_errors)
        await instead_of(ScriptedResponder("unused")).say(call, Ask(Action.AUTHORIZE))
    assert (refused.value.action, refused.value.code) == ("authorize", "authorization_required")
    assert refused.value.url in refused.value.message and "/authorize/" in refused.value.url


@pytest.mark.parametrize(
    ("action", "paywall", "has_link"),
    [(NoAction.OUTPUT, {}, False), (NoAction.NONE, {"action": "none", "code": "spend_limit"}, False),
     (Action.TOPUP, None, True), (Action.LIMIT, None, True)],
)  # fmt: skip
async def test_an_answer_that_was_cut_says_how_to_go_on_where_the_user_can(
    database: str, action: Stopped, paywall: dict[str, str] | None, has_link: bool
) -> None:
    stop = instead_of(ScriptedResponder("unused")).wording(call_of(SNAPSHOT)).stopped(action)
    assert bool(stop.text) is has_link
    if paywall is not None:
        assert stop.paywall == paywall
    else:
        assert stop.paywall["action"] == action and stop.paywall["url"] in stop.text


async def tried(responder: Responder, action: str = "topup", *, has_endpoint: bool = True) -> TriedResponse:
    """Tries the endpoint of a paywall of its own, as its owner."""
    box = SecretBox(settings.get().secrets)
    paywall_id = make_snapshot().paywall_id
    owner = owner_of(paywall_id)
    if has_endpoint:
        await change(owner, endpoint(box), Endpoint("https://lexica.example/messages"), 1)
    return await CustomResponses(responder, box).try_out(owner, action)


async def test_an_endpoint_is_tried_as_a_user_would_meet_it(database: str) -> None:
    responder = ScriptedResponder("Ask the front desk.")
    found = await tried(responder)
    ((url, secret, content),) = responder.asked
    assert found.text == f"Ask the front desk.\n\n{content['url']}" and not found.problem
    assert url == "https://lexica.example/messages" and secret.startswith("whsec_")
    assert content["isTest"] is True and content["event"] == "topup" and content["url"] in content["message"]


@pytest.mark.unhurried
async def test_a_trial_says_what_went_wrong_and_needs_an_endpoint_and_an_event(database: str) -> None:
    assert (await tried(ScriptedResponder(ProviderFailed("It is on fire.")))).problem == "It is on fire."
    assert (await tried(ScriptedResponder(" "))).problem == "The endpoint's text is empty."
    refused: tuple[dict[str, Any], ...] = ({"has_endpoint": False}, {"action": "stopped"})
    for wanted in refused:
        with pytest.raises(BadField):
            await tried(ScriptedResponder("Hello"), **wanted)


async def test_only_its_owner_tries_it(database: str) -> None:
    paywall_id, box = make_snapshot().paywall_id, SecretBox(settings.get().secrets)
    own(paywall_id, person("ada@example.org"))
    operator = manager(paywall_id, person(OPERATOR))
    with pytest.raises(NotAllowed):
        await CustomResponses(ScriptedResponder("Hello"), box).try_out(operator, "topup")


async def test_who_has_credits_is_not_told_that_they_are_not_enough(database: str) -> None:
    """Free credits open free models alone: nothing is missing but a first top-up."""
    locked = Ask(Action.TOPUP, NANOS, 18 * NANOS, "It opens with your first top-up.", is_locked=True)
    said = await instead_of(ScriptedResponder("unused")).say(call_of(SNAPSHOT), locked)
    assert (
        said.text.startswith("A model that you chose is not open to you yet. Add credits here: ")
        and "not enough" not in said.text
    )
    assert said.text.endswith("It opens with your first top-up.") and said.paywall["url"] in said.text
