"""Whatever the account API answers is JSON of its own shapes, to account keys alone."""

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
