"""What a person needs to pay USDC into their wallet: where to send it, and in the demo a test wallet that does."""

from collections.abc import Sequence

from app.domain.errors import NotFound
from app.domain.money import Environment, parse_amount
from app.domain.payouts.rules import units_of
from app.domain.people.sessions import Person
from app.flows.settlement.addresses import DepositAt, open_address
from app.ports.chain.chain import Chains
from app.ports.chain.wallet import TestWallet


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
