"""Sign-in at a real OIDC provider, and every way in which its answer must not be believed."""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from authlib.integrations.httpx_client import AsyncOAuth2Client

from app.adapters.login.oidc import OidcLogin
from app.adapters.secret_box import SecretBox
from app.domain import clock
from app.domain.errors import ProviderFailed
from app.ports.login import Login
from tests.emulators.oidc import RunningProvider, running
from tests.support.ports import free_port

BACK = "http://127.0.0.1:1/auth/oidc/idp/callback"
BOX = SecretBox([b"secret"])
CONTEXT = "oidc:idp"


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningProvider]:
    with running() as started:
        started.set_user("s1", email="ada@example.org", email_verified=True)
        yield started


def login(provider: RunningProvider, *, later: int = 0, client_id: str = "client", issuer: str = "") -> OidcLogin:
    now = clock.now() // clock.SECOND + later
    return OidcLogin("idp", issuer or provider.issuer, client_id, "hush", BOX, lambda: now)


@pytest.mark.unhurried
async def test_who_signs_in_comes_back_with_their_name_at_the_provider(provider: RunningProvider) -> None:
    client = login(provider)
    start = await client.begin(BACK)
    query = parse_qs(urlsplit(start.url).query)
    assert query["code_challenge_method"] == ["S256"] and query["scope"] == ["openid email"]
    assert len(query["nonce"][0]) >= 16 and len(query["state"][0]) >= 16 and query["redirect_uri"] == [BACK]
    answer = provider.sign_in(start.url, "s1")
    assert await client.finish(BACK, start.kept, answer) == Login(provider.issuer, "s1", "ada@example.org", True)
    with pytest.raises(ProviderFailed):
        await client.finish(BACK, start.kept, answer)  # the provider's code works once


@pytest.mark.unhurried
async def test_what_the_provider_does_not_say_is_not_made_up(provider: RunningProvider) -> None:
    provider.set_user("s2", email="eve@example.org", email_verified="yes")
    provider.set_user("s3")
    found = []
    for subject in ("s2", "s3"):
        client = login(provider)
        start = await client.begin(BACK)
        found.append(await client.finish(BACK, start.kept, provider.sign_in(start.url, subject)))
    assert [(who.email, who.is_email_verified) for who in found] == [("eve@example.org", False), (None, False)]


