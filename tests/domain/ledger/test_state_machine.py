"""Anything that can happen to the ledger, in any order, against a plain model: duplicates, batches, crashes.

`--ledger-steps N` takes N steps on each database.
"""

import itertools
import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from app import db
from app.domain.errors import InsufficientFunds, LedgerRefused
from app.domain.ledger.accounts import Kind, parse
from app.domain.ledger.apply import Outcome, apply
from app.domain.ledger.folding import fold_deltas, read_balance
from app.domain.ledger.operations import Operation
from tests.domain.ledger.asked import Asked, beginnings, operations, stories
from tests.domain.ledger.model import Model
from tests.domain.ledger.money import findings

STEPS_OF_ONE_EXAMPLE = 60
EXAMPLES_OF_ONE_SEED = 25

BALANCES = text(
    "SELECT id, posted + coalesce((SELECT sum(amount) FROM ledger_delta WHERE account_id = ledger_account.id), 0)"
    " AS balance FROM ledger_account WHERE id IN :names"
).bindparams(bindparam("names", expanding=True))
"""What accounts have, asked of the tables: after each step of all at once, because a question each is half the time."""

_worlds = itertools.count()
_steps = 0


class Crash(Exception):
    """The process dies here."""


class Ledger(RuleBasedStateMachine):
    """Applies operations to the database and to the model, and compares every answer and every balance."""

    def __init__(self) -> None:
        super().__init__()
        self.world = f"w{next(_worlds)}"
        self.model = Model()
        self.history: list[Operation] = []

    @initialize(first=beginnings)
    def begin(self, first: list[Asked]) -> None:
        self.do(first)

    @rule(operation=operations)
    def one(self, operation: Asked) -> None:
        self.do([operation])

    @rule(story=stories(), at_once=st.booleans())
    def story(self, story: list[Asked], at_once: bool) -> None:
        for part in [story] if at_once else [[asked] for asked in story]:
            self.do(part)

    @rule(batch=st.lists(operations, min_size=2, max_size=8))
    def batch(self, batch: list[Asked]) -> None:
        self.do(batch)

    @precondition(lambda self: self.history)
    @rule(data=st.data())
    def again(self, data: st.DataObject) -> None:
        """A retry, as late as it likes and with others beside it."""
        picked = data.draw(st.lists(st.sampled_from(self.history), min_size=1, max_size=4))
        self.check(picked, self.commit(picked))

    @rule(batch=st.lists(operations, min_size=1, max_size=5), retries=st.booleans())
    def crash_before_the_commit(self, batch: list[Asked], retries: bool) -> None:
        placed = [asked.place(self.world) for asked in batch]
        with pytest.raises(Crash), db.transaction() as session:
            apply(session, placed)
            raise Crash
        if retries:
            self.do(batch)

    @rule(batch=st.lists(operations, min_size=1, max_size=5))
    def lose_the_answer_and_ask_again(self, batch: list[Asked]) -> None:
        placed = [asked.place(self.world) for asked in batch]
        self.commit(placed)
        for operation in placed:
            self.model.apply(operation)
        self.check(placed, self.commit(placed))
        self.history += placed

    @rule(commits=st.booleans())
    def fold(self, commits: bool) -> None:
        try:
            with db.transaction() as session:
                fold_deltas(session)
                if not commits:
                    raise Crash
        except Crash:
            return

    def do(self, batch: Sequence[Asked]) -> None:
        placed = [asked.place(self.world) for asked in batch]
        self.check(placed, self.commit(placed))
        self.history += placed

    def commit(self, placed: Sequence[Operation]) -> list[Outcome]:
        with db.transaction() as session:
            return apply(session, placed)

    def check(self, placed: Sequence[Operation], outcomes: Sequence[Outcome]) -> None:
        global _steps
        _steps += 1
        for operation, outcome in zip(placed, outcomes, strict=True):
            expected = self.model.apply(operation)
            if isinstance(expected, LedgerRefused):
                assert type(outcome) is type(expected), (operation, outcome, expected)
            else:
                assert outcome == expected, operation
                assert list(outcome.transfers) == list(expected.transfers), operation
            if isinstance(expected, InsufficientFunds) and isinstance(outcome, InsufficientFunds):
                assert (outcome.short_of, outcome.available_nanos) == (expected.short_of, expected.available_nanos)
        with db.transaction(writes=False) as session:
            self.compare(session)

    def compare(self, session: Session) -> None:
        asked = session.execute(BALANCES, {"names": list(self.model.balances)})
        found = {row.id: row.balance for row in asked}
        for account_id, balance in self.model.balances.items():
            assert found.get(account_id, 0) == balance, account_id
        mine = {"like": f"%:{self.world}-%"}
        for account_id, held in session.execute(text("SELECT id, held FROM ledger_account WHERE id LIKE :like"), mine):
            account = parse(account_id)
            if account.kind in (Kind.WALLET, Kind.PROMO):
                assert held == self.model.held(account), account_id
        budgets = text("SELECT id, cap, spent, held FROM ledger_budget WHERE id LIKE :like")
        for budget_id, *amounts in session.execute(budgets, {"like": f"{self.world}-%"}):
            model = self.model
            assert amounts == [model.budgets[budget_id][1], model.spent(budget_id), model.held_of(budget_id)], budget_id

    def teardown(self) -> None:
        with db.transaction(writes=False) as session:
            for account_id, balance in self.model.balances.items():
                assert read_balance(session, parse(account_id)) == balance, account_id
        assert findings() == []


@pytest.mark.slow
@pytest.mark.timeout(7_200)
def test_the_ledger_does_what_the_model_does(database: str, amount: Callable[[str], int]) -> None:
    """Only stories that nobody thought of find the orders of operations that nobody thought of."""
    global _steps
    _steps, wanted = 0, amount("ledger-steps")
    first_seed = 0 if settings().derandomize else random.randrange(10**6)
    for number in itertools.count(first_seed):
        print(f"seed {number} after {_steps} steps")  # shown when it fails
        run_state_machine_as_test(
            seed(number)(Ledger),
            settings=settings(
                max_examples=EXAMPLES_OF_ONE_SEED,
                stateful_step_count=STEPS_OF_ONE_EXAMPLE,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        if _steps >= wanted:
            return
