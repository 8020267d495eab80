"""Who reads others is held for exactly what it reads: money may come meanwhile or not, and is asked for once."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from sqlalchemy import select

from app import db
from app.domain.cards import auto_topup
from app.domain.cards.auto_topup import Consent
from app.domain.cards.rules import Answer, Terms
from app.domain.cards.sums import Use
from app.domain.cards.tables import Card, ChargeOutcome
from app.domain.errors import LimitReached, Unavailable
from app.domain.ledger.accounts import Account
from app.domain.ledger.apply import apply_one
from app.domain.ledger.tables import LedgerBudget
from app.domain.money import NANOS
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.limits import Limits, PaywallLimits
from app.domain.paywalls.paywall import credits_paywall_id
from app.domain.people.account_keys import make_account_key
from app.domain.people.sessions import Person
from app.domain.pricing.price_book import NewPrice
from app.flows.callers.asked import Ask
from app.flows.callers.snapshot import Snapshot, read_account_snapshot
from app.flows.cards import auto_topup as looking
from app.flows.cards.auto_topup import ON_ITS_WAY, AutoTopups
from app.flows.chat.hold import Held
from app.flows.modes.carrying import Result
from app.flows.modes.members import Panel
from app.formats.account.modes import read_judge
from app.ports.cards import Answered, ChargeOrder
from app.sql.columns import table_of
from tests.support.books import assert_books_balance, publish, running_queue
from tests.support.credits import credits_account, credits_of
from tests.support.crowd import SANDBOX
from tests.support.panels import SAID, Models, Panels, Script, credits_a_thousand, paying, saying
from tests.support.paying import open_bank
from tests.support.saved_cards import GENERIC, CardBank, outcomes, save_card, topups_of
from tests.support.scripted import request
from tests.support.waiting import until

VERDICT = json.dumps({"winner": "A", "scores": {letter: {"score": 9, "reason": "So."} for letter in "AB"},
                      "reason": "It is right."})  # fmt: skip
JUDGING = read_judge({"contestants": ["a", "b"], "judge": "gpt-4", "messages": SAID, "max_tokens": 2_000})
LONG = saying("नमस्ते दुनिया, यह समुद्र नीला है। " * 150, output=1_803, pieces=40)
"""By the limits of who writes it the judge fits; to the judge's tokenizer it is three times as long, and does not."""
TERMS = Terms(321 * NANOS, 2_000, 10_000)
"""Somebody with 320 credits is below that; a judge's first hold takes all of them."""
USE = Use("pw_credits_sandbox", "u1")


class SlowBank(CardBank):
    """An account that charges a card as soon as it is let."""

    def __init__(self, connection_id: str) -> None:
        super().__init__(connection_id)
        self.goes_on = asyncio.Event()

    async def charge(self, order: ChargeOrder) -> Answered:
        await self.goes_on.wait()
        return await super().charge(order)


@dataclass
class Judged:
    """Somebody whose wallet fills itself, and two models that end their answers when they are let."""

    ada: Person
    snapshot: Snapshot
    bank: SlowBank
    card: Card
    wallet: Account
    topups: AutoTopups
    panels: Panels
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask_beside(self) -> None:
        """Asks for something else, for which nothing is left: that has the card charged."""
        asked = await self.panels.chat.begin(self.snapshot, self.ada.account_id, request(model="a"), "req_other", None)
        assert isinstance(asked, Ask) and asked.beside == ON_ITS_WAY

    def start(self) -> "asyncio.Task[Result]":
        async def judge() -> Result:
            result, _ = await self.panels.ask(self.snapshot, JUDGING)
            return result

        return asyncio.create_task(judge())

    async def speak(self) -> None:
        """Waits until both models have been asked."""
        await until(lambda: len(self.panels.models.answers) == 2)


@asynccontextmanager
async def judged(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Judged]:
    monkeypatch.setattr(looking, "LOOK_SECONDS", 0.0)
    judge = NewPrice("gpt-4", 70 * 10 * NANOS, NANOS)
    ada, snapshot = await paying([credits_a_thousand("a", "0.01"), credits_a_thousand("b", "0.01"), judge])
    bank, wallet = SlowBank(open_bank().connection_id), credits_account(ada)
    card = save_card(bank, ada)
    with db.transaction() as session:
        consent = Consent("I allow it.", "10.0.0.1")
        apply_one(session, auto_topup.switch_on(session, wallet, ada.account_id, card.id, TERMS, consent))
    gate, topups = asyncio.Event(), topups_of(bank)
    gated: Script = [*LONG[:1], gate, *LONG[1:]]
    async with running_queue() as queue:
        panels = Panels(queue, Models({"a": gated, "b": LONG, "gpt-4": saying(VERDICT)}), topups=topups)
        yield Judged(ada, snapshot, bank, card, wallet, topups, panels, gate)
        bank.goes_on.set()
        await topups._keeper.drain(20)
    assert_books_balance()


