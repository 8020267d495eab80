"""Whose page a socket is, and what of its handshake is told on: never a cookie."""

from pathlib import Path
from typing import Any

import pytest

from app import settings
from app.api.wire.socket_handshake import HEADER_BYTES_MAX, Handshake, Seen, admitted, read_handshake
from app.api.wire.socket_messages import Reason
from app.flows.people.sign_in import Visit, find_person
from tests.support.crowd import MAILBOX, newest_code
from tests.support.handed import enter_with_code, send_code

pytestmark = pytest.mark.plain_sql

TOKEN = "0b0c4f3e-8f5e-4a51-9a55-1d5a1f1f0001"
QUERY = f"token={TOKEN}&EIO=4&transport=websocket"


def scope(path: str = "/_event/", query: str = QUERY, client: str = "10.0.0.9", **headers: str) -> dict[str, Any]:
    written = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "websocket", "path": path, "query_string": query.encode(), "client": (client, 5),
            "headers": [(b"host", b"pay.example"), *written], "subprotocols": ["0.10.1"]}  # fmt: skip


@pytest.mark.parametrize("origin", [None, "http://pay.example", "https://pay.example"])
def test_our_own_pages_and_programs_may_open_one(data_dir: Path, origin: str | None) -> None:
    found = read_handshake(scope(**({} if origin is None else {"origin": origin})))
    assert isinstance(found, Handshake) and (found.token, found.peer) == (TOKEN, "10.0.0.9")


@pytest.mark.parametrize("origin", ["null", "", "https://evil.example", "https://pay.example.evil.example", "file://"])
def test_another_sites_page_may_not(data_dir: Path, origin: str) -> None:
    assert read_handshake(scope(origin=origin)) is Reason.ORIGIN


def test_behind_a_proxy_that_names_another_host_the_public_address_counts(data_dir: Path) -> None:
    settings.configure(data=data_dir, public_url="https://money.example")
    assert isinstance(read_handshake(scope(origin="https://money.example")), Handshake)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/", QUERY), ("/_event/x", QUERY), ("/_eventx", QUERY), ("/v1/_event", QUERY), ("/_event/", ""),
        ("/_event/", "token=me&EIO=4&transport=websocket"), ("/_event/", QUERY + "&sid=abc"),
        ("/_event/", f"token={TOKEN}&EIO=4&transport=polling"), ("/_event/", f"token={TOKEN}&EIO=4"),
        ("/_event/", f"token={TOKEN}x&EIO=4&transport=websocket"), ("/_event/", QUERY + "&a=" + "x" * 1_200),
        ("/_event/", f"token={TOKEN}%0a&EIO=4&transport=websocket"), ("/_event/", "transport=websocket"),
    ],
)  # fmt: skip
def test_what_no_page_opens_is_refused(data_dir: Path, path: str, query: str) -> None:
    assert read_handshake(scope(path, query)) is Reason.SHAPE


def test_a_tab_that_was_doubled_gets_a_token_of_its_own(data_dir: Path) -> None:
    found = read_handshake(scope())
    assert isinstance(found, Handshake) and found.beside({"another"}) is found
    other = found.beside({TOKEN})
    assert other.token != TOKEN and other.is_renamed


def test_ipv6_counts_by_network_and_proxies_are_believed_as_far_as_they_are_ours(data_dir: Path) -> None:
    found = read_handshake(scope(client="2001:db8::1:2"))
    assert isinstance(found, Handshake) and found.peer == "2001:db8::/64"
    settings.configure(data=data_dir, proxies=1)
    found = read_handshake(scope(x_forwarded_for="6.6.6.6, 1.2.3.4"))
    assert isinstance(found, Handshake) and found.peer == "1.2.3.4"


async def told_on(**headers: str) -> Seen:
    asked = scope(**headers)
    found = read_handshake(asked)
    assert isinstance(found, Handshake)
    return await admitted(found, asked)


async def test_cookies_stay_behind_and_the_ids_of_their_rows_go_on(database: str) -> None:
    visit = Visit("Chrome", "10.0.0.9")
    first = await send_code(MAILBOX, "ada@example.org", visit)
    cookie = await enter_with_code(first, newest_code(), visit)
    second = await send_code(MAILBOX, "ada@example.org", visit)
    person = await find_person(cookie)
    assert person is not None
    header = f"a=b; coinslot_session={cookie}; coinslot_code={second}; coinslot_login=sealed|x"
    seen = await told_on(cookie=header, authorization="Basic c2VjcmV0", x_other="y", user_agent="U" * 9_000)
    told = dict(seen.scope["headers"])
    assert told[b"cookie"].decode() == f"session={person.session_id}; code={second.partition('.')[0]}; network=10.0.0.9"
    assert seen.session_id == person.session_id and len(told[b"user-agent"]) == HEADER_BYTES_MAX
    assert told.keys() == {b"host", b"cookie", b"user-agent"}
    for secret in (cookie, second.partition(".")[2], "sealed", "c2VjcmV0"):
        assert secret not in str(seen)


@pytest.mark.parametrize("cookie", ["coinslot_session=wrong", "session=ses_known", "coinslot_code=sic_x.wrong", "=;\0"])
async def test_an_id_that_a_browser_brings_by_itself_is_worth_nothing(database: str, cookie: str) -> None:
    seen = await told_on(cookie=cookie)
    assert seen.session_id == "" and dict(seen.scope["headers"])[b"cookie"] == b"network=10.0.0.9"
