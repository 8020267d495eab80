"""What was paid opens priced models, unless all of it went back."""

from app import db
from app.domain.credits.kept import has_paid
from app.domain.inbox.inbox import ObjectKind
from tests.support.credits import credits_account
from tests.support.crowd import sign_in
from tests.support.taking_back import begin_shared, house_of, open_taking_bank


async def test_a_payment_counts_as_long_as_something_of_it_stays(database: str) -> None:
    ada, _ = await sign_in("ada@example.org")
    bank, wallet = open_taking_bank(), credits_account(ada)
    house, marks = house_of(bank), begin_shared(wallet, bank.connection_id, 500)

    def kept() -> bool:
        with db.transaction(writes=False) as session:
            return has_paid(session, wallet.owner)

    assert not kept(), "a checkout is no payment"
    await house.door.receive(bank.connection_id, "e1", bank.pay("pi_1", marks))
    assert kept()
    for name, cents, stays in (("re_1", 499, True), ("re_2", 1, False)):
        await house.door.receive(bank.connection_id, name, bank.give_back(name, "pi_1", cents), ObjectKind.REFUND)
        assert kept() is stays
