"""The sums are compared to the cent, and what was there before is no difference."""

from app import db
from app.domain.inbox import connections
from app.domain.ledger.accounts import Kind
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Post, Transfer
from app.domain.money import Environment, Unit, nanos_of_cents
from app.domain.movements.comparing import compare, held_cents, read_comparison
from app.domain.movements.movements import Movement, take, world_of
from app.domain.movements.tables import MovementKind


def test_all_units_count_and_the_opening_is_found_once(database: str) -> None:
    with db.transaction() as session:
        connection = connections.open_connection(session, "stripe", Environment.SANDBOX)
        assert read_comparison(session, connection) is None
        for unit, cents in ((Unit.USD, 100), (Unit.USDC, 20), (Unit.CREDIT, 3)):
            world = world_of(connection, unit)
            there = world.beside(Kind.OPERATOR_CAPITAL, "instance")
            apply_one(session, Post(f"t:{unit}", (Transfer(world, there, nanos_of_cents(cents, unit), "topup"),)))
        assert held_cents(session, connection) == 123
        take(session, connection, Movement(id="txn_1", kind=MovementKind.OTHER, cents=50, fee_cents=8, currency="USD",
                                           created=1), "1" * 32)  # fmt: skip
        assert compare(session, connection, 1_000) == 1_000 - (1_000 - 42) - 42 - 123
        found = read_comparison(session, connection)
        assert found is not None and (found.opening_cents, found.elsewhere_cents) == (958, 1_000)
        assert found.differs_since is not None
        assert compare(session, connection, 1_123) == 0
        again = read_comparison(session, connection)
        assert again is not None and (again.differs_since, again.differs_cents) == (None, 0)
        assert compare(session, connection, None) == -123, "without a balance only what is ours counts"
