"""Whoever added their Ethereum account comes in with it; a text that is not the one we wrote lets nobody in."""

from dataclasses import dataclass, replace

import pytest
from sqlalchemy import select

from app import db
from app.adapters.chain.keys import Wallets
from app.domain import clock
from app.domain.errors import NotSignedIn, Refused
from app.domain.people import accounts, sessions
from app.domain.people.sign_in_texts import TextOutdated
from app.domain.people.tables import PersonAccount
from app.domain.wallets.trial import TrialRules
from app.flows.people.ethereum_sign_in import EthereumSignIn, UnknownAccount
from app.flows.people.sign_in import SignInRules, Visit, enter_proven, find_person, is_operator
from app.formats.ethereum.sign_in_text import TextInvalid, read
from app.ports.chain.values import AddressInvalid
from tests.support.signing import KEY, OTHER_KEY, address_of, sign_text

SITE = "https://coinslot.example"
WAY = EthereumSignIn(Wallets(), 137, SITE)
RULES = SignInRules((b"s" * 32,), frozenset({"ada@example.org"}), TrialRules(0, 3))
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@dataclass
class Ada:
    """Somebody who signed in with a code, in a browser."""

    token: str

    def visit(self, *, is_adding: bool = False) -> Visit:
        return Visit("Firefox", "10.0.0.1", self.token, is_adding)


NOBODY = Visit("Firefox", "10.0.0.1")


async def come(email: str = "ada@example.org") -> Ada:
    return Ada(await enter_proven(RULES, email, "email", NOBODY))


async def add(who: Ada, key: str = KEY) -> str:
    text, kept = await WAY.begin(who.visit(is_adding=True), address_of(key))
    return await WAY.enter(RULES, kept, *sign_text(text, key), who.visit())


async def test_who_added_an_account_comes_in_with_it(database: str) -> None:
    ada = await come()
    before = await find_person(ada.token)
    added = await find_person(await add(ada))
    assert before is not None and added is not None and added.account_id == before.account_id
    assert is_operator(RULES, added)  # it is still the sign-in that proved their address
    text, kept = await WAY.begin(NOBODY, address_of().lower())
    came = await find_person(await WAY.enter(RULES, kept, *sign_text(text), NOBODY))
    assert came is not None and came.account_id == before.account_id
    assert not is_operator(RULES, came)  # a key proves no e-mail address
    with db.transaction(writes=False) as session:
        kinds = [one.kind for one in accounts.list_identities(session, before.account_id)]
        methods = [one.method for one in sessions.list_sessions(session, before.account_id)]
    assert kinds == ["email", "eip155"] and "ethereum" in methods


async def test_an_account_that_nobody_added_makes_none(database: str) -> None:
    text, kept = await WAY.begin(NOBODY, address_of())
    with pytest.raises(UnknownAccount, match="leads to no account here"):
        await WAY.enter(RULES, kept, *sign_text(text), NOBODY)
    with db.transaction(writes=False) as session:
        assert session.scalars(select(PersonAccount)).all() == []


async def test_an_account_belongs_to_one_person(database: str) -> None:
    await add(await come())
    eve = await come("eve@example.org")
    with pytest.raises(Refused, match="already belongs to another account"):
        await add(eve)
    await add(eve, OTHER_KEY)


async def test_it_is_added_to_nobody_and_to_nobody_else(database: str) -> None:
    with pytest.raises(NotSignedIn):
        await WAY.begin(replace(NOBODY, is_adding=True), address_of())
    ada, eve = await come(), await come("eve@example.org")
    text, kept = await WAY.begin(ada.visit(is_adding=True), address_of())
    for visit in (eve.visit(), NOBODY):
        with pytest.raises(TextOutdated):
            await WAY.enter(RULES, kept, *sign_text(text), visit)
    text, kept = await WAY.begin(ada.visit(is_adding=True), address_of())
    with pytest.raises(TextOutdated, match="no longer signed in"):
        await WAY.enter(RULES, kept, *sign_text(text), eve.visit())


async def test_a_text_is_used_once_by_whatever_comes_of_it(database: str) -> None:
    await add(await come())
    text, kept = await WAY.begin(NOBODY, address_of())
    await WAY.enter(RULES, kept, *sign_text(text), NOBODY)
    with pytest.raises(TextOutdated, match="used"):
        await WAY.enter(RULES, kept, *sign_text(text), NOBODY)
    text, kept = await WAY.begin(NOBODY, address_of())
    with pytest.raises(AddressInvalid):
        await WAY.enter(RULES, kept, *sign_text(text, OTHER_KEY), NOBODY)
    with pytest.raises(TextOutdated, match="used"):
        await WAY.enter(RULES, kept, *sign_text(text), NOBODY)


async def test_an_old_text_lets_nobody_in(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await add(await come())
    text, kept = await WAY.begin(NOBODY, address_of())
    said = read(text)
    assert (said.issued_at[:10], said.expires_at > said.issued_at) == (clock.to_iso(clock.now())[:10], True)
    now = clock.now() + 601 * clock.SECOND
    monkeypatch.setattr(clock, "now", lambda: now)
    with pytest.raises(TextOutdated, match="too old"):
        await WAY.enter(RULES, kept, *sign_text(text), NOBODY)


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ("coinslot.example wants", "evil.example wants"),
        ("coinslot.example wants", "coinslot.example:444 wants"),
        ("URI: https://coinslot.example/", "URI: https://evil.example/"),
        ("URI: https://coinslot.example/", "URI: http://coinslot.example/"),
        ("Chain ID: 137", "Chain ID: 1"),
        ("Version: 1", "Version: 2"),
        ("costs nothing", "costs everything"),
        ("costs nothing", "costs\nnothing"),
        ("costs nothing", "c\u043ests nothing"),
        ("Sign in to Coinslot.", "Add this account as a way to sign in to Coinslot."),
        ("Expiration Time: 2", "Expiration Time: 3"),
        ("\n", "\r\n"),
    ],
)
async def test_another_text_lets_nobody_in_though_it_is_signed(database: str, said: str, instead: str) -> None:
    await add(await come())
    text, kept = await WAY.begin(NOBODY, address_of())
    assert said in text
    with pytest.raises(TextInvalid):
        await WAY.enter(RULES, kept, *sign_text(text.replace(said, instead)), NOBODY)


async def test_another_nonce_or_address_lets_nobody_in_though_it_is_signed(database: str) -> None:
    await add(await come())
    other, _ = await WAY.begin(NOBODY, address_of())
    _, kept = await WAY.begin(NOBODY, address_of())
    with pytest.raises(TextInvalid):  # issued by us, to another browser
        await WAY.enter(RULES, kept, *sign_text(other), NOBODY)
    text, kept = await WAY.begin(NOBODY, address_of(OTHER_KEY))
    with pytest.raises(TextInvalid):
        await WAY.enter(RULES, kept, *sign_text(text.replace(address_of(OTHER_KEY), address_of())), NOBODY)
    for wrong in ("", "0x12", address_of().swapcase()):
        with pytest.raises(AddressInvalid):
            await WAY.begin(NOBODY, wrong)
