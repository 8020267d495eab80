"""Own keys are opened for their own host alone, and a sign-in is renewed once for all that wait."""

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy import update

from app import db, settings
from app.adapters.secret_box import SecretBox
from app.domain import clock
from app.domain.credentials import credentials
from app.domain.credentials.credentials import NewCredential, Profile, Stored
from app.domain.credentials.matching import OwnKey
from app.domain.credentials.tables import Credential, CredentialStatus
from app.domain.errors import OwnKeyUnavailable, ProviderFailed
from app.domain.paywalls.provider import AuthStyle, ProviderSetting
from app.flows.vault.vault import LeftAlone, Vault, VaultRules
from app.keeper import Keeper
from app.ports.providers import ChatProvider, ProviderTarget
from app.sql.columns import table_of
from tests.support.managing import person
from tests.support.own_keys import Endpoint
from tests.support.scripted import Scripted

pytestmark = pytest.mark.plain_sql

URL, TOKEN_URL = "https://api.openai.com/v1", "https://login.example/token"
ROWS = table_of(Credential)
PAST, SOON = 1, 10**17


class Reached:
    """Providers that only say where they would be reached."""

    def find(self, paywall_id: str, setting: ProviderSetting) -> tuple[ChatProvider, ProviderTarget]:
        raise AssertionError("an own key is never a paywall's provider")

    def reach(self, setting: ProviderSetting, api_key: str | None) -> tuple[ChatProvider, ProviderTarget]:
        return Scripted(), ProviderTarget(setting.name, setting.base_url, api_key, setting.auth, setting.headers)


def make_vault(endpoint: Endpoint, owner: str = "proc_one", listed: str = TOKEN_URL) -> Vault:
    return Vault(Reached(), SecretBox(settings.get().secrets), endpoint, Keeper(), owner, VaultRules({listed: "us"}))


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    yield Endpoint()


def keep(vault: Vault, due: int | None = None, ends: int | None = None, name: str = "openai") -> OwnKey:
    """Saves a sign-in that is due from a time on; without one a key."""
    ada, made = person("ada@example.org").account_id, credentials.new_credential_id()
    profile = None
    if due is not None:
        sealed = vault.sealer.seal("refresh-0", credentials.refresh_context(made, TOKEN_URL))
        profile = Profile(TOKEN_URL, sealed, due, ends)
    key = vault.sealer.seal("access-0", credentials.seal_context(made, URL))
    with db.transaction() as session:
        credentials.save(session, NewCredential(made, ada, name, URL, AuthStyle.BEARER, key, "ss-0", ("gpt-4o",),
                                                profile=profile))  # fmt: skip
        found = credentials.read_keys(session, ada)
    return next(one for one in found if one.id == made)


def read(key: OwnKey) -> Stored:
    with db.transaction(writes=False) as session:
        return credentials.find_own(session, key.account_id, key.id)


async def token(vault: Vault, key: OwnKey) -> str | None:
    return (await vault.open(key))[1].api_key


async def test_a_key_opens_for_the_host_that_it_was_saved_for_and_no_other(database: str, endpoint: Endpoint) -> None:
    vault = make_vault(endpoint)
    key = keep(vault)
    _, target = await vault.open(key)
    assert (target.api_key, target.base_url, target.headers) == ("access-0", URL, ())
    with db.transaction() as session:
        session.execute(update(ROWS).where(ROWS.c.id == key.id).values(base_url="https://evil.example/v1"))
    with pytest.raises(OwnKeyUnavailable, match="cannot be opened any more") as lost:
        await vault.open(key)
    assert lost.value.code == "own_key_unavailable" and "access-0" not in lost.value.message
    with db.transaction() as session:
        credentials.remove(session, key.account_id, key.id)
    with pytest.raises(OwnKeyUnavailable, match="no longer saved"):
        await vault.open(key)
    assert endpoint.asked == []


@pytest.mark.races
async def test_fifty_calls_on_an_expired_sign_in_renew_it_once(database: str, endpoint: Endpoint) -> None:
    """Half of them come to another process, which waits by the lease."""
    endpoint.waits = True
    one, other = make_vault(endpoint), make_vault(endpoint, "proc_two")
    key = keep(one, PAST, PAST)
    calls = [asyncio.create_task(token(vault, key)) for vault in (one, other) for _ in range(25)]
    await endpoint.begun.wait()
    endpoint.goes_on.set()
    got = await asyncio.gather(*calls)
    assert got == ["access-1"] * 50
    assert endpoint.asked == [(TOKEN_URL, "us", "refresh-0")]
    profile = read(key).profile
    assert profile is not None and one.sealer.open(profile.refresh_sealed, read(key).refresh_context) == "refresh-1"
    assert await token(other, key) == "access-1" and len(endpoint.asked) == 1


