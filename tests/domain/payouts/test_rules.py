"""The nonce of a payout is its own for ever, and amounts are whole units."""

from app.domain.payouts.rules import nanos_of, nonce_of, units_of


def test_a_nonce_follows_from_instance_and_payout() -> None:
    first = nonce_of("ins_1", "pay_1")
    assert first == nonce_of("ins_1", "pay_1") and len(first) == 66 and first.startswith("0x")
    assert len({first, nonce_of("ins_2", "pay_1"), nonce_of("ins_1", "pay_2"), nonce_of("ins_1pay_1", "")}) == 4


def test_units_are_rounded_down() -> None:
    assert units_of(1_999) == 1 and units_of(999) == 0 and nanos_of(7) == 7_000
