"""What the emulator remembers: the bank with its accounts, each with a book for test mode and one for live mode.

Everything happens on one event loop, so an operation sees and leaves whole states. Nothing is kept beyond the process.
"""

import heapq
import itertools
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.emulators.stripe.errors import missing

Thing = dict[str, Any]
"""An object of Stripe's, as its JSON. Fields that begin with `_` are the emulator's own and are never shown."""

NOUNS = {"checkout.session": "checkout.session", "payment_method": "PaymentMethod", "refund": "refund",
         "radar.early_fraud_warning": "early fraud warning", "webhook_endpoint": "webhook endpoint"}  # fmt: skip
PARAMS = {"payment_intent": "intent", "setup_intent": "intent", "checkout.session": "session", "customer": "id",
          "payment_method": "payment_method", "charge": "id"}  # fmt: skip


@dataclass
class Clock:
    """The emulator's time: the machine's, plus what it was advanced by."""

    ahead_seconds: float = 0

    def now(self) -> float:
        return time.time() + self.ahead_seconds

    def seconds(self) -> int:
        return int(self.now())


@dataclass
class Switches:
    """What an account's owner chose in the dashboard, and how its payers are; set by the control route."""

    adaptive_pricing: bool = False
    payer_currency: str | None = None
    """The currency that payers see where adaptive pricing is on."""
    tax_basis_points: int = 0
    """Tax that is added to every checkout, as if it had been switched on for it."""
    rate_limit: int = 0
    """Requests a second that are answered; 0 is any number."""
    refunds_wait: bool = False
    """New refunds are pending, as for an account without enough money."""
    fee_seconds: float = 3
    """How long after a charge its balance transaction is known."""
    trouble_seconds: float = 1
    """How long after a charge its card's dispute, inquiry or warning comes."""


@dataclass
class Account:
    """One business at Stripe."""

    id: str
    name: str
    country: str
    currency: str
    created: int
    switches: Switches = field(default_factory=Switches)
    books: dict[bool, "Book"] = field(default_factory=dict)


@dataclass
class WebhookMood:
    """How deliveries of a book behave: lost, held back, or told more than once."""

    lose: int = 0
    """So many of the next deliveries vanish, as if they had been answered."""
    copies: int = 1
    is_held: bool = False


@dataclass
class Book:
    """An account in one mode: all of its objects by id, in the order in which they were made."""

    bank: "Bank"
    account: Account
    is_live: bool
    things: dict[str, Thing] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    """What was answered to which idempotency key."""
    mood: WebhookMood = field(default_factory=WebhookMood)
    request: dict[str, str | None] = field(default_factory=lambda: {"id": None, "idempotency_key": None})
    """The request that is being worked at, for the events that it makes."""

    @property
    def clock(self) -> Clock:
        return self.bank.clock

    @property
    def switches(self) -> Switches:
        return self.account.switches

    def add(self, kind: str, prefix: str, fields: Thing) -> Thing:
        """Keeps a new object under an id of its own."""
        common = {"id": new_id(prefix), "object": kind, "created": self.clock.seconds(), "livemode": self.is_live}
        made = {**common, **fields}
        self.things[made["id"]] = made
        return made

    def find(self, kind: str, thing_id: str) -> Thing | None:
        found = self.things.get(thing_id)
        return found if found is not None and found["object"] == kind else None

    def named(self, kind: str, thing_id: str) -> Thing:
        """Returns the object that an address names. Raises Refused with 404."""
        return self._get(kind, thing_id, PARAMS.get(kind, "id"), is_in_path=True)

    def given(self, kind: str, thing_id: str, param: str) -> Thing:
        """Returns the object that a parameter names. Raises Refused with 400."""
        return self._get(kind, thing_id, param, is_in_path=False)

    def _get(self, kind: str, thing_id: str, param: str, *, is_in_path: bool) -> Thing:
        found = self.find(kind, thing_id)
        if found is not None:
            return found
        other = self.account.books[not self.is_live].find(kind, thing_id)
        mode = None if other is None else ("test" if self.is_live else "live")
        noun = NOUNS.get(kind, kind)
        raise missing(noun, thing_id, param=param, is_in_path=is_in_path, other_mode=mode)

    def all(self, kind: str) -> Iterator[Thing]:
        """Yields the objects of a kind, the newest first."""
        return (thing for thing in reversed(list(self.things.values())) if thing["object"] == kind)

    def later(self, seconds: float, action: Callable[[], object]) -> None:
        """Does something once the clock is so much further; at once if that is now."""
        if seconds <= 0:
            action()
            return
        heapq.heappush(self.bank.waiting, (self.clock.now() + seconds, next(self.bank.numbers), action))


@dataclass
class Bank:
    """Stripe as a whole."""

    clock: Clock = field(default_factory=Clock)
    accounts: dict[str, Account] = field(default_factory=dict)
    waiting: list[tuple[float, int, Callable[[], object]]] = field(default_factory=list)
    """(when, number, what) will happen by the clock; a heap."""
    numbers: Iterator[int] = field(default_factory=itertools.count)
    keys: dict[str, Any] = field(default_factory=dict)
    listeners: list[Callable[["Book", Thing], None]] = field(default_factory=list)
    """Who hears of each event."""

    def open_account(self, name: str, country: str, currency: str) -> Account:
        account = Account(new_id("acct", 16), name, country, currency, self.clock.seconds())
        account.books = {is_live: Book(self, account, is_live) for is_live in (False, True)}
        self.accounts[account.id] = account
        return account

    def book(self, account_id: str, *, is_live: bool = False) -> Book:
        return self.accounts[account_id].books[is_live]

    def books(self) -> Iterator[Book]:
        return (book for account in self.accounts.values() for book in account.books.values())

    def tick(self) -> None:
        """Does what is due by now, the earliest first; what is done may bring more."""
        while self.waiting and self.waiting[0][0] <= self.clock.now():
            heapq.heappop(self.waiting)[2]()


def new_id(prefix: str, length: int = 24) -> str:
    """Returns an id as Stripe writes them."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    return f"{prefix}_" + "".join(secrets.choice(letters) for _ in range(length))


def shown(thing: Thing) -> Thing:
    """Returns a copy of an object without the emulator's own fields."""
    return {key: _copy(value) for key, value in thing.items() if not (key.startswith("_") and "object" in thing)}


def _copy(value: Any) -> Any:
    if isinstance(value, list):
        return [_copy(item) for item in value]
    return shown(value) if isinstance(value, dict) else value
