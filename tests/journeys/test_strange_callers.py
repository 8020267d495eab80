"""Every route of the API, called without a key, with a cookie instead of one, from another site, and by another app."""

import uuid

import httpx
import pytest

from app.domain.money import Environment
from app.domain.wallets.shared import shared_account
from app.domain.wallets.wallets import end_user_id
from tests.journeys.site import Site
from tests.journeys.strangers import Victim, everything, make_rival_key, of_victim, routes, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

OPEN = {"/openapi.json", "/docs", "/docs/oauth2-redirect", "/healthz", "/readyz", "/auth/oidc/{name}",
        "/auth/oidc/{name}/callback", "/icons/{paywall_id}/{digest}.png", "/reserves.json",
        "/api/v1/models"}  # fmt: skip
"""What anybody may ask with GET: it tells nothing of anybody and changes nothing."""

OWN = {"/manage/analytics.csv": 400, "/manage/order.csv": 400, "/manage/liabilities.json": 200,
       "/talk/conversations": 200}  # fmt: skip
"""What is of whoever asks, by their cookie, and what it answers: they are asked what they want of it, or have it."""


def address(site: Site, path: str, victim: Victim) -> str:
    """Returns where a route is found, with the victim's own ids in it."""
    known = {"{request_id}": victim.request_id, "{model:path}": "demo-mini", "{name}": "nobody", "{rest:path}": "x",
             "{path_user}": victim.user, "{subscription_id}": "whs_none", "{delivery_id}": "whd_none",
             "{connection}": "sandbox", "{paywall_id}": "pw_demo_default", "{digest}": "0" * 16,
             "{user_id}": end_user_id("pw_demo_default", victim.user), "{user}": victim.user, "{key_id}": "key_none",
             "{topup_id}": "top_none", "{slug}": "none", "{chain_id}": "31337", "{memory_id}": "mem_none",
             "{item}": "none", "{order_id}": "ord_none",
             "{leg}": "0", "{conversation_id}": "con_none", "{provider}": "none", "{asked}": "chat"}  # fmt: skip
    for placeholder, value in known.items():
        path = path.replace(placeholder, value)
    assert "{" not in path, f"{path}: say in `known` what an attacker would send"
    return site.base_url + path


def call(site: Site, method: str, path: str, victim: Victim, headers: dict[str, str], **asked: str) -> httpx.Response:
    """Calls a route as somebody who knows all that is no secret."""
    body = {"user": victim.user, "amount": "1", "code": "x", "title": "Mine", "model": "demo-mini",
            "messages": [{"role": "user", "content": "Hello"}]}  # fmt: skip
    sent = {"json": body} if method != "GET" else {}
    return httpx.request(method, address(site, path, victim), params={"user": victim.user, **asked}, headers=headers,
                         timeout=60, **sent)  # type: ignore[arg-type]  # fmt: skip


def test_no_route_tells_or_does_anything_without_its_own_key(site: Site, victim: Victim) -> None:
    before, tried = everything(), 0
    callers: tuple[dict[str, str], ...] = (
        {}, {"Authorization": "Bearer sk-coinslot-test-" + "0" * 49}, {"Authorization": f"Bearer {victim.key}x"},
        {"Cookie": f"coinslot_session={victim.cookie}"},
    )  # fmt: skip
    for method, path in routes():
        if (method == "GET" and path in OPEN) or path.startswith("/auth/") or "{rest" in path:
            continue
        for headers in callers:
            answer = call(site, method, path, victim, headers)
            may_hide = path == "/metrics" or path.startswith(("/manage/", "/stripe/", "/play/", "/talk/"))
            refused = (401, 404) if may_hide else (401,)
            if path in OWN and "Cookie" in headers:
                refused = (OWN[path],)
            assert answer.status_code in refused, (method, path, answer.status_code)
            assert not [secret for secret in victim.secrets if secret in answer.text]
            tried += 1
    assert tried >= 60 and everything() == before


async def test_what_is_of_whoever_asks_tells_a_stranger_nothing_of_the_victim(site: Site, victim: Victim) -> None:
    _, cookie = await sign_in(site, f"rival-{uuid.uuid4().hex[:8]}@example.org")
    before = of_victim(everything(), victim)
    for path, status in OWN.items():
        answer = call(site, "GET", path, victim, {"Cookie": f"coinslot_session={cookie}"})
        assert answer.status_code == status, path
        assert not [known for known in (*victim.secrets, *victim.ids) if known in answer.text], path
    wallet = shared_account(victim.person.account_id, Environment.SANDBOX)
    for account in wallet.purse:
        for sent, status in ((victim.cookie, 200), (cookie, 404)):
            headers = {"Cookie": f"coinslot_session={sent}"}
            answer = call(site, "GET", "/manage/liabilities.json", victim, headers, account=account.id)
            assert answer.status_code == status, account.id
            assert status == 200 or victim.person.account_id not in answer.text
    assert of_victim(everything(), victim) == before


def test_another_site_posts_nothing_in_a_visitors_name(site: Site, victim: Victim) -> None:
    """Cookies that are SameSite would not even come along; here they do."""
    before, tried = everything(), 0
    for method, path in routes():
        if method == "GET" or not path.startswith("/auth/"):
            continue
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
            cookies = {"Cookie": f"coinslot_session={victim.cookie}"}
            fields = {"everywhere": "yes", "email": "x@example.org", "code": "1", "adding": "yes"}
            answer = httpx.post(address(site, path, victim), data=fields, headers=headers | cookies)
            assert (answer.status_code, answer.headers.get("set-cookie")) == (403, None), path
            tried += 1
    assert tried >= 8 and everything() == before


def test_another_paywalls_developer_sees_and_moves_nothing(site: Site, victim: Victim) -> None:
    rivals = {"shared": make_rival_key(), "default": site.keys["default"]}
    before, tried = of_victim(everything(), victim), 0
    assert all(before[table] for table in ("paywall_authorization", "spending_cap", "ledger_account"))
    for method, path in routes():
        for mode, key in rivals.items() if path.startswith("/v1") else ():
            answer = call(site, method, path, victim, {"Authorization": f"Bearer {key}"})
            assert answer.status_code < 500, (method, path, mode, answer.text)
            assert not [secret for secret in victim.secrets if secret in answer.text], (method, path, mode)
            if "_id}" in path:
                refused = (401,) if path.startswith("/v1/manage/") else (400, 404)  # an app's key is no developer's
                assert answer.status_code in refused, (path, mode, answer.text)
            tried += 1
    assert tried >= 40
    assert of_victim(everything(), victim) == before


def test_the_victims_own_app_does_see_and_move_it(site: Site, victim: Victim) -> None:
    """The calls above would have worked with the right key."""
    headers = {"Authorization": f"Bearer {site.keys['shared']}"}
    before = of_victim(everything(), victim)
    assert call(site, "GET", "/v1/requests/{request_id}", victim, headers).status_code == 200
    assert call(site, "GET", "/v1/user/balance", victim, headers).json()["spendable"] != "0"
    assert call(site, "POST", "/v1/user/charge", victim, headers).json()["success"]
    after = of_victim(everything(), victim)
    assert {"ledger_account", "ledger_budget", "request"} <= {name for name in before if before[name] != after[name]}
