"""Bodies of the account API and of the chat page, as a stranger sends them over raw sockets: bounded as those of /v1.

Whoever may not ask is refused before a byte of a body is read, and what never came to its end is asked nowhere.
"""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from app import db
from app.domain.people import account_keys, sessions
from tests.support.own_demo import OwnDemo, running_with_credits
from tests.support.paid import using
from tests.support.raw_http import Answer, answers_in, ask, connect, read_to_end
from tests.support.server import QUESTION

BODY_BYTES, FORM_BYTES = 300_000, 65_536
ASKING = ["POST /api/v1/chat", "POST /api/v1/compare", "POST /api/v1/blend", "POST /api/v1/judge", "POST /talk/chat",
          "POST /talk/judge", "POST /talk/most/chat", "POST /talk/most/compare"]  # fmt: skip
FORMS = ["POST /api/v1/credits/purchase", "PUT /api/v1/settings/privacy", "POST /api/v1/conversations",
         "PATCH /talk/conversations/conv_x", "POST /talk/stop/req_x/0"]  # fmt: skip
CLOSE = "Connection: close\r\n"


@dataclass(frozen=True)
class Stranger:
    """Somebody who writes to a socket with the key and the session of an account, which bound nothing."""

    own: OwnDemo
    cookie: str

    @property
    def port(self) -> int:
        return urlsplit(self.own.demo.base_url).port or 0

    def head(self, route: str, more: str, *, is_known: bool = True) -> bytes:
        """Returns the head of a request; of whoever is not known, without key and session."""
        known = (
            f"Authorization: {self.own.client.headers['Authorization']}\r\nCookie: coinslot_session={self.cookie}\r\n"
        )
        start = f"{route} HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/json\r\n"
        return f"{start}{known if is_known else ''}{more}\r\n".encode()

    def send(self, route: str, more: str, *body: bytes, is_known: bool = True) -> Answer:
        """Sends one request, and returns its answer."""
        (answer,) = ask(self.port, self.head(route, more + CLOSE, is_known=is_known), *body)
        return answer


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stranger]:
    data: Path = tmp_path_factory.mktemp("bodies")
    hasty = {"FORM_SECONDS_MAX": "0.6", "BODY_SECONDS_MAX": "0.6", "SILENCE_SECONDS_MAX": "3"}
    with running_with_credits(data, BODY_BYTES_MAX=str(BODY_BYTES), **hasty) as own:
        key = own.client.headers["Authorization"].removeprefix("Bearer ")
        with using(f"sqlite:///{data}/coinslot.db", data), db.transaction() as session:
            owner = account_keys.find_owner(session, key)
            assert owner is not None
            token = sessions.open_session(session, owner.account_id, "email", None, "Firefox", "10.0.0.1")
        yield Stranger(own, token)
        with using(f"sqlite:///{data}/coinslot.db", data), db.transaction(writes=False) as session:
            assert session.scalar(text("SELECT count(*) FROM request")) == 0, "of all these bodies nothing was asked"


def code_of(route: str, answer: Answer) -> str:
    """Returns the code of an error, in the shape of the API that was called."""
    said = json.loads(answer.body)
    is_flat = "/api/v1/" in route or (route in ASKING and "/most/" not in route)
    assert isinstance(said["error"], str) is is_flat, (route, said)
    return str(said["code"] if is_flat else said["error"]["code"])


@pytest.mark.parametrize("route", ASKING + FORMS)
def test_a_body_that_is_too_large_is_refused_before_it_is_read(stranger: Stranger, route: str) -> None:
    most = BODY_BYTES if route in ASKING else FORM_BYTES
    for announced in (most + 1, 1 << 62):
        answer = stranger.send(route, f"Content-Length: {announced}\r\n")
        assert (answer.status, code_of(route, answer)) == (413, "body_too_large")
    endless = [b"10000\r\n" + b"x" * 65_536 + b"\r\n"] * 12
    answer = stranger.send(route, "Transfer-Encoding: chunked\r\n", *endless)
    assert (answer.status, code_of(route, answer)) == (413, "body_too_large")


@pytest.mark.parametrize("route", ASKING + FORMS)
def test_a_length_that_can_be_read_in_two_ways_is_no_request(stranger: Stranger, route: str) -> None:
    for lengths in ("Content-Length: -1\r\n", "Content-Length: 2\r\nContent-Length: 3\r\n", "Content-Length: 1e3\r\n",
                    "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"):  # fmt: skip
        answer = stranger.send(route, lengths, b"{}")
        assert answer.status == 400, (lengths, answer)


@pytest.mark.parametrize("route", ASKING)
def test_who_may_not_ask_is_refused_before_a_body_comes(stranger: Stranger, route: str) -> None:
    answer = stranger.send(route, f"Content-Length: {BODY_BYTES}\r\n", is_known=False)
    assert answer.status == 401


@pytest.mark.slow
def test_bodies_that_drip_fall_silent_or_break_off_have_their_time_and_no_more(stranger: Stranger) -> None:
    """Only bodies that really drip show that each of them has its time, and not more."""
    routes = ASKING + FORMS
    whole = json.dumps({"model": "demo-free", "models": ["demo-free", "demo-mini"], "messages": QUESTION}).encode()
    began = time.monotonic()
    with ExitStack() as stack:
        dripping, silent, endless = ([stack.enter_context(connect(stranger.port)) for _ in routes] for _ in range(3))
        for opened, more in ((dripping, "Content-Length: 500\r\n"), (silent, f"Content-Length: {len(whole)}\r\n"),
                             (endless, "Transfer-Encoding: chunked\r\n")):  # fmt: skip
            for raw, route in zip(opened, routes, strict=True):
                raw.sendall(stranger.head(route, more))
        for raw in endless:
            raw.sendall(b"%x\r\n%s\r\n" % (len(whole), whole))  # all of it, but for the end that says so
        for _ in range(8):
            time.sleep(0.1)
            for raw in dripping:
                raw.sendall(b"{")
        for opened in (dripping, silent, endless):
            for raw, route in zip(opened, routes, strict=True):
                (answer,) = answers_in(read_to_end(raw))
                assert (answer.status, code_of(route, answer)) == (408, "body_timeout"), route
        assert time.monotonic() - began < 15
        for route in routes:  # and whoever hangs up in the middle is nobody's request
            with connect(stranger.port) as raw:
                raw.sendall(stranger.head(route, f"Content-Length: {len(whole)}\r\n") + whole[:-1])
