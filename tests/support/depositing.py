"""Deposits on a chain of a test's own: a person with an address there, and the flow that reads what comes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import httpx

from app import db
from app.adapters.chain.chains import EvmChain
from app.adapters.chain.dev.chain import DevChain
from app.adapters.chain.dev.node import TREASURY
from app.adapters.chain.known import DEV
from app.adapters.mail.kept import KeptMailer
from app.domain import clock
from app.domain.ledger.accounts import Account
from app.domain.ledger.folding import read_balance
from app.domain.money import MICRO_NANOS, Environment
from app.domain.people.sessions import Person
from app.domain.transactions.world import world_of
from app.domain.wallets.shared import read_shared_balance, shared_account
from app.flows.events.mails import Desk
from app.flows.settlement.addresses import open_address
from app.flows.settlement.deposits import ChainDeposits
from app.flows.upkeep.audit import audit
from app.ports.chain.values import ChainRules
from tests.support.managing import OPERATOR


def rules_of(chain: DevChain) -> ChainRules:
    """Returns a dev chain as it is configured."""
    return replace(
        DEV, rpc_urls=(chain.node.url,), token=chain.token, bridged_token=chain.bridged_token, factory=chain.factory
    )


@dataclass
class Depositing:
    """The flow over a dev chain, the operators' mailbox, and what it has to show."""

    dev: DevChain
    chain: EvmChain
    mailbox: KeptMailer

    @property
    def flow(self) -> ChainDeposits:
        return ChainDeposits(self.chain, self.dev.node.accounts[TREASURY], Desk(self.mailbox, frozenset({OPERATOR})))

    async def read_final(self) -> int:
        """Lets all that was sent be final, and takes it."""
        self.dev.node.finalize()
        return await self.flow.read()

    async def address_of(self, person: Person) -> str:
        return (await open_address(self.chain, person)).address

    def units_of(self, person: Person) -> int:
        """Returns what a person's wallet has, in units of the token."""
        with db.transaction(writes=False) as session:
            return read_shared_balance(session, wallet_of(person)).posted_nanos // MICRO_NANOS

    def check_books(self, units: int) -> None:
        """Asks the books, and whether they say that so many units are on the chain."""
        with db.transaction(writes=False) as session:
            assert list(audit(session)) == []
            world = world_of(Environment.SANDBOX, self.chain.rules.id)
            assert read_balance(session, world) == -units * MICRO_NANOS


def wallet_of(person: Person) -> Account:
    return shared_account(person.account_id, Environment.SANDBOX)


@asynccontextmanager
async def depositing(dev: DevChain) -> AsyncIterator[Depositing]:
    """Reads a dev chain; everything before it is known."""
    async with httpx.AsyncClient() as client:
        made = Depositing(dev, EvmChain(rules_of(dev), client), KeptMailer(clock.now))
        await made.flow.read()
        yield made
