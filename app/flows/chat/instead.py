"""What is said where no model is asked: a link in the assistant's words, or as an error for who reads errors better.

A developer's own endpoint may write the words; the rendered template is what is said if that fails in any way. The user
always gets the link.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from app import db
from app.domain import clock
from app.domain.errors import BadField, CoinslotError, ProviderFailed
from app.domain.ids import new_id
from app.domain.ledger.operations import Applied
from app.domain.money import Unit, format_base_units, format_decimal, format_for_people
from app.domain.paywalls.configuration import Configuration, ResponderSetting, read_current
from app.domain.paywalls.members import Act, Manager, check_may
from app.domain.paywalls.messages import LOCKED_MESSAGES, is_plain, render, seal_context
from app.domain.paywalls.paywall import Paywall
from app.flows.callers.asked import Action, Ask, NoAction, PaywallRefusal, Stopped, message_text, with_beside
from app.flows.callers.balance import visible_balance
from app.flows.callers.links import Links
from app.flows.chat.call import Call
from app.flows.chat.end import Stop, Wording
from app.flows.chat.told import Teller
from app.ports.seal import Sealer
from app.ports.webhooks import Responder

log = structlog.get_logger()

TEXT_CHARACTERS_MAX = 4_000


@dataclass(frozen=True, slots=True)
class Said:
    """What stands in an answer's place: prose with a link, and the same for programs in `paywall`."""

    text: str
    paywall: dict[str, Any]


class Instead:
    """Says it for one process, and tells whoever listens that it was said."""

    def __init__(self, links: Links, teller: Teller, responses: "CustomResponses") -> None:
        self._links = links
        self._teller = teller
        self.responses = responses

    async def say(self, call: Call, ask: Ask) -> Said:
        """Returns what the user is asked for, in words. Raises PaywallRefusal where an error says it better."""
        snapshot, request = call.snapshot, call.request
        url = self._links.ask_url(snapshot, call.user, ask, *call.way_back)
        self._teller.asked(snapshot, call.user, ask, url, call.request_id, request.model)
        text = message_text(snapshot, ask.action, url, ask.shortfall_nanos, LOCKED_MESSAGES if ask.is_locked else {})
        if request.is_for_program or snapshot.configuration.is_strict or call.wants_errors:
            raise PaywallRefusal(ask.action, with_beside(text, ask), url)
        if snapshot.configuration.responder is not None:
            text = await self.responses.write(call, ask, url, text)
        return Said(with_beside(text, ask), {**paywall_of(call, ask.action, 0, ask.balance_nanos), "url": url})

    def wording(self, call: Call) -> Wording:
        """Returns how an answer to this call ends: with what it cost, or with a link where the money ran out."""

        def settled(applied: Applied) -> dict[str, Any]:
            return paywall_of(call, NoAction.NONE, applied.amount, visible_balance(call.snapshot, applied))

        def stopped(action: Stopped) -> Stop:
            if action is NoAction.OUTPUT:
                return Stop("", {})
            if action is NoAction.NONE:
                return Stop("", {"action": action, "code": "spend_limit"})
            url = self._links.ask_url(call.snapshot, call.user, Ask(action), *call.way_back)
            message = "stopped" if action is Action.TOPUP else "stopped_limit"
            text = message_text(call.snapshot, message, url, 0)
            return Stop(f"\n\n{text.lstrip()}", {"action": action, "url": url})

        return Wording(settled, stopped)


def paywall_of(call: Call, action: Stopped, charge_nanos: int, balance_nanos: int) -> dict[str, Any]:
    """Returns the field `paywall` of an answer."""
    return {
        "request_id": call.request_id,
        "action": action,
        "charge": format_decimal(charge_nanos),
        "balance": format_base_units(balance_nanos),
        "unit": call.snapshot.unit,
    }


TRIED_SHORTFALL_NANOS = 140_000_000
"""What is missing where a developer tries their endpoint."""


