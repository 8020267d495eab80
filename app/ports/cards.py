"""Saved cards at a rail: whose they are, and charging one without its owner."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from app.domain.cards.cards import CardFacts as CardFacts
from app.domain.inbox.connections import Connection
from app.ports.payments import Checkout, Marks
from app.ports.rail_errors import Decline


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """Somebody who is to be known at a rail: `id` is ours, and the key under which they are made once.

    `lost` is by what name the rail knew them before and does so no more: beside it they are made once again.
    """

    instance: str
    id: str
    email: str | None
    lost: str = ""


@dataclass(frozen=True, slots=True)
class CardOrder:
    """A page on which a customer saves a card; `id` is the key under which it is made once, `return_url` a path of
    this site in which the rail puts the page's id in place of `{saved}`."""

    instance: str
    id: str
    customer_ref: str
    return_url: str


@dataclass(frozen=True, slots=True)
class SavedCard:
    """A card as read back from its rail, and whose it is: None where it is nobody's any more, or not yet."""

    customer_ref: str | None
    facts: CardFacts


@dataclass(frozen=True, slots=True)
class ChargeOrder:
    """All that is sent to charge a card; the same each time, under the key `marks.topup_id`."""

    marks: Marks
    customer_ref: str
    card_ref: str
    currency: str
    description: str


class ChargeState(StrEnum):
    """What a rail says of a charge."""

    PAID = "paid"
    """The money is there."""
    PENDING = "pending"
    """It is about it."""
    NEEDS_OWNER = "needs_owner"
    """The bank wants its owner to confirm it."""
    DECLINED = "declined"
    """The bank said no."""
    CANCELLED = "cancelled"
    """It was taken back before anything was paid, and can never be paid."""


@dataclass(frozen=True, slots=True)
class Charge:
    """A charge as its rail sees it. `decline` says why a bank said no."""

    payment_ref: str
    state: ChargeState
    decline: Decline | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """What a rail answered, and when by its own clock (microseconds); None where nothing is known of that."""

    charge: Charge | None
    at: int | None = None


class CardRail(Protocol):
    """The saved cards of one connection.

    Every call raises ObjectMissing for what the rail does not know, KeyRefused, CallRefused for what it will never do,
    and Unavailable where it cannot say; what was asked for may then have been done all the same.
    """

    name: str
    connection_id: str

    async def create_customer(self, customer: NewCustomer) -> str:
        """Returns the rail's name of somebody; asking again with the same id gives the same."""
        ...

    async def begin_saving(self, order: CardOrder) -> Checkout:
        """Makes the page on which a customer saves a card."""
        ...

    async def read_saved(self, object_ref: str) -> SavedCard:
        """Reads a card back, by its own name, its saving's or that of the page where it was saved."""
        ...

    async def remove(self, card_ref: str) -> None:
        """Lets the rail forget a card; one that it has forgotten stays so."""
        ...

    async def charge(self, order: ChargeOrder) -> Answered:
        """Charges a card without its owner. Asking again under the same key charges nothing more.

        A bank's no, and its wish to see the owner, are answers and no errors.
        """
        ...

    async def find_charge(self, customer_ref: str, topup_id: str) -> Answered:
        """Looks through a customer's payments for the one that carries this id; there is none where `charge` is None.

        It finds everything that the rail had taken before it was asked.
        """
        ...

    async def read_charge(self, payment_ref: str) -> Answered:
        """Reads a charge back."""
        ...

    async def confirm(self, payment_ref: str, card_ref: str, return_url: str) -> str | Charge:
        """Begins the confirmation of a charge by its owner: returns the bank's address to send them to, or what the
        charge is where nothing is to be confirmed (any more)."""
        ...

    async def cancel(self, payment_ref: str) -> Answered:
        """Takes a charge back that is not paid, and says what it is then; it may have been paid a moment before."""
        ...


class CardRails(Protocol):
    """Finds the cards of a connection."""

    def reach_cards(self, connection: Connection) -> CardRail:
        """Returns a connection's cards. Raises Unavailable where this process cannot reach them."""
        ...


class SandboxCard(StrEnum):
    """How a card of the sandbox behaves; it stands in its name, so that nothing has to be kept."""

    PAYS = "4242"
    """It pays."""
    DECLINES = "0341"
    """It can be saved, and its bank then says no."""
    ASKS = "3184"
    """Its bank wants every charge confirmed."""
    STOLEN = "9979"
    """It can be saved, and its bank then wants it never charged again."""


@dataclass(frozen=True, slots=True)
class SandboxSaving:
    """What the sandbox's page for saving a card holds: whose card it is to be, and where it leads back to."""

    customer_ref: str
    return_url: str


@dataclass(frozen=True, slots=True)
class SandboxBank:
    """What the sandbox's bank page asks: whether a charge is confirmed, and where it leads back to."""

    payment_ref: str
    paid_cents: int
    currency: str
    return_url: str


class SandboxCards(CardRail, Protocol):
    """The sandbox's cards, whose pages are ours."""

    def open_saving(self, token: str) -> SandboxSaving:
        """Returns what a page's name holds. Raises LinkInvalid for one that was not made here."""
        ...

    def saved(self, token: str, card: SandboxCard) -> str:
        """Returns the name of the card that a page ends in. Raises LinkInvalid."""
        ...

    def open_bank(self, token: str) -> SandboxBank:
        """Returns what a bank page's name holds. Raises LinkInvalid."""
        ...

    def confirmed(self, token: str) -> str:
        """Returns the name of the payment that a confirmed charge ends in. Raises LinkInvalid."""
        ...
