"""Measures payments at full size, on PostgreSQL with real processes: what CI proves small is done once at length.

`uv run python -m tests.bench.money --postgres URL [PART …] [--wallets 1000] [--workers 3] [--killed 2]
[--payouts 200]`.
`month`: a month's top-ups, refunds, disputes and payouts at one account; the ledger must agree with it to the cent.
`auto-topup`: wallets at one account at Stripe (the emulator, 25 requests a second) fall below at the same second while
workers are killed; each must be charged once, and the time says what our pace costs.
`payouts`: of so many paywalls on a real chain (Anvil, Circle's token), by two rails at once; each recipient must have
exactly its amount, each number of the gas account is used once, and the gas of a payout is said.
`deposits`, `sending`, `cut`, `blocked`, `starving`, `pool`, `paused`, `reserves`, `addresses`, `looks`: what
settlement withstands (`tests/support/settlement_proofs.py`), each on a real chain, with the numbers asked for.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

from app import db, settings
from app.adapters.chain import abi
from app.adapters.chain.contracts import forwarders
from app.adapters.chain.dev.chain import DevChain
from tests.emulators import anvil
from tests.support import books
from tests.support import settlement_proofs as proofs
from tests.support.bad_ways import Sending
from tests.support.many_wallets import fill, prepare
from tests.support.paying_on_chain import ask_many, pass_by, rail_on, received
from tests.support.paying_out import find
from tests.support.reconciling import Month, reconciling
from tests.support.settling import TREASURY_KEY
from tests.support.stripe_bank import StripeShop, running

LIMIT = 25
OTHER_CHAIN = 31_338
ON_POSTGRES = ("auto-topup", "month", "payouts")
CUTS = 450
MONTH = Month(topups=1_000, refunds=40, disputes=10, payouts=5)


def auto_topup(chosen: argparse.Namespace) -> Mapping[str, object]:
    """Fills many wallets at once; fails where one was charged twice, or a "too many" counted as a decline."""
    with running() as bank:
        shop = bank.account()
        prepare(shop, chosen.wallets)
        shop.switch(rate_limit=LIMIT)
        outcome = fill(settings.get().database, shop, chosen.wallets, workers=chosen.workers, killed=chosen.killed)
    assert (outcome.filled, outcome.payments, outcome.twice, outcome.declined) == (
        chosen.wallets, chosen.wallets, 0, 0,
    ), outcome  # fmt: skip
    return asdict(outcome)


def month(chosen: argparse.Namespace) -> Mapping[str, object]:
    """Lets a month pass at an account; fails where a cent differs, or one that is made up by hand is not named."""

    async def pass_by(shop: StripeShop) -> Mapping[str, object]:
        async with reconciling(shop) as books:
            began = time.monotonic()
            await books.passes(MONTH)
            traffic_seconds, began = time.monotonic() - began, time.monotonic()
            await books.keeper.read(books.connection)
            read_seconds, found = time.monotonic() - began, books.compared()
            assert (found.differs_cents, books.explained()) == (0, []), found
            books.post_by_hand(1, "hand:1")
            await books.keeper.read(books.connection)
            named = [(one.what, one.cents) for one in books.explained()]
            assert named == [("posting hand:1, which is of no payment", -1)], named
            return {**asdict(MONTH), "balance_cents": found.balance_cents, "differs_cents": found.differs_cents,
                    "traffic_seconds": round(traffic_seconds, 1), "read_seconds": round(read_seconds, 1)}  # fmt: skip

    with running() as bank:
        return asyncio.run(pass_by(bank.account()))


def payouts(chosen: argparse.Namespace) -> Mapping[str, object]:
    """Pays out on a real chain; fails where a recipient has another amount, or the books do not balance."""

    async def pay(dev: DevChain) -> Mapping[str, object]:
        dev.mint(TREASURY_KEY.address, chosen.payouts * 10_000_000)
        asked, began = ask_many(chosen.payouts), time.monotonic()
        async with rail_on(dev) as one, rail_on(dev) as other:
            refused = await pass_by(dev, one, other, ticks=6)
            hashes = {find(payout.id).paid_by for payout in asked}
            receipts = [await one.chain.receipt(hash_ or "") for hash_ in hashes]
        amounts = [payout.units for payout in asked]
        assert received(dev, asked) == amounts, (received(dev, asked), amounts)
        books.assert_books_balance()
        gas = sum(receipt.gas_used for receipt in receipts if receipt is not None)
        return {"payouts": len(asked), "units": sum(amounts), "transactions": len(hashes), "refused": len(refused),
                "gas_each": gas // len(asked), "seconds": round(time.monotonic() - began, 1)}  # fmt: skip

    with anvil.running() as dev:
        return asyncio.run(pay(dev))


def on_chain(proof: Callable[[DevChain], Coroutine[Any, Any, Mapping[str, object]]]) -> Mapping[str, object]:
    """Proves something on a chain and a SQLite database of its own, and says how long that took."""
    with tempfile.TemporaryDirectory() as folder, anvil.running() as dev:
        open_database(f"sqlite:///{folder}/money.db")
        began = time.monotonic()
        try:
            return {**asyncio.run(proof(dev)), "seconds": round(time.monotonic() - began, 1)}
        finally:
            db.dispose()


def open_database(url: str) -> None:
    """Lets this process use a database, as new as the code."""
    db.dispose()
    settings.configure(database_url=url)
    db.migrate()


def sending(_chosen: argparse.Namespace) -> Mapping[str, object]:
    """Loses a sent transaction in each way; returns how many looks it took until its payout was paid."""
    return {how.value: on_chain(partial(proofs.sent_in_vain, how=how))["ticks"] for how in Sending}


def addresses(_chosen: argparse.Namespace) -> Mapping[str, object]:
    """Makes 1,000 addresses on two chains; fails where one is not what the factory says."""
    began, salts = time.monotonic(), [abi.hash_of(f"salt {number}".encode()) for number in range(1_000)]
    with anvil.running() as one, anvil.running(OTHER_CHAIN) as other:
        assert one.factory == other.factory
        for dev in (one, other):
            for salt in salts:
                found = dev.node.read(dev.factory, "address_of(bytes32)", "address", abi.bytes_of(salt))
                assert abi.checksummed(found) == forwarders.forwarder_of(dev.factory, salt), salt
    return {"addresses": len(salts), "chains": 2, "seconds": round(time.monotonic() - began, 1)}


def cut(_chosen: argparse.Namespace) -> Mapping[str, object]:
    """Cuts payouts off so often, in rounds of other chances: one of five batches, then as many of one as it takes."""
    first = on_chain(partial(proofs.cut_anywhere, count=500, cuts=CUTS))
    done, payouts, rounds = int(str(first["cuts"])), 500, 1
    while done < CUTS:
        rounds += 1
        found = on_chain(partial(proofs.cut_anywhere, count=20, cuts=CUTS - done, seed=rounds))
        done, payouts = done + int(str(found["cuts"])), payouts + 20
    return {**first, "rounds": rounds, "payouts_in_all": payouts, "cuts_in_all": done}


PARTS: Mapping[str, Callable[[argparse.Namespace], Mapping[str, object]]] = {
    "auto-topup": auto_topup,
    "month": month,
    "payouts": payouts,
    "deposits": lambda _: on_chain(partial(proofs.deposits_past_bad_nodes, count=50)),
    "sending": sending,
    "cut": cut,
    "blocked": lambda _: on_chain(partial(proofs.one_blocked_on_its_way, count=99)),
    "starving": lambda _: on_chain(partial(proofs.starving_batch, count=100)),
    "pool": lambda _: on_chain(proofs.pool_of_polygon),
    "paused": lambda _: on_chain(partial(proofs.paused_in_the_middle, each=20)),
    "reserves": lambda _: on_chain(partial(proofs.reserves_of_many, people=50)),
    "addresses": addresses,
    "looks": lambda _: on_chain(partial(proofs.looks_at_many, count=10_000)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=list(PARTS))
    parser.add_argument("--postgres", default="", help="for auto-topup, month and payouts")
    parser.add_argument("--wallets", type=int, default=1_000)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--killed", type=int, default=2)
    parser.add_argument("--payouts", type=int, default=200)
    chosen = parser.parse_args()
    for part in chosen.parts:
        if part in ON_POSTGRES:
            open_database(chosen.postgres or parser.error(f"{part} needs --postgres"))
        print(json.dumps({"part": part, **PARTS[part](chosen)}), flush=True)
    db.dispose()


if __name__ == "__main__":
    main()
