"""What comes in is credited once, against a plain model, whatever blocks are undone and looks repeated."""

import itertools
from dataclasses import dataclass, field, replace

import hypothesis
import hypothesis.strategies as st
import pytest

from app import db
from app.domain.chain_deposits import addresses, arrivals
from app.domain.chain_deposits.addresses import AddressOf, salt_of
from app.domain.chain_deposits.arrivals import Arrived, Book, kind_of
from app.domain.chain_deposits.tables import ArrivalKind
from app.domain.ledger.accounts import Account
from app.domain.ledger.apply import apply_one
from app.domain.ledger.folding import read_balance
from app.domain.money import MICRO_NANOS, Environment
from app.domain.transactions.world import world_of
from app.domain.wallets.shared import open_shared_wallet, read_shared_balance
from app.flows.upkeep.audit import audit
from tests.support.managing import person

CHAIN, TOKEN, BRIDGED, TREASURY = 31_337, "0xToken", "0xBridged", "0xTreasury"
ADDRESSES = ("0xAda", "0xBob")
_runs = itertools.count()


def make_book() -> Book:
    wallets: dict[str, Account] = {}
    for address, name in zip(ADDRESSES, ("ada", "bob"), strict=True):
        who = person(f"{name}@example.org")
        with db.transaction() as session:
            account = open_shared_wallet(session, who.account_id, Environment.SANDBOX)
            new = AddressOf(account, address, "0xFactory", salt_of("ins", account.owner), "0xhash")
            addresses.keep(session, CHAIN, new)
        wallets[address] = account
    return Book(CHAIN, Environment.SANDBOX, TOKEN, TREASURY, wallets)


def take(book: Book, arrived: Arrived) -> ArrivalKind | None:
    with db.transaction() as session:
        taken = arrivals.take(session, book, arrived)
        if taken is None:
            return None
        kind, posting = taken
        if posting is not None:
            apply_one(session, posting)
        return kind


@dataclass
class Model:
    """What should be: units of each wallet, what is not swept, what came in all, and what is shown."""

    credited: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ADDRESSES, 0))
    unswept: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ADDRESSES, 0))
    came: int = 0
    taken: set[tuple[str, int]] = field(default_factory=set)

    def take(self, one: Arrived) -> bool:
        if (one.transaction, one.position) in self.taken:
            return False
        self.taken.add((one.transaction, one.position))
        if one.token == TOKEN and one.payee in self.credited:
            self.credited[one.payee] += one.units
            self.unswept[one.payee] += one.units
            self.came += one.units
        elif one.token == TOKEN and one.payer in self.unswept:
            self.unswept[one.payer] -= one.units
        elif one.token == TOKEN:
            self.came += one.units
        return True


@st.composite
def steps(draw: st.DrawFn) -> list[tuple[str, Arrived]]:
    """Looks at a chain: transfers that are shown, undone, shown in another block, final, and final again."""
    found = []
    for _ in range(draw(st.integers(1, 25))):
        number = draw(st.integers(1, 6))
        one = Arrived(
            token=TOKEN if number != 6 else BRIDGED,
            payer="0xSomebody",
            payee=TREASURY if number == 5 else ADDRESSES[number % 2],
            units=number * 1_000_003,
            block=draw(st.integers(1, 9)),  # a re-org moves it
            transaction=f"0x{number}",
            position=draw(st.integers(0, 1)),
        )
        found.append((draw(st.sampled_from(("show", "undo", "final", "sweep"))), one))
    return found


@pytest.fixture
def book(database: str) -> Book:
    return make_book()


@pytest.mark.unhurried
@hypothesis.settings(max_examples=25, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@hypothesis.given(found=steps())
def test_each_transfer_counts_once(book: Book, found: list[tuple[str, Arrived]]) -> None:
    model, before, run = Model(), read_all(book), next(_runs)
    for step, one in found:
        one = replace(one, transaction=f"{run}:{one.transaction}")  # a chain of its own, on the same books
        if step == "final":
            assert (take(book, one) is not None) == model.take(one)
        elif step == "sweep":
            units = model.unswept[ADDRESSES[0]]
            if units:
                swept = replace(one, token=TOKEN, payer=ADDRESSES[0], payee=TREASURY, units=units,
                                transaction=f"sweep {one.transaction}")  # fmt: skip
                assert (take(book, swept) is not None) == model.take(swept)
        else:
            with db.transaction() as session:
                arrivals.show(session, book, [one] if step == "show" else [])
            check_shown(book, one if step == "show" else None)
    after = read_all(book)
    for address in ADDRESSES:
        assert after[address] - before[address] == model.credited[address]
    assert after["came"] - before["came"] == model.came
    with db.transaction(writes=False) as session:
        left = {one.address for one in addresses.list_unswept(session, CHAIN, 1, 2**62, 10)}
        assert list(audit(session)) == []
    assert {address for address in ADDRESSES if model.unswept[address]} <= left


def read_all(book: Book) -> dict[str, int]:
    with db.transaction(writes=False) as session:
        found = {
            address: read_shared_balance(session, account).posted_nanos // MICRO_NANOS
            for address, account in book.wallets.items()
        }
        came = arrivals.sum_until(session, CHAIN, 100)
        assert came == -read_balance(session, world_of(Environment.SANDBOX, CHAIN)) // MICRO_NANOS
        return found | {"came": came}


def check_shown(book: Book, shown: Arrived | None) -> None:
    """Only what is on its way to a wallet is shown, and only while it is."""
    with db.transaction(writes=False) as session:
        listed = [
            one
            for account in book.wallets.values()
            for one in arrivals.list_of_wallet(session, account.owner)
            if one.kind is ArrivalKind.SEEN
        ]
    if shown is None or kind_of(book, shown) is not ArrivalKind.CREDITED:
        assert listed == []
    else:
        assert [one.transaction for one in listed] in ([], [shown.transaction])


def test_what_came_is_summed_up_to_a_block(book: Book) -> None:
    one = Arrived(TOKEN, "0xSomebody", ADDRESSES[0], 5, 10, "0x1", 0)
    take(book, one)
    take(book, replace(one, block=11, transaction="0x2", units=7))
    take(book, replace(one, block=11, transaction="0x3", token=BRIDGED))
    with db.transaction(writes=False) as session:
        assert [arrivals.sum_until(session, CHAIN, block) for block in (9, 10, 11)] == [0, 5, 12]
        assert arrivals.sum_until(session, CHAIN + 1, 99) == 0