@pytest.mark.races
async def test_while_one_renews_what_still_lasts_the_others_go_on_with_it(database: str, endpoint: Endpoint) -> None:
    endpoint.waits = True
    vault = make_vault(endpoint)
    key = keep(vault, PAST, SOON)
    first = asyncio.create_task(token(vault, key))
    await endpoint.begun.wait()
    assert await token(vault, key) == "access-0" and not first.done()
    endpoint.goes_on.set()
    assert await first == "access-1" == await token(vault, key)


@pytest.mark.races
async def test_what_an_endpoint_gave_is_kept_although_its_caller_went_away(database: str, endpoint: Endpoint) -> None:
    endpoint.waits = True
    vault = make_vault(endpoint)
    key = keep(vault, PAST, PAST)
    caller = asyncio.create_task(token(vault, key))
    await endpoint.begun.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    endpoint.goes_on.set()
    assert await token(vault, key) == "access-1" and len(endpoint.asked) == 1


@pytest.mark.races
@pytest.mark.parametrize(
    "failure",
    [ProviderFailed("No.", 400), ProviderFailed("No.", 401), ProviderFailed("Nothing came.", timed_out=True),
     ProviderFailed("No token.", 200)],
)  # fmt: skip
async def test_a_sign_in_that_cannot_be_renewed_needs_its_owner(
    database: str, endpoint: Endpoint, failure: ProviderFailed
) -> None:
    """Also one whose refresh token may be used up: nobody knows, and a second use may end all that its owner has."""
    vault = make_vault(endpoint)
    key, endpoint.fails = keep(vault, PAST, PAST), failure
    got = await asyncio.gather(*(token(vault, key) for _ in range(5)), return_exceptions=True)
    assert all(isinstance(one, OwnKeyUnavailable) and "sign in again" in one.message for one in got)
    assert read(key).status is CredentialStatus.NEEDS_SIGN_IN
    with pytest.raises(OwnKeyUnavailable, match="sign in again"):
        await vault.open(key)
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize("failure", [ProviderFailed("Away."), ProviderFailed("Later.", 503), ProviderFailed("", 429)])
async def test_what_is_of_the_moment_ends_no_sign_in(
    database: str, endpoint: Endpoint, failure: ProviderFailed
) -> None:
    vault = make_vault(endpoint)
    key, endpoint.fails = keep(vault, PAST, PAST), failure
    with pytest.raises(OwnKeyUnavailable, match="right now"):
        await vault.open(key)
    endpoint.fails = None
    assert await token(vault, key) == "access-2" and read(key).status is CredentialStatus.READY


async def test_an_endpoint_that_the_operator_no_longer_lists_is_not_asked(database: str, endpoint: Endpoint) -> None:
    vault = make_vault(endpoint, listed="https://other.example/token")
    key = keep(vault, PAST, PAST)
    with pytest.raises(OwnKeyUnavailable, match="no longer lists"):
        await vault.open(key)
    assert endpoint.asked == []


async def test_a_refusal_is_noted_of_the_key_and_its_next_answer_forgets_it(database: str, endpoint: Endpoint) -> None:
    vault = make_vault(endpoint)
    key = keep(vault)
    keeper = vault._keeper

    def refused() -> int | None:
        with db.transaction(writes=False) as session:
            return credentials.list_of(session, key.account_id)[0].refused_status

    vault.note(key, ProviderFailed("Too long.", 400))
    vault.note(key, ProviderFailed("Away."))
    assert not keeper.running
    vault.note(key, ProviderFailed("No.", 401))
    await keeper.drain(10)
    assert refused() == 401
    vault.note(key, None)
    vault.note(key, None)
    await keeper.drain(10)
    assert refused() is None
    vault.note(key, None)
    assert not keeper.running, "its use is written down once a minute"
    with db.transaction(writes=False) as session:
        used = credentials.list_of(session, key.account_id)[0].used_at
    assert used is not None and used <= clock.now()


async def test_a_host_that_was_asked_too_often_is_left_alone_for_so_long_by_that_key_only(
    database: str, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault, now = make_vault(endpoint), clock.now()
    key, other = keep(vault), keep(vault, name="other")
    vault.note(key, ProviderFailed("Slower.", 429))
    assert await token(vault, key), "whose host does not say for how long is asked again"
    vault.note(key, ProviderFailed("Slower.", 429, retry_after="7"))
    vault.note(key, ProviderFailed("Slower.", 429, retry_after="2"))
    for _ in range(3):  # and what we say ourselves makes it no longer
        with pytest.raises(LeftAlone) as told:
            await vault.open(key)
        vault.note(key, told.value)
        assert (told.value.status, told.value.retry_after) == (429, "7")
    assert await token(vault, other)
    monkeypatch.setattr(clock, "now", lambda: now + 8 * clock.SECOND)
    assert await token(vault, key)
    vault.note(key, ProviderFailed("Slower.", body={"code": 429}, retry_after="3600"))
    with pytest.raises(LeftAlone, match="60 seconds"):
        await vault.open(key)
