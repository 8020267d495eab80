"""The ledger cut at a block: what lies above it is taken back, what has left is gone, and all adds up to nothing."""

from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.chain_deposits import addresses, arrivals
from app.domain.chain_deposits.addresses import AddressOf
from app.domain.chain_deposits.arrivals import Arrived, Book
from app.domain.ledger.accounts import parse
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Post, Transfer
from app.domain.money import MICRO_NANOS, Environment, Unit
from app.domain.payouts import batches, desk
from app.domain.payouts.desk import Outgoing, Seen
from app.domain.payouts.tables import Payout
from app.domain.reserves.cut import Cut, Place, read_cut
from app.domain.reserves.owed import read_owed
from app.domain.transactions.world import world_of
from app.domain.wallets.shared import open_shared_wallet
from tests.support.managing import person
from tests.support.paying_out import CHAIN, ONE, ask, find, make_earner

TREASURY = "0xTreasury"
SANDBOX = Environment.SANDBOX


def cut(block: int) -> Cut:
    with db.transaction(writes=False) as session:
        found = read_cut(session, SANDBOX, [Place(CHAIN, block)])
        accounts = read_owed(session, SANDBOX, [Place(CHAIN, block)])
    for unit, held_of in found.units.items():
        assert sum(n for name, n in accounts.items() if parse(name).unit is unit) == sum(held_of.owed.values())
    held = found.units[Unit.USDC]
    assert sum(found.on_chain.values()) + held.rails == sum(held.owed.values()) + held.own
    return found


def on_chain(block: int) -> int:
    return cut(block).on_chain[CHAIN] // MICRO_NANOS


def owed(block: int, name: str) -> int:
    return cut(block).units[Unit.USDC].owed[name] // MICRO_NANOS


def arrive(units: int, block: int, payee: str = "0xAda") -> None:
    who = person("ada@example.org")
    with db.transaction() as session:
        book = Book(CHAIN, SANDBOX, "0xToken", TREASURY,
                    {"0xAda": open_shared_wallet(session, who.account_id, SANDBOX)})  # fmt: skip
        if not session.connection().exec_driver_sql("SELECT count(*) FROM deposit_address").scalar_one():
            _keep_address(session, book)
        taken = arrivals.take(session, book, Arrived("0xToken", "0xPayer", payee, units, block, f"0x{block}", 0))
        assert taken is not None and taken[1] is not None
        apply_one(session, taken[1])


def _keep_address(session: Session, book: Book) -> None:
    addresses.keep(session, CHAIN, AddressOf(book.wallets["0xAda"], "0xAda", "0xFactory", "0x1", "0xhash"))


def leave(payout: Payout, block: int) -> None:
    """Lets the treasury pay out at a block, as it is read there; what the payout's row says comes later."""
    with db.transaction() as session:
        desk.open_desk(session, CHAIN, 1, "0x1")
        seen = Seen(block, f"0x{block}", clock.now() // clock.SECOND, 0, 0)
        out = Outgoing(f"0xout{block}", 0, block, payout.address, payout.units, payout.nonce)
        desk.note_read(session, CHAIN, seen, [out])


def test_what_came_and_went_above_the_block_is_taken_back(database: str) -> None:
    arrive(25 * ONE, 10)
    arrive(7 * ONE, 12, TREASURY)
    arrive(ONE + 1, 14)
    assert [on_chain(block) for block in (9, 10, 11, 12, 13, 14)] == [
        0, 25 * ONE, 25 * ONE, 32 * ONE, 32 * ONE, 33 * ONE + 1,
    ]  # fmt: skip
    assert [owed(block, "wallets") for block in (9, 13, 14)] == [0, 25 * ONE, 26 * ONE + 1]
    assert cut(12).units[Unit.USDC].own == 7 * ONE * MICRO_NANOS


def test_a_payout_is_gone_from_its_block_on_whenever_we_note_it(database: str) -> None:
    payout = ask(make_earner(6 * ONE), None, "0xBob")
    assert (on_chain(20), owed(20, "on_the_way"), owed(20, "earnings")) == (6 * ONE, 6 * ONE, 0)
    leave(payout, 20)
    assert find(payout.id).finished_at is None
    before = [(on_chain(block), owed(block, "on_the_way")) for block in (19, 20)]
    assert before == [(6 * ONE, 6 * ONE), (0, 0)]
    with db.transaction() as session:
        batches.note_paid(session, payout.id, "0xout20", 20)
    assert [(on_chain(block), owed(block, "on_the_way")) for block in (19, 20)] == before


def test_card_money_is_stated_beside_it_and_dollars_of_apps_are_left_out(database: str) -> None:
    wallet = world_of(SANDBOX, CHAIN)
    card = wallet.beside(wallet.kind, "con_card")
    ada = person("ada@example.org")
    with db.transaction() as session:
        theirs = open_shared_wallet(session, ada.account_id, SANDBOX)
        apply_one(session, Post("card", (Transfer(card, theirs, 3_000, "topup"),)))
    held = cut(99).units[Unit.USDC]
    assert (held.rails, held.owed["wallets"], held.own) == (3_000, 3_000, 0)
    assert set(cut(99).units) == {Unit.USDC, Unit.CREDIT}
