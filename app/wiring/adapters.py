"""Adapters that stand for others: whichever provider a paywall names or rail a connection has, and no mailer at all."""

from collections.abc import Callable
from typing import Protocol

from app.adapters.demo.provider import DemoProvider
from app.adapters.outbound.guard import place_of
from app.adapters.providers.openai import OpenAIProvider
from app.adapters.secret_box import SecretBox
from app.domain import clock
from app.domain.errors import ProviderFailed, Unavailable
from app.domain.inbox.connections import Connection
from app.domain.paywalls.provider import DEMO, ProviderSetting
from app.flows.paywalls.demo import DEMO_PAYWALLS
from app.ports.cards import CardRail
from app.ports.mail import Mail
from app.ports.payments import PaymentRail
from app.ports.providers import ChatProvider, ProviderTarget, TokenCounter
from app.settings import Settings

TARGETS_MAX = 5_000
"""How many providers are kept with their keys opened; each change of a paywall's provider makes another."""


class Closing(Protocol):
    """What must be closed when the process ends."""

    async def close(self) -> None:
        """Closes all connections."""
        ...


class NoMailer:
    """Stands where the operator has set no mail server."""

    async def send(self, mail: Mail) -> None:
        """Raises ProviderFailed."""
        raise ProviderFailed("This instance sends no mails: COINSLOT_SMTP_URL is not set.")


class RailsByConnection:
    """Finds the rail of a connection: each rail's adapter is given the account that is to be reached.

    `others` reach any connection of the rail whose name they have.
    """

    def __init__(self, *of_this_process: PaymentRail, **others: Callable[[Connection], PaymentRail]) -> None:
        self._rails = {rail.connection_id: rail for rail in of_this_process}
        self._others = others

    def reach(self, connection: Connection) -> PaymentRail:
        """Returns the rail as a connection reaches it. Raises Unavailable where this process has none."""
        if connection.id not in self._rails and connection.rail in self._others:
            return self._others[connection.rail](connection)
        rail = self._rails.get(connection.id)
        if rail is None or rail.name != connection.rail:
            raise Unavailable(f"This process has no way to reach {connection.rail} as {connection.id}.")
        return rail


class CardsByConnection:
    """Finds the saved cards of a connection. `others` reach those of any connection of the rail that they are named."""

    def __init__(self, *of_this_process: CardRail, **others: Callable[[Connection], CardRail]) -> None:
        self._rails = {rail.connection_id: rail for rail in of_this_process}
        self._others = others

    def reach_cards(self, connection: Connection) -> CardRail:
        """Returns a connection's cards. Raises Unavailable where this process has none."""
        if connection.id not in self._rails and connection.rail in self._others:
            return self._others[connection.rail](connection)
        rail = self._rails.get(connection.id)
        if rail is None or rail.name != connection.rail:
            raise Unavailable(f"This process has no way to reach cards of {connection.rail} as {connection.id}.")
        return rail


class ProvidersByName:
    """Finds a paywall's provider: the demo's, or an OpenAI-compatible upstream with its key opened in memory.

    The operator's own, those that paywalls name and those that people type in are reached apart: names that somebody
    has looked up at a slow name server keep nobody else's from being looked up.
    """

    def __init__(self, chosen: Settings, counter: TokenCounter) -> None:
        self._chosen = chosen
        self._demo = DemoProvider(counter, clock.now)
        self._of_operator, self._of_paywalls, self._of_people = (_provider(chosen) for _ in range(3))
        self._box = SecretBox(chosen.secrets)
        self._targets: dict[tuple[str, ProviderSetting], ProviderTarget] = {}

    def find(self, paywall_id: str, setting: ProviderSetting) -> tuple[ChatProvider, ProviderTarget]:
        """Returns the provider and its target. Raises SealBroken for a key sealed with a secret we lost."""
        target = self._targets.get((paywall_id, setting))
        if target is None:
            target = self._open(paywall_id, setting)
            if len(self._targets) >= TARGETS_MAX:
                self._targets.pop(next(iter(self._targets)))
            self._targets[paywall_id, setting] = target
        return self._reached(setting, self._of_paywalls), target

    def reach(self, setting: ProviderSetting, api_key: str | None) -> tuple[ChatProvider, ProviderTarget]:
        """Returns the provider of a setting that has not been saved yet, with its key in clear."""
        target = self._operators(setting) if setting.is_operators else self._target(setting, api_key)
        return self._reached(setting, self._of_people), target

    def _reached(self, setting: ProviderSetting, otherwise: ChatProvider) -> ChatProvider:
        if setting.name == DEMO:
            return self._demo
        return self._of_operator if setting.is_operators else otherwise

    def _target(self, setting: ProviderSetting, api_key: str | None) -> ProviderTarget:
        return ProviderTarget(setting.name, setting.base_url, api_key, setting.auth, setting.headers)

    def _operators(self, setting: ProviderSetting) -> ProviderTarget:
        if not (key := self._chosen.openrouter_key.get_secret_value()):
            raise ProviderFailed("The built-in provider is not set up here.")
        return ProviderTarget(setting.name, self._chosen.openrouter_base, key)

    def _open(self, paywall_id: str, setting: ProviderSetting) -> ProviderTarget:
        """The demo's `--upstream` takes its key from the settings, in its paywalls; others are sealed in theirs."""
        chosen = self._chosen
        if setting.is_operators:
            return self._operators(setting)
        if setting.key_sealed is not None:
            key: str | None = self._box.open(setting.key_sealed, setting.seal_context(paywall_id))
        else:
            # Anybody can name that address: in a paywall of their own they would spend the operator's money there.
            is_demos = paywall_id in DEMO_PAYWALLS and setting.base_url == chosen.upstream_url
            key = (chosen.upstream_key.get_secret_value() or None) if is_demos else None
        return self._target(setting, key)

    async def close(self) -> None:
        """Closes all connections."""
        for provider in (self._of_operator, self._of_paywalls, self._of_people):
            await provider.close()


def _provider(chosen: Settings) -> OpenAIProvider:
    return OpenAIProvider(
        connect_seconds_max=chosen.connect_seconds_max,
        first_byte_seconds_max=chosen.first_byte_seconds_max,
        silence_seconds_max=chosen.silence_seconds_max,
        answer_seconds_max=chosen.answer_seconds_max,
        allow_private=chosen.allow_private_addresses,
        allowed_hosts=frozenset({place_of(chosen.upstream_url)}),  # that server, not all on its machine
    )
