"""Each chain has one account of what came in by it, in each environment."""

from app.domain.ledger.accounts import parse
from app.domain.money import Environment
from app.domain.transactions.world import world_of


def test_a_chain_has_a_world_of_its_own() -> None:
    found = world_of(Environment.SANDBOX, 31_337)
    assert found.id == "sandbox:USDC:world:chain:31337" and parse(found.id) == found
    assert found != world_of(Environment.SANDBOX, 80_002)
