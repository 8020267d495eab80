"""Lots against a model as simple as possible: single coins, each of a lot, spent in the order of the lots."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from app.domain.wallets.purse import LotState, Purse, shares
from app.domain.wallets.tables import LotMethod

CARD, USDC, OTHER = LotMethod
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("in"), st.sampled_from((CARD, USDC)), st.integers(1, 9)),
        st.tuples(st.just("spend"), st.integers(1, 9), st.none()),
        st.tuples(st.just("take"), st.integers(0, 5), st.integers(1, 9)),
        st.tuples(st.just("give"), st.integers(0, 5), st.integers(1, 9)),
        st.tuples(st.just("out"), st.integers(1, 9), st.none()),
        st.tuples(st.just("back"), st.integers(1, 9), st.none()),
    ),
    max_size=25,
)


def lot(id_: str, method: LotMethod, number: int, amount: int) -> LotState:
    return LotState(id_, method, number, amount)


@dataclass
class Coins:
    """The model: coins that are there, by lot, and how much is taken back of each lot."""

    there: list[tuple[int, int, str]] = field(default_factory=list)
    amounts: dict[str, int] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)
    balance: int = 0

    def pay_in(self, id_: str, method: LotMethod, number: int, amount: int) -> None:
        covered = min(max(-self.balance, 0), amount)
        self.balance += amount
        self.amounts[id_], self.taken[id_] = amount, 0
        self.there += [(list(LotMethod).index(method), number, id_)] * (amount - covered)

    def spend(self, amount: int) -> dict[str, int]:
        self.there.sort()
        spent, self.there = self.there[:amount], self.there[amount:]
        self.balance -= amount
        return {id_: sum(coin[2] == id_ for coin in spent) for id_ in {coin[2] for coin in spent}}


@given(STEPS)
def test_lots_and_debt_are_the_balance_and_card_is_spent_first(steps: list[tuple[str, object, object]]) -> None:
    purse, coins = Purse(), Coins()
    # The model knows which coins are there until money comes or goes while some of it is taken back.
    knows, out = True, 0
    for number, (step, first, second) in enumerate(steps):
        cards = [name for name in coins.amounts if purse.lots[name].method is CARD]
        if step == "in":
            assert isinstance(first, LotMethod) and isinstance(second, int)
            knows = knows and coins.balance >= 0
            purse.pay_in(lot(f"l{number}", first, number, second))
            coins.pay_in(f"l{number}", first, number, second)
        elif step == "spend":
            assert isinstance(first, int)
            # Nothing is spent that is not there.
            amount = min(first, max(coins.balance, 0))
            knows = knows and not (amount and any(coins.taken.values()))
            expected = coins.spend(amount) if knows else None
            paid = purse.spend(amount)
            assert sum(paid.values()) == amount
            if expected is not None:
                assert paid == expected
            else:
                coins.balance -= amount
        elif step == "out":
            assert isinstance(first, int)
            amount = min(first, purse.withdrawable(0))
            knows = knows and not amount
            purse.withdraw(amount)
            out, coins.balance = out + amount, coins.balance - amount
        elif step == "back":
            assert isinstance(first, int)
            amount = min(first, out)
            knows = knows and not amount
            purse.return_withdrawn(amount)
            out, coins.balance = out - amount, coins.balance + amount
        elif cards and isinstance(first, int) and isinstance(second, int):
            name = cards[first % len(cards)]
            left = coins.amounts[name] - coins.taken[name]
            amount = min(second, left if step == "take" else coins.taken[name])
            if step == "take" and amount:
                purse.take_back(name, amount)
                coins.taken[name], coins.balance = coins.taken[name] + amount, coins.balance - amount
            elif amount:
                purse.give_back(name, amount)
                coins.taken[name], coins.balance = coins.taken[name] - amount, coins.balance + amount
        assert purse.balance == coins.balance
        assert not purse.debt or not any(one.left for one in purse.lots.values())
        assert all(min(one.left, one.spent, one.back, one.covered) >= 0 for one in purse.lots.values())


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(0, 30))
def test_a_dispute_that_is_won_leaves_the_lots_as_they_were(amounts: list[int], spent: int) -> None:
    def play(*, is_disputed: bool) -> list[int]:
        purse = Purse()
        for number, amount in enumerate(amounts):
            purse.pay_in(lot(f"l{number}", CARD, number, amount))
        purse.spend(min(spent, sum(amounts)))
        if is_disputed:
            purse.take_back("l0", amounts[0])
            purse.give_back("l0", amounts[0])
        return [one.left for one in purse.in_order()]

    assert play(is_disputed=True) == play(is_disputed=False)


def test_a_charge_that_was_held_before_a_dispute_is_paid_by_the_disputed_lot() -> None:
    purse = Purse()
    purse.pay_in(lot("l0", CARD, 0, 100))
    purse.take_back("l0", 100)
    assert (purse.spend(5), purse.balance, purse.debt) == ({"l0": 5}, -5, 5)
    purse.give_back("l0", 100)
    assert (purse.balance, purse.lots["l0"].left, purse.lots["l0"].spent) == (95, 95, 5)


def test_of_two_disputes_that_are_won_neither_leaves_money_to_no_lot() -> None:
    purse = Purse()
    purse.pay_in(lot("l0", CARD, 0, 1))
    purse.take_back("l0", 1)
    purse.pay_in(lot("l1", CARD, 1, 1))
    purse.spend(1)
    purse.take_back("l1", 1)
    purse.give_back("l0", 1)
    assert (purse.balance, purse.debt) == (0, 0)
    purse.give_back("l1", 1)
    assert (purse.balance, [one.left for one in purse.in_order()]) == (1, [1, 0])


def test_money_that_comes_in_pays_what_is_owed_first() -> None:
    purse = Purse()
    purse.pay_in(lot("l0", CARD, 0, 10))
    purse.spend(10)
    purse.take_back("l0", 10)
    purse.pay_in(lot("l1", USDC, 1, 4))
    assert (purse.debt, purse.lots["l1"].left, purse.balance) == (6, 0, -6)
    purse.restore([("l0", 8)])
    assert (purse.debt, purse.balance, purse.lots["l0"].left) == (0, 2, 2)
    purse.pay_debt(5)
    assert purse.balance == 2


def test_card_money_does_not_leave_and_what_is_held_is_spent_card_first() -> None:
    purse = Purse()
    for number, (method, amount) in enumerate(((CARD, 3), (OTHER, 5), (USDC, 4), (USDC, 6))):
        purse.pay_in(lot(f"l{number}", method, number, amount))
    assert [purse.withdrawable(held) for held in (0, 3, 4, 13, 18)] == [10, 10, 9, 0, 0]
    purse.withdraw(5)
    assert [(one.id, one.left) for one in purse.in_order()] == [("l0", 3), ("l2", 0), ("l3", 5), ("l1", 5)]
    assert purse.spend(4) == {"l0": 3, "l3": 1}
    purse.return_withdrawn(5)
    assert (purse.withdrawable(0), purse.balance) == (9, 14)


def test_what_was_withdrawn_pays_nothing_of_a_charge_that_a_dispute_left_open() -> None:
    purse = Purse()
    purse.pay_in(lot("l0", CARD, 0, 10))
    purse.pay_in(lot("l1", USDC, 1, 10))
    purse.withdraw(10)
    purse.take_back("l0", 10)
    assert (purse.spend(5), purse.lots["l1"].back, purse.debt) == ({"l0": 5}, 10, 5)
    purse.return_withdrawn(10)
    assert (purse.debt, purse.withdrawable(0), purse.balance) == (0, 5, 5)


@given(st.data(), st.lists(st.tuples(st.text(max_size=2), st.integers(1, 99)), min_size=1, max_size=9))
def test_shares_are_in_proportion_and_none_is_more_than_its_part(
    data: st.DataObject, parts: list[tuple[str, int]]
) -> None:
    whole = sum(part for _, part in parts)
    amount = data.draw(st.integers(0, whole))
    found = shares(amount, parts)
    assert [name for name, _ in found] == [name for name, _ in parts]
    assert sum(share for _, share in found) == amount
    assert all(abs(share - amount * part / whole) < 1 and share <= part
               for (_, share), (_, part) in zip(found, parts, strict=True))  # fmt: skip
