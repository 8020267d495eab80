"""Builds one adapter for each port, and the flows that live as long as the process. Tests replace it."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import cached_property
from typing import TypeVar

from app import settings
from app.adapters.mail.kept import KeptMailer
from app.adapters.mail.smtp import SmtpMailer
from app.adapters.outbound.messenger import HttpMessenger
from app.adapters.outbound.responder import HttpResponder
from app.adapters.payments.sandbox import SandboxRail
from app.adapters.providers.tiktoken import TiktokenCounter
from app.adapters.secret_box import SecretBox
from app.commit_queue import CommitQueue
from app.domain import clock
from app.domain.ids import new_id
from app.domain.wallets.trial import TrialRules
from app.flows.callers.links import Links
from app.flows.callers.standing import Standings
from app.flows.catalogue.follow import FollowRules
from app.flows.chat.delivery import Deliveries
from app.flows.chat.hold import Holds
from app.flows.chat.instead import CustomResponses, Instead
from app.flows.chat.leg import Legs
from app.flows.chat.thinking import ThinkingModels
from app.flows.chat.told import Teller
from app.flows.disputes.desk import DisputeDesk
from app.flows.events.delivery import Courier
from app.flows.events.mails import Desk
from app.flows.limits.limiter import Limiter
from app.flows.limits.spending import SpendLimits
from app.flows.modes.mesh import MeshDoor, MeshPatience, RoutedCarrier
from app.flows.payments.received import PaymentDoor
from app.flows.payments.refund import Refunds
from app.flows.paywalls.parts import Parts
from app.flows.paywalls.prices import PriceRules
from app.flows.people.demo_people import DemoLinks
from app.flows.people.sign_in import SignInRules
from app.flows.playground.bounds import Bounds
from app.flows.providers.refusals import Refusals as RefusingProviders
from app.flows.upkeep.readiness import Readiness
from app.flows.vault.vault import Vault
from app.flows.wallets.charge import Charges
from app.keeper import Keeper
from app.ports.limits import LimitCounter
from app.ports.login import LoginWay
from app.ports.mail import Mailbox, Mailer
from app.ports.payments import Rails, SandboxCheckouts
from app.ports.prices import ModelCatalogue, PriceCatalogue
from app.ports.providers import TokenCounter
from app.ports.seal import Sealer
from app.ports.webhooks import Messenger, Responder
from app.settings import Settings
from app.wiring.adapters import Closing, NoMailer, ProvidersByName, RailsByConnection
from app.wiring.cards import Cards
from app.wiring.counters import MINUTES_OF_AN_HOUR, make_counter
from app.wiring.logins import endpoint_of, logins_of, now_seconds
from app.wiring.rules import follow_rules_of, trial_rules_of, vault_rules_of
from app.wiring.settlement import Settlement
from app.wiring.stripe import Around, Stripe

T = TypeVar("T", bound=Closing)
DEFAULT_BASE = "http://127.0.0.1:8000"
"""Where this instance is, as long as nobody has said it."""


class Wiring:
    """Everything that one process uses, made on first use. `keeper` has the work that outlives its caller."""

    def __init__(self) -> None:
        self.owner = new_id("proc")
        self.queue = CommitQueue(self.settings.queue_operations_max, self.settings.batch_operations_max)
        self.keeper = Keeper()
        self.processes = 1
        """How many processes live beside each other, this one among them; the heart counts them."""
        self._closing = AsyncExitStack()

    @property
    def settings(self) -> Settings:
        """What the operator chose, for whoever may not read the settings themselves."""
        return settings.get()

    async def close(self) -> None:
        """Closes what was opened, the newest first."""
        await self._closing.aclose()

    def _closed_at_the_end(self, made: T) -> T:
        self._closing.push_async_callback(made.close)
        return made

    @cached_property
    def counter(self) -> TokenCounter:
        return TiktokenCounter()

    @cached_property
    def providers(self) -> "ProvidersByName":
        return self._closed_at_the_end(ProvidersByName(self.settings, self.counter))

    @cached_property
    def sandbox(self) -> SandboxCheckouts:
        return SandboxRail(self.settings.secrets[0], clock.now)

    @cached_property
    def rails(self) -> Rails:
        return RailsByConnection(self.sandbox, stripe=self.stripe.rail)

    @cached_property
    def stripe(self) -> Stripe:
        around = Around(
            settings=self.settings, site=self.settings.public_url or DEFAULT_BASE, box=self.box, desk=self.desk,
            keeper=self.keeper, processes=lambda: self.processes, door=lambda: self.payment_door,
        )  # fmt: skip
        return self._closed_at_the_end(Stripe(around))

    @cached_property
    def refunds(self) -> Refunds:
        return Refunds(self.rails, self.desk)

    @cached_property
    def payment_door(self) -> PaymentDoor:
        takers = {**self.stripe.takers(self.refunds, self.disputes), **self.cards.takers}
        return PaymentDoor(self.rails, self.refunds, self.desk, takers)

    @cached_property
    def disputes(self) -> DisputeDesk:
        return DisputeDesk(self.desk)

    @cached_property
    def cards(self) -> Cards:
        return Cards(self.settings, self.stripe.cards, lambda: self.payment_door, self.desk, self.keeper, self.links)

    @cached_property
    def settlement(self) -> Settlement:
        return self._closed_at_the_end(Settlement(settings.get, self.desk, self.settings.public_url or DEFAULT_BASE))

    @cached_property
    def catalogue(self) -> PriceCatalogue:
        from app.adapters.prices.genai import GenaiPrices  # takes a second, and only settings need it

        return GenaiPrices(clock.now)

    @cached_property
    def model_catalogue(self) -> ModelCatalogue:
        from app.adapters.prices.openrouter import OpenRouterCatalogue  # only one job needs it

        return OpenRouterCatalogue(self.settings.openrouter_base)

    @cached_property
    def holds(self) -> Holds:
        return Holds(self.queue, self.owner, self.limits, self.keeper, self.cards.topups)

    @cached_property
    def vault(self) -> Vault:
        endpoint = self._closed_at_the_end(endpoint_of(self.settings))
        return Vault(self.providers, self.box, endpoint, self.keeper, self.owner, vault_rules_of(self.settings))

    @cached_property
    def thinking(self) -> ThinkingModels:
        return ThinkingModels()

    @cached_property
    def legs(self) -> Legs:
        return Legs(self.holds, self.providers, self.counter, self.thinking, self.refusing, self.vault)

    @cached_property
    def refusing(self) -> RefusingProviders:
        return RefusingProviders(self.keeper)

    @property
    def charges(self) -> Charges:
        return Charges(self.queue, self.standings, self.spending, self.settings.fee_basis_points, self.cards.topups)

    @cached_property
    def limits(self) -> Limiter:
        return Limiter(self.limit_counter, self.counter, self.spending)

    @cached_property
    def limit_counter(self) -> LimitCounter:
        return self._closed_at_the_end(make_counter(self.settings))

    @cached_property
    def playgrounds(self) -> Bounds:
        hour = self._closed_at_the_end(make_counter(self.settings, MINUTES_OF_AN_HOUR))
        return Bounds(self.limit_counter, hour)

    @cached_property
    def mailbox(self) -> Mailbox:
        return KeptMailer(clock.now)

    @cached_property
    def mailer(self) -> Mailer:
        if url := self.settings.smtp_url.get_secret_value():
            return SmtpMailer(url, self.settings.mail_from)
        return self.mailbox if self.settings.is_demo else NoMailer()

    @cached_property
    def logins(self) -> Mapping[str, LoginWay]:
        return logins_of(self.settings, self.box)

    @cached_property
    def readiness(self) -> Readiness:
        return Readiness(self.owner, self.settings.lease_seconds)

    @cached_property
    def standings(self) -> Standings:
        return Standings()

    @cached_property
    def spending(self) -> SpendLimits:
        return SpendLimits()

    @cached_property
    def carrier(self) -> RoutedCarrier:
        return RoutedCarrier(self.legs, self.counter)

    @cached_property
    def box(self) -> Sealer:
        return SecretBox(self.settings.secrets)

    @cached_property
    def links(self) -> Links:
        return Links(self.settings.secrets, self.settings.public_url or DEFAULT_BASE)

    @property
    def sign_in_rules(self) -> SignInRules:
        chosen = self.settings
        return SignInRules(chosen.secrets, chosen.operators, self.trial_rules)

    @cached_property
    def demo_links(self) -> DemoLinks:
        return DemoLinks()

    @property
    def follow_rules(self) -> FollowRules:
        return follow_rules_of(self.settings)

    @property
    def parts(self) -> Parts:
        return Parts(self.box, PriceRules(self.catalogue, self.settings.fee_basis_points))

    @property
    def trial_rules(self) -> TrialRules:
        return trial_rules_of(self.settings)

    @cached_property
    def teller(self) -> Teller:
        return Teller(self.keeper)

    @cached_property
    def messenger(self) -> Messenger:
        chosen = self.settings
        made = HttpMessenger(seconds_max=chosen.webhook_seconds_max, allow_private=chosen.allow_private_addresses)
        return self._closed_at_the_end(made)

    @cached_property
    def courier(self) -> Courier:
        chosen = self.settings
        claim_seconds = chosen.webhook_seconds_max * 2 + 5
        return Courier(self.messenger, self.box, self.desk, chosen.webhook_retry_seconds, claim_seconds, self.keeper)

    @cached_property
    def desk(self) -> Desk:
        return Desk(self.mailer, self.settings.operators)

    @cached_property
    def deliveries(self) -> Deliveries:
        return Deliveries(self.legs, self.box)

    @property
    def door(self) -> MeshDoor:
        patience = MeshPatience(self.settings.mesh_seconds_max, self.settings.whole_seconds_max)
        return MeshDoor(self.standings, self.limits, self.holds, self.legs, self.thinking, self.teller,
                        self.settings.fee_basis_points, self.cards.topups, patience)  # fmt: skip

    @cached_property
    def instead(self) -> Instead:
        return Instead(self.links, self.teller, CustomResponses(self.responder, self.box))

    @cached_property
    def responder(self) -> Responder:
        return self._closed_at_the_end(HttpResponder(now_seconds, self.settings.allow_private_addresses))


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
