"""Own keys are tried before they are saved, in front of a real upstream process; what it refuses is not saved."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from app import db, settings
from app.adapters.providers.token_endpoint import TokenEndpoint
from app.adapters.secret_box import SecretBox
from app.domain.credentials import credentials
from app.domain.credentials.credentials import CredentialView
from app.domain.errors import BadField, LimitReached, NotFound
from app.flows.vault.saving import SignIn, Wanted, remove_own_key, save_own_key, try_own_key
from app.flows.vault.vault import Vault, VaultRules
from app.keeper import Keeper
from app.wiring.adapters import ProvidersByName
from tests.emulators.upstream import RunningUpstream
from tests.support.endpoints import serving
from tests.support.managing import person
from tests.support.paying_out import kept_mails
from tests.support.scripted import COUNTER

pytestmark = pytest.mark.plain_sql

TOKEN_URL = "https://login.example/token"
NOBODY = "http://127.0.0.1:9/v1"


@pytest.fixture
async def vault(database: str) -> AsyncIterator[Vault]:
    settings.configure(data=settings.get().data, database_url=database, allow_private_addresses=True)
    providers, endpoint = ProvidersByName(settings.get(), COUNTER), TokenEndpoint(allow_private=True)
    rules = VaultRules({TOKEN_URL: ""}, may_be_plain=True)
    yield Vault(providers, SecretBox(settings.get().secrets), endpoint, Keeper(), "proc_test", rules)
    await providers.close()
    await endpoint.close()


def list_of(account_id: str) -> list[CredentialView]:
    with db.transaction(writes=False) as session:
        return credentials.list_of(session, account_id)


async def test_a_key_that_answers_is_saved_with_what_its_host_lists(vault: Vault, emulated: RunningUpstream) -> None:
    ada = person("ada@example.org").account_id
    saved = await save_own_key(vault, ada, Wanted(" Mine ", "sk-own-key-0123", emulated.base_url + "/"))
    assert saved.provider == "mine" and saved.models > 20
    (view,) = list_of(ada)
    assert (view.id, view.last_four, view.base_url) == (saved.id, "0123", emulated.base_url)
    assert view.models == saved.models and view.refused_status is None
    with db.transaction(writes=False) as session:
        stored = credentials.find_own(session, ada, saved.id)
    assert "sk-own" not in repr(stored)
    ((address, subject),) = kept_mails()
    assert (address, subject) == ("ada@example.org", "Your account has a key for mine")
    _, target = vault.reach(stored)
    assert target.api_key == "sk-own-key-0123" and target.base_url == emulated.base_url


@pytest.mark.parametrize("key", ["sk-wrong-0123", "sk-refused-0123"])
async def test_a_key_that_is_refused_is_not_saved(vault: Vault, emulated: RunningUpstream, key: str) -> None:
    """The second is refused behind a list of models that anybody may read."""
    ada = person("ada@example.org").account_id
    with pytest.raises(BadField, match="refuses this key") as refused:
        await save_own_key(vault, ada, Wanted("mine", key, emulated.base_url))
    assert refused.value.field == "key" and key not in refused.value.message and list_of(ada) == []


async def test_a_key_that_is_removed_while_it_is_about_to_be_tried_is_no_key(
    vault: Vault, emulated: RunningUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = person("ada@example.org").account_id
    saved = await save_own_key(vault, ada, Wanted("mine", "sk-own-key-0123", emulated.base_url))
    monkeypatch.setattr(credentials, "read_keys", lambda _session, _account_id: ())
    with pytest.raises(NotFound):
        await try_own_key(vault, ada, saved.id)


async def test_what_a_host_says_that_no_database_keeps_is_kept_without_that(vault: Vault) -> None:
    names = [{"id": name} for name in ("a\0b", "\ud800", "m-1")]
    listed = json.dumps({"data": names, "has_more": True, "last_id": "\ud800"})
    said = json.dumps({"error": {"message": "No\0 \ud800here."}})

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        status, body = ("200 OK", listed) if head.startswith(b"GET") else ("404 Not Found", said)
        writer.write(f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        await writer.drain()

    ada = person("ada@example.org").account_id
    async with serving(answer) as port:
        saved = await save_own_key(vault, ada, Wanted("mine", "sk-own-key-0123", f"http://127.0.0.1:{port}/v1"))
    (view,) = list_of(ada)
    assert (saved.models, view.models) == (1, 1) and "m-1 did not answer" in view.warning
    assert view.warning.endswith("The last said: No\ufffd ?here.")


async def test_nobody_has_keys_tried_without_end(vault: Vault) -> None:
    """Stolen keys, or a stranger's server that is asked from here."""
    eve, ada = person("eve@example.org").account_id, person("ada@example.org").account_id
    for _ in range(20):
        await save_own_key(vault, eve, Wanted("mine", "sk-own-key-0123", NOBODY))
    with pytest.raises(LimitReached) as often:
        await save_own_key(vault, eve, Wanted("mine", "sk-own-key-0123", NOBODY))
    with pytest.raises(LimitReached):
        await try_own_key(vault, eve, list_of(eve)[0].id)
    assert (often.value.code, often.value.retry_after_seconds) == ("too_often", 30)
    await save_own_key(vault, ada, Wanted("mine", "sk-own-key-0123", NOBODY))


