"""Consent is given by whoever is signed in, for what the link names, and taken back by both sides."""

import asyncio
from dataclasses import replace

import pytest

from app import db
from app.adapters.mail.kept import KeptMailer
from app.domain import clock
from app.domain.authorizations.authorizations import LinkUsed, TakenByAnother, find_active, list_of
from app.domain.authorizations.own_keys import OwnKeyTerms
from app.domain.errors import BadField, LinkInvalid, NotFound, ProviderFailed, WrongMode
from app.domain.money import NANOS
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.modes import Mode
from app.flows.callers.snapshot import Snapshot
from app.flows.people.consent import (
    change_cap,
    change_own_keys,
    confirm_authorization,
    disconnect,
    read_consent,
    revoke,
    revoke_link,
)
from app.ports.mail import Mail
from tests.support import books
from tests.support.books import make_snapshot
from tests.support.crowd import MAILBOX, connect, sign_in
from tests.support.handed import approve, decline, mint_connect, mint_menu, mint_topup, open_connect, open_menu
from tests.support.own_keys import save_key


class Broken:
    """A mailer whose server is away."""

    async def send(self, mail: Mail) -> None:
        raise ProviderFailed("away")


def active(snapshot: Snapshot, user: str = "u1") -> str | None:
    with db.transaction(writes=False) as session:
        found = find_active(session, snapshot.paywall_id, user)
        return found.account_id if found else None


async def test_an_approval_is_mailed_and_leads_back_with_the_state(database: str) -> None:
    snapshot, mails = make_snapshot(mode=Mode.SHARED), KeptMailer(clock.now)
    ada, _ = await sign_in("ada@example.org")
    token = mint_connect(snapshot.paywall_id, "u1", "https://lexica.example/back?x=1", "s 1")
    done = await approve(mails, token, ada, 7 * NANOS)
    assert done.return_url == "https://lexica.example/back?x=1&connected=true&state=s+1" and done.is_awaited
    (kept,) = mails.kept()
    assert kept.mail.to == "ada@example.org" and "7.00 USDC a month" in kept.mail.text and "u1" in kept.mail.text
    assert active(snapshot) == ada.account_id
    assert await decline(token) == "https://lexica.example/back?x=1&connected=false&state=s+1"


async def test_a_mail_that_cannot_be_sent_undoes_nothing(database: str) -> None:
    snapshot = make_snapshot(mode=Mode.SHARED)
    ada, _ = await sign_in("ada@example.org")
    await approve(Broken(), mint_connect(snapshot.paywall_id, "u1"), ada, NANOS)
    assert active(snapshot) == ada.account_id


@pytest.mark.unhurried
async def test_the_page_says_whose_user_it_is(database: str) -> None:
    snapshot = make_snapshot(mode=Mode.SHARED)
    (ada, _), (bob, _) = await sign_in("ada@example.org"), await sign_in("bob@example.org")
    link = open_connect(mint_connect(snapshot.paywall_id, "u1"))

    def views() -> list[tuple[bool, bool, int]]:
        with db.transaction(writes=False) as session:
            found = [read_consent(session, link, person.account_id) for person in (ada, bob)]
        return [(view.is_connected, view.is_taken, view.cap_nanos) for view in found]

    assert views() == [(False, False, 20 * NANOS)] * 2
    await connect(snapshot, ada, cap_nanos=3 * NANOS)
    assert views() == [(True, False, 3 * NANOS), (False, True, 20 * NANOS)]
    with pytest.raises(TakenByAnother):
        await connect(snapshot, bob)
    with pytest.raises(NotFound):
        await revoke_link(bob, link)
    await revoke_link(ada, link)
    assert active(snapshot) is None


