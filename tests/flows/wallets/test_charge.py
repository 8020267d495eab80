"""A manual charge moves money once, or says why not."""

import asyncio
import random
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from app import db
from app.domain.errors import KeyReused, StaleDecision
from app.domain.ids import new_id
from app.domain.money import NANOS
from app.domain.paywalls import keys
from app.domain.paywalls.modes import RULES, Mode
from app.domain.usage.idempotency import Claim, claim
from app.domain.usage.requests import read_receipt
from app.domain.usage.tables import IdempotentAnswer, Request
from app.domain.wallets.wallets import read_balance
from app.flows.callers.asked import Action, Ask
from app.flows.callers.snapshot import Snapshot
from app.flows.callers.standing import Standings
from app.flows.chat.call import Run
from app.flows.limits.spending import SpendLimits
from app.flows.wallets.charge import ChargeAnswer, ask_text
from tests.support import crowd
from tests.support.books import assert_books_balance, give, make_snapshot, running_queue
from tests.support.handed import charge
from tests.support.scripted import Scripted, flows, request

BY = (Standings(), SpendLimits())


def claimed(snapshot: Snapshot, body: bytes = b"{}") -> Claim | None:
    return claim("key", snapshot.paywall_id, "charge", "ada", body)


def spendable(snapshot: Snapshot) -> int:
    with db.transaction(writes=False) as session:
        return read_balance(session, snapshot.wallet("ada")).available_nanos


