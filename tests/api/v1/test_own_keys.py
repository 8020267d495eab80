"""A person's own key over HTTP: it answers, costs nothing, and is in nothing that anybody reads."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.emulators import upstream
from tests.emulators.upstream import RunningUpstream
from tests.support.server import QUESTION, Demo, running

CANARY = "sk-own-canary-3f9a1c77d2b0"
CHAT = "/v1/chat/completions"


@dataclass(frozen=True)
class Site:
    """A demo in front of one upstream, an account of it with a key of its own for another, and what was answered."""

    demo: Demo
    platform: RunningUpstream
    own: RunningUpstream
    client: httpx.Client
    heard: list[str]

    def ask(self, model: str, path: str = CHAT, billing: str | None = None, **more: Any) -> httpx.Response:
        headers = {} if billing is None else {"X-Paywall-Billing": billing}
        body = {"model": model, "messages": QUESTION, **more}
        return self.hear(self.client.post(path, json=body, headers=headers))

    def hear(self, answer: httpx.Response) -> httpx.Response:
        self.heard.append(f"{answer.headers} {answer.text}")
        return answer


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data = tmp_path_factory.mktemp("site")
    with (
        upstream.running() as platform, upstream.running() as own,
        running(data, "--upstream", platform.base_url, CREDITS="", ALLOW_PRIVATE_ADDRESSES="true",
                FIRST_BYTE_SECONDS_MAX="2", SILENCE_SECONDS_MAX="2") as demo,
    ):  # fmt: skip
        key = json.loads((data / "instance.json").read_text())["account_key"]
        headers = {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=demo.base_url, headers=headers, timeout=60) as client:
            site = Site(demo, platform, own, client, [])
            wanted = {"keys": {"mine": {"key": CANARY, "base_url": own.base_url}}}
            assert site.hear(client.put("/api/v1/settings/keys", json=wanted)).status_code == 200
            yield site
        assert demo.audit() == "The books balance."


def test_an_own_key_answers_a_model_that_free_credits_do_not_open_and_costs_nothing(site: Site) -> None:
    before = site.client.get("/api/v1/credits/wallet").json()
    answer = site.ask("ok")
    assert answer.status_code == 200 and answer.headers["x-paywall-billing"] == "byok"
    assert answer.json()["paywall"]["charge"] == "0"
    receipt = site.hear(site.client.get(f"/v1/requests/{answer.headers['x-request-id']}")).json()
    assert (receipt["billing_source"], receipt["charge"], receipt["hold"]) == ("byok", "0", "0")
    assert receipt["lines"] and {line["amount"] for line in receipt["lines"]} == {"0"}
    streamed = site.ask("ok", billing="byok", stream=True)
    assert streamed.headers["x-paywall-billing"] == "byok" and "[DONE]" in streamed.text
    by_account = site.ask("ok", "/api/v1/chat", stream=False).json()
    assert by_account["credits_charged"] == 0
    paid = site.ask("ok", "/api/v1/chat", "platform", stream=False)
    assert paid.status_code == 402
    sent = site.own.seen()[-1]["headers"]
    assert sent["authorization"] == f"Bearer {CANARY}" and sent["user-agent"] == "coinslot"
    assert site.platform.seen() == [] and site.client.get("/api/v1/credits/wallet").json() == before


def test_who_is_to_pay_is_said_or_refused(site: Site) -> None:
    paid = site.ask("ok", billing="platform")
    assert paid.headers["x-paywall-billing"] == "platform" and paid.headers["x-paywall-action"] == "topup"
    wrong = site.ask("ok", billing="somebody")
    assert wrong.status_code == 400 and wrong.json()["error"]["code"] == "unsupported_billing"
    assert site.platform.seen() == []


@pytest.mark.parametrize(
    ("model", "status"),
    [("error-401", 502), ("error-500", 502), ("slow-first:8:20000", 504), ("echo", 200)],
)
@pytest.mark.parametrize("is_stream", [False, True])
def test_a_key_is_in_nothing_that_is_said_written_or_kept(site: Site, model: str, status: int, is_stream: bool) -> None:
    answer = site.ask(model, stream=is_stream)
    assert answer.status_code == status
    assert CANARY not in answer.text and CANARY not in str(answer.headers)


def test_the_canary_is_nowhere(site: Site) -> None:
    said = site.ask("echo", messages=[{"role": "user", "content": f"My key is {CANARY}."}])
    assert said.status_code == 200 and "***" in said.text
    site.hear(site.client.get("/api/v1/settings/keys"))
    assert len(site.own.seen()) > 3 and not [heard for heard in site.heard if CANARY in heard]
    assert CANARY not in site.demo.log.read_text(errors="replace")
    kept = [path for path in site.demo.data.rglob("*") if path.is_file()]
    assert any(path.name.startswith("coinslot.db") for path in kept)
    assert not [path for path in kept if CANARY.encode() in path.read_bytes()]


def test_a_key_that_cannot_be_opened_is_502_and_nobody_elses_goes_out(site: Site) -> None:
    before = len(site.own.seen())
    with closing(sqlite3.connect(site.demo.data / "coinslot.db", timeout=30)) as connection, connection:
        connection.execute("UPDATE credential SET sealed = replace(sealed, substr(sealed, 20, 4), 'AAAA')")
    for is_stream in (False, True):
        for billing in (None, "byok"):
            answer = site.ask("ok", billing=billing, stream=is_stream)
            assert (answer.status_code, answer.json()["error"]["code"]) == (502, "own_key_unavailable")
            assert answer.headers["x-paywall-billing"] == "byok"
    assert site.platform.seen() == [] and len(site.own.seen()) == before
