"""Many wallets at one account at Stripe that all fall below at once, and the workers that fill them."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import select, text

from app import db
from app.domain.cards import cards
from app.domain.cards.tables import AutoTopup, CardCharge, ChargeOutcome
from app.domain.inbox import health
from app.domain.inbox.connections import Connection
from tests.support.saved_cards import facts_of, make_person, switch_on
from tests.support.stripe_bank import StripeShop
from tests.support.stripe_shop import connect
from tests.support.topping_up import save_cards

STALLED_SECONDS = 90


@dataclass(frozen=True)
class Outcome:
    """What became of it: wallets that were filled, payments that Stripe has, declines, and how long it took."""

    filled: int
    payments: int
    twice: int
    declined: int
    seconds: float


def prepare(shop: StripeShop, wallets: int) -> Connection:
    """Makes wallets without money that fill themselves, each with a card at the account."""
    connection = connect(shop)
    people = [make_person(f"user{number}@example.org") for number in range(wallets)]
    for person, (customer_ref, card_ref) in zip(people, save_cards(shop, [p.account_id for p in people]), strict=True):
        with db.transaction() as session:
            customer = cards.open_customer(session, connection.id, person.account_id)
            cards.note_customer_ref(session, customer.id, customer_ref)
            card = cards.save(session, customer, facts_of(person.account_id, ref=card_ref, last_four="4242"))
        switch_on(person, card)
    with db.transaction() as session:
        health.note_events_read(session, connection.id, 2**62, None)
    return connection


def fill(database_url: str, shop: StripeShop, wallets: int, *, workers: int, killed: int) -> Outcome:
    """Lets workers fill all wallets, kills some of them in the middle, and says what became of it."""
    began, running = time.monotonic(), [_start(database_url, shop, workers) for _ in range(workers)]
    try:
        for number in range(killed):
            part = wallets * (number + 1) // (killed + 2)
            _wait(partial(_has_filled, part))
            running[number].kill()
        _wait(partial(_has_filled, wallets))
        for process in running[killed:]:
            assert process.wait(STALLED_SECONDS) == 0
    finally:
        for process in running:
            process.kill()
            process.wait()
    seconds = time.monotonic() - began
    paid = Counter(str(one["customer"]) for one in shop.look("payment_intent") if one["status"] == "succeeded")
    with db.transaction(writes=False) as session:
        outcomes: Sequence[ChargeOutcome] = session.scalars(select(CardCharge.outcome)).all()  # type: ignore[call-overload]
        assert len(session.scalars(select(AutoTopup)).all()) == wallets
    declined = sum(outcome is ChargeOutcome.DECLINED for outcome in outcomes)
    return Outcome(_filled(), sum(paid.values()), sum(n > 1 for n in paid.values()), declined, seconds)


def _start(database_url: str, shop: StripeShop, workers: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "tests.support.topping_up", database_url, shop.bank.url, str(workers)]
    return subprocess.Popen(command, env=os.environ, stdout=subprocess.DEVNULL)


def _has_filled(count: int) -> bool:
    return _filled() >= count


def _filled() -> int:
    with db.transaction(writes=False) as session:
        return int(session.execute(text("SELECT count(*) FROM topup WHERE status = 'paid'")).scalar_one())


def _wait(happened: Callable[[], bool]) -> None:
    """Waits for as long as anything goes on."""
    seen, since = _filled(), time.monotonic()
    while not happened():
        time.sleep(0.05)
        if (now := _filled()) > seen:
            seen, since = now, time.monotonic()
        assert time.monotonic() - since < STALLED_SECONDS, f"stalled at {seen}"
