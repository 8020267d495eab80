"""What a top-up's row says of money that went back, and what is asked before more does."""

import pytest

from app.domain import clock
from app.domain.money import CENT_NANOS, Unit
from app.domain.refunds.tables import RefundStatus
from app.flows.disputes.offers import GoneBack, RefundOffer, RefundQuestion, Refusal
from app.web.components.refunds.rows import RefundRow, question_of, to_refund_row

AT = 1_795_867_200 * clock.SECOND
"""Noon (UTC) of 28 November 2026."""


def offer(cents: int = 0, refusal: Refusal | None = None, *gone: GoneBack, disputed: int = 0) -> RefundOffer:
    return RefundOffer(cents, AT + 14 * clock.DAY, refusal, gone, disputed, 2_000, 2_000)


@pytest.mark.parametrize(
    ("found", "label", "note"),
    [
        (offer(1_240), "Refund $12.40", "Refundable until 12 Dec"),
        (offer(0, Refusal.SPENT), "", "All of it is spent"),
        (offer(0, Refusal.OLD), "", ""),
        (offer(0, Refusal.FROZEN), "", ""),
        (offer(0, Refusal.SPENT, GoneBack(2_000, RefundStatus.SUCCEEDED, AT)), "", ""),
    ],
)
def test_a_row_offers_what_can_go_back(found: RefundOffer, label: str, note: str) -> None:
    row = to_refund_row("top_1", found)
    assert (row.label, row.note) == (label, note)
    assert (row == RefundRow()) is (not label and not note and not row.back)


@pytest.mark.parametrize(
    ("status", "text", "tone"),
    [
        (RefundStatus.ASKED, "$12.40 is on its way back to your card", "wait"),
        (RefundStatus.PENDING, "$12.40 is on its way back to your card", "wait"),
        (RefundStatus.SUCCEEDED, "$12.40 refunded on 28 Nov", "good"),
        (RefundStatus.FAILED, "Your bank did not take $12.40 back; it is in your wallet again", "bad"),
    ],
)
def test_how_a_refund_stands_is_said(status: RefundStatus, text: str, tone: str) -> None:
    (said,) = to_refund_row("top_1", offer(0, Refusal.SPENT, GoneBack(1_240, status, AT))).back
    assert (said.text, said.tone) == (text, tone)


def test_what_a_bank_took_is_said() -> None:
    (said,) = to_refund_row("top_1", offer(0, Refusal.FROZEN, disputed=2_000)).back
    assert said.text == "Your bank took $20.00 of it back"


def test_the_question_names_sums_card_time_and_what_else_ends() -> None:
    asked = RefundQuestion(offer(1_240), Unit.USDC, 760 * CENT_NANOS, "Visa ···4242", False, True)
    assert question_of(asked) == (
        "Refund $12.40 to Visa ···4242? 12.40 USDC leaves your wallet. 7.60 USDC of this top-up is spent, and stays"
        " so. Auto top-up will be switched off. Your bank takes 5 to 10 days."
    )
    with_fee = RefundOffer(2_000, AT, None, (), 0, 2_090, 2_000)
    assert question_of(RefundQuestion(with_fee, Unit.USDC, 0, None, False, False)) == (
        "Refund $20.00 to the card that you paid with? 20.00 USDC leaves your wallet. The fee of $0.90 is not"
        " refunded. Your bank takes 5 to 10 days."
    )
    of_sandbox = RefundQuestion(offer(2_000), Unit.USDC, 0, None, True, False)
    assert question_of(of_sandbox) == "Refund $20.00 to the sandbox’s card? 20.00 USDC leaves your wallet."
