"""Whatever the account API answers is JSON of its own shapes, to account keys alone."""

import json

import pytest

from app.api.account.routes import ROUTERS
from tests.support.credits import open_credits
from tests.support.crowd import sign_in
from tests.support.own_api import SITE, own_program

pytestmark = pytest.mark.plain_sql
OPEN = {"/api/v1/models"}


async def test_no_route_answers_anybody_without_a_key(database: str) -> None:
    await open_credits()
    ada, _ = await sign_in("ada@example.org")
    routes = [(method, route.path) for router in ROUTERS for route in router.routes
              for method in route.methods if route.path not in OPEN]  # fmt: skip
    assert len(routes) > 30
    async with own_program(ada) as program:
        for method, path in routes:
            url = SITE + path.replace("{", "").replace("}", "")
            refused = await program.request(method, url, headers={"Authorization": "Bearer none"})
            assert (refused.status_code, set(refused.json())) == (401, {"error", "code"}), path
            headers = {"X-Paywall-Simulate": "rate_limit"}
            limited = await program.request(
                method, url, headers=headers, json={} if method in ("POST", "PUT") else None
            )
            assert (limited.status_code, limited.headers["retry-after"]) == (429, "1"), path
            assert set(limited.json()) == {"error", "code"}


async def test_what_is_not_there_is_told_in_the_same_shape(database: str) -> None:
    await open_credits()
    ada, _ = await sign_in("ada@example.org")
    async with own_program(ada) as program:
        for method, path, status, code in (
            ("GET", "/nothing", 404, "not_found"), ("POST", "/models", 405, "method_not_allowed"),
            ("DELETE", "/credits/wallet", 405, "method_not_allowed"),
        ):  # fmt: skip
            refused = await program.request(method, path)
            assert (refused.status_code, refused.json()["code"]) == (status, code)
            assert isinstance(refused.json()["error"], str), "the clients read a sentence there"
        long = await program.put("/settings/copilot", content=b" " * 70_000)
        files = await program.post("/chat-of-nobody", files={"a": b"b"})
        address = await program.get("/history?mode=%00")
        twice = await program.get("/models", headers=[("authorization", "a"), ("authorization", "b")])
        for refused, status in ((long, 413), (files, 415), (address, 400), (twice, 400)):
            assert refused.status_code == status and isinstance(refused.json()["error"], str), refused.text


async def test_a_text_that_cannot_be_written_is_refused_by_the_name_of_its_field(database: str) -> None:
    await open_credits()
    ada, _ = await sign_in("ada@example.org")
    said = [{"role": "user", "content": "Hi"}]
    names = {"model": "demo-free", "models": ["demo-free", "demo-mini"], "contestants": ["demo-free", "demo-mini"],
             "judge": "demo-large", "synthesizer": "demo-free", "messages": said, "criteria": ["true"]}  # fmt: skip
    async with own_program(ada) as program:
        for mode, fields in (
            ("chat", ("model", "messages")), ("compare", ("models", "messages")),
            ("blend", ("models", "synthesizer", "messages")), ("judge", ("contestants", "judge", "criteria")),
        ):  # fmt: skip
            body = {name: value for name, value in names.items()
                    if name in fields or (mode == "judge" and name == "messages")}  # fmt: skip
            for field in fields:
                half = {"model": "\ud800", "messages": [{"role": "user", "content": "\ud800"}]}.get(
                    field, "\ud800" if field in ("judge", "synthesizer") else ["demo-free", "\ud800"]
                )
                wrong = json.dumps({**body, field: half})
                refused = await program.post(f"/{mode}", content=wrong)
                assert (refused.status_code, refused.json().get("param")) == (400, field), (mode, refused.text)


async def test_a_field_is_called_in_an_error_as_its_caller_wrote_it(database: str) -> None:
    await open_credits()
    ada, _ = await sign_in("ada@example.org")
    terms = {"enabled": True, "threshold_credits": 300, "amount_usd": 10, "monthly_cap_usd": 200}
    async with own_program(ada) as program:
        for method, path, body, field in (
            ("PUT", "/credits/auto-topup", {**terms, "amount_usd": 2}, "amount_usd"),
            ("PUT", "/credits/auto-topup", {**terms, "monthly_cap_usd": 9}, "monthly_cap_usd"),
            ("PUT", "/settings/keys", {"keys": {"openai": "a b"}}, "keys.openai"),
            ("PUT", "/settings/keys", {"keys": {"a b": "sk-1"}}, "keys.a b"),
            ("PUT", "/settings/keys", {"keys": {"own": {"key": "sk-1", "base_url": "ftp://x"}}}, "keys.own.base_url"),
            ("POST", "/chat", {"model": "demo-free", "messages": [{"role": "user", "content": "Hi"}],
                               "optimization_goal": "none"}, "optimization_goal"),
        ):  # fmt: skip
            refused = await program.request(method, path, json=body)
            assert (refused.status_code, refused.json().get("param")) == (400, field), refused.text
        unknown = await program.get("/history?mode=failover")
        assert (unknown.status_code, unknown.json()["param"]) == (400, "mode")
