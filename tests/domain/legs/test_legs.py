"""Legs are one charge, rounded once; receipt, rows and audit say the same of it, whatever became of the request."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text, update

from app import db
from app.domain import rows
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Applied, Extend, Hold, Operation, Release, Settle
from app.domain.legs import legs
from app.domain.legs.legs import LegUse, Source, charge_of, cost_of
from app.domain.legs.tables import LegStatus, RequestLeg
from app.domain.money import NANOS, Environment, Unit, format_decimal, parse_nanos
from app.domain.pricing.quote import Price, Tokens
from app.domain.usage import audit, requests
from app.domain.usage.requests import Asked, Metered, read_receipt
from app.domain.usage.tables import RequestKind, RequestMode
from app.domain.wallets.wallets import app_wallet
from tests.domain.ledger.money import deposit, do, to_revenue

WALLET = app_wallet("pw", "ada", Environment.SANDBOX, Unit.CREDIT)
TOKENS = Tokens(100, 100)


def price(credits_per_million: int, minimum: int = NANOS, markup: int = 0) -> Price:
    nanos = credits_per_million * NANOS
    return Price(f"prc_{credits_per_million}", "m", 3, Unit.CREDIT, nanos, nanos, nanos, 0, minimum, markup)


def leg(number: int, credits_per_million: int = 6_000, tokens: Tokens | None = TOKENS, **more: Any) -> LegUse:
    status = LegStatus.ANSWERED if tokens else LegStatus.FAILED
    told = {"status": status, "reason": None if tokens else "provider_error", **more}
    return LegUse(number, f"m{number}", "demo", price(credits_per_million), tokens=tokens, **told)


def asked(request_id: str) -> Asked:
    return Asked(request_id, None, WALLET, RequestKind.CHAT, "compare", "demo", True, Unit.CREDIT, None,
                 mode=RequestMode.COMPARE)  # fmt: skip


def run(operation: Operation, beside: Any) -> Applied:
    with db.transaction() as session:
        applied = apply_one(session, operation)
        if not applied.is_replay:
            rows.write(session, beside(applied))
        return applied


def begin(request_id: str, planned: Sequence[LegUse], most: int = 10 * NANOS) -> Applied:
    hold = Hold(requests.hold_id(request_id), WALLET.account, most, 1, most, "process", request_id)
    return run(hold, lambda held: [requests.begin(asked(request_id), held, planned)])


def settle(request_id: str, used: Sequence[LegUse]) -> Applied:
    def beside(settled: Applied) -> list[rows.Row]:
        ended = requests.finish(asked(request_id), Metered(None), settled, used)
        return [ended, *requests.legs_of(ended)]

    operation = Settle(requests.hold_id(request_id), charge_of(Unit.CREDIT, used), to_revenue(WALLET.account))
    return run(operation, beside)


def expire(request_id: str, metered: int) -> Applied:
    with db.transaction(writes=False) as session:
        stored = session.scalar(select(requests.TABLE.c.receipt).where(requests.TABLE.c.id == request_id))

    def beside(charged: Applied) -> list[rows.Row]:
        ended = requests.interrupt(request_id, stored, charged)
        return [ended, *requests.legs_of(ended)]

    return run(Settle(requests.hold_id(request_id), metered, to_revenue(WALLET.account), expires=True), beside)


def stored_legs(request_id: str) -> list[tuple[str, LegStatus, int | None, int]]:
    with db.transaction(writes=False) as session:
        found = session.scalars(select(RequestLeg).where(legs.TABLE.c.request_id == request_id).order_by(
            legs.TABLE.c.leg))  # fmt: skip
        return [(row.model, row.status, row.tokens, row.charge_nanos) for row in found]


def findings() -> list[str]:
    with db.transaction(writes=False) as session:
        return [finding.message for finding in audit.check_all(session, lambda _name, _share: None)]


@pytest.fixture
def money(database: str) -> None:
    do(deposit("d:1", 100 * NANOS, WALLET.account))


def test_nine_legs_of_two_hundredths_of_a_credit_cost_one() -> None:
    assert charge_of(Unit.CREDIT, [leg(n, 100) for n in range(9)]) == NANOS


def test_legs_that_failed_cost_nothing_and_the_others_are_rounded_once() -> None:
    used = [leg(0, 6_000), leg(1, 4_500), leg(2, tokens=None)]  # 1.2 and 0.9 credits, and a failure
    assert charge_of(Unit.CREDIT, used) == 3 * NANOS


def test_the_minimum_counts_once_and_not_where_every_leg_that_answered_was_paid_for_by_its_user() -> None:
    own = [leg(n, 6_000, source=Source.OWN) for n in range(2)]
    assert charge_of(Unit.CREDIT, own) == 0 == cost_of(own)
    assert charge_of(Unit.CREDIT, [*own, leg(2, 0)]) == NANOS
    assert charge_of(Unit.CREDIT, [*own, leg(2, tokens=None)]) == 0


LEGS = st.lists(
    st.tuples(st.integers(0, 10**6), st.sampled_from(Source), st.one_of(st.none(), st.integers(1, 10**5))),
    min_size=2, max_size=9,
)  # fmt: skip


@given(LEGS, st.sampled_from((Unit.CREDIT, Unit.USDC)))
def test_one_charge_is_shared_among_those_that_the_wallet_pays_for_and_own_keys_cost_nothing(
    drawn: list[tuple[int, Source, int | None]], unit: Unit
) -> None:
    used = [
        leg(number, price_, None if tokens is None else Tokens(tokens, tokens), source=source)
        for number, (price_, source, tokens) in enumerate(drawn)
    ]
    paid = [one for one in used if one.source is Source.PLATFORM and one.tokens is not None]
    charge = charge_of(unit, used)
    assert charge == charge_of(unit, paid) and cost_of(used) == cost_of(paid)
    assert bool(charge) == bool(paid), "the minimum once, and not where own keys paid for all that was used"
    lines = legs.with_charges(legs.arithmetic(used), charge)["legs"]
    charges = [parse_nanos(line["charge"]) for line in lines]
    assert sum(charges) == charge == sum(charges[one.leg] for one in paid)
    assert all(line["amount"] == line["cost"] == "0" for line in lines if line["billing_source"] == Source.OWN)
    assert (legs.source_of(used) is Source.OWN) == all(
        one.source is Source.OWN for one in [one for one in used if one.tokens is not None] or used
    )


@pytest.mark.parametrize("charge", [1, 3 * NANOS])
def test_a_charge_that_nothing_here_explains_is_never_of_an_own_key_beside_the_wallets(charge: int) -> None:
    used = [leg(0, source=Source.OWN), leg(1, tokens=None), leg(2, source=Source.OWN)]
    lines = legs.with_charges(legs.arithmetic(used), charge)["legs"]
    assert [parse_nanos(line["charge"]) for line in lines] == [0, charge, 0]


@pytest.mark.parametrize("charge", [0, 1, 3 * NANOS])
def test_parts_of_the_charge_go_by_what_each_leg_came_to(charge: int) -> None:
    detail = legs.with_charges(legs.arithmetic([leg(0, 6_000), leg(1, 3_000), leg(2, tokens=None)]), charge)
    parts = [int(float(line["charge"]) * NANOS + 0.5) for line in detail["legs"]]
    assert sum(parts) == charge and parts[2] == 0 and parts[0] >= 2 * parts[1]


def test_free_legs_share_the_minimum(money: None) -> None:
    begin("req_1", [leg(0, 0), leg(1, 0)])
    settle("req_1", [leg(0, 0), leg(1, 0)])
    assert stored_legs("req_1") == [
        ("m0", LegStatus.ANSWERED, 200, NANOS // 2),
        ("m1", LegStatus.ANSWERED, 200, NANOS // 2),
    ]
    assert findings() == []


def test_a_settlement_writes_a_row_and_a_line_for_each_leg(money: None) -> None:
    used = [leg(0, 6_000), leg(1, 4_500), leg(2, 900, tokens=None)]
    begin("req_1", [leg(n, tokens=None, status=LegStatus.CUT, reason=None) for n in range(3)])
    assert (settle("req_1", used).amount, settle("req_1", used).is_replay) == (3 * NANOS, True)
    first = 3 * NANOS * 4 // 7
    assert stored_legs("req_1") == [
        ("m0", LegStatus.ANSWERED, 200, first),
        ("m1", LegStatus.ANSWERED, 200, 3 * NANOS - first),
        ("m2", LegStatus.FAILED, None, 0),
    ]
    with db.transaction(writes=False) as session:
        receipt = read_receipt(session, "pw", "req_1")
    assert (receipt.mode, receipt.charge, receipt.minimum, receipt.lines) == ("compare", "3", "1", [])
    told = [(one.model, one.amount, one.status, one.reason, len(one.lines)) for one in receipt.legs]
    assert told == [("m0", "1.2", "answered", None, 2), ("m1", "0.9", "answered", None, 2),
                    ("m2", "0", "failed", "provider_error", 0)]  # fmt: skip
    assert findings() == []


def test_a_lost_process_leaves_its_last_checkpoint_and_a_late_finisher_changes_the_rows(money: None) -> None:
    planned = [leg(n, tokens=None, status=LegStatus.CUT, reason=None) for n in range(2)]
    begin("req_1", planned)
    so_far = [leg(0, 6_000), planned[1]]

    def beside(held: Applied) -> list[rows.Row]:
        return [requests.checkpoint(asked("req_1"), Metered(None), held, so_far)]

    run(Extend(requests.hold_id("req_1"), 0, charge_of(Unit.CREDIT, so_far)), beside)
    expire("req_1", charge_of(Unit.CREDIT, so_far))
    assert stored_legs("req_1") == [("m0", LegStatus.ANSWERED, 200, 2 * NANOS), ("m1", LegStatus.CUT, None, 0)]
    assert findings() == []
    assert settle("req_1", [leg(0, 6_000), leg(1, 9_000)]).amount == 3 * NANOS
    assert [(status, charge) for _, status, _, charge in stored_legs("req_1")] == [
        (LegStatus.ANSWERED, NANOS * 6 // 5),
        (LegStatus.ANSWERED, NANOS * 9 // 5),
    ]
    assert findings() == []


def test_what_was_never_checkpointed_costs_nothing_and_still_has_its_legs(money: None) -> None:
    begin("req_1", [leg(n, tokens=None, status=LegStatus.CUT, reason=None) for n in range(2)])
    expire("req_1", 0)
    assert stored_legs("req_1") == [("m0", LegStatus.CUT, None, 0), ("m1", LegStatus.CUT, None, 0)]
    assert findings() == []


def test_a_released_request_keeps_why_each_leg_failed(money: None) -> None:
    failed = [leg(n, tokens=None) for n in range(2)]
    begin("req_1", failed)

    def beside(_released: Applied) -> list[rows.Row]:
        ended = requests.let_go("req_1", "provider_error", failed)
        return [ended, *requests.legs_of(ended)]

    run(Release("hold:req_1"), beside)
    assert stored_legs("req_1") == [("m0", LegStatus.FAILED, None, 0), ("m1", LegStatus.FAILED, None, 0)]
    assert findings() == []


def test_the_audit_finds_a_leg_whose_part_was_changed(money: None) -> None:
    begin("req_1", [leg(0), leg(1)])
    settle("req_1", [leg(0), leg(1)])
    with db.transaction() as session:
        session.execute(update(legs.TABLE).where(legs.TABLE.c.id == "req_1:1").values(charge_nanos=1))
    assert findings() == ["req_1 cost 3000000000 nanos and its legs come to 1500000001."]


def test_the_audit_finds_a_receipt_whose_legs_do_not_come_to_its_charge(money: None) -> None:
    begin("req_1", [leg(0), leg(1)])
    settle("req_1", [leg(0), leg(1)])
    with db.transaction() as session:
        session.execute(text('UPDATE request SET receipt = replace(receipt, \'"amount":"1.2"\', \'"amount":"9"\')'))
    assert findings() != []


CHARGES = st.lists(st.one_of(st.just(0), st.integers(1, 9), st.integers(1, 10**13)), min_size=1, max_size=9)


@given(CHARGES.filter(any), st.lists(st.integers(1, 100), max_size=12))
def test_refunds_in_parts_give_no_leg_more_than_it_was_charged_and_together_all_of_it(
    charges: list[int], hundredths: list[int]
) -> None:
    named = {"provider": "demo", "billing_source": "platform", "price_version": 1, "status": "answered"}
    lines = [
        {"leg": at, "model": f"m{at}", **named, "charge": format_decimal(nanos)} for at, nanos in enumerate(charges)
    ]
    given_back = dict.fromkeys(range(len(charges)), 0)
    for share in [*hundredths, 100]:  # the last one takes what is left
        left = sum(charges) - sum(given_back.values())
        amount = max(left * share // 100, min(left, 1))
        parts = legs.shares_of_refund({"legs": lines}, amount, given_back)
        assert sum(parse_nanos(part["charge"]) for part in parts) == amount
        for part in parts:
            given_back[part["leg"]] += parse_nanos(part["charge"])
            assert 0 < given_back[part["leg"]] <= charges[part["leg"]]
    assert list(given_back.values()) == charges
