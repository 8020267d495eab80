"""A visitor is whoever has the cookie, in a playground that is open."""

from types import SimpleNamespace

import pytest
from fastapi import Request

from app import settings
from app.api.playground.visitors import VISITOR_COOKIE, find_visitor, token_of
from app.domain.errors import NotFound, NotSignedIn
from app.domain.playground.playground import new_token
from tests.support.playing import playing


def request(cookie: str | None) -> Request:
    name = settings.get().cookie(VISITOR_COOKIE)
    headers = [] if cookie is None else [(b"cookie", f"{name}={cookie}".encode())]
    return Request({"type": "http", "headers": headers, "app": SimpleNamespace()})


@pytest.mark.parametrize("cookie", [None, "", "x", "x" * 33, "-" * 32, "%00" * 8])
def test_what_no_browser_of_ours_keeps_is_no_token(cookie: str | None) -> None:
    assert token_of(request(cookie)) is None


async def test_the_same_cookie_is_the_same_visitor(database: str) -> None:
    token = new_token()
    async with playing() as playground:
        visitor = await find_visitor(request(token), playground.slug)
        assert visitor.user == (await find_visitor(request(None), playground.slug, token)).user
        assert visitor.page.endswith(f"/playground/{playground.slug}/")
        assert visitor.snapshot.requests_per_hour == 200 and visitor.snapshot.key_id == "playground"
        with pytest.raises(NotSignedIn):
            await find_visitor(request(None), playground.slug)
        with pytest.raises(NotFound):
            await find_visitor(request(token), "x" * 22)