@pytest.mark.unhurried
async def test_links_are_for_their_purpose_and_a_time(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = make_snapshot(mode=Mode.SHARED)
    ada, _ = await sign_in("ada@example.org")
    good = mint_connect(snapshot.paywall_id, "u1")
    for token in (
        mint_topup(snapshot.paywall_id, "u1"),
        mint_menu(snapshot.paywall_id, "u1"),
        good[:-1] + "!",
        "",
        ".",
    ):
        with pytest.raises(LinkInvalid):
            await approve(MAILBOX, token, ada, NANOS)
    with pytest.raises(LinkInvalid):
        open_menu(good)
    now = clock.now() + 16 * 60 * clock.SECOND
    monkeypatch.setattr(clock, "now", lambda: now)
    with pytest.raises(LinkInvalid, match="expired"):
        await approve(MAILBOX, good, ada, NANOS)
    assert active(snapshot) is None


async def test_a_default_mode_paywall_connects_nobody(database: str) -> None:
    snapshot = make_snapshot()
    ada, _ = await sign_in("ada@example.org")
    with pytest.raises(LinkInvalid, match="shared"):
        await connect(snapshot, ada)
    for attempt in (disconnect(snapshot, "u1"), confirm_authorization(snapshot, "u1", "x")):
        with pytest.raises(WrongMode):
            await attempt


@pytest.mark.unhurried
async def test_a_paywall_may_confirm_itself(database: str) -> None:
    snapshot = make_snapshot(mode=Mode.SHARED)
    with db.transaction() as session:
        _, current = read_current(session, snapshot.paywall_id)
        books.publish(session, snapshot.paywall_id, replace(current, needs_confirmation=True))
    ada, _ = await sign_in("ada@example.org")
    token = mint_connect(snapshot.paywall_id, "u1", "https://lexica.example/")
    done = await approve(MAILBOX, token, ada, NANOS)
    assert done.is_awaited and done.return_url is not None and active(snapshot) is None
    code = done.return_url.split("code=")[1].partition("&")[0]
    with pytest.raises(NotFound):
        await confirm_authorization(snapshot, "u2", code)
    await confirm_authorization(snapshot, "u1", code)
    assert active(snapshot) == ada.account_id
    assert await disconnect(snapshot, "u1") and not await disconnect(snapshot, "u1")
    assert active(snapshot) is None


@pytest.mark.unhurried
async def test_caps_are_changed_and_apps_revoked_by_their_own_person_alone(database: str) -> None:
    snapshot = make_snapshot(mode=Mode.SHARED)
    (ada, _), (bob, _) = await sign_in("ada@example.org"), await sign_in("bob@example.org")
    await connect(snapshot, ada)
    with db.transaction(writes=False) as session:
        found = find_active(session, snapshot.paywall_id, "u1")
    assert found is not None
    with pytest.raises(NotFound):
        await revoke(bob, found.id)
    with pytest.raises(LinkInvalid):
        await change_cap(bob, snapshot.paywall_id, NANOS)
    with pytest.raises(BadField):
        await change_cap(ada, snapshot.paywall_id, 0)
    await change_cap(ada, snapshot.paywall_id, NANOS)
    await revoke(ada, found.id)
    assert active(snapshot) is None


@pytest.mark.unhurried
async def test_a_consent_says_what_its_app_may_do_with_own_keys(database: str) -> None:
    snapshot = make_snapshot(mode=Mode.SHARED)
    ada, _ = await sign_in("ada@example.org")
    token = mint_connect(snapshot.paywall_id, "u1")

    def shown() -> tuple[bool, int | None]:
        with db.transaction(writes=False) as session:
            view = read_consent(session, open_connect(token), ada.account_id)
            return view.has_own_keys, view.own_keys_per_day

    assert shown() == (False, None)
    save_key(ada, "demo-mini")
    await approve(MAILBOX, token, ada, NANOS, 50)
    assert shown() == (True, 50)
    await approve(MAILBOX, token, ada, NANOS, 60)
    assert shown() == (True, 60)
    with db.transaction(writes=False) as session:
        (app,) = list_of(session, ada.account_id, "sandbox")
    await change_own_keys(ada, app.id, OwnKeyTerms(7, go_first=False))
    bob, _ = await sign_in("bob@example.org")
    with pytest.raises(NotFound):
        await change_own_keys(bob, app.id, OwnKeyTerms(9))
    await approve(MAILBOX, token, ada, NANOS, 70)
    with db.transaction(writes=False) as session:
        found = find_active(session, snapshot.paywall_id, "u1")
    assert found is not None and (found.own_keys_per_day, found.own_keys_first) == (70, 0)
    await approve(MAILBOX, token, ada, NANOS)
    assert shown() == (True, None)


async def test_of_many_who_approve_at_once_one_has_it(database: str) -> None:
    snapshot = make_snapshot(mode=Mode.SHARED)
    people = [(await sign_in(f"p{number}@example.org"))[0] for number in range(4)]
    outcomes = await asyncio.gather(*(connect(snapshot, person) for person in people * 2), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} <= {type(None), TakenByAnother}
    winners = {person.account_id for person, outcome in zip(people * 2, outcomes, strict=True) if outcome is None}
    assert winners == {active(snapshot)}


@pytest.mark.unhurried
async def test_a_link_that_was_approved_changes_the_cap_and_never_connects_again(database: str) -> None:
    snapshot = make_snapshot(mode=Mode.SHARED)
    (ada, _), (bob, _) = await sign_in("ada@example.org"), await sign_in("bob@example.org")
    token = mint_connect(snapshot.paywall_id, "u1")
    await approve(MAILBOX, token, ada, NANOS)
    await approve(MAILBOX, token, ada, 2 * NANOS)  # the back button
    assert await disconnect(snapshot, "u1")
    for person in (ada, bob):
        with pytest.raises(LinkUsed):
            await approve(MAILBOX, token, person, NANOS)
    assert active(snapshot) is None
    await approve(MAILBOX, mint_connect(snapshot.paywall_id, "u1", state="new"), bob, NANOS)
    assert active(snapshot) == bob.account_id
