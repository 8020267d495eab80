"""The chart of accounts: which kinds there are, and how far each may go.

An account's id is its address, `environment:unit:kind:owner`, so nothing has to be looked up to post to it.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache

from app.domain.errors import BadOperation
from app.domain.money import Environment, Unit


class Kind(StrEnum):
    """Kinds of account; `ledger.md` says what each one is for."""

    WALLET = "wallet"
    """What an end user or a person has paid in and not spent."""
    PROMO = "promo"
    """Trial money beside a wallet; spent before it, and never paid out."""
    EARNINGS_PENDING = "earnings_pending"
    """A developer's share of charges in shared mode, not yet due."""
    EARNINGS = "earnings"
    """A developer's share that may be paid out."""
    REVENUE = "revenue"
    """What a default-mode paywall has charged; its developer has the cash already."""
    PAYOUT_TRANSIT = "payout_transit"
    """Money on its way out, one account a payout, withdrawal or refund."""
    PLATFORM_FEES = "platform_fees"
    """The operator's share of charges."""
    PROVIDER_PAYABLE = "provider_payable"
    """What providers are owed for charged requests."""
    RAIL_FEES = "rail_fees"
    """What rails kept for themselves."""
    OPERATOR_CAPITAL = "operator_capital"
    """The operator's own money, which bears what nobody else does."""
    GRANTS = "grants"
    """Where trial money and bonuses come from."""
    SHORTFALL = "shortfall"
    """What a paywall's requests cost and no wallet could pay."""
    WORLD = "world"
    """Money outside, one account a connection; below zero by all that came in through it."""


NEVER_BELOW_ZERO = frozenset({Kind.WALLET, Kind.PROMO, Kind.EARNINGS_PENDING, Kind.EARNINGS, Kind.PAYOUT_TRANSIT})
"""Kinds whose money must be there before it leaves; a chargeback may lower a wallet's floor."""

SHARED_BY_ALL = frozenset({
    Kind.REVENUE, Kind.EARNINGS_PENDING, Kind.PLATFORM_FEES, Kind.PROVIDER_PAYABLE, Kind.RAIL_FEES,
    Kind.OPERATOR_CAPITAL, Kind.GRANTS, Kind.SHORTFALL, Kind.WORLD,
})  # fmt: skip
"""Kinds that every request touches: they collect deltas instead of being locked."""

CHARGED = frozenset({Kind.WALLET, Kind.PROMO})
"""Kinds that holds and charges are taken from."""

NO_TRIAL_MONEY = frozenset({Kind.WALLET, Kind.PROMO, Kind.PAYOUT_TRANSIT, Kind.WORLD})
"""Kinds that trial money can never go to: it is not withdrawn, refunded or passed on."""

AMOUNT_NANOS_MAX = 10**18
"""The most that one operation may move: a thousand million units, far below what BIGINT columns add up."""


@dataclass(frozen=True, eq=False)
class Account:
    """The address of an account. `owner` is a wallet, paywall, batch, rail or instance id."""

    environment: Environment
    unit: Unit
    kind: Kind
    owner: str

    def __hash__(self) -> int:
        return hash(self.id)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Account) and self.id == other.id)

    @cached_property
    def id(self) -> str:
        """`environment:unit:kind:owner`."""
        return f"{self.environment}:{self.unit}:{self.kind}:{self.owner}"

    @property
    def floor(self) -> int | None:
        """The least balance of a new account of this kind; None where there is none."""
        return 0 if self.kind in NEVER_BELOW_ZERO else None

    @cached_property
    def is_shared_by_all(self) -> bool:
        """Whether postings collect as deltas."""
        return self.kind in SHARED_BY_ALL

    @cached_property
    def promo(self) -> "Account":
        """The trial money beside a wallet."""
        return self.beside(Kind.PROMO, self.owner)

    @cached_property
    def purse(self) -> tuple["Account", "Account"]:
        """A wallet and its trial money, whichever of the two this is."""
        wallet = self if self.kind is Kind.WALLET else self.beside(Kind.WALLET, self.owner)
        return wallet, wallet.promo

    def beside(self, kind: Kind, owner: str) -> "Account":
        """Returns another account of the same environment and unit; the same object as long as it is remembered."""
        return account_of(self.environment, self.unit, kind, owner)


@lru_cache(maxsize=65_536)
def account_of(environment: Environment, unit: Unit, kind: Kind, owner: str) -> Account:
    """Returns the account at an address; the same object as long as it is remembered, which is quicker to compare."""
    return Account(environment, unit, kind, owner)


def kind_and_owner(account_id: str) -> tuple[Kind, str]:
    """Reads what an account is and whose from its id. Raises BadOperation for anything else.

    It remembers nothing: the file of a ledger goes through more accounts than should stay in memory, and would push out
    those that chats need.
    """
    try:
        _, _, kind, owner = account_id.split(":", 3)
        return Kind(kind), owner
    except ValueError:
        raise BadOperation(f"{account_id!r} is no address of a ledger account.") from None


@lru_cache(maxsize=65_536)
def parse(account_id: str) -> Account:
    """Reads an account's address back from its id. Raises BadOperation for anything else."""
    try:
        environment, unit, kind, owner = account_id.split(":", 3)
        return account_of(Environment(environment), Unit(unit), Kind(kind), owner)
    except ValueError:
        raise BadOperation(f"{account_id!r} is no address of a ledger account.") from None
