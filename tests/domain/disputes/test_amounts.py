"""What is taken back comes to the same in any order, never more than was credited, never more than is free."""

from hypothesis import given
from hypothesis import strategies as st

from app.domain.disputes.amounts import Taken, change, target, transfers
from app.domain.ledger.accounts import Account, Kind
from app.domain.money import Environment, Unit

CREDITED = 30
SUMS = st.tuples(st.integers(0, 40), st.integers(0, 40))


def play(free: int, sums: list[tuple[int, int]]) -> tuple[Taken, int]:
    """Takes back what these sums come to, one after another; returns what is taken, and what the wallet has then."""
    taken, balance = Taken(), free
    for refunds, disputes in sums:
        more = change(taken, *target(CREDITED, refunds, disputes), balance)
        balance -= more.of_wallet
        taken = Taken(taken.refunds + more.refunds, taken.from_wallet + more.from_wallet,
                      taken.disputes + more.disputes)  # fmt: skip
    return taken, balance


@given(st.integers(0, CREDITED), st.lists(SUMS), SUMS)
def test_only_what_they_come_to_in_the_end_counts(
    free: int, before: list[tuple[int, int]], end: tuple[int, int]
) -> None:
    taken, balance = play(free, [*before, end])
    assert (taken, balance) == play(free, [end]) == play(free, [*before, end, end])
    assert (taken.refunds, taken.disputes) == target(CREDITED, *end)
    assert taken.refunds + taken.disputes <= CREDITED
    assert taken.from_wallet == min(taken.refunds, free)
    assert balance == free - taken.from_wallet - taken.disputes


@given(st.integers(0, CREDITED), st.integers(0, 40), st.integers(0, 40), st.integers(0, 20))
def test_what_is_topped_up_later_pays_for_no_earlier_refund(free: int, first: int, more: int, later: int) -> None:
    taken, balance = play(free, [(first, 0)])
    again = change(taken, *target(CREDITED, first, 0), balance + later)
    assert again == Taken()
    grown = change(taken, *target(CREDITED, first + more, 0), balance + later)
    assert 0 <= grown.from_wallet <= min(grown.refunds, balance + later)


ACCOUNTS = [Account(Environment.SANDBOX, Unit.USD, kind, "x") for kind in (Kind.WALLET, Kind.REVENUE, Kind.WORLD)]


@given(st.integers(-9, 9), st.integers(-9, 9))
def test_transfers_change_each_account_by_its_net(first: int, second: int) -> None:
    nets = dict(zip(ACCOUNTS, (first, second, -first - second), strict=True))
    moved = dict.fromkeys(ACCOUNTS, 0)
    for transfer in transfers(nets, "refund", {}):
        moved[transfer.debit] -= transfer.amount
        moved[transfer.credit] += transfer.amount
        assert transfer.amount > 0
    assert moved == nets
