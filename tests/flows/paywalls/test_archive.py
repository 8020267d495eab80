"""An archived paywall charges nobody and takes nothing in; what ran ends, what was there stays; it can be undone."""

import pytest

from app import db, settings
from app.adapters.payments.sandbox import SandboxRail
from app.api.common.errors import status_of
from app.domain import clock
from app.domain.authorizations.authorizations import find_active
from app.domain.errors import Archived, StaleDecision
from app.domain.money import NANOS, Environment
from app.domain.paywalls import keys
from app.domain.paywalls.changes import Section, read_changes
from app.domain.paywalls.modes import Mode
from app.domain.wallets.wallets import Balance
from app.flows.callers.snapshot import read_snapshot
from app.flows.chat.call import Run
from app.flows.paywalls.change import change
from app.flows.paywalls.owners import archive
from app.web.end_user.topup.rows import read_page
from tests.support.books import assert_books_balance, give, make_snapshot, running_queue
from tests.support.carrying import balance, charge_of, describe, receipt
from tests.support.crowd import MAILBOX, connect, sign_in
from tests.support.handed import approve, begin_topup, mint_connect, mint_topup, open_topup
from tests.support.managing import owner_of
from tests.support.scripted import DONE, LAST, Scripted, event, flows, request
from tests.support.webhooks import listening, types_told


@pytest.mark.unhurried
async def test_what_runs_ends_and_nothing_begins(database: str) -> None:
    snapshot = await listening(make_snapshot())
    owner = owner_of(snapshot.paywall_id)

    async def send(_data: bytes) -> None:
        await change(owner, archive(), True)

    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        chat, carrier = flows(queue, Scripted(event("a"), event("b"), LAST, DONE))
        run = await chat.begin(snapshot, "ada", request(stream=True), "req_1", None)
        assert isinstance(run, Run)
        await carrier.stream(run, send, describe)
        with pytest.raises(StaleDecision):  # and whoever reads the paywall anew is told why
            await chat.begin(snapshot, "ada", request(), "req_2", None)
    assert receipt(snapshot).status == "settled"
    assert balance(snapshot) == Balance(NANOS - charge_of(run, 10, 20), 0)
    assert (await types_told(snapshot)).count("archived") == 1
    with db.transaction(writes=False) as session:
        logged, before = read_changes(session, snapshot.paywall_id, 9)
    assert before.section is Section.WEBHOOKS
    assert (logged.section, logged.what, logged.made_by) == (Section.ARCHIVE, {"archived": True}, owner.account_id)
    assert_books_balance()


async def test_its_keys_are_refused_until_it_is_undone(database: str) -> None:
    snapshot, key = make_snapshot(), keys.new_key(Environment.SANDBOX)
    owner = owner_of(snapshot.paywall_id)
    with db.transaction() as session:
        keys.add_key(session, snapshot.paywall_id, key)
    assert (await change(owner, archive(), True)).outcome
    with db.transaction(writes=False) as session, pytest.raises(Archived) as refused:
        read_snapshot(session, key)
    assert (status_of(refused.value), refused.value.code) == (403, "paywall_archived")
    assert (await change(owner, archive(), False)).outcome and not (await change(owner, archive(), False)).outcome
    with db.transaction(writes=False) as session:
        assert read_snapshot(session, key).offers == snapshot.offers


async def test_links_show_the_balance_and_take_no_money(database: str) -> None:
    snapshot = make_snapshot()
    rail, token = SandboxRail(settings.get().secrets[0], clock.now), mint_topup(snapshot.paywall_id, "ada")
    await give(snapshot, "ada", NANOS)
    await change(owner_of(snapshot.paywall_id), archive(), True)
    with pytest.raises(Archived, match="Balances stay"):
        await begin_topup(rail, token, "5")
    with db.transaction(writes=False) as session:
        page = read_page(session, open_topup(token), 9, None)
    assert (page.wallet.available, page.wallet.is_archived, len(page.movements)) == ("$1.00", True, 1)


@pytest.mark.unhurried
async def test_authorizations_stay_and_none_is_added(database: str) -> None:
    snapshot = make_snapshot(mode=Mode.SHARED)
    owner, (ada, _) = owner_of(snapshot.paywall_id), await sign_in("ada@example.net")
    await connect(snapshot, ada, "u1")
    await change(owner, archive(), True)
    with pytest.raises(Archived):
        await approve(MAILBOX, mint_connect(snapshot.paywall_id, "u2"), ada, NANOS)
    await change(owner, archive(), False)
    with db.transaction(writes=False) as session:
        active = find_active(session, snapshot.paywall_id, "u1")
        assert active is not None and active.account_id == ada.account_id
        assert find_active(session, snapshot.paywall_id, "u2") is None
    await connect(snapshot, ada, "u2")
