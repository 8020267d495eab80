"""Saved cards in this process: where they are, how they are charged, and who looks after wallets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from app import settings
from app.adapters.payments.sandbox_cards import SandboxCardRail
from app.domain import clock
from app.domain.inbox.inbox import ObjectKind
from app.flows.callers.links import Links
from app.flows.cards.auto_topup import AutoTopups
from app.flows.cards.cards import CardTaker
from app.flows.cards.charging import Charging
from app.flows.cards.mails import CardMails
from app.flows.events.mails import Desk
from app.flows.payments.received import ObjectTaker, PaymentDoor
from app.keeper import Keeper
from app.ports.accounts import Connection
from app.ports.cards import CardRail, CardRails, SandboxCards
from app.settings import Settings
from app.wiring.adapters import CardsByConnection
from app.wiring.rules import bounds_of, surcharge_of


@dataclass(frozen=True)
class Cards:
    """What one process does with saved cards. `stripe` reaches those of a connection, `door` is where payments go."""

    settings: Settings
    stripe: Callable[[Connection], CardRail]
    door: Callable[[], PaymentDoor]
    desk: Desk
    keeper: Keeper
    links: Links

    @cached_property
    def sandbox(self) -> SandboxCards:
        """The sandbox's cards."""
        return SandboxCardRail(self.settings.secrets[0], clock.now)

    @cached_property
    def rails(self) -> CardRails:
        """Finds the cards of a connection."""
        return CardsByConnection(self.sandbox, stripe=self.stripe)

    @cached_property
    def takers(self) -> Mapping[ObjectKind, ObjectTaker]:
        """Who takes in what rails tell of cards."""
        return {ObjectKind.CARD: CardTaker(self.rails)}

    @cached_property
    def charging(self) -> Charging:
        """Carries charges out."""
        return Charging(
            self.rails, self.door(), lambda: surcharge_of(settings.get()), lambda: bounds_of(settings.get())
        )

    @cached_property
    def topups(self) -> AutoTopups:
        """Looks after wallets that fill themselves."""
        base_url = self.links.base_url
        return AutoTopups(self.charging, CardMails(self.desk, base_url), self.keeper, base_url)
