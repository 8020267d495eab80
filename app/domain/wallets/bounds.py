"""What bounds what a paywall's users may spend now: their wallet, the cap that they set, the developer's limits.

Of a shared wallet a developer is told nothing but that it is enough, unless nothing else binds sooner
(`decisions.md` 26).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.authorizations import caps
from app.domain.authorizations.tables import Authorization, AuthorizationStatus, SpendingCap
from app.domain.ledger.accounts import Account
from app.domain.ledger.tables import LedgerAccount, LedgerBudget
from app.domain.limits.spending import Period, SpendLimit, spend_limits
from app.domain.paywalls.configuration import Configuration
from app.domain.paywalls.limit_overrides import Overrides
from app.domain.paywalls.limits import NONE, KeyLimits, Scope
from app.domain.paywalls.paywall import Paywall
from app.domain.wallets import shared
from app.domain.wallets.tables import SharedWallet
from app.domain.wallets.wallets import app_wallet, read_barred
from app.sql.columns import table_of


class Standing(StrEnum):
    """What a user's next charged request meets before any amount is looked at."""

    ACTIVE = "active"
    """Nothing."""
    BLOCKED = "blocked"
    """The developer refuses them."""
    FROZEN = "frozen"
    """Their wallet may not be charged."""
    NOT_AUTHORIZED = "not_authorized"
    """They have not allowed the app to charge their wallet, or no longer do."""


class BoundKind(StrEnum):
    """What a bound is."""

    WALLET = "wallet"
    """What is in the wallet."""
    CAP = "cap"
    """What the user themselves lets the app spend in a month."""
    USER_DAY = "user_day"
    """The developer's limit for this user, a day."""
    USER_MONTH = "user_month"
    """The same, a month."""
    PAYWALL_DAY = "paywall_day"
    """The developer's limit for all users together, a day."""
    PAYWALL_MONTH = "paywall_month"
    """The same, a month."""


@dataclass(frozen=True, slots=True)
class Bound:
    """One bound: of how much, what stands against it, what is left, in nanos, and until when (microseconds).

    `left_nanos` is None for a shared wallet that has more than another bound leaves; `of_nanos` for any wallet.
    """

    kind: BoundKind
    of_nanos: int | None
    used_nanos: int
    left_nanos: int | None
    ends_at: int | None = None


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a user may spend now: `binding` is the bound with the least left, None where nobody could be charged.

    `held_nanos` is what requests of this app hold; `is_overridden`: limits of their own stand in the place of all's.
    """

    standing: Standing
    all: tuple[Bound, ...]
    binding: Bound | None
    spendable_nanos: int
    held_nanos: int
    is_overridden: bool = False


def read_bounds(
    session: Session, paywall: Paywall, configuration: Configuration, overrides: Overrides, users: Sequence[str]
) -> Mapping[str, Bounds]:
    """Returns what bounds each of these users, in a handful of queries for all of them. Limits of keys are left out."""
    pockets = (_shared_pockets if paywall.rules.needs_consent else _own_pockets)(session, paywall, users)
    limits = KeyLimits(configuration.limits.user, overrides.users, NONE, configuration.limits.paywall)
    now = clock.now()
    of_user = {user: spend_limits(limits, paywall.id, "", user, now) for user in users}
    budgets = _read_budgets(session, {limit.budget_id for found in of_user.values() for limit in found})
    blocked, _ = read_barred(session, paywall.id)
    return {
        user: _bounds(pockets[user], [_of_limit(limit, budgets) for limit in of_user[user]],
                      is_blocked=user in blocked, is_overridden=user in overrides.users)
        for user in users
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Pocket:
    """What a user pays from, None where they have allowed nothing; the cap where there is one."""

    wallet: Bound | None
    cap: Bound | None = None
    held_nanos: int = 0
    is_frozen: bool = False
    is_shared: bool = False


def _bounds(pocket: _Pocket, limits: Sequence[Bound], *, is_blocked: bool, is_overridden: bool) -> Bounds:
    standing = Standing.ACTIVE
    if is_blocked:
        standing = Standing.BLOCKED
    elif pocket.wallet is None:
        standing = Standing.NOT_AUTHORIZED
    elif pocket.is_frozen:
        standing = Standing.FROZEN
    purse = [bound for bound in (pocket.cap, pocket.wallet) if bound is not None]
    found = (*purse, *limits)
    # Of two that leave the same the first binds: the user's own cap, then their wallet.
    binding = min(found, key=lambda bound: bound.left_nanos or 0) if pocket.wallet is not None else None
    shown = tuple(
        replace(bound, left_nanos=None) if pocket.is_shared and bound is pocket.wallet and bound is not binding
        else bound for bound in found
    )  # fmt: skip
    spendable = (binding.left_nanos or 0) if binding is not None and standing is Standing.ACTIVE else 0
    return Bounds(standing, shown, binding, spendable, pocket.held_nanos, is_overridden)


def _own_pockets(session: Session, paywall: Paywall, users: Sequence[str]) -> dict[str, _Pocket]:
    """Reads what those pay from whose wallet is for this paywall alone: the app's, or their credits."""
    if paywall.rules.is_operators:
        wallets = {user: shared.shared_account(user, paywall.environment, paywall.unit) for user in users}
        ids = _read_frozen(session, wallets.values())
        frozen = frozenset(user for user, account in wallets.items() if account.owner in ids)
    else:
        wallets = {user: app_wallet(paywall.id, user, paywall.environment, paywall.unit).account for user in users}
        _, frozen = read_barred(session, paywall.id)
    balances = _read_balances(session, wallets.values())
    found = {}
    for user, account in wallets.items():
        posted, held = balances[account.id]
        bound = Bound(BoundKind.WALLET, None, held, max(posted - held, 0))
        found[user] = _Pocket(bound, held_nanos=held, is_frozen=user in frozen)
    return found


