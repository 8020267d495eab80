"""Gives a person's shared wallet its address on a chain, where money can be sent for ever."""

from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain.chain_deposits import addresses
from app.domain.chain_deposits.addresses import AddressOf
from app.domain.errors import Refused
from app.domain.instance.instance import read_id
from app.domain.ledger.accounts import Account
from app.domain.money import Environment, environment_of_chain
from app.domain.people.sessions import Person
from app.domain.wallets.shared import open_shared_wallet
from app.ports.chain.chain import Chain
from app.ports.chain.values import ChainMismatch

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class DepositAt:
    """Where a wallet gets money: on which chain, at which address."""

    chain_id: int
    chain_name: str
    address: str


async def open_address(chain: Chain, person: Person) -> DepositAt:
    """Returns the address of a person's shared wallet on a chain, made if need be. Raises Refused without a factory."""
    rules = chain.rules
    if not rules.factory:
        raise Refused(f"No deposits are taken on {rules.name}.")
    environment = environment_of_chain(rules.id)
    made = partial(_open, chain=chain, person_id=person.account_id, environment=environment)
    address, salt = await db.in_transaction(made, writes=True)
    # With the salt anybody can move what is there to the treasury, and nowhere else, whatever the database forgets.
    log.info("deposit_address", chain=rules.id, account=person.account_id, address=address, salt=salt)
    return DepositAt(rules.id, rules.name, address)


def _open(session: Session, chain: Chain, person_id: str, environment: Environment) -> tuple[str, str]:
    wallet = open_shared_wallet(session, person_id, environment)
    made = _address_of(chain, read_id(session), wallet)
    return addresses.keep(session, chain.rules.id, made), made.salt


def _address_of(chain: Chain, instance_id: str, wallet: Account) -> AddressOf:
    salt = addresses.salt_of(instance_id, wallet.owner)
    return AddressOf(wallet, chain.deposit_address(salt), chain.rules.factory, salt, chain.deposit_proxy())


async def check_addresses(chain: Chain) -> None:
    """Raises ChainMismatch where an address that was given out is none of the factory that is configured now."""
    newest = await db.in_transaction(partial(addresses.newest, chain_id=chain.rules.id))
    if newest is None:
        return
    now = (chain.rules.factory, chain.deposit_proxy(), chain.deposit_address(newest.salt))
    if now != (newest.factory, newest.proxy_hash, newest.address):
        raise ChainMismatch(
            f"Deposit addresses on {chain.rules.name} lead to the treasury of {newest.factory}, and this treasury's"
            f" factory is {chain.rules.factory}. Put the treasury's key back that they were made for."
        )
