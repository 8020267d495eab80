"""Builds one adapter per port and process, and the flows that live as long as the process. Tests replace it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cached_property, partial

import structlog

from app import settings
from app.adapters.demo.provider import DemoProvider
from app.adapters.limits.memory import MemoryLimits
from app.adapters.limits.outage import OutageProof
from app.adapters.mail.kept import KeptMailer
from app.adapters.mail.smtp import SmtpMailer
from app.adapters.outbound.guard import place_of
from app.adapters.outbound.messenger import HttpMessenger
from app.adapters.outbound.responder import HttpResponder
from app.adapters.payments.sandbox import SandboxRail
from app.adapters.providers.openai import OpenAIProvider
from app.adapters.providers.tiktoken import TiktokenCounter
from app.adapters.secret_box import SecretBox
from app.commit_queue import CommitQueue
from app.domain import clock
from app.domain.errors import ProviderFailed
from app.domain.ids import new_id
from app.domain.paywalls.configuration import DEMO, ProviderSetting
from app.each_alone import alone
from app.flows.callers.standing import Standings
from app.flows.chat.answer import Carrier
from app.flows.chat.delivery import Deliveries
from app.flows.chat.hold import Chat
from app.flows.chat.instead import CustomResponses
from app.flows.chat.told import Teller
from app.flows.events.delivery import Courier
from app.flows.limits.limiter import Limiter
from app.flows.limits.spending import SpendLimits
from app.flows.upkeep import lease
from app.flows.upkeep.readiness import Readiness
from app.ports.limits import LimitCounter
from app.ports.login import LoginProvider
from app.ports.mail import Mail, Mailbox, Mailer
from app.ports.payments import PaymentRail, SandboxCheckouts
from app.ports.prices import ModelCatalogue, PriceCatalogue
from app.ports.providers import ChatProvider, ProviderTarget
from app.ports.seal import Sealer
from app.ports.tokens import TokenCounter
from app.ports.webhooks import Messenger, Responder

log = structlog.get_logger()


class Wiring:
    """Everything that one process uses, made on first use."""

    def __init__(self) -> None:
        self.owner = new_id("proc")
        chosen = settings.get()
        self.queue = CommitQueue(chosen.queue_operations_max, chosen.batch_operations_max)

    @cached_property
    def counter(self) -> TokenCounter:
        return TiktokenCounter()

    @cached_property
    def providers(self) -> "ProvidersByName":
        return ProvidersByName(self.counter)

    @cached_property
    def sandbox(self) -> SandboxCheckouts:
        return SandboxRail(settings.get().secrets[0])

    @cached_property
    def rails(self) -> dict[str, PaymentRail]:
        return {self.sandbox.name: self.sandbox}

    @cached_property
    def catalogue(self) -> PriceCatalogue:
        from app.adapters.prices.genai import GenaiPrices  # takes a second, and only settings need it

        return GenaiPrices(clock.now)

    @cached_property
    def model_catalogue(self) -> ModelCatalogue:
        from app.adapters.prices.openrouter import OpenRouterCatalogue  # only one job needs it

        return OpenRouterCatalogue(settings.get().openrouter_base)

    @cached_property
    def chat(self) -> Chat:
        return Chat(self.queue, self.providers, self.counter, self.owner, self.standings, self.limits)

    @cached_property
    def limits(self) -> Limiter:
        return Limiter(self.limit_counter, self.counter, self.spending)

    @cached_property
    def limit_counter(self) -> LimitCounter:
        """What counts the developer's limits: this process for itself, or all processes together in Redis."""
        chosen = settings.get()
        if not chosen.redis_url:
            return MemoryLimits()
        from app.adapters.limits.redis import RedisLimits  # takes a moment, and one process alone needs none

        shared = RedisLimits(chosen.redis_url, chosen.lease_seconds)
        return OutageProof(shared, MemoryLimits() if chosen.limits_without_redis == "open" else None)

    @cached_property
    def mailbox(self) -> Mailbox:
        """The demo's mailbox; nobody's mail goes there where mails are sent."""
        return KeptMailer(clock.now)

    @cached_property
    def mailer(self) -> Mailer:
        chosen = settings.get()
        if chosen.smtp_url:
            return SmtpMailer(chosen.smtp_url, chosen.mail_from)
        return self.mailbox if chosen.is_demo else NoMailer()

    @cached_property
    def logins(self) -> Mapping[str, LoginProvider]:
        """The OIDC providers by name."""
        from app.adapters.login.oidc import OidcLogin  # takes half a second, and few instances have one

        box = SecretBox(settings.get().secrets)
        return {
            chosen.name: OidcLogin(chosen.name, chosen.issuer, chosen.client_id, chosen.client_secret, box,
                                   lambda: clock.now() // clock.SECOND)
            for chosen in settings.get().oidc
        }  # fmt: skip

    @cached_property
    def readiness(self) -> Readiness:
        return Readiness(self.owner, settings.get().lease_seconds)

    @cached_property
    def standings(self) -> Standings:
        return Standings()

    @cached_property
    def spending(self) -> SpendLimits:
        return SpendLimits()

    @cached_property
    def carrier(self) -> Carrier:
        return Carrier(self.chat, self.counter)

    @cached_property
    def box(self) -> Sealer:
        return SecretBox(settings.get().secrets)

    @cached_property
    def teller(self) -> Teller:
        return Teller()

    @cached_property
    def messenger(self) -> Messenger:
        chosen = settings.get()
        return HttpMessenger(seconds_max=chosen.webhook_seconds_max, allow_private=chosen.allow_private_addresses)

    @cached_property
    def courier(self) -> Courier:
        chosen = settings.get()
        claim_seconds = chosen.webhook_seconds_max * 2 + 5
        return Courier(self.messenger, self.box, self.mailer, chosen.webhook_retry_seconds, claim_seconds)

    @cached_property
    def deliveries(self) -> Deliveries:
        return Deliveries(self.chat, self.carrier, SecretBox(settings.get().secrets))

    @cached_property
    def responder(self) -> Responder:
        return HttpResponder(lambda: clock.now() // clock.SECOND, settings.get().allow_private_addresses)

    @cached_property
    def responses(self) -> CustomResponses:
        return CustomResponses(self.responder, SecretBox(settings.get().secrets))


class NoMailer:
    """Stands where the operator has set no mail server."""

    async def send(self, mail: Mail) -> None:
        """Raises ProviderFailed."""
        raise ProviderFailed("This instance sends no mails: COINSLOT_SMTP_URL is not set.")


class ProvidersByName:
    """Finds a paywall's provider: the demo's, or an OpenAI-compatible upstream with its key opened in memory."""

    def __init__(self, counter: TokenCounter) -> None:
        chosen = settings.get()
        self._demo = DemoProvider(counter, clock.now)
        self._openai = OpenAIProvider(
            connect_seconds_max=chosen.connect_seconds_max,
            first_byte_seconds_max=chosen.first_byte_seconds_max,
            silence_seconds_max=chosen.silence_seconds_max,
            allow_private=chosen.allow_private_addresses,
            allowed_hosts=frozenset({place_of(chosen.upstream_url)}),  # that server, not all on its machine
        )
        self._box = SecretBox(chosen.secrets)
        self._targets: dict[tuple[str, ProviderSetting], ProviderTarget] = {}

    def find(self, paywall_id: str, setting: ProviderSetting) -> tuple[ChatProvider, ProviderTarget]:
        """Returns the provider and its target. Raises SealBroken for a key sealed with a secret we lost."""
        target = self._targets.get((paywall_id, setting))
        if target is None:
            target = self._targets[paywall_id, setting] = self._open(paywall_id, setting)
        return (self._demo if setting.name == DEMO else self._openai), target

    def reach(self, setting: ProviderSetting, api_key: str | None) -> tuple[ChatProvider, ProviderTarget]:
        """Returns the provider of a setting that has not been saved yet, with its key in clear."""
        target = self._operators(setting) if setting.is_operators else self._target(setting, api_key)
        return (self._demo if setting.name == DEMO else self._openai), target

    def _target(self, setting: ProviderSetting, api_key: str | None) -> ProviderTarget:
        return ProviderTarget(setting.name, setting.base_url, api_key, setting.auth, setting.headers)

    def _operators(self, setting: ProviderSetting) -> ProviderTarget:
        chosen = settings.get()
        if not chosen.openrouter_key:
            raise ProviderFailed("The built-in provider is not set up here.")
        return ProviderTarget(setting.name, chosen.openrouter_base, chosen.openrouter_key)

    def _open(self, paywall_id: str, setting: ProviderSetting) -> ProviderTarget:
        """The demo's `--upstream` takes its key from the settings; every other one is sealed in its paywall."""
        chosen = settings.get()
        if setting.is_operators:
            return self._operators(setting)
        if setting.key_sealed is not None:
            key: str | None = self._box.open(setting.key_sealed, f"provider_key:{paywall_id}")
        else:
            key = chosen.upstream_key or None if setting.base_url == chosen.upstream_url else None
        return self._target(setting, key)

    async def close(self) -> None:
        """Closes all connections."""
        await self._openai.close()


_wiring: Wiring | None = None


def get() -> Wiring:
    """Returns the wiring of this process."""
    global _wiring
    if _wiring is None:
        _wiring = Wiring()
    return _wiring


def replace(other: Wiring | None) -> None:
    """Puts another wiring in its place; None makes a new one on next use. For tests."""
    global _wiring
    _wiring = other


@asynccontextmanager
async def running() -> AsyncIterator[None]:
    """Runs what lives as long as the process: the lease, the commit queue; drains them at the end."""
    wired, seconds = get(), settings.get().lease_seconds
    await lease.begin(wired.owner, seconds)
    wired.queue.start()
    heartbeat = asyncio.create_task(_beat(wired.owner, seconds))
    try:
        yield
    finally:
        await wired.chat.drain(settings.get().drain_seconds_max)
        await wired.teller.drain()
        heartbeat.cancel()
        await wired.queue.drain()
        await wired.limit_counter.close()
        await wired.providers.close()
        await wired.responder.close()
        await wired.messenger.close()
        await lease.end(wired.owner)
        replace(None)


async def _beat(owner: str, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds * lease.RENEWAL_SHARE)
        # Whatever fails once: a heart that stops beating lets others end the holds of a living process.
        await alone("wiring", f"heartbeat:{owner}", partial(lease.renew, owner, seconds))
