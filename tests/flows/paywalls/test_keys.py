"""A developer makes keys that work at once, and revokes them; the log has neither of them in clear."""

import json

import pytest

from app import db
from app.domain.errors import NotFound, Refused, UnknownKey
from app.domain.events.catalogue import ARCHIVED, ROTATED
from app.domain.paywalls.changes import Section, read_changes
from app.domain.paywalls.keys import KEYS_MAX
from app.domain.paywalls.members import Manager
from app.flows.callers.snapshot import read_snapshot
from app.flows.paywalls.change import change
from app.flows.paywalls.keys import MadeKey, NewKey, RevokedKey, keys
from app.flows.paywalls.owners import archive
from tests.support.books import make_paywall, make_snapshot
from tests.support.managing import owner_of
from tests.support.webhooks import listening, told

pytestmark = pytest.mark.plain_sql


async def make(owner: Manager) -> MadeKey:
    made = (await change(owner, keys(), NewKey())).outcome
    assert made is not None
    return made


async def test_a_key_works_until_it_is_revoked(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
    owner = owner_of(paywall_id)
    made = await make(owner)
    with db.transaction(writes=False) as session:
        assert read_snapshot(session, made.key).paywall_id == paywall_id
    assert (await change(owner, keys(), RevokedKey(made.view.id))).outcome is None
    with db.transaction(writes=False) as session:
        with pytest.raises(UnknownKey, match="revoked"):
            read_snapshot(session, made.key)
        logged = read_changes(session, paywall_id, 9)
    assert [each.what for each in logged] == [
        {"revoked": made.view.id}, {"made": made.view.id, "name": "", "last_four": made.key[-4:]}
    ]  # fmt: skip
    assert {(each.section, each.version) for each in logged} == {(Section.KEYS, 1)}
    assert made.key not in json.dumps([each.what for each in logged])


@pytest.mark.unhurried
async def test_a_sixth_key_is_refused_and_another_paywalls_is_not_found(database: str) -> None:
    theirs = make_snapshot()
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
    owner = owner_of(paywall_id)
    for _ in range(KEYS_MAX):
        await make(owner)
    with pytest.raises(Refused):
        await make(owner)
    for key_id in (theirs.key_id, "key_none"):
        with pytest.raises(NotFound):
            await change(owner, keys(), RevokedKey(key_id))
    with db.transaction(writes=False) as session:
        assert len(read_changes(session, paywall_id, 99)) == KEYS_MAX


@pytest.mark.unhurried
async def test_whoever_listens_is_told_of_a_new_key_by_its_end_and_that_the_paywall_was_archived(database: str) -> None:
    snapshot = await listening(make_snapshot())
    owner = owner_of(snapshot.paywall_id)
    made = await make(owner)
    await change(owner, keys(), RevokedKey(made.view.id))
    for is_archived in (True, True, False):
        await change(owner, archive(), is_archived)
    found = dict(await told(snapshot))
    assert set(found) == {ROTATED, ARCHIVED}
    rotated = {"secretLastFour": made.key[-4:], "keyId": made.view.id, "actorId": owner.account_id, "actorType": "user"}
    assert rotated.items() <= found[ROTATED].items() and made.key not in json.dumps(dict(found[ROTATED]))
