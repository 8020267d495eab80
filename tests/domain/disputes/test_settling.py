"""One posting for each change of what a top-up's rows come to, and none where nothing changed."""

from sqlalchemy import text

from app import db
from app.domain.disputes.amounts import Taken
from app.domain.disputes.settling import list_disputed, read_taken, refundable_cents, settle
from app.domain.inbox.inbox import ObjectKind
from app.domain.money import CENT_NANOS
from app.domain.topups import topups
from tests.support.books import assert_books_balance
from tests.support.paying import posted, world_cents
from tests.support.reversed import Reversed


async def test_settling_again_changes_nothing_and_posts_nothing(database: str) -> None:
    case = await Reversed().told()
    wallet_id = case.app.wallet("ada").id
    keys: list[str] = []
    chargebacks: list[str] = []
    for _ in range(2):
        with db.transaction() as session:
            topup = topups.lock(session, case.bank.connection_id, case.marks.topup_id)
            assert settle(session, topup) == Taken()
            assert read_taken(session, topup.id) == Taken(*(cents * CENT_NANOS for cents in (500, 500, 900)))
            assert refundable_cents(session, topup) == 1_600
            assert list_disputed(session, wallet_id) == {topup.id: 900 * CENT_NANOS}
            keys = list(session.scalars(text("SELECT id FROM ledger_posting WHERE id LIKE 'takeback:%' ORDER BY id")))
            chargebacks = list(session.scalars(text("SELECT id FROM ledger_posting WHERE is_chargeback = 1")))
    assert keys == [f"takeback:{case.marks.topup_id}:{n}" for n in (1, 2)]
    assert chargebacks == keys[1:], "a refund alone takes no wallet below zero"
    assert (posted(case.app), world_cents(case.bank.connection_id), case.bank.cents) == (1_600, 1_600, 1_600)
    await case.tell("re_1", ObjectKind.REFUND)
    assert_books_balance()
