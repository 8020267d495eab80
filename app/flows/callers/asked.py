"""What a user is asked for instead of the model, why, and in which words."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from app.domain.errors import CoinslotError
from app.domain.money import format_for_people
from app.domain.paywalls.messages import render
from app.flows.callers.snapshot import Snapshot


class Action(StrEnum):
    """What a user is asked for."""

    AUTHORIZE = "authorize"
    """To allow the app to charge their wallet."""
    TOPUP = "topup"
    """To add funds."""
    LIMIT = "limit"
    """To raise what they let the app spend."""
    OWN_KEY = "own_key"
    """To save a key of their own that serves the model, or to allow the app to use it."""
    ORDER = "order"
    """To choose who pays for an order."""


class NoAction(StrEnum):
    """Why an answer was stopped that its user can do nothing about."""

    NONE = "none"
    """The developer's limit was reached."""
    OUTPUT = "output"
    """It was longer than its request allowed."""


REASONS: Mapping[Action, str] = {
    Action.AUTHORIZE: "authorization_required", Action.TOPUP: "insufficient_funds", Action.LIMIT: "cap_reached",
    Action.OWN_KEY: "own_key_required", Action.ORDER: "order_not_chosen",
}  # fmt: skip
"""Why a user is asked for something, as errors and events say it."""


Stopped = Action | NoAction
"""What the user is asked for when an answer was stopped; nothing where the developer's limit or its own length did."""


@dataclass(frozen=True, slots=True)
class Ask:
    """The user is asked for something instead of the model: to authorize, to add funds, to raise their limit, to choose
    who pays for the order whose id is `order_id`.

    `beside` is a sentence about what the wallet does by itself, "" where it does nothing. `needs_consent`: what is
    missing of an own key is that the app may use it; `is_locked`, that there is money, and that it opens other models.
    """

    action: Action
    shortfall_nanos: int = 0
    balance_nanos: int = 0
    beside: str = ""
    needs_consent: bool = False
    is_locked: bool = False
    order_id: str = ""


def with_beside(text: str, ask: Ask) -> str:
    """Returns what a user is told, and once, in a paragraph of its own, what the wallet does by itself."""
    return text if not ask.beside or ask.beside in text else f"{text.rstrip()}\n\n{ask.beside}"


class PaywallRefusal(CoinslotError):
    """Strict mode: the link that an assistant message would hold, as an error; `action` says what for."""

    def __init__(self, action: Action, message: str, url: str) -> None:
        super().__init__(message)
        self.action = action
        self.url = url
        self.code = REASONS[action]


def message_text(
    snapshot: Snapshot, action: str, url: str, shortfall_nanos: int, instead: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Returns what the assistant says instead of an answer, in the developer's words where there are any.

    `instead` are words of ours that fit better than the usual ones.
    """
    template = snapshot.configuration.messages.get(action) or instead.get(action) or snapshot.rules.words[action]
    shortfall = format_for_people(shortfall_nanos, snapshot.unit)
    return render(template, {"url": url, "name": snapshot.configuration.app_name, "shortfall": shortfall})
