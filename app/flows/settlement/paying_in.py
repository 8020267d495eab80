"""What a person needs to pay USDC into their wallet: where to send it, and in the demo a test wallet that does."""

from collections.abc import Sequence
from enum import StrEnum

import structlog

from app.domain.errors import NotFound
from app.domain.money import Environment, parse_amount
from app.domain.payouts.rules import units_of
from app.domain.people.sessions import Person
from app.flows.cards.pace import Pace
from app.flows.settlement.addresses import DepositAt, open_address
from app.flows.settlement.signed.topups import SignedTopups
from app.ports.chain.chain import Chain, Chains
from app.ports.chain.values import ChainUnavailable
from app.ports.chain.wallet import TestWallet

log = structlog.get_logger()


class Hindrance(StrEnum):
    """What keeps USDC from arriving at an address now; nobody loses any by it."""

    PAUSED = "paused"
    """The token's issuer has paused all transfers."""
    BLOCKED = "blocked"
    """The token's issuer blocks the address."""


async def find_hindrance(person: Person, pace: Pace, chain: Chain, address: str) -> Hindrance | None:
    """Returns what keeps USDC from arriving at a person's address, None where nothing does.

    None as well where the chain does not say, or is not asked, because that person had it asked often.
    """
    if not pace.has_room(person):
        return None
    try:
        final = await chain.finalized()
        if await chain.is_paused(final):
            return Hindrance.PAUSED
        return Hindrance.BLOCKED if await chain.is_blocked(address, final) else None
    except ChainUnavailable as error:
        log.info("deposits", chain=chain.rules.id, step="not_asked", said=error.message)
        return None


async def open_addresses(chains: Chains, person: Person, environment: Environment) -> Sequence[DepositAt]:
    """Returns where a person's shared wallet gets USDC, one address a chain, made if need be."""
    return [await open_address(chain, person) for chain in chains.of(environment)]


async def pay_from_test_wallet(
    wallet: TestWallet | None, chains: Chains, person: Person, environment: Environment, amount: str
) -> str:
    """Sends an amount from the demo's test wallet to a person's address, and returns the transaction.

    Raises BadField for what is no amount, NotFound where there is no test wallet.
    """
    nanos = parse_amount(amount.strip())
    if wallet is None or not (found := await open_addresses(chains, person, environment)):
        raise NotFound("There is no test wallet here.")
    return await wallet.pay(found[0].address, units_of(nanos))


async def sign_with_test_wallet(
    wallet: TestWallet | None, topups: SignedTopups, person: Person, environment: Environment, amount: str
) -> None:
    """Has the demo's test wallet sign a top-up as a person's own would, and brings it.

    Raises BadField for what is no amount, NotFound where there is no test wallet.
    """
    units = units_of(parse_amount(amount.strip()))
    if wallet is None or environment is not Environment.SANDBOX:
        raise NotFound("There is no test wallet here.")
    asked = await topups.begin(person, environment, await wallet.address(units), amount)
    await topups.bring(person, asked.id, await wallet.sign(asked.typed))
