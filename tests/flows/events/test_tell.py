"""What each flow tells of, in the transaction of what happened."""

from dataclasses import replace

import pytest

from app import db
from app.adapters.payments.sandbox import SandboxRail
from app.domain import clock
from app.domain.errors import StaleDecision
from app.domain.money import NANOS
from app.domain.paywalls.changes import Section
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.versions import open_edition
from app.domain.usage.idempotency import claim
from app.flows.callers.standing import Standings
from app.flows.events.tell import publish_and_tell
from app.flows.limits.spending import SpendLimits
from app.flows.payments.received import pay_in_sandbox
from app.flows.people.consent import confirm_authorization, disconnect, revoke_link
from app.flows.wallets.deposit import deposit
from app.ports.payments import PaymentStatus
from tests.support import books
from tests.support.books import give, make_snapshot, running_queue
from tests.support.crowd import MAILBOX, sign_in
from tests.support.handed import approve, begin_topup, charge, decline, mint_connect, mint_topup, open_connect
from tests.support.paying import door_of
from tests.support.webhooks import listening, told, types_told

pytestmark = pytest.mark.plain_sql

RAIL = SandboxRail(b"secret", clock.now)


@pytest.mark.usefixtures("database")
async def test_a_deposit_is_told_once_and_so_is_its_new_user() -> None:
    snapshot = await listening(make_snapshot())
    claimed = claim("key", snapshot.paywall_id, "deposit", "ada", b"{}")
    answer = await deposit(snapshot, "ada", 5 * NANOS, {"order": 1}, claimed)
    assert (await deposit(snapshot, "ada", 5 * NANOS, {"order": 1}, claimed)).is_replay
    found = dict(await told(snapshot))
    assert len(found) == 2 and found["paywall.user.created"]["externalUserId"] == "ada"
    data = found["paywall.balance.deposit.created"]
    assert (data["amount"], data["currency"], data["source"], data["metadata"]) == ("5", "USD", "api", {"order": 1})
    assert data["activityId"] == answer.id
    await give(snapshot, "ada", NANOS)
    assert (await types_told(snapshot)).count("user.created") == 1


@pytest.mark.unhurried
@pytest.mark.usefixtures("database")
async def test_a_paid_topup_is_told_to_the_paywall_whose_link_began_it_and_to_no_other() -> None:
    snapshot, other = await listening(make_snapshot()), await listening(make_snapshot())
    token = (await begin_topup(RAIL, mint_topup(snapshot.paywall_id, "ada"), "5")).split("/")[3]
    for _ in range(2):
        await pay_in_sandbox(door_of(RAIL), RAIL, token, PaymentStatus.PAID)
    found = dict(await told(snapshot))
    data = found["paywall.balance.deposit.created"]
    assert (data["amount"], data["currency"], data["source"]) == ("5", "USD", "sandbox.checkout")
    assert len(found) == 2 and await told(other) == []


@pytest.mark.unhurried
@pytest.mark.usefixtures("database")
async def test_consent_is_told_when_it_counts_and_when_it_ends() -> None:
    snapshot = await listening(make_snapshot(mode=Mode.SHARED))
    ada, _ = await sign_in("ada@example.org")
    link = mint_connect(snapshot.paywall_id, "u1")
    await approve(MAILBOX, link, ada, 20 * NANOS)
    assert "authorization.completed" in await types_told(snapshot)
    await approve(MAILBOX, mint_connect(snapshot.paywall_id, "u1"), ada, 7 * NANOS)
    await revoke_link(ada, open_connect(link))
    await approve(MAILBOX, mint_connect(snapshot.paywall_id, "u1"), ada, 7 * NANOS)
    assert await disconnect(snapshot, "u1") and not await disconnect(snapshot, "u1")
    found = [(type_, data) for type_, data in await told(snapshot) if type_.startswith("paywall.authorization.")]
    assert [type_.rsplit(".", 1)[1] for type_, _ in found] == ["completed"] * 2 + ["revoked"] * 2
    assert {data["revokedBy"] for type_, data in found if type_.endswith("revoked")} == {"user", "app"}
    assert {data["connectionId"] for _, data in found[:2]} == {data["connectionId"] for _, data in found[2:]}