def _shared_pockets(session: Session, paywall: Paywall, users: Sequence[str]) -> dict[str, _Pocket]:
    """Reads what those pay from who allowed the app to charge them; where no consent is asked for, nobody is known."""
    table = table_of(Authorization)
    active = select(table.c.external_id, table.c.account_id).where(
        table.c.paywall_id == paywall.id, table.c.external_id.in_(users),
        table.c.status == AuthorizationStatus.ACTIVE,
    )  # fmt: skip
    people = {row.external_id: row.account_id for row in session.execute(active)}
    accounts = {person: shared.shared_account(person, paywall.environment) for person in people.values()}
    balances, frozen = _read_balances(session, accounts.values()), _read_frozen(session, accounts.values())
    caps_of = _read_caps(session, paywall.id, set(people.values()))
    found = {user: _Pocket(None) for user in users}
    for user, person in people.items():
        account, cap = accounts[person], caps_of[person]
        posted, held = balances[account.id]
        # What other apps hold is none of this one's business; what is left after it is what binds.
        wallet = Bound(BoundKind.WALLET, None, 0, max(posted - held, 0))
        found[user] = _Pocket(wallet, cap[0], cap[1], account.owner in frozen, is_shared=True)
    return found


def _read_balances(session: Session, accounts: Collection[Account]) -> dict[str, tuple[int, int]]:
    """Returns what each wallet has and holds, trial money included; zero for one that was never opened."""
    table, found = table_of(LedgerAccount), {account.id: (0, 0) for account in accounts}
    owns = {part.id: account.id for account in accounts for part in account.purse}
    rows = session.execute(select(table.c.id, table.c.posted, table.c.held).where(table.c.id.in_(owns)))
    for row in rows:
        posted, held = found[owns[row.id]]
        found[owns[row.id]] = (posted + row.posted, held + row.held)
    return found


def _read_frozen(session: Session, accounts: Collection[Account]) -> frozenset[str]:
    table = table_of(SharedWallet)
    ids = [account.owner for account in accounts]
    return frozenset(session.scalars(select(table.c.id).where(table.c.id.in_(ids), table.c.frozen_at.is_not(None))))


def _read_caps(session: Session, paywall_id: str, people: set[str]) -> dict[str, tuple[Bound, int]]:
    """Returns each person's cap for the paywall this month, and what of it is held now."""
    table, now = table_of(SpendingCap), clock.now()
    month, ends_at = caps.month_of(now), Period.MONTH.end(now)
    ids = {caps.cap_id(person, paywall_id): person for person in people}
    set_caps = {
        ids[row.id]: row.cap_nanos
        for row in session.execute(select(table.c.id, table.c.cap_nanos).where(table.c.id.in_(ids)))
    }
    budgets = _read_budgets(session, {caps.budget_id(person, paywall_id, month) for person in people})
    found = {}
    for person in people:
        cap, budget = set_caps.get(person, 0), budgets.get(caps.budget_id(person, paywall_id, month))
        spent, held = (budget.spent, budget.held) if budget else (0, 0)
        found[person] = (Bound(BoundKind.CAP, cap, spent + held, max(cap - spent - held, 0), ends_at), held)
    return found


def _read_budgets(session: Session, ids: set[str]) -> dict[str, LedgerBudget]:
    budgets = session.scalars(select(LedgerBudget).where(table_of(LedgerBudget).c.id.in_(ids)))
    return {budget.id: budget for budget in budgets}


_KINDS = {
    (Scope.USER, Period.DAY): BoundKind.USER_DAY,
    (Scope.USER, Period.MONTH): BoundKind.USER_MONTH,
    (Scope.PAYWALL, Period.DAY): BoundKind.PAYWALL_DAY,
    (Scope.PAYWALL, Period.MONTH): BoundKind.PAYWALL_MONTH,
}


def _of_limit(limit: SpendLimit, budgets: Mapping[str, LedgerBudget]) -> Bound:
    budget = budgets.get(limit.budget_id)
    used = budget.spent + budget.held if budget else 0
    return Bound(_KINDS[limit.scope, limit.period], limit.cap_nanos, used, max(limit.cap_nanos - used, 0),
                 limit.ends_at)  # fmt: skip