@dataclass(frozen=True, slots=True)
class TriedResponse:
    """What an endpoint answered to a trial, and how long that took; `problem` where no user would have read it."""

    text: str
    milliseconds: int
    problem: str = ""


class CustomResponses:
    """Asks developers' endpoints for one process."""

    def __init__(self, responder: Responder, sealer: Sealer) -> None:
        self._responder = responder
        self._sealer = sealer

    async def write(self, call: Call, ask: Ask, url: str, template_text: str) -> str:
        """Returns what the endpoint wants said, with the link behind it if it left it out; else `template_text`."""
        snapshot = call.snapshot
        setting = snapshot.configuration.responder
        if setting is None:
            return template_text
        about = {"requestId": call.request_id, "user": call.user, "model": call.request.model}
        content = _content(snapshot.paywall_id, snapshot.configuration.app_name, snapshot.unit, ask, url)
        try:
            return await self._ask(snapshot.paywall_id, setting, {**content, **about, "message": template_text}, url)
        except CoinslotError as failure:
            log.warning("custom_response", paywall=snapshot.paywall_id, request=call.request_id, step="template",
                        error=failure.message)  # fmt: skip
            return template_text

    async def _ask(self, paywall_id: str, setting: ResponderSetting, content: Mapping[str, Any], url: str) -> str:
        """Returns what an endpoint wants said, with the link behind it if it left it out. Raises CoinslotError."""
        secret = self._sealer.open(setting.secret_sealed, seal_context(paywall_id))
        text = checked(await self._responder.write(setting.url, secret, new_id("msg"), content))
        return text if url in text else f"{text.rstrip()}\n\n{url}"

    async def try_out(self, manager: Manager, action: str) -> TriedResponse:
        """Asks the endpoint that is published for a message, as a user's request would; nothing is counted or told.

        Raises BadField without an endpoint and for an unknown event, NotAllowed, NotFound.
        """

        def read(session: db.Session) -> tuple[Paywall, Configuration]:
            check_may(session, manager, Act.SET_UP)
            return read_current(session, manager.paywall_id)

        paywall, current = await db.in_transaction(read)
        if current.responder is None or action not in tuple(Action):
            raise BadField("responder", "Save an endpoint first, and choose an event that it is asked for.")
        ask, begun = Ask(Action(action), TRIED_SHORTFALL_NANOS), clock.monotonic_seconds()
        url = f"https://coinslot.example/{action}/a-test"
        about = {"requestId": new_id("req"), "user": "a-test", "model": "a-test", "isTest": True}
        template = current.messages.get(action) or paywall.rules.words[action]
        shortfall = format_for_people(ask.shortfall_nanos, paywall.unit)
        said = render(template, {"url": url, "name": current.app_name, "shortfall": shortfall})
        content = {**_content(paywall.id, current.app_name, paywall.unit, ask, url), **about, "message": said}
        try:
            text, problem = await self._ask(paywall.id, current.responder, content, url), ""
        except ProviderFailed as failure:
            text, problem = "", failure.message
        return TriedResponse(text, round((clock.monotonic_seconds() - begun) * 1_000), problem)


def _content(paywall_id: str, app_name: str, unit: Unit, ask: Ask, url: str) -> dict[str, Any]:
    """Returns what every endpoint is told."""
    return {
        "event": ask.action,
        "paywallId": paywall_id,
        "name": app_name,
        "url": url,
        "shortfall": format_decimal(ask.shortfall_nanos),
        "shortfallFormatted": format_for_people(ask.shortfall_nanos, unit),
        "unit": unit.value,
    }


def checked(text: str) -> str:
    """Returns a text that can be shown. Raises ProviderFailed for one that is empty, too long or cannot be."""
    if not text.strip():
        raise ProviderFailed("The endpoint's text is empty.")
    if len(text) > TEXT_CHARACTERS_MAX:
        raise ProviderFailed(f"The endpoint's text has more than {TEXT_CHARACTERS_MAX} characters.")
    if not is_plain(text):
        raise ProviderFailed("The endpoint's text holds a character that cannot be shown.")
    return text
