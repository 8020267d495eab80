"""States of pages are kept in memory, few of them without a page, fewer of one peer, and none longer than a minute."""

import asyncio
import pickle
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from reflex.istate.manager.token import BaseStateToken
from reflex.state import State

from app.web.developer.prices.state import PricesState
from app.web.end_user.topup.rows import WalletRow
from app.web.end_user.topup.state import TopupState
from app.web.end_user.wallet.state import WalletState
from app.web.frame import page_states
from app.web.frame.page_states import Owner, PageStates


def token(name: str) -> BaseStateToken:
    return BaseStateToken(ident=name, cls=State)


@pytest.fixture
async def states() -> AsyncIterator[PageStates]:
    found = PageStates()
    yield found
    await found.close()  # type: ignore[no-untyped-call]


async def visit(states: PageStates, name: str, peer: str = "a", session_id: str = "", *, leaves: bool = True) -> None:
    """Opens a page, uses its state, and closes it."""
    states.opened(name, Owner(peer, session_id))
    async with states.modify_state(token(name)):
        pass
    if leaves:
        states.closed(name)


async def test_the_state_of_an_open_page_is_kept_however_old(states: PageStates) -> None:
    states.token_expiration = 0
    await visit(states, "open", leaves=False)
    await asyncio.sleep(0.05)
    states._purge_expired_tokens()
    assert "open" in states.states and not states._token_expires_at


async def test_the_state_of_a_page_that_left_is_forgotten_soon(states: PageStates) -> None:
    states.token_expiration = 0
    await visit(states, "left")
    await asyncio.sleep(0.05)
    assert not states.states and not states.owners and not states._states_locks and not states.open_tokens


async def test_a_page_that_never_used_its_state_leaves_nothing(states: PageStates) -> None:
    states.opened("silent", Owner("a", ""))
    states.closed("silent")
    assert not states.owners and not states.open_tokens


async def test_a_page_that_is_loaded_anew_shows_nothing_of_what_its_tab_showed(states: PageStates) -> None:
    """Reflex sends what it has before the page has read: another wallet's balance, and buttons over it."""
    await visit(states, "tab", leaves=False)
    async with states.modify_state(token("tab")) as root:
        names = [one.get_full_name().split(".")[1:] for one in (TopupState, PricesState)]
        page, form = (cast("Any", root.get_substate(name)) for name in names)
        page._put({"phase": "ready", "way": "con_1", "wallet": WalletRow(available="$6.00")})
        form._put({"phase": "ready", "read_version": 7})
    states.loaded("tab")
    states.loaded("never seen")
    assert (page.phase, page.way, page.wallet) == ("loading", "", WalletRow())
    # A form that publishes keeps its draft, if it is still the same page; until that is known nobody sees it.
    assert (form.phase, form.read_version) == ("loading", 7)


async def test_a_link_inside_leads_to_nothing_that_the_tab_showed_before(states: PageStates) -> None:
    """Two paywalls have the same pages: one's prices must not stand for a moment at the other's address."""
    await visit(states, "tab", leaves=False)
    async with states.modify_state(token("tab")) as root:
        names = [one.get_full_name().split(".")[1:] for one in (TopupState, PricesState, WalletState)]
        page, form, wallet = (cast("Any", root.get_substate(name)) for name in names)
        page._put({"phase": "ready", "way": "con_1"})
        form._put({"phase": "ready", "read_version": 7})
        wallet._put({"phase": "ready"})
        wallet._forget_others()
        assert (page.phase, page.way) == ("loading", "")
        assert (form.phase, form.read_version, wallet.phase) == ("loading", 7, "ready")


async def test_the_oldest_are_forgotten_first(states: PageStates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_states, "KEPT_MAX", 3)
    for number in range(5):
        await visit(states, str(number), peer=f"peer-{number}")
    assert set(states.states) == {"2", "3", "4"} == set(states.owners)
    await visit(states, "2", peer="peer-2")
    await visit(states, "5", peer="peer-5")
    assert set(states.states) == {"4", "2", "5"}


async def test_one_peer_keeps_fewer(states: PageStates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_states, "KEPT_OF_PEER_MAX", 2)
    await visit(states, "other", peer="b")
    for number in range(5):
        await visit(states, str(number))
    assert set(states.states) == {"other", "3", "4"}


async def test_states_of_open_pages_make_room_for_nobody(states: PageStates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_states, "KEPT_MAX", 1)
    await visit(states, "open", leaves=False)
    for number in range(3):
        await visit(states, str(number))
    assert set(states.states) == {"open", "2"}


async def test_what_a_task_does_behind_its_page_is_forgotten_too(states: PageStates) -> None:
    states.token_expiration = 0
    async with states.modify_state(token("late")):
        pass
    await asyncio.sleep(0.05)
    assert not states.states


@pytest.mark.parametrize("after", ["", "ses_2"])
async def test_another_session_finds_nothing_of_the_one_before(states: PageStates, after: str) -> None:
    await visit(states, "tab", session_id="ses_1")
    before = states.states["tab"]
    states.opened("tab", Owner("a", "ses_1"))
    assert states.states["tab"] is before
    states.closed("tab")
    states.opened("tab", Owner("a", after))
    assert "tab" not in states.states


async def test_nothing_is_ever_pickled(states: PageStates, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a state was pickled")

    monkeypatch.setattr(pickle, "dumps", refuse)
    monkeypatch.setattr(pickle, "dump", refuse)
    await visit(states, "x")
    await states.set_state(token("x"), states.states["x"])
