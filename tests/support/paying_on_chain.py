"""Payouts by real signatures, nodes and Circle's real token, on a chain of a test's own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx

from app.adapters.chain.chains import EvmChain
from app.adapters.chain.dev.chain import DevChain
from app.domain.errors import CoinslotError
from app.domain.payouts.rules import PayoutRules
from app.domain.payouts.tables import Payout
from app.flows.events.mails import Desk
from app.flows.settlement.payouts import ChainPayouts
from app.flows.settlement.sending import Pace
from app.ports.chain.signer import ChainKeys
from tests.support.paying_out import ONE, Mails, ask, make_earner
from tests.support.settling import GAS_KEY, TREASURY_KEY, address_of, rules_of


@asynccontextmanager
async def rail_on(dev: DevChain, mails: Mails | None = None) -> AsyncIterator[ChainPayouts]:
    """The way out for earnings on a dev chain, whose operator reads `mails`."""
    desk = Desk(mails or Mails(), frozenset({"operator@example.com"}))
    async with httpx.AsyncClient(trust_env=False) as client:
        chain = EvmChain(rules_of(dev), client)
        dev.node.mine()  # a head of now
        yield ChainPayouts(chain, ChainKeys(TREASURY_KEY, GAS_KEY), desk, Pace(again_seconds=0, replace_seconds=3_600))


def ask_many(count: int, units: int = 5 * ONE) -> Sequence[Payout]:
    """Asks for payouts of so many paywalls, each of a unit more, to an address of its own."""
    rules = PayoutRules(day_units_max=10**12)
    return [ask(make_earner(units + n), None, address_of(f"payee {n}"), rules=rules) for n in range(count)]


async def pass_by(dev: DevChain, *rails: ChainPayouts, ticks: int = 4) -> Sequence[CoinslotError]:
    """Lets rails go on at the same time so often, with three blocks behind each; returns what they were refused."""
    refused = []
    for _ in range(ticks):
        said = await asyncio.gather(*(rail.go_on() for rail in rails), return_exceptions=True)
        for error in said:
            if isinstance(error, CoinslotError):
                refused.append(error)
            elif isinstance(error, BaseException):
                raise error
        dev.node.mine(3)
    return refused


def received(dev: DevChain, payouts: Sequence[Payout]) -> Sequence[int]:
    """Returns what the recipient of each payout has."""
    return [dev.balance(payout.address) for payout in payouts]