@pytest.mark.parametrize("comes", ["before", "after", "never"])
async def test_a_judge_is_paid_by_the_one_top_up_that_came_while_the_others_spoke(
    database: str, monkeypatch: pytest.MonkeyPatch, comes: str
) -> None:
    async with judged(monkeypatch) as now:
        if comes == "never":
            now.bank.behaves[now.card.ref] = GENERIC
        judging = now.start()
        await now.speak()
        if comes != "after":
            now.bank.goes_on.set()
        await now.ask_beside()
        if comes != "after":
            wanted = [ChargeOutcome.DECLINED if comes == "never" else ChargeOutcome.PAID]
            await until(lambda: outcomes(now.wallet) == wanted)
        now.gate.set()
        result = await judging
        now.bank.goes_on.set()
        await now.topups._keeper.drain(20)
        looked = await now.topups.fill(now.wallet.owner, USE)
        assert looked.answer is (Answer.PAUSED if comes == "never" else Answer.ENOUGH)
        assert len(now.bank.made) == 1, "one charge, whoever looked"
        assert (result.outcome.verdict is None, result.outcome.reason) == (
            (False, None) if comes == "before" else (True, "funds")
        )
        paid = 0 if comes == "never" else 2_000 * NANOS
        assert credits_of(now.ada).posted_nanos == 320 * NANOS + paid - result.settled.amount
        assert credits_of(now.ada).held_nanos == 0


async def test_what_is_no_want_of_money_is_not_called_so(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads that their credits were not enough tops up, and that would not have helped."""
    async with judged(monkeypatch) as now:
        extend = now.panels.chat.holds.extend_legs

        async def busy(held: Held, amount_nanos: int = 0) -> None:
            if amount_nanos:
                raise Unavailable("The database is busy.")
            await extend(held)

        monkeypatch.setattr(now.panels.chat.holds, "extend_legs", busy)
        now.gate.set()
        panel = await now.panels.begin(now.snapshot, JUDGING)
        assert isinstance(panel, Panel)
        result = await now.panels.carrier.whole(panel)
        assert (result.outcome.verdict, result.outcome.reason) == (None, "unavailable")
        assert result.settled.amount == NANOS and credits_of(now.ada).held_nanos == 0


@pytest.mark.parametrize("scope", ["user", "key"])
async def test_a_limit_of_spending_that_a_judge_would_cross_leaves_the_answers_and_counts_them_once(
    database: str, scope: str
) -> None:
    judge = NewPrice("gpt-4", 70 * 10 * NANOS, NANOS)
    ada, _ = await paying([credits_a_thousand("a", "0.01"), credits_a_thousand("b", "0.01"), judge], 3_000)
    day = PaywallLimits(**{scope: Limits(spend_per_day_nanos=320 * NANOS)})
    with db.transaction() as session:
        paywall_id = credits_paywall_id(SANDBOX)
        publish(session, paywall_id, replace(read_current(session, paywall_id)[1], limits=day))
        snapshot = read_account_snapshot(session, make_account_key(session, ada.account_id, SANDBOX), NANOS)
    async with running_queue() as queue:
        panels = Panels(queue, Models({"a": LONG, "b": LONG, "gpt-4": saying(VERDICT)}))
        for spent in (1, 2):
            result, _ = await panels.ask(snapshot, JUDGING)
            assert (result.outcome.verdict, result.outcome.reason) == (None, "funds")
            with db.transaction(writes=False) as session:
                (budget,) = session.execute(select(table_of(LedgerBudget))).mappings()
            assert (budget["cap"], budget["spent"], budget["held"]) == (320 * NANOS, spent * NANOS, 0)
        long = [{"role": "user", "content": "blue " * 6_000}]
        dear = read_judge({"contestants": ["gpt-4", "b"], "judge": "a", "messages": long, "max_tokens": 20})
        with pytest.raises(LimitReached) as reached:
            await panels.begin(snapshot, dear)
        assert reached.value.code == "spend_per_day" and credits_of(ada).held_nanos == 0
    assert credits_of(ada).posted_nanos == 3_018 * NANOS and "gpt-4" not in panels.models.sent
    assert_books_balance()
