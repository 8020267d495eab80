"""App wallets: one for each end user of a default-mode paywall.

Its ids follow from the paywall and the app's own user id, so a wallet has an address before it has a row,
and two first requests of one user can never make two.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import BadField
from app.domain.ids import derived_id
from app.domain.ledger.accounts import Account, Kind, account_of
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import BumpEpoch
from app.domain.ledger.tables import LedgerAccount
from app.domain.money import Environment, Unit
from app.domain.paywalls.configuration import epoch_subject
from app.domain.wallets.tables import EndUser, Wallet
from app.sql.columns import table_of

RESERVED_WORDS = frozenset({
    "user", "models", "chat", "requests", "orders", "ledger", "webhooks", "manage", "v1", "api",
    # OpenAI's, of today and before: https://platform.openai.com/docs/api-reference
    "answers", "assistants", "audio", "batches", "chatkit", "classifications", "completions", "containers",
    "conversations", "edits", "embeddings", "engines", "evals", "files", "fine-tunes", "fine_tuning", "images",
    "moderations", "organization", "organizations", "projects", "realtime", "responses", "search", "skills", "threads",
    "uploads", "usage", "vector_stores", "videos",
})  # fmt: skip
"""First words of paths under /v1, ours and OpenAI's: a user of that name cannot be named in the URL.

Who sets a base URL with one `/v1` too many, or asks for what is not served here, would charge a user of that name.
"""

EXTERNAL_ID = re.compile(r"[!-.0-~]{1,128}")
"""What an app may name with an id of its own: 1 to 128 printable ASCII characters without space or slash."""


@dataclass(frozen=True, slots=True)
class UserWallet:
    """What a user of a paywall pays from: the address of their app wallet, or of the shared wallet they allowed.

    `revenue` is where a charge goes in default mode.
    """

    id: str
    paywall_id: str
    end_user_id: str
    user: str
    account: Account
    revenue: Account


@dataclass(frozen=True, slots=True)
class Balance:
    """`posted_nanos` with holds, `held_nanos` of it; trial money is part of both."""

    posted_nanos: int
    held_nanos: int

    @property
    def available_nanos(self) -> int:
        """What can be spent now."""
        return max(self.posted_nanos - self.held_nanos, 0)


def check_user(value: object, field: str = "user") -> str:
    """Returns an app's user id: 1 to 128 printable ASCII characters without space or slash. Raises BadField."""
    if not isinstance(value, str) or not EXTERNAL_ID.fullmatch(value):
        message = f"`{field}` must be a string of 1 to 128 printable ASCII characters without space or `/`."
        raise BadField(field, message, "invalid_user")
    return value


@lru_cache(maxsize=16_384)
def end_user_id(paywall_id: str, user: str) -> str:
    """Returns our own id of an app's user: another one in each paywall."""
    return derived_id("usr", paywall_id, user)


@lru_cache(maxsize=16_384)
def app_wallet(paywall_id: str, user: str, environment: Environment, unit: Unit) -> UserWallet:
    """Returns the address of a user's wallet, whether it has been opened or not."""
    wallet_id = derived_id("wal", paywall_id, user)
    account = account_of(environment, unit, Kind.WALLET, wallet_id)
    revenue = account.beside(Kind.REVENUE, paywall_id)
    return UserWallet(wallet_id, paywall_id, end_user_id(paywall_id, user), user, account, revenue)


_OPEN_USER = text(
    "INSERT INTO end_user (id, paywall_id, external_id, created_at)"
    " VALUES (:id, :paywall_id, :user, :now) ON CONFLICT DO NOTHING"
)
_OPEN_WALLET = text(
    "INSERT INTO wallet (id, paywall_id, end_user_id, account_id, created_at)"
    " VALUES (:id, :paywall_id, :end_user_id, :account_id, :now) ON CONFLICT DO NOTHING"
)


def open_user(session: Session, paywall_id: str, user: str) -> bool:
    """Makes the row of an app's user, unless it is there, and tells whether they are new."""
    values = {"id": end_user_id(paywall_id, user), "paywall_id": paywall_id, "user": user, "now": clock.now()}
    return bool(session.execute(_OPEN_USER, values).rowcount)  # type: ignore[attr-defined]


def open_users(session: Session, users: Iterable[tuple[str, str]]) -> None:
    """Makes the rows of users (paywall and the app's id) that are not there, in an order in which nobody waits in a
    circle."""
    now = clock.now()
    rows = [{"id": end_user_id(paywall_id, user), "paywall_id": paywall_id, "user": user, "now": now}
            for paywall_id, user in sorted(set(users))]  # fmt: skip
    if rows:
        session.execute(_OPEN_USER, rows)


def open_wallet(session: Session, wallet: UserWallet) -> bool:
    """Makes the rows of a wallet and its user; those that exist are left alone. Tells whether the wallet is new."""
    open_user(session, wallet.paywall_id, wallet.user)
    values = {"id": wallet.id, "paywall_id": wallet.paywall_id, "end_user_id": wallet.end_user_id,
              "account_id": wallet.account.id, "now": clock.now()}  # fmt: skip
    return bool(session.execute(_OPEN_WALLET, values).rowcount)  # type: ignore[attr-defined]


def block_user(session: Session, wallet: UserWallet, *, is_blocked: bool = True) -> None:
    """Blocks a user in this paywall, or lets them in again; every process knows before its next charged request."""
    open_wallet(session, wallet)
    table = table_of(EndUser)
    at = clock.now() if is_blocked else None
    session.execute(table.update().where(table.c.id == wallet.end_user_id).values(blocked_at=at))
    apply_one(session, BumpEpoch(epoch_subject(wallet.paywall_id)))


def read_barred(session: Session, paywall_id: str) -> tuple[frozenset[str], frozenset[str]]:
    """Returns the users of a paywall that are blocked, and those whose wallet is frozen."""
    users, wallets = table_of(EndUser), table_of(Wallet)
    blocked = select(users.c.external_id).where(users.c.paywall_id == paywall_id, users.c.blocked_at.is_not(None))
    frozen = (
        select(users.c.external_id)
        .join(wallets, wallets.c.end_user_id == users.c.id)
        .where(wallets.c.paywall_id == paywall_id, wallets.c.frozen_at.is_not(None))
    )
    return frozenset(session.scalars(blocked)), frozenset(session.scalars(frozen))


def read_balance(session: Session, wallet: UserWallet) -> Balance:
    """Returns what a wallet and its trial money hold; zero for one that was never opened."""
    table = table_of(LedgerAccount)
    ids = (wallet.account.id, wallet.account.promo.id)
    rows = session.execute(table.select().with_only_columns(table.c.posted, table.c.held).where(table.c.id.in_(ids)))
    posted = held = 0
    for row in rows:
        posted, held = posted + row.posted, held + row.held
    return Balance(posted, held)
