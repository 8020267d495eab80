"""Strategies for everything that can be asked of the ledger: mostly possible, sometimes impossible, often again."""

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st

from app.domain.ledger.accounts import AMOUNT_NANOS_MAX, Account, Kind
from app.domain.ledger.operations import (
    BumpEpoch,
    Charge,
    Collected,
    Epoch,
    Extend,
    Hold,
    Operation,
    Post,
    Release,
    SetCap,
    Settle,
    Split,
    Transfer,
)
from app.domain.money import Environment, Unit


@dataclass(frozen=True)
class Asked:
    """An operation that has no place yet: each example plays in a world of its own."""

    what: Callable[..., Operation]
    values: tuple[object, ...]

    def place(self, world: str) -> Operation:
        return self.what(world, *self.values)

    def __repr__(self) -> str:
        return f"{self.what.__name__}{self.values}"


PLACES = (
    (Environment.SANDBOX, Unit.USD, "ada"),
    (Environment.SANDBOX, Unit.USD, "bob"),
    (Environment.LIVE, Unit.CREDIT, "ada"),
)


def wallet_of(world: str, number: int) -> Account:
    environment, unit, owner = PLACES[number]
    return Account(environment, unit, Kind.WALLET, f"{world}-{owner}")


def move(world: str, key: int, way: str, number: int, amount: int, is_chargeback: bool) -> Post:
    """Money in and out; `way` names where it goes."""
    wallet = wallet_of(world, number)

    def side(kind: Kind) -> Account:
        return wallet.beside(kind, f"{world}-{kind}")

    other = wallet_of(world, (number + 1) % len(PLACES))
    ways = {
        "deposit": (side(Kind.WORLD), wallet),
        "grant": (side(Kind.GRANTS), wallet.promo),
        "refund": (wallet, side(Kind.WORLD)),
        "take_back": (wallet.promo, side(Kind.GRANTS)),
        "withdraw_trial_money": (wallet.promo, side(Kind.WORLD)),
        "to_another": (wallet, other),
        "mature": (side(Kind.EARNINGS_PENDING), side(Kind.EARNINGS)),
        "batch": (side(Kind.EARNINGS), side(Kind.PAYOUT_TRANSIT)),
        "pay_out": (side(Kind.PAYOUT_TRANSIT), side(Kind.WORLD)),
        "to_itself": (wallet, wallet),
    }
    debit, credit = ways[way]
    transfers = [Transfer(debit, credit, amount, way)]
    if way == "deposit" and amount % 3 == 0:
        transfers.append(Transfer(wallet, side(Kind.RAIL_FEES), amount // 3, "fee"))
    return Post(f"{way}:{world}:{key}", tuple(transfers), is_chargeback)


def hold(
    world: str, name: int, number: int, least: int, more: int, beyond: int, caps: tuple[int, ...], epoch: int | None
) -> Hold:
    wallet = wallet_of(world, number)
    return Hold(
        f"hold:{world}:{name}", wallet, most=least + more, least=least, bound=least + more + beyond, owner="process",
        budgets=_budgets(world, caps), epochs=_epochs(world, epoch),
    )  # fmt: skip


def charge(
    world: str, name: int, number: int, amount: int, way: str, caps: tuple[int, ...], epoch: int | None
) -> Charge:
    wallet = wallet_of(world, number)
    return Charge(
        f"hold:{world}:{name}", wallet, amount, split_of(world, wallet, way), None, _budgets(world, caps),
        _epochs(world, epoch),
    )  # fmt: skip


def hold_trial_money_itself(world: str, name: int, number: int) -> Hold:
    return Hold(f"hold:{world}:{name}", wallet_of(world, number).promo, 1, 1, 1, "process")


def extend(world: str, name: int, amount: int, metered: int) -> Extend:
    return Extend(f"hold:{world}:{name}", amount, metered)


def settle(world: str, name: int, number: int, amount: int, way: str, expires: bool) -> Settle:
    return Settle(f"hold:{world}:{name}", amount, split_of(world, wallet_of(world, number), way), expires)


def release(world: str, name: int) -> Release:
    return Release(f"hold:{world}:{name}")


def set_cap(world: str, cap: int, number: int, amount: int) -> SetCap:
    return SetCap(f"{world}-cap{cap}", wallet_of(world, number), amount)


def bump(world: str) -> BumpEpoch:
    return BumpEpoch(f"{world}-key")


def _budgets(world: str, caps: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(f"{world}-cap{cap}" for cap in caps)


def _epochs(world: str, epoch: int | None) -> tuple[Epoch, ...]:
    return () if epoch is None else (Epoch(f"{world}-key", epoch),)


def split_of(world: str, wallet: Account, way: str) -> Split:
    """Returns a split by its name; `greedy`, `lazy` and `foreign` ones are wrong."""

    def side(kind: Kind) -> Account:
        return wallet.beside(kind, f"{world}-{kind}")

    def split(collected: Collected) -> list[Transfer]:
        parts = [(wallet.promo, collected.from_promo), (wallet, collected.from_wallet)]
        target = side(Kind.EARNINGS_PENDING if way == "earnings" else Kind.REVENUE)
        transfers = [Transfer(source, target, amount, "charge") for source, amount in parts if amount]
        short = collected.wanted - collected.total
        if way == "shortfall" and 0 < short <= AMOUNT_NANOS_MAX:
            transfers.append(Transfer(side(Kind.SHORTFALL), side(Kind.PROVIDER_PAYABLE), short, "shortfall"))
        if way == "greedy":
            transfers.append(Transfer(wallet, target, 1, "charge"))
        if way == "lazy":
            return transfers[:-1]
        if way == "foreign":
            transfers.append(Transfer(side(Kind.EARNINGS_PENDING), side(Kind.PLATFORM_FEES), 1, "fee"))
        return transfers

    return split


amounts = st.one_of(st.integers(1, 40), st.integers(0, 400), st.sampled_from([-1, AMOUNT_NANOS_MAX + 1]))
few = st.integers(0, 60)
names = st.integers(0, 7)
numbers = st.sampled_from([0, 0, 0, 0, 1, 2])
caps = st.sampled_from([()] * 4 + [(0,), (0,), (0, 1), (0, 1), (2,), (0, 0), (9,)])
epochs = st.sampled_from([None] * 9 + [0, 1, 2])
ways = st.sampled_from(["revenue"] * 4 + ["earnings"] * 4 + ["shortfall"] * 3 + ["greedy", "lazy", "foreign"])
money_in = st.tuples(
    st.integers(0, 6), st.sampled_from(["deposit", "grant"]), numbers, st.integers(1, 300), st.just(False)
)
moves = st.tuples(
    st.integers(0, 6),
    st.sampled_from(
        ["deposit", "grant", "refund", "take_back", "withdraw_trial_money", "to_another", "mature", "mature", "batch",
         "pay_out", "to_itself"]
    ),
    numbers, amounts, st.booleans(),
)  # fmt: skip


def _asked(what: Callable[..., Operation], values: st.SearchStrategy[tuple[object, ...]]) -> st.SearchStrategy[Asked]:
    return values.map(lambda drawn: Asked(what, drawn))


money: st.SearchStrategy[Asked] = _asked(move, money_in)
"""Money that comes in."""

holds = _asked(hold, st.tuples(names, numbers, few, few, few, caps, epochs))
settlements = _asked(settle, st.tuples(names, numbers, amounts, ways, st.booleans()))

operations: st.SearchStrategy[Asked] = st.one_of(
    money,
    _asked(move, moves),
    holds,
    holds,
    _asked(charge, st.tuples(names, numbers, amounts, ways, caps, epochs)),
    _asked(hold_trial_money_itself, st.tuples(names, numbers)),
    _asked(extend, st.tuples(names, amounts, amounts)),
    settlements,
    settlements,
    _asked(release, st.tuples(names)),
    _asked(set_cap, st.tuples(st.integers(0, 2), numbers, amounts)),
    _asked(bump, st.tuples()),
)
"""Anything."""


@st.composite
def stories(draw: st.DrawFn) -> list[Asked]:
    """One hold and what becomes of it, so that the rare turns (late finishers, charges above the hold) happen."""
    name, number = draw(st.integers(100, 10**6)), draw(st.sampled_from([0, 0, 2]))
    of_it = draw(st.sampled_from([(), (0,), (0, 1)] if number == 0 else [(), (2,)]))
    begin = Asked(hold, (name, number, 0, draw(few), draw(st.integers(0, 200)), of_it, None))

    def settling(amounts: st.SearchStrategy[int], expires: bool) -> st.SearchStrategy[Asked]:
        way = st.sampled_from(["revenue", "earnings", "shortfall"])
        return _asked(settle, st.tuples(st.just(name), st.just(number), amounts, way, st.just(expires)))

    between = st.one_of(
        _asked(extend, st.tuples(st.just(name), few, few)),
        _asked(
            move,
            st.tuples(st.integers(100, 10**6), st.just("refund"), st.just(number), st.integers(1, 300), st.just(False)),
        ),
        _asked(set_cap, st.tuples(st.just(0), st.just(0), st.integers(0, 200))),
        _asked(release, st.tuples(st.just(name))),
        money,
    )
    end = st.one_of(
        st.tuples(settling(st.integers(0, 250), False)),
        st.tuples(settling(few, True), settling(st.integers(0, 250), False)),
        st.tuples(settling(few, True), between, settling(st.integers(30, 250), False), settling(few, True)),
        st.tuples(between),
    )
    return [begin, *draw(st.lists(between, max_size=2)), *draw(end)]


beginnings: st.SearchStrategy[list[Asked]] = st.tuples(
    st.lists(money, min_size=2, max_size=4),
    st.lists(_asked(set_cap, st.tuples(st.just(0), st.just(0), st.integers(20, 300))), min_size=1, max_size=1),
    st.lists(_asked(set_cap, st.tuples(st.just(1), st.just(0), st.integers(20, 300))), max_size=1),
    st.lists(_asked(set_cap, st.tuples(st.just(2), st.just(2), st.integers(50, 500))), max_size=1),
).map(lambda parts: [asked for part in parts for asked in part])
"""Money and caps to begin with."""
