"""Users are blocked and wallets frozen for the next charged request, logged, and let in again."""

import pytest

from app import db
from app.domain.errors import BadField, WrongMode
from app.domain.paywalls.changes import Section, read_changes
from app.domain.paywalls.modes import Mode
from app.domain.wallets.wallets import read_barred
from app.flows.callers.snapshot import find_outdated
from app.flows.paywalls.change import change
from app.flows.paywalls.users import Block, Freeze, blocks, freezes
from tests.support.books import assert_books_balance, make_snapshot
from tests.support.managing import OPERATOR, manager, owner_of, person

pytestmark = pytest.mark.plain_sql


def barred(paywall_id: str) -> tuple[frozenset[str], frozenset[str]]:
    with db.transaction(writes=False) as session:
        return read_barred(session, paywall_id)


@pytest.mark.parametrize("mode", [Mode.DEFAULT, Mode.SHARED])
async def test_a_user_is_blocked_and_let_in_again(database: str, mode: Mode) -> None:
    snapshot = make_snapshot(mode=mode)
    owner = owner_of(snapshot.paywall_id)
    await change(owner, blocks(), Block("ada", True))
    with db.transaction(writes=False) as session:
        assert find_outdated(session, [snapshot]) == [snapshot]
    assert barred(snapshot.paywall_id) == ({"ada"}, frozenset())
    await change(owner, blocks(), Block("ada", False))
    assert barred(snapshot.paywall_id) == (frozenset(), frozenset())
    with db.transaction(writes=False) as session:
        logged = read_changes(session, snapshot.paywall_id, 9)
    assert [(each.section, each.what) for each in logged] == [
        (Section.USERS, {"user": "ada", "blocked": False}), (Section.USERS, {"user": "ada", "blocked": True})
    ]  # fmt: skip
    for user in ("", "a b", "x" * 129):
        with pytest.raises(BadField):
            await change(owner, blocks(), Block(user, True))
    assert_books_balance()


async def test_a_wallet_is_frozen_where_it_is_the_apps_own(database: str) -> None:
    own, shared = make_snapshot(), make_snapshot(mode=Mode.SHARED)
    operator = person(OPERATOR)
    owner_of(own.paywall_id)
    await change(manager(own.paywall_id, operator), freezes(), Freeze("ada", True))
    assert barred(own.paywall_id) == (frozenset(), {"ada"})
    await change(manager(own.paywall_id, operator), freezes(), Freeze("ada", False))
    assert barred(own.paywall_id) == (frozenset(), frozenset())
    with pytest.raises(WrongMode):
        await change(manager(shared.paywall_id, operator), freezes(), Freeze("ada", True))
    assert_books_balance()
