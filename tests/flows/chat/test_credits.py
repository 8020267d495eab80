"""Credits pay for chat as a plain model of whole numbers says: free ones first, whole ones only, one at least."""

import random
from dataclasses import dataclass

import pytest

from app import db
from app.domain.errors import StaleDecision
from app.domain.inbox.inbox import ObjectKind
from app.domain.ledger.accounts import Kind
from app.domain.ledger.folding import read_balance
from app.domain.money import NANOS
from app.domain.pricing.quote import Tokens
from app.domain.usage.requests import Metered, read_receipt
from app.flows.callers.asked import Ask
from app.flows.callers.snapshot import Snapshot
from app.flows.callers.standing import Standings
from app.flows.chat.call import Run
from app.flows.chat.decide import FREE_ONLY
from tests.support.books import assert_books_balance, running_queue
from tests.support.chat import Chat
from tests.support.credits import credits_account, credits_of, open_credits, someone_with_key
from tests.support.scripted import Scripted, flows, request
from tests.support.taking_back import begin_shared, house_of, open_taking_bank

STEPS = 60


@dataclass
class Model:
    """What somebody has, in whole credits; `kept` are the cents that stay of each payment."""

    free: int
    paid: int
    kept: list[int]

    @property
    def has_paid(self) -> bool:
        return any(self.kept)

    def spend(self, amount: int) -> None:
        from_free = min(self.free, amount)
        self.free, self.paid = self.free - from_free, self.paid - amount + from_free


async def begin(chat: Chat, snapshot: Snapshot, model: str, request_id: str) -> Run | Ask:
    """Begins a request; what a refund has made old in memory is found to be so once, and then read anew."""
    assert snapshot.account_id is not None
    asked = request(model=model, max_tokens=40)
    try:
        return await chat.begin(snapshot, snapshot.account_id, asked, request_id, None)
    except StaleDecision:
        return await chat.begin(snapshot, snapshot.account_id, asked, request_id, None)


async def test_free_credits_are_for_free_models_until_something_was_paid(database: str) -> None:
    await open_credits()
    ada, snapshot = await someone_with_key()
    bank, standings = open_taking_bank(), Standings()
    house, marks = house_of(bank), begin_shared(credits_account(ada), bank.connection_id, 300)
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        asked = await chat.begin(snapshot, ada.account_id, request(), "req_1", None)
        assert isinstance(asked, Ask) and asked.beside == FREE_ONLY
        run = await chat.begin(snapshot, ada.account_id, request(model="demo-free"), "req_2", None)
        assert isinstance(run, Run) and run.held.amount == NANOS
        settled = await chat.settle(run, Metered(Tokens(5, 5)))
        assert (settled.amount, credits_of(ada).posted_nanos) == (NANOS, 19 * NANOS)
        await house.door.receive(bank.connection_id, "e1", bank.pay("pi_1", marks))
        run = await chat.begin(snapshot, ada.account_id, request(max_tokens=20), "req_3", None)
        assert isinstance(run, Run)
        await chat.settle(run, Metered(Tokens(10, 20)))
        known = await standings.find(snapshot, ada.account_id)
        await house.door.receive(bank.connection_id, "e2", bank.give_back("re_1", "pi_1", 300), ObjectKind.REFUND)
        with db.transaction(writes=False) as session:
            receipt = read_receipt(session, snapshot.paywall_id, "req_3", ada.account_id)
        now = await Standings().find(snapshot, ada.account_id)
        assert known.may_use_priced and not now.may_use_priced and known.epochs != now.epochs
    # 0.1 for the prompt and 2 for the answer are three whole credits, out of what was free.
    assert (receipt.charge, receipt.unit) == ("3", "CREDIT")
    assert receipt.split == {"provider": "2.1", "platform": "0", "developer": "0", "trial": "0.9"}
    assert credits_of(ada).posted_nanos == 16 * NANOS
    assert_books_balance()


@pytest.mark.plain_sql
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
async def test_whatever_happens_the_wallet_is_what_a_plain_model_says(database: str, seed: int) -> None:
    """Only many steps in any order find a credit that is lost between payments, refunds, free ones and charges."""
    await open_credits()
    ada, snapshot = await someone_with_key()
    dice, bank, wallet = random.Random(seed), open_taking_bank(), credits_account(ada)
    house, model, cost = house_of(bank), Model(20, 0, []), 0
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        for step in range(STEPS):
            match dice.choice(("free", "priced", "priced", "priced", "pay", "back")):
                case "pay" if dice.random() < 0.5:
                    marks = begin_shared(wallet, bank.connection_id, 300)
                    await house.door.receive(bank.connection_id, f"e{step}", bank.pay(f"pi_{len(model.kept)}", marks))
                    model.paid, model.kept = model.paid + 300, [*model.kept, 300]
                case "back" if model.kept and model.kept[-1] and model.paid >= 300:
                    bank.give_back(f"re_{step}", f"pi_{len(model.kept) - 1}", model.kept[-1])
                    await house.door.receive(bank.connection_id, f"b{step}", f"re_{step}", ObjectKind.REFUND)
                    model.paid, model.kept[-1] = model.paid - model.kept[-1], 0
                case ("free" | "priced") as kind:
                    name = "demo-free" if kind == "free" else "demo-mini"
                    begun = await begin(chat, snapshot, name, f"req_{step}")
                    if isinstance(begun, Ask):
                        poor = model.free + model.paid < 8
                        assert poor or (kind == "priced" and not model.has_paid and begun.beside == FREE_ONLY)
                        continue
                    assert kind == "free" or model.has_paid
                    prompt, output = dice.randrange(1, 9), dice.randrange(min(begun.leg.output_limit, 40) + 1)
                    settled = await chat.settle(begun, Metered(Tokens(prompt, output)))
                    hundredths = (prompt + 10 * output) if kind == "priced" else 0
                    due = max(1, -(-hundredths // 100)) if output else 0
                    assert settled.amount == due * NANOS
                    model.spend(due)
                    cost += hundredths if output else 0
            now = credits_of(ada)
            assert (now.trial_nanos, now.posted_nanos, now.held_nanos) == (
                model.free * NANOS, (model.free + model.paid) * NANOS, 0,
            )  # fmt: skip
    with db.transaction(writes=False) as session:
        owed = read_balance(session, wallet.beside(Kind.PROVIDER_PAYABLE, "demo"))
    assert owed * 100 == cost * NANOS
    assert_books_balance()
