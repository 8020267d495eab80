"""What stands on a chain, as the ledger's books have it."""

from app.domain.ledger.accounts import Account, Kind, account_of
from app.domain.money import Environment, Unit


def world_of(environment: Environment, chain_id: int) -> Account:
    """Returns the account of what came in by a chain and has not left by it: below zero by as much."""
    return account_of(environment, Unit.USDC, Kind.WORLD, f"chain:{chain_id}")