@pytest.mark.unhurried
async def test_twenty_at_once_with_one_key_charge_once(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", 5 * NANOS)
    async with running_queue() as queue:
        answers = await asyncio.gather(*(
            charge(queue, *BY, snapshot, "ada", NANOS, None, claimed(snapshot), new_id("req"), None) for _ in range(20)
        ))  # fmt: skip
        assert len({answer.id for answer in answers}) == 1 and all(answer.success for answer in answers)
        assert sum(not answer.is_replay for answer in answers) == 1
        with pytest.raises(KeyReused):
            await charge(queue, *BY, snapshot, "ada", NANOS, None, claimed(snapshot, b"[]"), new_id("req"), None)
    assert spendable(snapshot) == 4 * NANOS
    assert_books_balance()


async def test_without_a_key_each_call_charges_until_the_money_is_gone(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", 5 * NANOS)
    async with running_queue() as queue:
        answers = await asyncio.gather(*(
            charge(queue, *BY, snapshot, "ada", NANOS, {"n": n}, None, new_id("req"), None) for n in range(9)
        ))  # fmt: skip
    assert [answer.success for answer in answers].count(True) == 5
    assert spendable(snapshot) == 0
    assert_books_balance()


async def test_a_refusal_stores_nothing(database: str) -> None:
    snapshot = make_snapshot()
    async with running_queue() as queue:
        answer = await charge(queue, *BY, snapshot, "ada", NANOS, None, claimed(snapshot), "req_1", None)
        with db.transaction(writes=False) as session:
            kept = [session.scalar(select(func.count()).select_from(table)) for table in (IdempotentAnswer, Request)]
        assert kept == [0, 0]
        assert answer == ChargeAnswer(False, "", None, refusal="insufficient_funds", ask=Ask(Action.TOPUP, NANOS))
        told = ask_text(snapshot, Ask(Action.TOPUP, NANOS), "https://x/topup/1/")
        assert (
            told
            == "This could not be paid: $1.00 is missing. Add funds here: https://x/topup/1/\n\nNothing was charged."
        )
        await give(snapshot, "ada", NANOS)
        assert (await charge(queue, *BY, snapshot, "ada", NANOS, None, claimed(snapshot), "req_2", None)).id == "req_2"


@pytest.mark.unhurried
async def test_a_revoked_key_charges_nobody(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    with db.transaction() as session:
        keys.revoke_key(session, snapshot.paywall_id, snapshot.key_id)
    async with running_queue() as queue:
        with pytest.raises(StaleDecision):
            await charge(queue, *BY, snapshot, "ada", NANOS, None, None, "req_1", None)
    assert spendable(snapshot) == NANOS


@pytest.mark.unhurried
async def test_twenty_at_once_with_one_key_need_the_money_once(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        answers = await asyncio.gather(*(
            charge(queue, *BY, snapshot, "ada", NANOS, None, claimed(snapshot), new_id("req"), None) for _ in range(20)
        ))  # fmt: skip
    assert all(answer.success for answer in answers) and len({answer.id for answer in answers}) == 1
    assert spendable(snapshot) == 0
    assert_books_balance()


@pytest.mark.parametrize("step", [0, 1])
async def test_other_bodies_with_one_key_at_once_are_refused_but_for_the_first(database: str, step: int) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", 10 * NANOS)
    async with running_queue() as queue:
        answers = await asyncio.gather(
            *(
                charge(
                    queue,
                    *BY,
                    snapshot,
                    "ada",
                    NANOS + step * n,
                    None,
                    claimed(snapshot, b"%d" % n),
                    f"req_{n}",
                    None,
                )
                for n in range(10)
            ),
            return_exceptions=True,
        )
    assert sum(isinstance(answer, ChargeAnswer) for answer in answers) == 1
    assert sum(isinstance(answer, KeyReused) for answer in answers) == 9, answers
    assert 9 * NANOS - 9 <= spendable(snapshot) <= 9 * NANOS
    assert_books_balance()


async def test_a_charge_has_a_receipt_with_the_apps_details(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        answer = await charge(queue, *BY, snapshot, "ada", 250_000_000, {"sku": "x"}, None, "req_1", "theirs")
    assert answer == ChargeAnswer(True, "$0.25 was charged for Lexica.", "req_1")
    with db.transaction(writes=False) as session:
        found = read_receipt(session, snapshot.paywall_id, "req_1")
        stored = session.get(Request, "req_1")
    assert (found.kind, found.status, found.charge, found.client_request_id) == ("manual", "settled", "0.25", "theirs")
    assert stored is not None and stored.receipt is not None and stored.receipt["details"] == {"sku": "x"}
    assert_books_balance()


async def test_what_is_held_by_a_running_request_cannot_be_charged(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        run = await chat.begin(snapshot, "ada", request(), "req_1", None)
        assert isinstance(run, Run)
        assert not (await charge(queue, *BY, snapshot, "ada", NANOS, None, None, "req_2", None)).success
        await chat.release(run)
        assert (await charge(queue, *BY, snapshot, "ada", NANOS, None, None, "req_3", None)).success
    assert_books_balance()


@pytest.mark.unhurried
async def test_apps_that_share_a_wallet_never_exceed_it_or_their_caps(database: str) -> None:
    capped, free = make_snapshot(mode=Mode.SHARED), make_snapshot(mode=Mode.SHARED)
    ada, _ = await crowd.sign_in("ada@example.org")
    crowd.top_up(ada, NANOS)
    had = crowd.purse(ada).posted_nanos
    await crowd.connect(capped, ada, cap_nanos=NANOS // 5)
    await crowd.connect(free, ada, cap_nanos=100 * NANOS)
    chance = random.Random(7)
    asked = [(chance.choice((capped, free)), chance.randrange(1, NANOS // 20)) for _ in range(120)]
    async with running_queue() as queue, running_queue() as other:
        answers = await asyncio.gather(*(
            charge((queue, other)[number % 2], *BY, app, "u1", amount, None, None, f"req_{number}", None)
            for number, (app, amount) in enumerate(asked)
        ))  # fmt: skip
    taken = {app.paywall_id: 0 for app in (capped, free)}
    for (app, amount), answer in zip(asked, answers, strict=True):
        taken[app.paywall_id] += amount if answer.success else 0
    assert 0 < taken[capped.paywall_id] <= NANOS // 5 and not all(answer.success for answer in answers)
    assert crowd.purse(ada).posted_nanos == had - sum(taken.values()) >= 0
    assert_books_balance()


@pytest.mark.unhurried
async def test_each_refusal_of_a_shared_wallet_says_what_would_help(database: str) -> None:
    snapshot = make_snapshot(mode=Mode.SHARED)
    ada, _ = await crowd.sign_in("ada@example.org")
    had = crowd.purse(ada).posted_nanos
    asks = []
    async with running_queue() as queue:
        for number, cap in enumerate((None, had // 2, had * 9)):
            if cap is not None:
                await crowd.connect(snapshot, ada, cap_nanos=cap)
            answer = await charge(
                queue, Standings(), SpendLimits(), snapshot, "u1", had * 2, None, None, f"req_{number}", None
            )
            asks.append((answer.success, answer.refusal, answer.ask))
    assert asks == [
        (False, "authorization_required", Ask(Action.AUTHORIZE)),
        (False, "cap_reached", Ask(Action.LIMIT, had * 2 - had // 2)),
        (False, "insufficient_funds", Ask(Action.TOPUP, had)),
    ]


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("mode", [mode for mode, rules in RULES.items() if not rules.is_operators])
def test_a_refusal_is_said_in_the_developers_words_where_there_are_any(
    database: str, action: Action, mode: Mode
) -> None:
    ours = make_snapshot(mode=mode)
    theirs = replace(ours, configuration=replace(ours.configuration, messages={action: "{{ name }}: {{ url }}"}))
    assert ask_text(theirs, Ask(action, NANOS), "https://x/") == "Lexica: https://x/"
    told = ask_text(ours, Ask(action, NANOS), "https://x/")
    assert "https://x/" in told and "message" not in told and "{{" not in told
