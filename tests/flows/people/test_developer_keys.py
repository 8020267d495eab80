"""Who calls with a developer's key is the owner of that account's paywalls, and of no other."""

import pytest

from app.domain.errors import NotAllowed, NotFound, UnknownKey
from app.flows.people.developer_keys import find_developer, make_developer_key, manager_by_key, revoke_developer_key
from tests.support.books import make_snapshot
from tests.support.managing import OPERATOR, own, person

pytestmark = pytest.mark.plain_sql


async def test_a_key_is_its_accounts_owner_and_nothing_more(database: str) -> None:
    mine, theirs = make_snapshot(), make_snapshot()
    ada, operator = person("ada@example.org"), person(OPERATOR)
    own(mine.paywall_id, ada)
    key = await make_developer_key(ada, " CI ", may_write=True)
    found = await find_developer(key, may_change=True)
    assert found.name == "CI"
    assert (await manager_by_key(found, mine.paywall_id)).account_id == ada.account_id
    for paywall_id in (theirs.paywall_id, "pw_none", "\x00"):
        with pytest.raises(NotFound):
            await manager_by_key(found, paywall_id)
    # An operator's key opens what they own: their role rests on a sign-in, and a key is none.
    of_operator = await find_developer(await make_developer_key(operator, "op", may_write=True), may_change=True)
    for paywall_id in (mine.paywall_id, theirs.paywall_id):
        with pytest.raises(NotFound):
            await manager_by_key(of_operator, paywall_id)
    await revoke_developer_key(ada, found.id)
    with pytest.raises(UnknownKey, match="revoked"):
        await find_developer(key, may_change=False)


async def test_a_key_that_reads_changes_nothing(database: str) -> None:
    ada = person("ada@example.org")
    key = await make_developer_key(ada, "reader", may_write=False)
    assert not (await find_developer(key, may_change=False)).may_write
    with pytest.raises(NotAllowed, match="only read"):
        await find_developer(key, may_change=True)
    with pytest.raises(UnknownKey, match="sk-coinslot-dev-"):
        await find_developer("sk-coinslot-x", may_change=False)
