"""What is said of a refund depends on why it is made and how it stands, and goes to whom it concerns."""

from itertools import product

from app import db
from app.domain.refunds.refunds import RefundView
from app.domain.refunds.tables import TAKEBACKS, RefundReason, RefundStatus
from app.flows.payments.refund_words import words_of
from tests.support.reversed import Reversed
from tests.support.taking_back import begin_shared, open_taking_bank, someone


def test_words(database: str) -> None:
    _, account = someone()
    bank, own = open_taking_bank(), Reversed()
    shared = begin_shared(account, bank.connection_id, 500).topup_id
    places = ((shared, bank.connection_id), (own.marks.topup_id, own.bank.connection_id))
    for (topup_id, connection_id), reason, status in product(places, RefundReason, RefundStatus):
        view = RefundView(
            id="rfd_1", topup_id=topup_id, connection_id=connection_id, payment_id="pi_1", paid_cents=500,
            currency="USD", reason=reason, status=status, is_told=False,
        )  # fmt: skip
        with db.transaction(writes=False) as session:
            words = words_of(session, view)
        is_takeback, has_failed = reason in TAKEBACKS, status is RefundStatus.FAILED
        is_known = topup_id == shared and (is_takeback or not has_failed)
        assert words.payer == ("ada@example.org" if is_known else None)
        assert bool(words.subject) is (has_failed or not is_takeback), "its maker knows of a refund that goes well"
        assert (words.paywall is not None) is (is_takeback and has_failed and topup_id != shared)
        assert "$5.00" in (words.subject or (words.to_payer or ("",))[0])
