"""Moves deposits to the treasury: from 25 USDC at an address, or after 30 days; from one while payouts wait for money.

No credit ever waits for it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import structlog

from app import db
from app.domain import clock
from app.domain.chain_deposits import addresses
from app.domain.chain_deposits.addresses import AddressOf
from app.domain.errors import Unavailable
from app.domain.payouts import desk
from app.domain.payouts.rules import UNITS_OF_ONE
from app.domain.transactions import transactions
from app.domain.transactions.tables import Purpose
from app.domain.transactions.transactions import NewTransaction
from app.each_alone import Failed, each_alone
from app.flows.events.mails import Desk
from app.flows.settlement.deposits import DEV_CHAIN_ID
from app.flows.settlement.looking import enough_coins
from app.flows.settlement.sending import Sender
from app.ports.chain.chain import Chain, Chains
from app.ports.chain.signer import ChainKeys
from app.ports.chain.values import BATCH_MAX, Block

log = structlog.get_logger()

LEAST_UNITS = 25 * UNITS_OF_ONE
"""What is worth its gas."""
OLDEST = 30 * clock.DAY
ASKED_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Sweeps:
    """Sweeps every chain of this process with its gas account; operators are told from the desk."""

    chains: Chains
    desk: Desk

    async def sweep_all(self) -> int:
        """Sweeps each chain, on its own; returns how many addresses are on their way."""
        came = await each_alone("sweeps", self.chains.all(), self._sweep, lambda chain: chain.rules.name)
        return sum(swept for _, swept in came if not isinstance(swept, Failed))

    async def _sweep(self, chain: Chain) -> int:
        """Sends at most one sweep at a time: what it moves counts as swept when that is final.

        Nothing is sent while the gas account has sent what is not ours: a number that a sweep took would hide that.
        Payouts send from the same account, and a sweep never stands in their way: it leaves a full batch's gas, and is
        not sent where it could only fail. Before a chain's first sweep its factory is put there: what is sent to an
        address without code succeeds and does nothing.
        """
        rules, keys = chain.rules, self.chains.keys(chain.rules.id)
        sender, final = Sender(chain, keys.gas, self.desk), await chain.finalized()
        if await sender.count_foreign(final):
            return 0
        await sender.go_on(final)
        under_way = await db.in_transaction(partial(transactions.list_open, account=sender.account))
        if any(one.purpose is Purpose.SWEEP for one in under_way):
            return 0
        known = await db.in_transaction(partial(desk.find_desk, chain_id=rules.id))
        lacks = known is not None and known.lacking_units > 0
        least = UNITS_OF_ONE if lacks else LEAST_UNITS
        least = 1 if rules.id == DEV_CHAIN_ID else least  # where gas costs nothing, all is worth it
        worth = partial(addresses.list_unswept, chain_id=rules.id, least_units=least,
                        before=clock.now() - OLDEST, limit=BATCH_MAX)  # fmt: skip
        found = [one for one in await db.in_transaction(worth) if one.factory == rules.factory]
        if not found or not await self._is_worth_sending(chain, keys, final):
            return 0
        salts = await _without_blocked(chain, found, final)
        if not salts:
            return 0
        has_factory = await chain.has_code(rules.factory, final)
        call = chain.sweep(salts, rules.token) if has_factory else chain.make_factory(keys.treasury.address)
        sent_before = partial(transactions.was_sent_to, account=sender.account, address=call.to)
        if not has_factory and await db.in_transaction(sent_before):
            raise Unavailable(f"{call.to} has put no factory at {rules.factory} on {rules.name}; nothing can be swept.")
        new = NewTransaction(Purpose.SWEEP, rules.factory, call.to, call.data, call.gas)
        await sender.send(call, new, lambda _session, _id: None)
        return len(salts) if has_factory else 0

    async def _is_worth_sending(self, chain: Chain, keys: ChainKeys, final: Block) -> bool:
        if await chain.is_paused(final) or await chain.is_blocked(keys.treasury.address, final):
            log.info("sweeps", chain=chain.rules.id, step="token_refuses")
            return False
        if await chain.coins(keys.gas.address, final) < enough_coins(chain):
            log.info("sweeps", chain=chain.rules.id, step="little_gas")
            return False
        return True


async def _without_blocked(chain: Chain, found: Sequence[AddressOf], final: Block) -> Sequence[str]:
    """Returns the salts of addresses that the token's issuer does not block: from those nothing can be moved."""
    asking = asyncio.Semaphore(ASKED_AT_ONCE)

    async def ask(one: AddressOf) -> bool:
        async with asking:
            return await chain.is_blocked(one.address, final)

    blocked = await asyncio.gather(*map(ask, found))
    return [one.salt for one, is_blocked in zip(found, blocked, strict=True) if not is_blocked]
