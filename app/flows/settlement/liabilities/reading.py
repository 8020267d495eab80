"""Somebody's own part of all that is owed: their leaves in the newest trees, each with its way to the root."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from app import db
from app.domain.errors import NotFound
from app.domain.ledger.accounts import Account, Kind, parse
from app.domain.money import Environment
from app.domain.payouts import listing
from app.domain.paywalls.names import list_of_account
from app.domain.people.sessions import Person
from app.domain.reserves import trees
from app.domain.reserves.cut import UNITS
from app.domain.reserves.trees import Way
from app.domain.wallets.shared import OWN_UNITS, shared_account
from app.flows.settlement.liabilities.planting import published

PAYWALLS_MAX, PAYOUTS_MAX = 1_000, 100


async def read_own(person: Person, account_id: str | None = None) -> dict[str, Any]:
    """Returns a person's leaves in the newest trees, each with its way to the root: all, or those of one account.

    Raises NotFound for an account that is not theirs.
    """
    return await db.in_transaction(partial(_read_own, person=person, account_id=account_id))


def _read_own(session: Session, person: Person, account_id: str | None) -> dict[str, Any]:
    own = sorted({account.id for account in _accounts_of(session, person)})
    if account_id is not None:
        own = [one for one in own if one == account_id]
        if not own:
            raise NotFound("There is no such account of yours.")
    said = []
    for environment in Environment:
        for unit in UNITS:
            row = trees.find_newest(session, environment, unit)
            mine = [one for one in own if (parse(one).environment, parse(one).unit) == (environment, unit)]
            if row is not None and mine:
                leaves = [_leaf(way) for one in mine for way in trees.find_ways(session, row, one)]
                said.append({"environment": environment.value, **published(row), "accounts": mine, "yours": leaves})
    return {"liabilities": said}


def _leaf(way: Way) -> dict[str, Any]:
    """Returns a leaf and its way; amounts are whole nanos, as text, because they are hashed so."""
    return {
        "account": way.leaf.account_id, "part": way.leaf.part, "salt": way.leaf.salt, "nanos": str(way.leaf.nanos),
        "beside": [{"hash": step.node.hash, "nanos": str(step.node.nanos), "is_left": step.is_left}
                   for step in way.steps],
    }  # fmt: skip


def _accounts_of(session: Session, person: Person) -> Iterator[Account]:
    """Yields the accounts of which a person is owed what is there: wallets, earnings, and what is on its way out."""
    wallets = [shared_account(person.account_id, where, unit) for where in Environment for unit in OWN_UNITS]
    paywalls = [one.paywall for one in list_of_account(session, person.account_id, PAYWALLS_MAX)]
    split = [one for one in paywalls if one.rules.is_split]
    payouts = [
        *listing.list_of_paywalls(session, [one.id for one in split], PAYOUTS_MAX),
        *(one for wallet in wallets for one in listing.list_of_wallet(session, wallet.owner, PAYOUTS_MAX)),
    ]
    for wallet in wallets:
        yield from wallet.purse
    for one in split:
        here = shared_account(person.account_id, one.environment)
        yield from (here.beside(kind, one.id) for kind in (Kind.EARNINGS_PENDING, Kind.EARNINGS))
    for payout in payouts:
        yield shared_account(person.account_id, payout.environment).beside(Kind.PAYOUT_TRANSIT, payout.id)