@pytest.mark.usefixtures("database")
async def test_trial_money_is_told_to_the_app_that_was_authorized_for_it() -> None:
    ada, _ = await sign_in("ada@example.org")  # before there is a shared paywall, so nothing is given yet
    snapshot = await listening(make_snapshot(mode=Mode.SHARED))
    await approve(MAILBOX, mint_connect(snapshot.paywall_id, "u1"), ada, 20 * NANOS)
    data = dict(await told(snapshot))["paywall.balance.trial.granted"]
    assert (data["credits"], data["amount"], data["currency"]) == (20, "0.2", "USDC")


@pytest.mark.unhurried
@pytest.mark.usefixtures("database")
async def test_a_consent_that_the_app_confirms_is_told_once_it_has() -> None:
    snapshot = make_snapshot(mode=Mode.SHARED)
    with db.transaction() as session:
        _, current = read_current(session, snapshot.paywall_id)
        books.publish(session, snapshot.paywall_id, replace(current, needs_confirmation=True))
    snapshot = await listening(snapshot)
    ada, _ = await sign_in("ada@example.org")
    link = mint_connect(snapshot.paywall_id, "u1", "https://lexica.example/")
    done = await approve(MAILBOX, link, ada, 20 * NANOS)
    assert "authorization.completed" not in await types_told(snapshot)
    await confirm_authorization(snapshot, "u1", (done.return_url or "").partition("code=")[2])
    assert "authorization.completed" in await types_told(snapshot)


@pytest.mark.usefixtures("database")
async def test_declining_is_told_once_for_each_link() -> None:
    snapshot = await listening(make_snapshot(mode=Mode.SHARED))
    link = mint_connect(snapshot.paywall_id, "u1")
    for _ in range(3):
        await decline(link)
    assert await types_told(snapshot) == ["authorization.declined"]


@pytest.mark.usefixtures("database")
async def test_a_new_version_tells_what_changed_and_no_values() -> None:
    snapshot = await listening(make_snapshot())
    with db.transaction() as session:
        _, current = read_current(session, snapshot.paywall_id)
        provider = replace(current.providers[0], key_sealed="v1.secret")
        edition = open_edition(session, snapshot.paywall_id, None)
        edition.configuration = replace(current, app_text="New", providers=(provider,))
        assert publish_and_tell(edition, Section.PROFILE) == 2
    ((type_, data),) = await told(snapshot)
    assert type_ == "paywall.updated" and data["changedFields"] == ["app_text", "providers"]
    assert (data["summarySections"], data["configVersion"]) == (["app_text", "providers"], 2)
    assert "secret" not in str(data).replace("key_sealed", "")
    with db.transaction() as session:
        edition = open_edition(session, snapshot.paywall_id, None)
        edition.configuration = replace(current, app_text="Newer")
        assert publish_and_tell(edition, Section.PROFILE) == 3
    with db.transaction() as session:
        assert publish_and_tell(open_edition(session, snapshot.paywall_id, None), Section.PROFILE) == 3
    assert sorted(data["configVersion"] for _, data in await told(snapshot)) == [2, 3]


@pytest.mark.usefixtures("database")
async def test_a_manual_charge_is_told_from_its_own_row() -> None:
    old = make_snapshot()
    snapshot = await listening(old)
    await give(snapshot, "ada", 5 * NANOS)
    async with running_queue() as queue:
        with pytest.raises(StaleDecision):  # decided before the paywall had a webhook, it would not be told
            await charge(queue, Standings(), SpendLimits(), old, "ada", NANOS, None, None, "req_0", None)
        await charge(queue, Standings(), SpendLimits(), snapshot, "ada", NANOS, {"n": 1}, None, "req_1", None)
        refused = await charge(queue, Standings(), SpendLimits(), snapshot, "ada", 9 * NANOS, None, None, "req_2", None)
    assert refused.refusal == "insufficient_funds"
    found = dict(await told(snapshot))
    made, done = found["paywall.balance.charge.created"], found["paywall.balance.charge.completed"]
    assert (made["amount"], made["activityId"], made["metadata"]) == ("1", "req_1", {"n": 1})
    assert done["settlementReference"] == "req_1"