class Sparse(OidcLogin):
    """A provider that says of some claims nothing in its ID token, as many do; all else is the real one's."""

    hidden: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = MappingProxyType({})

    async def _claims(self, metadata: Mapping[str, Any], id_token: str, nonce: str) -> Mapping[str, Any]:
        claims = await super()._claims(metadata, id_token, nonce)
        return {name: value for name, value in claims.items() if name not in self.hidden}

    async def _get(self, url: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        found = await super()._get(url, headers)
        return {**found, **self.metadata} if "issuer" in found else found


def sparse(provider: RunningProvider, *hidden: str, **metadata: Any) -> Sparse:
    made = Sparse("idp", provider.issuer, "client", "hush", BOX, lambda: clock.now() // clock.SECOND)
    made.hidden, made.metadata = hidden, metadata
    return made


@pytest.mark.parametrize("hidden", [("email", "email_verified"), ("email",), ("email_verified",)])
async def test_an_address_that_only_userinfo_names_is_found_there(
    provider: RunningProvider, hidden: tuple[str, ...]
) -> None:
    client = sparse(provider, *hidden)
    start = await client.begin(BACK)
    found = await client.finish(BACK, start.kept, provider.sign_in(start.url, "s1"))
    assert found == Login(provider.issuer, "s1", "ada@example.org", True)


@pytest.mark.unhurried
async def test_where_userinfo_is_away_or_none_who_it_is_is_known_all_the_same(provider: RunningProvider) -> None:
    for endpoint in (f"{provider.issuer}/nowhere", f"http://127.0.0.1:{free_port()}/", None):
        client = sparse(provider, "email", userinfo_endpoint=endpoint)
        start = await client.begin(BACK)
        found = await client.finish(BACK, start.kept, provider.sign_in(start.url, "s1"))
        assert (found.subject, found.email) == ("s1", None)


async def test_userinfo_of_somebody_else_is_not_believed(
    provider: RunningProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sparse(provider, "email")
    start = await client.begin(BACK)
    get = Sparse._get

    async def of_another(self: Sparse, url: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        found = await get(self, url, headers)
        return {**found, "sub": "s2"} if headers else found

    monkeypatch.setattr(Sparse, "_get", of_another)
    with pytest.raises(ProviderFailed, match="could not be trusted"):
        await client.finish(BACK, start.kept, provider.sign_in(start.url, "s1"))


@pytest.mark.parametrize(
    ("taken", "is_in_body"),
    [(["client_secret_post"], True), (["private_key_jwt", "client_secret_post"], True), (None, False),
     (["client_secret_basic"], False), (["client_secret_post", "client_secret_basic"], False), ("nonsense", False)],
)  # fmt: skip
async def test_the_secret_is_sent_as_the_provider_takes_it(
    provider: RunningProvider, monkeypatch: pytest.MonkeyPatch, taken: Any, is_in_body: bool
) -> None:
    sent: list[Any] = []
    send = AsyncOAuth2Client.send

    async def recorded(self: Any, request: Any, **more: Any) -> Any:
        answer = await send(self, request, **more)
        sent.append(answer.request)
        return answer

    monkeypatch.setattr(AsyncOAuth2Client, "send", recorded)
    client = sparse(provider, token_endpoint_auth_methods_supported=taken)
    start = await client.begin(BACK)
    assert (await client.finish(BACK, start.kept, provider.sign_in(start.url, "s1"))).subject == "s1"
    (asked,) = [request for request in sent if request.method == "POST"]
    assert (b"client_secret=hush" in asked.content) is is_in_body
    assert ("authorization" in asked.headers) is not is_in_body


async def test_a_token_endpoint_that_is_away_is_a_clear_failure(provider: RunningProvider) -> None:
    client = sparse(provider, token_endpoint=f"http://127.0.0.1:{free_port()}/")
    start = await client.begin(BACK)
    with pytest.raises(ProviderFailed, match="could not be trusted"):
        await client.finish(BACK, start.kept, provider.sign_in(start.url, "s1"))


@pytest.mark.parametrize("state", ["\u00fc", "\U0001f600", "", "%00", "%ED%A0%80", "a%FFb", "x" * 100_000])
async def test_a_state_that_nobody_of_ours_wrote_is_refused(provider: RunningProvider, state: str) -> None:
    client = login(provider)
    start = await client.begin(BACK)
    with pytest.raises(ProviderFailed, match="in this browser"):
        await client.finish(BACK, start.kept, f"{BACK}?code=x&state={state}")


async def test_every_two_sign_ins_have_secrets_of_their_own_that_the_browser_cannot_read(
    provider: RunningProvider,
) -> None:
    first, second = [await login(provider).begin(BACK) for _ in range(2)]
    queries = [parse_qs(urlsplit(start.url).query) for start in (first, second)]
    for name in ("state", "nonce", "code_challenge"):
        assert queries[0][name] != queries[1][name] and queries[0][name][0] not in first.kept
    answer = provider.sign_in(first.url, "s1")
    with pytest.raises(ProviderFailed, match="in this browser"):
        await login(provider).finish(BACK, second.kept, answer)


@pytest.mark.unhurried
@pytest.mark.parametrize("changed", ["state", "nonce"])
async def test_state_and_nonce_must_be_those_it_began_with(provider: RunningProvider, changed: str) -> None:
    client = login(provider)
    start = await client.begin(BACK)
    kept = dict(zip(("state", "nonce", "verifier"), json.loads(BOX.open(start.kept, CONTEXT)), strict=True))
    kept[changed] = "x" * 48
    forged = BOX.seal(json.dumps(list(kept.values())), CONTEXT)
    with pytest.raises(ProviderFailed):
        await client.finish(BACK, forged, provider.sign_in(start.url, "s1"))


@pytest.mark.unhurried
async def test_the_proof_of_possession_goes_with_the_code(
    provider: RunningProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    fetch = AsyncOAuth2Client.fetch_token

    async def recorded(self: Any, *args: Any, **values: Any) -> Any:
        sent.append(values["code_verifier"])
        return await fetch(self, *args, **values)

    monkeypatch.setattr(AsyncOAuth2Client, "fetch_token", recorded)
    client = login(provider)
    start = await client.begin(BACK)
    await client.finish(BACK, start.kept, provider.sign_in(start.url, "s1"))
    digest = hashlib.sha256(sent[0].encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert parse_qs(urlsplit(start.url).query)["code_challenge"] == [challenge] and len(sent[0]) >= 43


@pytest.mark.parametrize(
    "kept",
    ["", "v1.x", SecretBox([b"other"]).seal("[]", CONTEXT), BOX.seal("[]", "oidc:else")],
    ids=["nothing", "no seal", "another secret's", "another purpose's"],
)
async def test_what_was_not_sealed_here_is_refused(provider: RunningProvider, kept: str) -> None:
    client = login(provider)
    start = await client.begin(BACK)
    with pytest.raises(ProviderFailed, match="in this browser"):
        await client.finish(BACK, kept, provider.sign_in(start.url, "s1"))


@pytest.mark.unhurried
async def test_an_old_token_is_refused(provider: RunningProvider) -> None:
    start = await login(provider).begin(BACK)
    with pytest.raises(ProviderFailed, match="could not be trusted"):
        await login(provider, later=7_200).finish(BACK, start.kept, provider.sign_in(start.url, "s1"))


async def test_a_sign_in_that_was_cancelled_says_so(provider: RunningProvider) -> None:
    client = login(provider)
    start = await client.begin(BACK)
    state = parse_qs(urlsplit(start.url).query)["state"][0]
    with pytest.raises(ProviderFailed, match="cancelled"):
        await client.finish(BACK, start.kept, f"{BACK}?error=access_denied&state={state}")


async def test_a_token_for_another_client_is_refused(provider: RunningProvider) -> None:
    start = await login(provider, client_id="theirs").begin(BACK)
    with pytest.raises(ProviderFailed):
        await login(provider, client_id="ours").finish(BACK, start.kept, provider.sign_in(start.url, "s1"))


async def test_a_provider_that_is_away_or_another_one_is_a_clear_failure(provider: RunningProvider) -> None:
    with pytest.raises(ProviderFailed, match="cannot be reached"):
        await login(provider, issuer=f"http://127.0.0.1:{free_port()}").begin(BACK)
    with pytest.raises(ProviderFailed, match="another issuer"):
        await login(provider, issuer=provider.issuer.replace("127.0.0.1", "localhost") + "/x/..").begin(BACK)