async def test_a_host_that_does_not_answer_keeps_nobody_from_saving(vault: Vault, emulated: RunningUpstream) -> None:
    ada, bob = person("ada@example.org").account_id, person("bob@example.org").account_id
    saved = await save_own_key(vault, ada, Wanted("mine", "sk-own-key-0123", NOBODY))
    assert saved.models == 0 and "could not be asked" in saved.warning
    assert list_of(ada)[0].warning == saved.warning
    for somebody, credential_id in ((bob, saved.id), (ada, "cred_none")):
        with pytest.raises(NotFound):
            await try_own_key(vault, somebody, credential_id)
        with pytest.raises(NotFound):
            await remove_own_key(somebody, credential_id)
    assert "could not be asked" in (await try_own_key(vault, ada, saved.id)).warning
    await save_own_key(vault, ada, Wanted("mine", "sk-own-key-0123", emulated.base_url))
    looked = await try_own_key(vault, ada, list_of(ada)[0].id)
    assert len(looked.models) == list_of(ada)[0].models > 20
    await remove_own_key(ada, list_of(ada)[0].id)
    assert list_of(ada) == []


async def test_a_key_that_its_host_refuses_later_says_so(vault: Vault, emulated: RunningUpstream) -> None:
    ada = person("ada@example.org").account_id
    saved = await save_own_key(vault, ada, Wanted("mine", "sk-wrong-0123", NOBODY))
    with db.transaction() as session:  # its host comes up at the same address, as far as the row knows
        stored = credentials.find_own(session, ada, saved.id)
        new = credentials.NewCredential(
            saved.id, ada, "mine", emulated.base_url, stored.auth,
            vault.sealer.seal("sk-wrong-0123", credentials.seal_context(saved.id, emulated.base_url)), "0123", ("ok",),
        )  # fmt: skip
        credentials.save(session, new)
    with pytest.raises(BadField, match="refuses this key"):
        await try_own_key(vault, ada, saved.id)
    assert list_of(ada)[0].refused_status == 401 and list_of(ada)[0].models == 1


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (Wanted("mine", "sk-own"), "base_url"),
        (Wanted("mine", "sk-own", "https://user:pw@x.example/v1"), "base_url"),
        (Wanted("built-in", "sk-own", NOBODY), "provider"),
        (Wanted("demo", "sk-own", NOBODY), "provider"),
        (Wanted("mine", "", NOBODY), "key"),
        (Wanted("mine", "sk own", NOBODY), "key"),
        (Wanted("mine", "sk\r\nX-Header: 1", NOBODY), "key"),
        (Wanted("mine", "sk-" + "a" * 17_000, NOBODY), "key"),
        (Wanted("mine", "at", NOBODY, SignIn("rt", "https://login.example/other")), "token_url"),
        (Wanted("mine", "at", NOBODY, SignIn("", TOKEN_URL)), "refresh_token"),
    ],
)
async def test_what_cannot_be_right_is_refused_before_anything_is_sent(
    vault: Vault, wanted: Wanted, field: str
) -> None:
    ada = person("ada@example.org").account_id
    with pytest.raises(BadField) as refused:
        await save_own_key(vault, ada, wanted)
    assert refused.value.field == field and list_of(ada) == []


async def test_a_sign_in_is_saved_with_both_tokens_sealed(vault: Vault, emulated: RunningUpstream) -> None:
    ada = person("ada@example.org").account_id
    sign_in = SignIn("refresh-0123456789", TOKEN_URL, 1_000)
    saved = await save_own_key(vault, ada, Wanted("mine", "access-0123456789", emulated.base_url, sign_in))
    with db.transaction(writes=False) as session:
        stored = credentials.find_own(session, ada, saved.id)
    assert stored.profile is not None and stored.profile.token_url == TOKEN_URL
    assert "0123456789" not in repr(stored)
    assert vault.sealer.open(stored.profile.refresh_sealed, stored.refresh_context) == "refresh-0123456789"
    due, ends = stored.profile.refresh_due, stored.profile.expires_at
    assert due is not None and ends is not None and 190_000_000 < ends - due < 210_000_000  # 80 % of its life
