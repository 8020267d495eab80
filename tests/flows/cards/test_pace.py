"""Nobody has a rail asked about their cards without end, by clicks or by coming back."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from app.domain.cards.tables import ChargeOutcome
from app.domain.errors import LimitReached, NotFound
from app.domain.people.sessions import Person
from app.flows.cards import cards
from app.flows.cards.charging import Charging
from app.flows.cards.pace import ASKED, Pace
from app.ports.cards import ChargeState
from tests.support.paying import open_bank
from tests.support.saved_cards import GENERIC, SANDBOX, CardBank, charging_of, make_person, save_card

pytestmark = pytest.mark.plain_sql

MOST = int(ASKED.at_once)


def begin() -> tuple[CardBank, Person, Charging, list[float]]:
    bank, person, now = CardBank(open_bank().connection_id), make_person(), [0.0]
    return bank, person, replace(charging_of(bank), pace=Pace(lambda: now[0])), now


@pytest.mark.parametrize("ask", [
    lambda charging, where, person, n: cards.finish_saving(charging, where, person, f"cs_made_up_{n}"),
    lambda charging, where, person, n: cards.begin_saving(charging, where, person, "/settings/", f"click_{n}"),
])  # fmt: skip
async def test_a_person_asks_so_often_and_no_more(database: str, ask: Callable[..., Any]) -> None:
    bank, person, charging, now = begin()
    for number in range(3 * MOST):
        with pytest.raises((LimitReached, NotFound)) as told:
            await ask(charging, bank.connection_id, person, number)
            raise NotFound("It was asked.")
        assert isinstance(told.value, LimitReached) is (number >= MOST)
    calls = bank.calls
    assert calls <= 2 * MOST
    with pytest.raises(NotFound):
        await ask(charging, bank.connection_id, make_person("bob@example.org"), 0)
        raise NotFound("It was asked.")
    now[0] += 30
    with pytest.raises((LimitReached, NotFound)) as told:
        await ask(charging, bank.connection_id, person, 999)
        raise NotFound("It was asked.")
    assert isinstance(told.value, NotFound) and bank.calls > calls


@pytest.mark.unhurried
async def test_who_pays_or_comes_back_too_often_is_told_what_is_known(database: str) -> None:
    bank, person, charging, _ = begin()
    card = save_card(bank, person)
    bank.behaves[card.ref] = ChargeState.NEEDS_OWNER
    topup_id = await cards.pay_now(charging, person, SANDBOX, card.id, "5", "click")
    for _ in range(3 * MOST):
        assert await cards.look_after(charging, person, topup_id) is ChargeOutcome.WAITS
    assert bank.calls <= 2 * MOST
    for act in (
        cards.confirm(charging, person, topup_id, "/"),
        cards.pay_now(charging, person, SANDBOX, card.id, "5", "another"),
    ):
        with pytest.raises(LimitReached):
            await act


@pytest.mark.unhurried
async def test_ten_declines_of_saved_cards_are_the_last_for_an_hour(database: str) -> None:
    bank, person, charging, _ = begin()
    card = save_card(bank, person)
    bank.behaves[card.ref] = GENERIC
    for number in range(10):
        await cards.pay_now(charging, person, SANDBOX, card.id, "5", f"click_{number}")
    with pytest.raises(LimitReached, match="declined"):
        await cards.pay_now(charging, person, SANDBOX, card.id, "5", "another")
    other = make_person("bob@example.org")  # at the same address
    theirs = save_card(bank, other)
    with pytest.raises(LimitReached, match="declined"):
        await cards.pay_now(charging, other, SANDBOX, theirs.id, "5", "click")
    elsewhere = replace(other, address="10.0.0.2")
    assert await cards.pay_now(charging, elsewhere, SANDBOX, theirs.id, "5", "click")
